// Which tensors of a network decay under a rule, and what lr times weight decay leaves of a weight that gets no gradient.

export const title = { "en": "Weight decay", "zh": "权重衰减" };

export const knobs = [
  {
    "name": "model", "kind": "choice", "default": "vit", "label": { "en": "network", "zh": "网络" },
    "choices": [
      { "value": "cnn", "en": "CNN with BatchNorm", "zh": "带 BatchNorm 的 CNN" },
      { "value": "vit", "en": "ViT", "zh": "ViT" },
      { "value": "gpt", "en": "language model, tied head", "zh": "语言模型，输出层与嵌入共享权重" }
    ]
  },
  {
    "name": "rule", "kind": "choice", "default": "matrices", "label": { "en": "what decays", "zh": "谁衰减" },
    "choices": [
      { "value": "matrices", "en": "more than one dimension", "zh": "维数大于 1" },
      { "value": "all", "en": "everything", "zh": "全部" },
      { "value": "weights", "en": "all that is called weight", "zh": "所有名叫 weight 的" },
      { "value": "layers", "en": "linear and convolution only", "zh": "只有线性层和卷积" }
    ]
  },
  { "name": "lr", "kind": "log", "low": 1e-5, "high": 0.1, "default": 1e-3, "label": { "en": "learning rate", "zh": "学习率" } },
  { "name": "weight_decay", "kind": "log", "low": 1e-3, "high": 10, "default": 0.1, "label": { "en": "weight decay", "zh": "权重衰减系数" } },
  { "name": "steps", "kind": "log", "low": 100, "high": 100000, "default": 10000, "label": { "en": "steps of the run", "zh": "训练步数" } },
  {
    "name": "schedule", "kind": "choice", "default": "constant", "label": { "en": "learning rate over the run", "zh": "学习率日程" },
    "choices": [
      { "value": "constant", "en": "constant", "zh": "恒定" },
      { "value": "cosine", "en": "cosine to 0", "zh": "余弦降到 0" }
    ]
  }
];

const layer = (kind) => (label, ...shapes) => ({ label, kind, depth: label.startsWith("  ") ? 1 : 0, tensors: shapes.map((shape, n) => ({ name: ["weight", "bias"][n], shape })) });
const [dense, norm, table] = [layer("dense"), layer("norm"), layer("table")];
const single = (label, shape) => ({ label, kind: "single", depth: 0, tensors: [{ name: label, shape }] });
const block = (width) => [
  { label: "blocks.0", kind: "none", depth: 0, tensors: [] },
  norm("  norm1", [width], [width]),
  dense("  qkv", [3 * width, width], [3 * width]),
  dense("  out", [width, width], [width]),
  norm("  norm2", [width], [width]),
  dense("  mlp.0", [4 * width, width], [4 * width]),
  dense("  mlp.2", [width, 4 * width], [width]),
];

export const networks = {
  cnn: [
    dense("0 Conv2d", [16, 1, 3, 3], [16]),
    norm("1 BatchNorm2d", [16], [16]),
    dense("4 Conv2d", [32, 16, 3, 3], [32]),
    norm("5 BatchNorm2d", [32], [32]),
    dense("9 Linear", [64, 128], [64]),
    dense("11 Linear", [10, 64], [10]),
  ],
  vit: [
    single("cls_token", [1, 1, 64]),
    single("pos_embed", [1, 17, 64]),
    dense("patch_embed", [64, 1, 2, 2], [64]),
    ...block(64),
    norm("norm", [64], [64]),
    dense("head", [10, 64], [10]),
  ],
  gpt: [
    table("token = head", [96, 64]),
    table("position", [64, 64]),
    ...block(64),
    norm("norm", [64], [64]),
  ],
};

const rules = {
  matrices: (kind, { shape }) => shape.length > 1,
  all: () => true,
  weights: (kind, { name }) => name === "weight",
  layers: (kind, { shape }) => kind === "dense" && shape.length > 1,
};

const count = (shape) => shape.reduce((product, size) => product * size, 1);

// Every tensor by name, its shape, and whether it decays.
export function dealt({ model, rule }) {
  return networks[model].flatMap(({ label, kind, tensors }) =>
    tensors.map((tensor) => ({ module: label.trim(), ...tensor, decays: rules[rule](kind, tensor) })),
  );
}

// What is left of a weight without gradient after each of 200 stretches of the run.
export function left({ lr, weight_decay, steps: asked, schedule }) {
  const steps = Math.round(asked);
  const rate = (t) => lr * (schedule === "cosine" ? (1 + Math.cos((Math.PI * t) / steps)) / 2 : 1);
  const shares = [[0, 1]];
  let share = 1;
  const every = Math.max(1, Math.floor(steps / 200));
  for (let t = 0; t < steps; t++) {
    share *= 1 - rate(t) * weight_decay;
    if ((t + 1) % every === 0 || t + 1 === steps) shares.push([t + 1, share]);
  }
  return shares;
}

export const path = (knobs) => ({ tensors: dealt(knobs), left: left(knobs).at(-1)[1] });

const number = (value) => (value !== 0 && Math.abs(value) < 1e-3 ? value.toExponential(1) : String(Number(value.toPrecision(3))));
const NAMES = [
  { en: "decays", zh: "衰减" },
  { en: "does not", zh: "不衰减" },
];

export function scene(knobs) {
  const tensors = dealt(knobs);
  const total = (some) => some.reduce((sum, { shape }) => sum + count(shape), 0);
  const decayed = tensors.filter(({ decays }) => decays);
  const share = number((100 * total(decayed)) / total(tensors));
  const steps = Math.round(knobs.steps);
  const shares = left(knobs);
  const end = number(shares.at(-1)[1]);
  const memory = 1 / (knobs.lr * knobs.weight_decay);
  const said = number(Math.round(memory));
  const series = NAMES.map((name) => ({ name }));
  return {
    summary: {
      en: `${decayed.length} of ${tensors.length} tensors decay; they hold ${share} % of the numbers. A weight forgets in about 1 / (lr · wd) = ${said} steps; after ${steps} steps, without gradient, ${end} of it is left.`,
      zh: `${tensors.length} 个张量里有 ${decayed.length} 个衰减，占参数量的 ${share}%。权重大约每 1 / (lr · wd) = ${said} 步遗忘一遍；没有梯度的话，${steps} 步之后剩下 ${end}。`,
    },
    panels: [
      {
        kind: "tree", series,
        nodes: networks[knobs.model].map(({ label, kind, depth, tensors: own }) => ({
          depth,
          label: label.trim(),
          boxes: own.map((tensor) => ({
            label: `${kind === "single" ? "" : `${tensor.name} `}${tensor.shape.join("×")}`,
            series: rules[knobs.rule](kind, tensor) ? 0 : 1,
          })),
        })),
      },
      {
        kind: "lines",
        x: { domain: [0, steps], label: { en: "step", zh: "步" } },
        y: { domain: [0, 1.05], label: { en: "share of a weight left, without gradient", zh: "没有梯度时权重剩下的比例" } },
        marks: memory < steps ? [{ x: memory, label: "1 / (lr · wd)" }] : [],
        series: [
          { name: NAMES[0], points: shares },
          { name: NAMES[1], points: [[0, 1], [steps, 1]] },
        ],
      },
    ],
  };
}

export default { title, knobs, path, scene };
