// One digit in 2 x 2 patches: what the encoder sees at a mask ratio, the digit as the decoder gets it, and what each part costs.
import { digits } from "../data/_digits.js";

export const title = { "en": "Masked autoencoder", "zh": "掩码自编码器" };

export const knobs = [
  { "name": "ratio", "kind": "range", "low": 0, "high": 0.95, "step": 0.05, "default": 0.75, "label": { "en": "mask ratio", "zh": "遮挡比例" } },
  { "name": "seed", "kind": "range", "low": 1, "high": 20, "step": 1, "default": 1, "label": { "en": "draw", "zh": "第几次抽取" } },
  {
    "name": "digit", "kind": "choice", "default": "3", "label": { "en": "digit", "zh": "数字" },
    "choices": [
      { "value": "0", "en": "0", "zh": "0" },
      { "value": "3", "en": "3", "zh": "3" },
      { "value": "7", "en": "7", "zh": "7" },
      { "value": "8", "en": "8", "zh": "8" }
    ]
  },
  {
    "name": "shown", "kind": "choice", "default": "seen", "label": { "en": "on the left", "zh": "左图显示" },
    "choices": [
      { "value": "seen", "en": "what is visible", "zh": "可见部分" },
      { "value": "guess", "en": "hidden ones from neighbours", "zh": "用邻居补上" },
      { "value": "order", "en": "numbers of the shuffle", "zh": "打乱后的次序" }
    ]
  },
  {
    "name": "length", "kind": "choice", "default": "196", "label": { "en": "cost for N patches", "zh": "按 N 个图块算开销" },
    "choices": [
      { "value": "16", "en": "16 (this digit)", "zh": "16（这个数字）" },
      { "value": "196", "en": "196 (224 pixels, patch 16)", "zh": "196（224 像素，图块 16）" },
      { "value": "1024", "en": "1024 (512 pixels, patch 16)", "zh": "1024（512 像素，图块 16）" }
    ]
  }
];

const SIDE = 4, PATCH = 2;
const range = (count) => Array.from({ length: count }, (_, n) => n);

