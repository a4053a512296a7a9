// Which numbers of the table flow into one number through an operation, and how far it sees after some layers; what mixing costs.

export const title = { "en": "MLP-Mixer", "zh": "MLP-Mixer：只用 MLP 的视觉模型" };

export const knobs = [
  {
    "name": "operation", "kind": "choice", "default": "tokens", "label": { "en": "one layer of", "zh": "一层" },
    "choices": [
      { "value": "tokens", "en": "token mixing", "zh": "token mixing" },
      { "value": "channels", "en": "channel mixing", "zh": "channel mixing" },
      { "value": "block", "en": "a whole Mixer block", "zh": "完整的 Mixer block" },
      { "value": "convolution", "en": "3 x 3 convolution", "zh": "3 x 3 卷积" },
      { "value": "depthwise", "en": "3 x 3 depthwise convolution", "zh": "3 x 3 逐通道卷积" }
    ]
  },
  {
    "name": "norm", "kind": "choice", "default": "off", "label": { "en": "its LayerNorm", "zh": "前面的 LayerNorm" },
    "choices": [
      { "value": "off", "en": "left out", "zh": "不算" },
      { "value": "on", "en": "counted too", "zh": "也算" }
    ]
  },
  { "name": "patch", "kind": "range", "low": 1, "high": 25, "step": 1, "default": 7, "label": { "en": "look at patch", "zh": "观察哪个图块" } },
  { "name": "channel", "kind": "range", "low": 1, "high": 6, "step": 1, "default": 3, "label": { "en": "look at channel", "zh": "观察哪个通道" } },
  { "name": "depth", "kind": "range", "low": 1, "high": 5, "step": 1, "default": 1, "label": { "en": "layers", "zh": "层数" } },
  { "name": "width", "kind": "log", "low": 16, "high": 1024, "default": 512, "label": { "en": "channels D, for the costs", "zh": "通道数 D（算开销用）" } }
];

const GRID = 5;
const CHANNELS = 6;
const PATCHES = GRID * GRID;

const near = (p, q) => Math.max(Math.abs(Math.floor(p / GRID) - Math.floor(q / GRID)), Math.abs((p % GRID) - (q % GRID))) <= 1;

// What number (p, c) of a layer's output reads, of its input: the skip makes it read itself too.
const reads = {
  tokens: [(p, c, q, d) => c === d],
  channels: [(p, c, q) => p === q],
  block: [(p, c, q, d) => c === d, (p, c, q) => p === q],
  convolution: [(p, c, q) => near(p, q)],
  depthwise: [(p, c, q, d) => c === d && near(p, q)],
};

// LayerNorm reads all channels of a patch; a convolution has none of its own here.
const normed = (norm, operation) => norm === "on" && ["tokens", "channels", "block"].includes(operation);

const all = Array.from({ length: PATCHES * CHANNELS }, (_, n) => [Math.floor(n / CHANNELS), n % CHANNELS]);

function back(mask, rule) {
  return all.map(([q, d]) => all.some(([p, c], n) => mask[n] && ((p === q && c === d) || rule(p, c, q, d))));
}

// The numbers of the input that reach number (patch, channel) through `depth` layers: walked backwards, layer by layer.
export function reached({ operation, norm, patch, channel, depth }) {
  let mask = all.map(([p, c]) => p === patch - 1 && c === channel - 1);
  for (let layer = 0; layer < depth; layer++)
    for (const rule of [...reads[operation]].reverse()) {
      mask = back(mask, rule);
      if (normed(norm, operation)) mask = back(mask, (p, c, q) => p === q);
    }
  return mask;
}

const table = (mask) => Array.from({ length: PATCHES }, (_, p) => mask.slice(p * CHANNELS, (p + 1) * CHANNELS).map(Number));

const seen = (rows) =>
  Array.from({ length: GRID }, (_, y) => Array.from({ length: GRID }, (_, x) => Math.max(...rows[y * GRID + x])));

const share = (mask) => mask.filter(Boolean).length / mask.length;

