// LayerNorm: which cells share a mean, what comes out, and what padding at the end of the sequences does to a real token.
import { CHANNELS, POSITIONS, SAMPLES, block, heat, normalised, value } from "./_norms.js";

export const title = { "en": "LayerNorm", "zh": "LayerNorm：层归一化" };

export const knobs = [
  {
    "name": "norm", "kind": "choice", "default": "token", "label": { "en": "norm", "zh": "归一化方式" },
    "choices": [
      { "value": "token", "en": "LayerNorm, channels of a position", "zh": "LayerNorm，一个位置的各通道" },
      { "value": "layer", "en": "LayerNorm, the whole sample", "zh": "LayerNorm，整个样本" },
      { "value": "batch", "en": "BatchNorm", "zh": "BatchNorm" },
      { "value": "instance", "en": "InstanceNorm", "zh": "InstanceNorm" },
      { "value": "group", "en": "GroupNorm, 2 groups", "zh": "GroupNorm，2 组" }
    ]
  },
  { "name": "sample", "kind": "range", "low": 1, "high": 8, "step": 1, "default": 1, "label": { "en": "look at sample", "zh": "观察哪个样本" } },
  { "name": "position", "kind": "range", "low": 1, "high": 6, "step": 1, "default": 3, "label": { "en": "at position", "zh": "观察哪个位置" } },
  { "name": "padding", "kind": "range", "low": 0, "high": 24, "step": 1, "default": 6, "label": { "en": "zeros after each sequence", "zh": "每条序列末尾补几个零" } }
];

const all = (of) =>
  Array.from({ length: SAMPLES }, (_, s) => Array.from({ length: CHANNELS * POSITIONS }, (_, n) => of(s, Math.floor(n / POSITIONS), n % POSITIONS)));

// A number after the norm, where `zeros` further cells that are 0 share its mean with the values.
function withZeros(x, values, zeros) {
  const count = values.length + zeros;
  const mean = values.reduce((a, b) => a + b, 0) / count;
  const squares = values.reduce((a, b) => a + b * b, 0) / count;
  return (x - mean) / Math.sqrt(squares - mean * mean + 1e-5);
}

const range = (n) => Array.from({ length: n }, (_, i) => i);

// The first channel of the token looked at, after each norm, when every sequence has `padding` positions of zeros behind it.
export function padded(kind, sample, position, padding) {
  const x = value(sample, 0, position);
  if (kind === "token") return withZeros(x, range(CHANNELS).map((c) => value(sample, c, position)), 0);
  if (kind === "layer")
    return withZeros(x, range(CHANNELS).flatMap((c) => range(POSITIONS).map((p) => value(sample, c, p))), CHANNELS * padding);
  const channel = range(SAMPLES).flatMap((s) => range(POSITIONS).map((p) => value(s, 0, p)));
  return withZeros(x, channel, SAMPLES * padding);
}

const number = (x) => x.toFixed(2).replace("-", "−");

function scene({ norm, sample, position, padding }) {
  const [s, p] = [sample - 1, position - 1];
  const found = normalised(norm, SAMPLES);
  const token = (rows) => range(CHANNELS).map((c) => rows[s][c * POSITIONS + p]);
  const raw = all(value);
  const paddings = range(25);
  const line = (kind) => paddings.map((n) => [n, padded(kind, s, p, n)]);
  const [own, whole, batch] = ["token", "layer", "batch"].map((kind) => [padded(kind, s, p, 0), padded(kind, s, p, padding)].map(number));
  return {
    summary: {
      en:
        `${found.count} cells share a mean under this norm, and there are ${found.moments} such groups. With ${padding} positions of ` +
        `padding, channel 1 of the token goes from ${batch[0]} to ${batch[1]} under BatchNorm in training, and from ${whole[0]} to ${whole[1]} under ` +
        `LayerNorm over the whole sample; under LayerNorm over the token's own channels it stays ${own[1]}.`,
      zh:
        `按这种方式，每 ${found.count} 格共用一个均值，这样的组共 ${found.moments} 个。末尾补 ${padding} 个位置后，这个 token 的通道 1 ` +
        `在训练时的 BatchNorm 下从 ${batch[0]} 变成 ${batch[1]}，在整个样本的 LayerNorm 下从 ${whole[0]} 变成 ${whole[1]}；` +
        `在只看自己各通道的 LayerNorm 下不变，仍是 ${own[1]}。`,
    },
    panels: [
      block(norm, [s, 0, p], { en: "what shares a mean with channel 1 of the token", zh: "与该 token 的通道 1 共用均值的格子" }),
      heat(raw, { en: "the activation: channels, 6 positions each", zh: "激活值：各通道，每个 6 个位置" }),
      heat(found.values, { en: "after the norm", zh: "归一化之后" }, { low: -2, high: 2 }),
      {
        kind: "bars",
        x: { label: { en: "the token's channels", zh: "该 token 的各通道" } },
        y: { label: { en: "value", zh: "取值" } },
        categories: range(CHANNELS).map((c) => `c${c + 1}`),
        series: [
          { name: { en: "before", zh: "归一化前" }, values: token(raw) },
          { name: { en: "LayerNorm", zh: "LayerNorm" }, values: token(normalised("token", SAMPLES).values) },
          { name: { en: "RMSNorm", zh: "RMSNorm" }, values: token(normalised("token", SAMPLES, false).values) },
        ],
      },
      {
        kind: "lines",
        x: { label: { en: "positions of padding behind each sequence", zh: "每条序列末尾的 padding 个数" }, domain: [0, 24] },
        y: { label: { en: "channel 1 of the token, after the norm", zh: "该 token 的通道 1，归一化之后" } },
        series: [
          { name: { en: "token", zh: "单个 token" }, points: line("token") },
          { name: { en: "sample", zh: "整个样本" }, points: line("layer") },
          { name: { en: "BatchNorm", zh: "BatchNorm" }, points: line("batch") },
        ],
        marks: [{ x: padding, label: { en: "here", zh: "当前" } }],
      },
    ],
  };
}

export default {
  title,
  knobs,
  scene,
  path: ({ norm, sample, position, padding }) => ({
    values: normalised(norm, SAMPLES).values,
    padded: ["token", "layer", "batch"].map((kind) => padded(kind, sample - 1, position - 1, padding)),
  }),
};