function uniform(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const argsort = (values) => range(values.length).sort((a, b) => values[a] - values[b]);

// Half to even, as Python's round.
const round = (x) => (Math.abs((x % 1) - 0.5) < 1e-9 ? 2 * Math.round(x / 2) : Math.round(x));
export const kept = (n, ratio) => Math.max(1, round(n * (1 - ratio)));

// The shuffle, its inverse, and the mask, as random_masking has them.
export function masking({ ratio, seed }, n = SIDE * SIDE) {
  const draw = uniform(1000 * seed);
  const order = argsort(range(n).map(draw));
  const restore = argsort(order);
  const k = kept(n, ratio);
  return { order, restore, k, mask: restore.map((place) => place >= k) };
}

const patchOf = (r, c) => Math.floor(r / PATCH) * SIDE + Math.floor(c / PATCH);

// A hidden pixel is guessed as the mean of the visible ones, near ones weighing more: no learning at all.
function guessed(rows, mask) {
  return rows.map((row, r) =>
    row.map((value, c) => {
      if (!mask[patchOf(r, c)]) return value;
      let [sum, weight] = [0, 0];
      rows.forEach((other, i) => other.forEach((pixel, j) => {
        if (mask[patchOf(i, j)]) return;
        const near = 1 / ((i - r) ** 2 + (j - c) ** 2) ** 2;
        sum += near * pixel;
        weight += near;
      }));
      return sum / weight;
    }),
  );
}

// Multiply-adds of one transformer block on n tokens of width d: linear layers, and attention's two products.
export const block = (n, d) => ({ linear: 12 * n * d * d, attention: 2 * n * n * d });

// ViT-Large as in the paper: 24 blocks of width 1024, and a decoder of 8 blocks of width 512 on all tokens.
function costs(n, ratio) {
  const seen = block(kept(n, ratio) + 1, 1024), all = block(n + 1, 1024), decoder = block(n + 1, 512);
  const whole = 24 * (all.linear + all.attention);
  return {
    linear: (24 * seen.linear) / whole, attention: (24 * seen.attention) / whole,
    decoder: (8 * (decoder.linear + decoder.attention)) / whole,
    shrink: { linear: all.linear / seen.linear, attention: all.attention / seen.attention },
  };
}

const number = (x) => String(Number(x.toPrecision(3)));

export function scene(values) {
  const rows = digits[values.digit];
  const { mask, restore, k } = masking(values);
  const n = Number(values.length);
  const cost = costs(n, values.ratio);
  const guess = guessed(rows, mask);
  const flat = rows.flat(), filled = guess.flat(), hidden = flat.map((_, i) => mask[patchOf(Math.floor(i / 8), i % 8)]);
  const count = hidden.filter(Boolean).length;
  const mean = flat.reduce((a, b) => a + b, 0) / flat.length;
  const error = (of) => flat.reduce((sum, v, i) => sum + (hidden[i] ? ((v - of(i)) / 16) ** 2 : 0), 0) / (count || 1);
  const [near, dull] = [error((i) => filled[i]), error(() => mean)];
  const total = cost.linear + cost.attention;
  const ofPatches = values.shown === "order";
  const shown = {
    seen: rows.map((row, r) => row.map((v, c) => (mask[patchOf(r, c)] ? 0 : 5 + v))),
    guess: guess.map((row) => row.map((v) => 5 + v)),
    order: range(SIDE).map((r) => range(SIDE).map((c) => restore[r * SIDE + c] + 1)),
  }[values.shown];
  const label = {
    seen: { en: "what the encoder sees", zh: "编码器看到的" },
    guess: { en: "hidden patches from their neighbours", zh: "用邻居补出的图块" },
    order: { en: `place in the shuffle: the first ${k} are kept`, zh: `打乱后的位次：前 ${k} 个保留` },
  }[values.shown];
  return {
    summary: {
      en: `${k} of 16 patches are visible. Copied from the visible neighbours, the hidden pixels have an error of ${number(near)} (mean of the digit: ${number(dull)}). With ${n} patches ViT-Large's encoder costs ${number(100 * total)} % of what it costs on all of them: the linear layers shrink ${number(cost.shrink.linear)} times, attention ${number(cost.shrink.attention)} times. The decoder adds ${number(100 * cost.decoder)} %.`,
      zh: `16 个图块中可见 ${k} 个。用可见的邻居补出被遮住的像素，误差 ${number(near)}（全填该数字的均值：${number(dull)}）。${n} 个图块时，ViT-Large 编码器的开销是看全部图块时的 ${number(100 * total)}%：线性层缩小 ${number(cost.shrink.linear)} 倍，注意力缩小 ${number(cost.shrink.attention)} 倍。解码器另加 ${number(100 * cost.decoder)}%。`,
    },
    panels: [
      {
        kind: "heat", rows: shown, low: ofPatches ? 1 : 0, high: ofPatches ? 16 : 21, numbers: ofPatches,
        x: { label }, y: { label: { en: "row", zh: "行" } },
      },
      {
        kind: "bars",
        x: { label: { en: "ViT-Large, share of an encoder on all patches (%)", zh: "ViT-Large，占编码器处理全部图块的开销（%）" } },
        y: { label: { en: "multiply-adds (%)", zh: "乘加次数（%）" }, domain: [0, 125] },
        categories: [
          { en: "linear", zh: "线性层" },
          { en: "attention", zh: "注意力" },
          { en: "decoder", zh: "解码器" },
          { en: "together", zh: "合计" },
        ],
        series: [{ name: { en: "cost", zh: "开销" }, values: [cost.linear, cost.attention, cost.decoder, total + cost.decoder].map((v) => Number((100 * v).toPrecision(3))) }],
      },
    ],
  };
}

export default { title, knobs, scene };
