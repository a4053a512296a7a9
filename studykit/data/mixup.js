// mixup: two real digits, their blend and its label under one lambda; and which lambdas an alpha draws.
import { below, digits, labelled, number, picture } from "./_digits.js";

export const title = { "en": "mixup", "zh": "mixup：样本混合" };

export const knobs = [
  {
    "name": "first", "kind": "choice", "default": "3", "label": { "en": "first picture", "zh": "第一张图" },
    "choices": [
      { "value": "0", "en": "0", "zh": "0" }, { "value": "3", "en": "3", "zh": "3" },
      { "value": "7", "en": "7", "zh": "7" }, { "value": "8", "en": "8", "zh": "8" }
    ]
  },
  {
    "name": "second", "kind": "choice", "default": "8", "label": { "en": "second picture", "zh": "第二张图" },
    "choices": [
      { "value": "0", "en": "0", "zh": "0" }, { "value": "3", "en": "3", "zh": "3" },
      { "value": "7", "en": "7", "zh": "7" }, { "value": "8", "en": "8", "zh": "8" }
    ]
  },
  { "name": "lam", "kind": "range", "low": 0, "high": 1, "step": 0.01, "default": 0.7, "label": { "en": "λ", "zh": "λ" } },
  { "name": "alpha", "kind": "log", "low": 0.05, "high": 32, "default": 0.2, "label": { "en": "α, from which λ is drawn", "zh": "抽 λ 用的 α" } }
];

const blended = ({ first, second, lam }) =>
  digits[first].map((row, r) => row.map((value, c) => lam * value + (1 - lam) * digits[second][r][c]));

const bins = (alpha) =>
  Array.from({ length: 10 }, (_, n) => Number((below((n + 1) / 10, alpha) - below(n / 10, alpha)).toPrecision(3)));

function scene(values) {
  const { first, second, lam, alpha } = values;
  const shares = bins(alpha);
  const [ends, middle] = [shares[0] + shares[9], shares[4] + shares[5]].map((share) => number(Math.round(1000 * share) / 10));
  const [own, other] = [lam, 1 - lam].map(number);
  const same = first === second;
  return {
    summary: {
      en:
        `λ = ${own}: each pixel is ${own} times that of the ${first} plus ${other} times that of the ${second}, and the label is ` +
        (same ? `still all ${first}. ` : `${own} on ${first} and ${other} on ${second}. `) +
        `With α = ${number(alpha)}, ${ends} % of the draws lie within 0.1 of 0 or 1, hardly a blend, and ${middle} % between 0.4 and 0.6.`,
      zh:
        `λ = ${own}：每个像素是 ${first} 的 ${own} 倍加 ${second} 的 ${other} 倍，标签` +
        (same ? `仍全是 ${first}。` : `为 ${first} 占 ${own}、${second} 占 ${other}。`) +
        `α = ${number(alpha)} 时，${ends} % 的 λ 离 0 或 1 不到 0.1，几乎没混；${middle} % 落在 0.4 到 0.6 之间。`,
    },
    panels: [
      picture(digits[first], { en: "first picture: weight λ", zh: "第一张图：权重 λ" }),
      picture(digits[second], { en: "second picture: weight 1 − λ", zh: "第二张图：权重 1 − λ" }),
      picture(blended(values), { en: "what the network is shown", zh: "网络看到的图" }),
      labelled(first, second, lam, { en: "class, and what the network is told", zh: "类别，以及告诉网络的标签" }),
      {
        kind: "bars",
        x: { label: { en: "λ drawn from Beta(α, α), tenths", zh: "从 Beta(α, α) 抽到的 λ，按十分位分组" } },
        y: { label: { en: "share of batches", zh: "占 batch 的比例" } },
        categories: shares.map((_, n) => `${n / 10}–`),
        series: [{ name: { en: "share", zh: "比例" }, values: shares }],
      },
    ],
  };
}

export default { title, knobs, scene, path: (values) => ({ blended: blended(values), shares: bins(values.alpha) }) };
