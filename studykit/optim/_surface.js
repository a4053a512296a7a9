// Four landscapes over two weights, the walk of an optimizer on them, and the picture of two walks side by side.
// An update rule is `update(w, g, state, knobs, step) -> w`: one weight, its gradient, its own state, the knobs, step 1, 2, …

export const surfaceKnob = [
  {
    "name": "surface", "kind": "choice", "default": "scaled", "label": { "en": "landscape", "zh": "地形" },
    "choices": [
      { "value": "scaled", "en": "axes on different scales", "zh": "两轴尺度悬殊" },
      { "value": "bowl", "en": "long bowl, tilted", "zh": "倾斜的狭长碗" },
      { "value": "valley", "en": "curved valley", "zh": "弯曲的山谷" },
      { "value": "noisy", "en": "bowl with noisy gradients", "zh": "梯度有噪声的碗" }
    ]
  }
];

export const stepsKnob = [
  { "name": "steps", "kind": "range", "low": 1, "high": 200, "step": 1, "default": 60, "label": { "en": "steps", "zh": "步数" } }
];

const tilt = Math.PI / 5;
const [cos, sin] = [Math.cos(tilt), Math.sin(tilt)];

// loss ½ (a u² + b v²) around `minimum`, where u, v are x, y turned by the angle whose cosine and sine are c and s
function quadratic(a, b, [mx, my], c = 1, s = 0) {
  const along = (x, y) => [c * (x - mx) + s * (y - my), -s * (x - mx) + c * (y - my)];
  return {
    minimum: [mx, my],
    loss(x, y) {
      const [u, v] = along(x, y);
      return 0.5 * (a * u * u + b * v * v);
    },
    gradient(x, y) {
      const [u, v] = along(x, y);
      return [a * u * c - b * v * s, a * u * s + b * v * c];
    },
  };
}

const view = { x: [-2.4, 2.4], y: [-1.7, 1.7], start: [-1.83, 1.31], noise: 0 };

// `rate` is the learning rate at which plain gradient descent does well on that landscape
export const surfaces = {
  scaled: { ...view, ...quadratic(0.1, 40, [1, 0.5]), rate: 0.04 },
  bowl: { ...view, ...quadratic(1, 20, [1, 0.5], cos, sin), rate: 0.08 },
  valley: {
    x: [-2, 2], y: [-0.9, 2.3], start: [-1.37, 0.42], minimum: [1, 1], noise: 0, rate: 0.05,
    loss: (x, y) => 0.1 * (1 - x) ** 2 + (y - x * x) ** 2,
    gradient: (x, y) => [-0.2 * (1 - x) - 4 * x * (y - x * x), 2 * (y - x * x)],
  },
  noisy: { ...view, ...quadratic(1, 4, [1, 0.5]), noise: 1.5, rate: 0.1 },
};

// Standard normal numbers, the same ones in every walk, so that two walks differ by the optimizer alone.
function gaussian(seed) {
  const uniform = () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  return () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
}

// Every point of a walk and the gradient that each step was given; it ends early where the walk is lost.
export function walk(update, knobs) {
  const surface = surfaces[knobs.surface];
  const normal = gaussian(7);
  const states = surface.start.map(() => ({}));
  const points = [surface.start];
  const gradients = [];
  for (let step = 1; step <= knobs.steps; step++) {
    const gradient = surface.gradient(...points.at(-1)).map((g) => g + surface.noise * normal());
    const point = points.at(-1).map((w, i) => update(w, gradient[i], states[i], knobs, step));
    gradients.push(gradient);
    points.push(point);
    if (!point.every((w) => Math.abs(w) < 1e3)) break;
  }
  return { points, gradients };
}

const number = (value) => (value !== 0 && (value < 1e-3 || value >= 1e4) ? value.toExponential(1) : value.toPrecision(2));

function outcome(walked, knobs) {
  const steps = walked.points.length - 1;
  const loss = walked.losses.at(-1);
  if (steps < knobs.steps || !(loss < 1e3)) return { en: `lost after ${steps} steps`, zh: `${steps} 步后发散` };
  return { en: `loss ${number(loss)}`, zh: `损失 ${number(loss)}` };
}

// `rival(knobs)` gives the name, update and knobs of the walk that this one is compared with.
export function picture({ title, knobs, name, update, rival }) {
  const path = (values) => walk(update, values);
  function scene(values) {
    const { loss, x, y, minimum } = surfaces[values.surface];
    const other = rival(values);
    const walks = [
      { name, ...path(values) },
      { name: other.name, ...walk(other.update, { ...values, ...other.knobs }) },
    ].map((each) => ({ ...each, losses: each.points.map((point) => loss(...point)) }));
    const [mine, theirs] = walks.map((each) => outcome(each, values));
    return {
      frames: values.steps,
      summary: {
        en: `${name.en} after ${values.steps} steps: ${mine.en}. ${other.name.en}: ${theirs.en}.`,
        zh: `${name.zh} 走 ${values.steps} 步后：${mine.zh}。${other.name.zh}：${theirs.zh}。`,
      },
      panels: [
        {
          kind: "surface", key: values.surface, loss,
          x: { domain: x, label: { en: "weight 1", zh: "权重 1" } },
          y: { domain: y, label: { en: "weight 2", zh: "权重 2" } },
          marks: [
            { at: minimum, label: { en: "minimum", zh: "最小点" } },
            ...(values.weight_decay > 0 ? [{ at: [0, 0], label: { en: "0: decay pulls here", zh: "0：衰减拉向这里" } }] : []),
          ],
          series: walks.map((each) => ({ name: each.name, points: each.points })),
        },
        {
          kind: "lines",
          x: { domain: [0, values.steps], label: { en: "step", zh: "步" } },
          y: { log: true, label: { en: "loss", zh: "损失" } },
          series: walks.map((each) => ({ name: each.name, points: each.losses.map((value, step) => [step, value]) })),
        },
      ],
    };
  }
  return { title, knobs, path, scene };
}
