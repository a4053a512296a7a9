// The learning rate of each layer of a fine-tuned ViT, under one rate for all, two groups, and geometric decay.

export const title = { "en": "Layer-wise learning rates", "zh": "分层学习率" };

export const knobs = [
  { "name": "decay", "kind": "range", "low": 0.3, "high": 1, "step": 0.01, "default": 0.75, "label": { "en": "decay per layer", "zh": "每层衰减系数" } },
  { "name": "depth", "kind": "range", "low": 1, "high": 24, "step": 1, "default": 12, "label": { "en": "blocks", "zh": "block 数" } },
  { "name": "lr", "kind": "log", "low": 1e-5, "high": 0.1, "default": 1e-3, "label": { "en": "learning rate of the head", "zh": "head 的学习率" } },
  {
    "name": "rival", "kind": "choice", "default": "two", "label": { "en": "compare with", "zh": "对照" },
    "choices": [
      { "value": "two", "en": "two groups: backbone a tenth of the head", "zh": "两组：backbone 是 head 的十分之一" },
      { "value": "one", "en": "one learning rate", "zh": "同一个学习率" },
      { "value": "electra", "en": "ELECTRA: one power more below the head", "zh": "ELECTRA：head 以下多乘一次" }
    ]
  },
  {
    "name": "axis", "kind": "choice", "default": "linear", "label": { "en": "axis", "zh": "坐标轴" },
    "choices": [
      { "value": "linear", "en": "linear", "zh": "线性" },
      { "value": "log", "en": "logarithmic", "zh": "对数" }
    ]
  }
];

// Layer 0 is the embedding, 1 to depth the blocks, depth + 1 the head.
const layers = ({ depth }) => Array.from({ length: depth + 2 }, (_, layer) => layer);
const geometric = ({ lr, decay, depth }, layer) => lr * decay ** (depth + 1 - layer);
const rivals = {
  two: ({ lr, depth }, layer) => (layer === depth + 1 ? lr : lr / 10),
  one: ({ lr }) => lr,
  electra: ({ lr, decay, depth }, layer) => (layer === depth + 1 ? lr : lr * decay ** (depth + 2 - layer)),
};
const NAMES = {
  two: { en: "Two groups", zh: "两组" },
  one: { en: "One rate", zh: "同一个学习率" },
  electra: { en: "ELECTRA", zh: "ELECTRA" },
};

export const path = (knobs) => layers(knobs).map((layer) => geometric(knobs, layer));

const number = (value) => (value < 1e-3 ? value.toExponential(2) : String(Number(value.toPrecision(3))));

export function scene(knobs) {
  const { depth, lr, decay } = knobs;
  const mine = path(knobs);
  const theirs = layers(knobs).map((layer) => rivals[knobs.rival](knobs, layer));
  const share = number((100 * mine[0]) / lr);
  // How many layers down the rate is still more than half of the head's.
  const half = mine.filter((rate) => rate > lr / 2).length;
  const few = depth > 13;
  const category = (layer) => {
    if (layer === 0) return { en: "emb", zh: "emb" };
    if (layer === depth + 1) return { en: "head", zh: "head" };
    return few && layer % 4 ? "" : String(layer);
  };
  return {
    summary: {
      en: `Head ${number(lr)}, first block ${number(mine[1])}, embedding ${number(mine[0])}: that is ${decay} to the power of ${depth + 1}, or ${share} % of the head's rate. ${half} of ${depth + 2} layers learn at more than half of it.`,
      zh: `head ${number(lr)}，第一个 block ${number(mine[1])}，embedding ${number(mine[0])}，即 ${decay} 的 ${depth + 1} 次方，是 head 的 ${share}%。${depth + 2} 层里有 ${half} 层的学习率超过 head 的一半。`,
    },
    panels: [
      {
        kind: "bars",
        x: { label: { en: "layer, from the input to the head", zh: "层，从输入到 head" } },
        y: {
          label: { en: "learning rate", zh: "学习率" },
          ...(knobs.axis === "log" ? { log: true, domain: [Math.min(...mine, ...theirs) / 2, lr * 1.5] } : { domain: [0, lr * 1.1] }),
        },
        categories: layers(knobs).map(category),
        series: [
          { name: { en: "Layer-wise", zh: "逐层衰减" }, values: mine },
          { name: NAMES[knobs.rival], values: theirs },
        ],
      },
    ],
  };
}

export default { title, knobs, path, scene };