// Multiply-adds by which patches hear of each other, for one image of n patches: hidden units are half the width, as in the paper.
export const costs = {
  mixer: (n, d) => n * d * d, // two layers of n by d / 2, for each of d channels
  attention: (n, d) => 4 * n * d * d + 2 * n * n * d, // queries, keys, values, output; scores and their sum
  depthwise: (n, d) => 9 * n * d,
};

const number = (value) => String(Number(value.toPrecision(3)));

function scene(values) {
  const { operation, norm, depth, patch, channel, width } = values;
  const mask = reached(values);
  const rows = table(mask);
  const counts = { numbers: mask.filter(Boolean).length, patches: rows.filter((row) => row.includes(1)).length };
  const said = knobs[0].choices.find((each) => each.value === operation);
  const lengths = [1, 2, 3, 4, 5];
  const curve = (name, each, with_) => ({
    name,
    points: lengths.map((layers) => [layers, 100 * share(reached({ ...values, operation: each, norm: with_, depth: layers }))]),
  });
  const sides = [4, 7, 14, 28, 56];
  const line = (name, cost) => ({ name, points: sides.map((side) => [side * side, cost(side * side, width)]) });
  const ratio = costs.attention(196, width) / costs.mixer(196, width);
  return {
    summary: {
      en:
        `Through ${depth} ${depth === 1 ? "layer" : "layers"} of ${said.en}${norm === "on" && normed(norm, operation) ? " with LayerNorm" : ""}, number ` +
        `(patch ${patch}, channel ${channel}) depends on ${counts.numbers} of ${mask.length} numbers, from ${counts.patches} of ${PATCHES} patches. ` +
        `At ${number(width)} channels and 196 patches self-attention takes ${number(ratio)} times the multiply-adds of token mixing.`,
      zh:
        `${said.zh}，${depth} 层${norm === "on" && normed(norm, operation) ? "，含 LayerNorm" : ""}：图块 ${patch}、通道 ${channel} 的那个数取决于 ` +
        `${mask.length} 个数中的 ${counts.numbers} 个，来自 ${PATCHES} 个图块中的 ${counts.patches} 个。通道数为 ${number(width)}、图块数为 196 时，` +
        `自注意力的乘加次数是 token mixing 的 ${number(ratio)} 倍。`,
    },
    panels: [
      {
        kind: "heat", rows, low: 0, high: 1,
        x: { label: { en: "channel (filled: the number looked at depends on it)", zh: "通道（实心：所观察的数取决于它）" } },
        y: { label: { en: "patch", zh: "图块" } },
      },
      {
        kind: "heat", rows: seen(rows), low: 0, high: 1,
        x: { label: { en: "the same in the image: patches that are seen", zh: "换到图像上看：哪些图块被看到" } },
        y: { label: { en: "row of patches", zh: "图块的行" } },
      },
      {
        kind: "lines",
        x: { domain: [1, 5], label: { en: "layers", zh: "层数" } },
        y: { domain: [0, 105], label: { en: "numbers it depends on (%)", zh: "取决于多少数（%）" } },
        series: [
          curve({ en: "Mixer block", zh: "Mixer block" }, "block", norm),
          curve({ en: "token mixing only", zh: "只有 token mixing" }, "tokens", norm),
          curve({ en: "3 x 3 convolution", zh: "3 x 3 卷积" }, "convolution", "off"),
        ],
        marks: [{ x: depth, label: { en: "here", zh: "当前" } }],
      },
      {
        kind: "lines",
        x: { log: true, domain: [16, 3136], label: { en: "patches N", zh: "图块数 N" } },
        y: { log: true, label: { en: "multiply-adds to mix patches, one layer", zh: "一层混合图块的乘加次数" } },
        series: [
          line({ en: "token mixing", zh: "token mixing" }, costs.mixer),
          line({ en: "self-attention", zh: "自注意力" }, costs.attention),
          line({ en: "depthwise 3 x 3", zh: "逐通道 3 x 3" }, costs.depthwise),
        ],
        marks: [{ x: 196, label: { en: "224 px, patch 16", zh: "224 像素，图块 16" } }],
      },
    ],
  };
}

export default { title, knobs, scene, path: (values) => ({ reached: table(reached(values)) }) };
