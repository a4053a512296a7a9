// SGD in a bowl with noisy gradients, and an average of its iterates: where one walk goes, and what many walks come to.

export const walkKnobs = [
  { "name": "lr", "kind": "log", "low": 0.01, "high": 0.4, "default": 0.15, "label": { "en": "learning rate", "zh": "学习率" } },
  {
    "name": "schedule", "kind": "choice", "default": "constant", "label": { "en": "schedule", "zh": "学习率日程" },
    "choices": [
      { "value": "constant", "en": "constant", "zh": "恒定" },
      { "value": "cosine", "en": "cosine decay to 0", "zh": "余弦降到 0" }
    ]
  },
  { "name": "noise", "kind": "range", "low": 0, "high": 4, "step": 0.1, "default": 2, "label": { "en": "noise of a gradient", "zh": "梯度噪声" } },
  { "name": "steps", "kind": "range", "low": 10, "high": 400, "step": 1, "default": 150, "label": { "en": "steps", "zh": "步数" } }
];

const CURVATURE = [0.5, 3];
const START = [-2.2, 1.2];
const WALKS = 30;

const loss = (x, y) => 0.5 * (CURVATURE[0] * x * x + CURVATURE[1] * y * y);

// Nearly normal numbers of variance 1, the same ones for one seed: the sum of twelve uniform ones, less its mean.
function noise(seed) {
  let state = Math.imul(seed + 1, 2654435761) >>> 0;
  return () => {
    let sum = -6;
    for (let n = 0; n < 12; n++) sum += (state = (Math.imul(1664525, state) + 1013904223) >>> 0) / 4294967296;
    return sum;
  };
}

const rate = ({ lr, schedule, steps }, step) => (schedule === "cosine" ? (lr / 2) * (1 + Math.cos((Math.PI * step) / steps)) : lr);

function walk(knobs, seed) {
  const normal = noise(seed);
  const points = [START];
  let [x, y] = START;
  for (let step = 0; step < knobs.steps; step++) {
    const lr = rate(knobs, step);
    x -= lr * (CURVATURE[0] * x + knobs.noise * normal());
    y -= lr * (CURVATURE[1] * y + knobs.noise * normal());
    points.push([x, y]);
  }
  return points;
}

const number = (value) => (value !== 0 && value < 1e-3 ? value.toExponential(1) : value.toPrecision(2));

// `average(points, knobs)` gives the averages of a walk, one per point; `sweep` is the setting that the last panel goes
// through: { values: [number], set(value) -> knobs, axis, mark(knobs) -> { x, label } }.
export function picture({ title, knobs, name, average, sweep }) {
  const last = { en: "last iterate", zh: "最后一步" };
  const lossAt = (paths, step) => paths.reduce((sum, path) => sum + loss(path[step][0], path[step][1]), 0) / paths.length;
  let kept = { key: "" };

  // Walks, and what every setting of the average comes to on them: moving the average's own knob computes neither again.
  function many(values) {
    const key = JSON.stringify(walkKnobs.map((knob) => values[knob.name]));
    if (kept.key === key) return kept;
    const walks = Array.from({ length: WALKS }, (_, seed) => walk(values, seed));
    const swept = sweep.values.map((value) => {
      const set = { ...values, ...sweep.set(value) };
      return [value, lossAt(walks.map((points) => average(points, set)), values.steps)];
    });
    kept = { key, walks, swept };
    return kept;
  }

  function path(values) {
    const iterates = walk(values, 0);
    return { iterates, averages: average(iterates, values) };
  }

  function scene(values) {
    const { walks, swept } = many(values);
    const averages = walks.map((points) => average(points, values));
    const [theirs, ours] = [lossAt(walks, values.steps), lossAt(averages, values.steps)];
    const curve = (paths) => Array.from({ length: values.steps + 1 }, (_, step) => [step, lossAt(paths, step)]);
    const names = [name, last];
    return {
      frames: values.steps,
      summary: {
        en: `Loss after ${values.steps} steps, mean of ${WALKS} walks: last iterate ${number(theirs)}, ${name.en} ${number(ours)}.`,
        zh: `${values.steps} 步后的损失（${WALKS} 条轨迹平均）：最后一步 ${number(theirs)}，${name.zh} ${number(ours)}。`,
      },
      panels: [
        {
          kind: "surface", key: "noisy bowl", loss,
          x: { domain: [-2.6, 1.8], label: { en: "weight 1", zh: "权重 1" } },
          y: { domain: [-1.6, 1.6], label: { en: "weight 2", zh: "权重 2" } },
          marks: [{ at: [0, 0], label: { en: "minimum", zh: "最小点" } }],
          series: [averages[0], walks[0]].map((points, n) => ({ name: names[n], points })),
        },
        {
          kind: "lines",
          x: { domain: [0, values.steps], label: { en: "step", zh: "步" } },
          y: { log: true, label: { en: `loss, mean of ${WALKS} walks`, zh: `损失（${WALKS} 条轨迹平均）` } },
          series: [averages, walks].map((paths, n) => ({ name: names[n], points: curve(paths) })),
        },
        {
          kind: "lines",
          x: sweep.axis,
          y: { log: true, label: { en: "loss after the last step", zh: "最后的损失" } },
          marks: [sweep.mark(values)],
          series: [
            { name, points: swept },
            { name: last, points: swept.map(([value]) => [value, theirs]) },
          ],
        },
      ],
    };
  }
  return { title, knobs, path, scene };
}
