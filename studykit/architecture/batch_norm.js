// BatchNorm: which cells share a mean, what comes out, and what a sample gets in training and in evaluation at each batch size.
import { CHANNELS, POSITIONS, SAMPLES, block, gaussian, heat, normalised, value } from "./_norms.js";

export const title = { "en": "BatchNorm", "zh": "BatchNorm：批归一化" };

export const knobs = [
  {
    "name": "norm", "kind": "choice", "default": "batch", "label": { "en": "norm", "zh": "归一化方式" },
    "choices": [
      { "value": "batch", "en": "BatchNorm", "zh": "BatchNorm" },
      { "value": "layer", "en": "LayerNorm, channels and positions", "zh": "LayerNorm，通道和位置" },
      { "value": "token", "en": "LayerNorm, channels only", "zh": "LayerNorm，只沿通道" },
      { "value": "instance", "en": "InstanceNorm", "zh": "InstanceNorm" },
      { "value": "group", "en": "GroupNorm, 2 groups", "zh": "GroupNorm，2 组" }
    ]
  },
  { "name": "channel", "kind": "range", "low": 1, "high": 4, "step": 1, "default": 1, "label": { "en": "look at channel", "zh": "观察哪个通道" } },
  { "name": "batch", "kind": "range", "low": 2, "high": 64, "step": 1, "default": 4, "label": { "en": "batch size", "zh": "batch 大小" } }
];

const draws = 400;
const inputs = Array.from({ length: 25 }, (_, n) => -3 + n / 4);

// What a sample of value x gets in training, beside `batch - 1` others drawn from the same normal distribution.
function outputs(batch) {
  const normal = gaussian(11);
  const others = Array.from({ length: draws }, () => {
    let [sum, squares] = [0, 0];
    for (let n = 1; n < batch; n++) {
      const drawn = normal();
      sum += drawn;
      squares += drawn * drawn;
    }
    return [sum, squares];
  });
  return inputs.map((x) => {
    const got = others.map(([sum, squares]) => {
      const mean = (sum + x) / batch;
      return (x - mean) / Math.sqrt(Math.max(0, (squares + x * x) / batch - mean * mean) + 1e-5);
    });
    return got.sort((a, b) => a - b);
  });
}

// Expected standard deviation of a batch of n normal numbers (divided by n): sqrt(2 / n) gamma(n / 2) / gamma((n - 1) / 2).
export function expectedStd(n) {
  let ratio = n % 2 ? Math.sqrt(Math.PI) / 2 : 1 / Math.sqrt(Math.PI); // gamma(n / 2) / gamma((n - 1) / 2) at n = 3 and at n = 2
  for (let k = n % 2 ? 3 : 2; k < n; k += 2) ratio *= k / (k - 1);
  return Math.sqrt(2 / n) * ratio;
}

const at = (sorted, share) => sorted[Math.round(share * (sorted.length - 1))];
const number = (x) => String(Number(x.toPrecision(3)));

function scene({ norm, channel, batch }) {
  const samples = Math.min(batch, SAMPLES);
  const found = normalised(norm, samples);
  const raw = Array.from({ length: samples }, (_, s) =>
    Array.from({ length: CHANNELS * POSITIONS }, (_, n) => value(s, Math.floor(n / POSITIONS), n % POSITIONS)),
  );
  const got = outputs(batch);
  const line = (share) => inputs.map((x, n) => [x, at(got[n], share)]);
  const two = inputs.indexOf(2);
  const [low, high] = [at(got[two], 0.1), at(got[two], 0.9)];
  const sizes = Array.from({ length: 63 }, (_, n) => n + 2);
  const cells = [found.count, found.moments].map(String);
  return {
    summary: {
      en:
        `Of ${samples} samples, ${cells[0]} cells share the mean of the one looked at, and there are ${cells[1]} such groups. ` +
        `A value 2 standard deviations above the mean becomes 2 in evaluation; in training with batches of ${batch}, ` +
        `BatchNorm gives it between ${number(low)} and ${number(high)} in 8 of 10 batches. The spread of such a batch is ` +
        `${number(expectedStd(batch))} of the true one on average.`,
      zh:
        `${samples} 个样本里，与所观察的格子共用均值的有 ${cells[0]} 格，这样的组共 ${cells[1]} 个。比均值高 2 个标准差的值，` +
        `推理时得到 2；训练时 batch 为 ${batch}，10 个 batch 里有 8 个 BatchNorm 给出 ${number(low)} 到 ${number(high)} 之间。` +
        `这样一个 batch 的标准差平均是真值的 ${number(expectedStd(batch))}。`,
    },
    panels: [
      block(
        norm,
        [0, channel - 1, 0],
        { en: "what shares a mean with sample 1, first position", zh: "与样本 1 第一个位置共用均值的格子" },
        samples,
      ),
      heat(raw, { en: "the activation: channels, 6 positions each", zh: "激活值：各通道，每个 6 个位置" }),
      heat(found.values, { en: "after the norm", zh: "归一化之后" }, { low: -2, high: 2 }),
      {
        kind: "lines",
        x: { label: { en: "value, in true standard deviations", zh: "取值（以真实标准差为单位）" }, domain: [-3, 3] },
        y: { label: { en: "after BatchNorm", zh: "BatchNorm 之后" }, domain: [-3.2, 3.2] },
        series: [
          { name: { en: "evaluation", zh: "推理" }, points: inputs.map((x) => [x, x]) },
          { name: { en: "training, median", zh: "训练，中位数" }, points: line(0.5) },
          { name: { en: "10 %", zh: "10%" }, points: line(0.1) },
          { name: { en: "90 %", zh: "90%" }, points: line(0.9) },
        ],
      },
      {
        kind: "lines",
        x: { label: { en: "batch size", zh: "batch 大小" }, domain: [2, 64] },
        y: { label: { en: "batch std / true std, expected", zh: "batch 标准差 / 真值（期望）" }, domain: [0.5, 1.02] },
        series: [{ name: { en: "expected", zh: "期望" }, points: sizes.map((n) => [n, expectedStd(n)]) }],
        marks: [{ x: batch, label: { en: "here", zh: "当前" } }],
      },
    ],
  };
}

export default {
  title,
  knobs,
  scene,
  path: ({ norm, batch }) => ({ std: expectedStd(batch), values: normalised(norm, Math.min(batch, SAMPLES)).values }),
};
