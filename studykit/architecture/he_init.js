// What passes a plain deep network at the start: a small seeded one is run forward, its weights drawn once and scaled by each rule.

export const title = { "en": "He initialisation", "zh": "He 初始化" };

export const knobs = [
  { "name": "depth", "kind": "range", "low": 2, "high": 60, "step": 1, "default": 30, "label": { "en": "layers", "zh": "层数" } },
  {
    "name": "initialiser", "kind": "choice", "default": "default", "label": { "en": "yours", "zh": "你的初始化" },
    "choices": [
      { "value": "he", "en": "He: 2 / fan_in", "zh": "He：2 / fan_in" },
      { "value": "xavier", "en": "Xavier: 2 / (fan_in + fan_out)", "zh": "Xavier：2 / (fan_in + fan_out)" },
      { "value": "default", "en": "nn.Linear: 1 / (3 fan_in)", "zh": "nn.Linear 默认：1 / (3 fan_in)" }
    ]
  },
  { "name": "gain", "kind": "range", "low": 0.5, "high": 3, "step": 0.01, "default": 1, "label": { "en": "factor on your std", "zh": "再乘到标准差上" } },
  {
    "name": "nonlinearity", "kind": "choice", "default": "relu", "label": { "en": "nonlinearity", "zh": "激活函数" },
    "choices": [
      { "value": "relu", "en": "ReLU", "zh": "ReLU" },
      { "value": "leaky", "en": "leaky ReLU, slope 0.2", "zh": "leaky ReLU，斜率 0.2" },
      { "value": "tanh", "en": "tanh", "zh": "tanh" },
      { "value": "linear", "en": "none", "zh": "无" }
    ]
  }
];

const WIDTH = 64;
const VARIANCE = { he: 2 / WIDTH, xavier: 1 / WIDTH, default: 1 / (3 * WIDTH) };
const ACT = {
  relu: (x) => Math.max(x, 0),
  leaky: (x) => (x > 0 ? x : 0.2 * x),
  tanh: Math.tanh,
  linear: (x) => x,
};

// Standard normal numbers from a seed: the same weights under every rule, so that the lines differ by the scale alone.
function gaussian(seed) {
  const uniform = () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  return () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
}

const dot = (a, b) => a.reduce((sum, each, n) => sum + each * b[n], 0);

// Layer by layer: the mean square of two samples' pre-activations over that of the inputs, and the cosine between the two.
function forward({ depth, nonlinearity }, std) {
  const normal = gaussian(11);
  const act = ACT[nonlinearity];
  let pair = [0, 1].map(() => Array.from({ length: WIDTH }, normal));
  const start = (dot(pair[0], pair[0]) + dot(pair[1], pair[1])) / 2;
  const energy = [1];
  const cosine = [dot(...pair) / Math.sqrt(dot(pair[0], pair[0]) * dot(pair[1], pair[1]))];
  for (let layer = 1; layer <= depth; layer++) {
    const inputs = layer === 1 ? pair : pair.map((x) => x.map(act));
    const next = [[], []];
    for (let unit = 0; unit < WIDTH; unit++) {
      const weights = Array.from({ length: WIDTH }, normal);
      next.forEach((y, n) => y.push(std * dot(weights, inputs[n])));
    }
    pair = next;
    const [one, other] = pair.map((x) => dot(x, x));
    energy.push((one + other) / 2 / start);
    cosine.push(one > 0 && other > 0 ? dot(...pair) / Math.sqrt(one * other) : null);
  }
  return { energy, cosine };
}

export function path(values) {
  const own = Math.sqrt(VARIANCE[values.initialiser]) * values.gain;
  return { own: forward(values, own), he: forward(values, Math.sqrt(VARIANCE.he)), xavier: forward(values, Math.sqrt(VARIANCE.xavier)) };
}

const names = { own: { en: "yours", zh: "你的" }, he: { en: "He", zh: "He" }, xavier: { en: "Xavier", zh: "Xavier" } };
const plain = (value) => Math.abs(value) >= 1e-3 && Math.abs(value) < 1e4;
const shown = (value) => (plain(value) ? String(Number(value.toPrecision(2))) : value.toExponential(0));

function scene(values) {
  const found = path(values);
  const last = (key) => shown(found[key].energy.at(-1));
  const cosine = found.he.cosine.at(-1);
  // A mean square below 1e-40 is no number that a float32 could hold.
  const points = (key) => found[key].energy.map((value, layer) => [layer, value > 1e-40 && value < 1e40 ? value : null]);
  const series = (make) => Object.keys(names).map((key) => ({ name: names[key], points: make(key) }));
  return {
    summary: {
      en:
        `After ${values.depth} layers the mean square is ${last("own")} times the input's with yours, ${last("he")} with He, ` +
        `${last("xavier")} with Xavier. Under He, two samples end at a cosine of ${shown(cosine)}.`,
      zh:
        `${values.depth} 层之后，均方值与输入之比：你的 ${last("own")}，He ${last("he")}，Xavier ${last("xavier")}。` +
        `用 He 时，两个样本最后的余弦相似度是 ${shown(cosine)}。`,
    },
    panels: [
      {
        kind: "lines",
        x: { label: { en: "layer", zh: "层" }, domain: [0, values.depth] },
        y: { label: { en: "mean square, over the input's", zh: "均方值 / 输入的均方值" }, log: true },
        series: series(points),
      },
      {
        kind: "lines",
        x: { label: { en: "layer", zh: "层" }, domain: [0, values.depth] },
        y: { label: { en: "cosine between two samples", zh: "两个样本的余弦" }, domain: [-0.3, 1.05] },
        series: series((key) => found[key].cosine.map((value, layer) => [layer, value])),
      },
    ],
  };
}

export default { title, knobs, scene, path };
