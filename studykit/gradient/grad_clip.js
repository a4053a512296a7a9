// Gradient clipping: a descent that starts on a cliff, by norm, by value and without; and what each does to one gradient.

export const title = { "en": "Gradient clipping", "zh": "梯度裁剪" };

export const knobs = [
  { "name": "max_norm", "kind": "log", "low": 0.05, "high": 50, "default": 1, "label": { "en": "threshold", "zh": "阈值" } },
  { "name": "cliff", "kind": "log", "low": 1, "high": 300, "default": 60, "label": { "en": "steepness of the cliff", "zh": "悬崖的陡度" } },
  { "name": "lr", "kind": "log", "low": 0.01, "high": 0.5, "default": 0.1, "label": { "en": "learning rate", "zh": "学习率" } },
  { "name": "steps", "kind": "range", "low": 5, "high": 150, "step": 1, "default": 60, "label": { "en": "steps", "zh": "步数" } }
];

// A gentle bowl in a gorge: between two slanted walls nothing is steep, beyond them the loss rises with the square of the way.
const minimum = [-0.3, 0.2];
const slant = 0.4;

function wall(x, y) {
  const across = x + slant * y;
  return Math.max(0, across - 0.5) + Math.min(0, across + 1.1);
}

export function loss(x, y, cliff) {
  return 0.5 * ((x - minimum[0]) ** 2 + 0.4 * (y - minimum[1]) ** 2) + 0.5 * cliff * wall(x, y) ** 2;
}

export function gradient([x, y], cliff) {
  const steep = cliff * wall(x, y);
  return [x - minimum[0] + steep, 0.4 * (y - minimum[1]) + slant * steep];
}

export const norm = (g) => Math.hypot(...g);

export function byNorm(g, most) {
  const factor = Math.min(1, most / (norm(g) + 1e-6));
  return g.map((each) => each * factor);
}

export const byValue = (g, most) => g.map((each) => Math.min(Math.max(each, -most), most));

const ways = [
  { name: { "en": "clip by norm", "zh": "按范数裁剪" }, clip: byNorm },
  { name: { "en": "clip by value", "zh": "按值裁剪" }, clip: byValue },
  { name: { "en": "without", "zh": "不裁剪" }, clip: (g) => g },
];

const start = [0.9, 0.6];

// The points of a descent and the norm of the gradient before clipping at each; it ends where the walk is lost.
function walk(clip, { max_norm, cliff, lr, steps }) {
  const points = [start];
  const norms = [];
  const cosines = [];
  for (let step = 0; step < steps; step++) {
    const g = gradient(points.at(-1), cliff);
    const used = clip(g, max_norm);
    norms.push(norm(g));
    cosines.push((g[0] * used[0] + g[1] * used[1]) / (norm(g) * norm(used) || 1));
    points.push(points.at(-1).map((w, i) => w - lr * used[i]));
    if (!points.at(-1).every((w) => Math.abs(w) < 1e6)) break;
  }
  return { points, norms, cosines };
}

const number = (value) => (value >= 1e4 || (value !== 0 && value < 1e-3) ? value.toExponential(1) : String(Number(value.toPrecision(3))));

function ended({ points }, { cliff, steps }) {
  const taken = points.length - 1;
  const last = loss(...points.at(-1), cliff);
  if (taken < steps || !(last < 1e4)) return { en: `lost after ${taken} steps`, zh: `${taken} 步后发散` };
  return { en: `loss ${number(last)}`, zh: `损失 ${number(last)}` };
}

const path = (values) => ({
  walks: ways.map(({ clip }) => walk(clip, values)),
  first: ways.map(({ clip }) => clip(gradient(start, values.cliff), values.max_norm)),
});

function scene(values) {
  const { walks, first } = path(values);
  const [own, value, without] = walks.map((each) => ended(each, values));
  const raw = gradient(start, values.cliff);
  const turned = walks[1].cosines[0];
  const least = Math.min(...walks[1].cosines);
  return {
    frames: values.steps,
    summary: {
      en:
        `Threshold ${number(values.max_norm)}; the first gradient has norm ${number(norm(raw))}. After ${values.steps} steps, by norm: ` +
        `${own.en}; by value: ${value.en}; without: ${without.en}. By norm the direction stays; by value the first gradient's cosine ` +
        `to the original is ${turned.toFixed(3)}, the least on its way ${least.toFixed(3)}.`,
      zh:
        `阈值 ${number(values.max_norm)}；第一个梯度的范数是 ${number(norm(raw))}。走 ${values.steps} 步后，按范数：${own.zh}；` +
        `按值：${value.zh}；不裁剪：${without.zh}。按范数裁剪方向不变；按值裁剪，第一个梯度与原梯度的余弦是 ${turned.toFixed(3)}，` +
        `一路上最低 ${least.toFixed(3)}。`,
    },
    panels: [
      {
        kind: "surface", key: String(values.cliff), loss: (x, y) => loss(x, y, values.cliff),
        x: { domain: [-2.2, 1.6], label: { en: "weight 1", zh: "权重 1" } },
        y: { domain: [-1.6, 1.6], label: { en: "weight 2", zh: "权重 2" } },
        marks: [{ at: minimum, label: { en: "minimum", zh: "最小点" } }],
        series: walks.map(({ points }, n) => ({ name: ways[n].name, points })),
      },
      {
        kind: "lines",
        x: { domain: [0, values.steps], label: { en: "step", zh: "步" } },
        y: { log: true, domain: [1e-2, 1e3], label: { en: "gradient norm before clipping", zh: "裁剪前的梯度范数" } },
        series: walks.map(({ norms }, n) => ({
          name: ways[n].name,
          points: norms.map((each, step) => [step, Math.min(Math.max(each, 1e-2), 1e3)]),
        })),
      },
      {
        kind: "bars",
        x: { label: { en: "the first gradient as it is used", zh: "第一个梯度，实际用的" } },
        y: { label: { en: "component", zh: "分量" } },
        categories: [{ en: "weight 1", zh: "权重 1" }, { en: "weight 2", zh: "权重 2" }],
        series: first.map((used, n) => ({ name: ways[n].name, values: used.map((each) => Number(each.toPrecision(4))) })),
      },
    ],
  };
}

export default { title, knobs, scene, path };
