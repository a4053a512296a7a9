// Dropout: activations, one draw of the mask, and what the mean over many draws comes to with and without rescaling.

export const title = { "en": "Dropout", "zh": "Dropout：随机失活" };

export const knobs = [
  { "name": "p", "kind": "range", "low": 0, "high": 0.9, "step": 0.05, "default": 0.5, "label": { "en": "p, share dropped", "zh": "p，丢弃比例" } },
  { "name": "seed", "kind": "range", "low": 0, "high": 50, "step": 1, "default": 0, "label": { "en": "seed of the mask", "zh": "mask 的种子" } },
  { "name": "draws", "kind": "range", "low": 1, "high": 500, "step": 1, "default": 20, "label": { "en": "draws in the mean", "zh": "平均多少次" } },
  {
    "name": "scaling", "kind": "choice", "default": "inverted", "label": { "en": "in training", "zh": "训练时" },
    "choices": [
      { "value": "inverted", "en": "divide by 1 − p (inverted)", "zh": "除以 1 − p（inverted）" },
      { "value": "none", "en": "no scaling", "zh": "不缩放" }
    ]
  }
];

const [ROWS, COLUMNS] = [6, 10];

// Uniform numbers in [0, 1), the same ones for one seed.
function uniform(seed) {
  let state = (seed + 1) * 0x9e3779b9;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const grid = (of) => Array.from({ length: ROWS }, (_, r) => Array.from({ length: COLUMNS }, (_, c) => of(r, c)));
const paint = uniform(1234);
const activations = grid(() => 0.2 + 0.8 * paint());

// One draw after another from one seed: the outputs of the first, their mean over all, and the error of the mean on the way.
function drawn({ p, seed, draws, scaling }) {
  const random = uniform(1000 + seed);
  const factor = scaling === "inverted" ? 1 / (1 - p) : 1;
  const sums = grid(() => 0);
  const errors = [];
  let first = null;
  for (let n = 1; n <= draws; n++) {
    const output = grid((r, c) => (random() < p ? 0 : activations[r][c] * factor));
    first ??= output;
    let [wrong, all] = [0, 0];
    for (let r = 0; r < ROWS; r++)
      for (let c = 0; c < COLUMNS; c++) {
        sums[r][c] += output[r][c];
        wrong += (sums[r][c] / n - activations[r][c]) ** 2;
        all += activations[r][c] ** 2;
      }
    errors.push([n, Math.sqrt(wrong / all)]);
  }
  return { first, mean: sums.map((row) => row.map((sum) => sum / draws)), errors };
}

const percent = (value) => `${Math.round(100 * value)} %`;
const number = (value) => String(Number(value.toPrecision(3)));

function scene(values) {
  const { p, draws, scaling } = values;
  const { first, mean, errors } = drawn(values);
  const zeros = first.flat().filter((value) => value === 0).length;
  const factor = number(scaling === "inverted" ? 1 / (1 - p) : 1);
  const error = percent(errors.at(-1)[1]);
  const heat = (rows, label) => ({
    kind: "heat", rows, low: 0, high: 2,
    x: { label, names: Array.from({ length: COLUMNS }, () => "") },
    y: { label: { en: "samples", zh: "样本" }, names: Array.from({ length: ROWS }, () => "") },
  });
  return {
    summary: {
      en:
        `p = ${number(p)}: this draw zeroes ${zeros} of ${ROWS * COLUMNS} activations and multiplies the rest by ${factor}. ` +
        `The mean over ${draws} draws is off by ${error}.`,
      zh:
        `p = ${number(p)}：这次抽样把 ${ROWS * COLUMNS} 个激活中的 ${zeros} 个置零，其余乘以 ${factor}。` +
        `${draws} 次的平均与原值相差 ${error}。`,
    },
    panels: [
      heat(activations, { en: "activations x (= evaluation)", zh: "激活值 x（即推理时）" }),
      heat(first, { en: "one draw: dropped is empty", zh: "一次抽样：被丢弃的为空" }),
      heat(mean, { en: `mean over ${draws} draws`, zh: `${draws} 次的平均` }),
      {
        kind: "lines",
        x: { label: { en: "draws", zh: "次数" }, domain: [1, Math.max(2, draws)], log: true },
        y: { label: { en: "error of the mean, relative", zh: "平均值的相对误差" }, domain: [0, Math.max(0.1, ...errors.map(([, each]) => each)) * 1.05] },
        series: [{ name: { en: "error", zh: "误差" }, points: errors }],
      },
    ],
  };
}

export default { title, knobs, scene, path: (values) => ({ ...drawn(values), activations }) };
