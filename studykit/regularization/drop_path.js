// Which branches of a residual network run for which sample in one step, and how deep the network is for a sample.

export const title = { "en": "DropPath (stochastic depth)", "zh": "DropPath（随机深度）" };

export const knobs = [
  { "name": "depth", "kind": "range", "low": 2, "high": 48, "step": 1, "default": 12, "label": { "en": "residual branches", "zh": "残差分支数" } },
  { "name": "rate", "kind": "range", "low": 0, "high": 0.95, "step": 0.05, "default": 0.3, "label": { "en": "drop rate of the last branch", "zh": "最后一条分支的丢弃率" } },
  {
    "name": "rule", "kind": "choice", "default": "linear", "label": { "en": "rate over depth", "zh": "丢弃率随深度" },
    "choices": [
      { "value": "linear", "en": "linear from 0", "zh": "从 0 线性上升" },
      { "value": "constant", "en": "constant", "zh": "恒定" }
    ]
  },
  {
    "name": "coin", "kind": "choice", "default": "sample", "label": { "en": "who shares a coin", "zh": "谁共用一枚硬币" },
    "choices": [
      { "value": "sample", "en": "each sample has its own (timm)", "zh": "各样本各抛各的（timm）" },
      { "value": "batch", "en": "one for the batch (paper, 2016)", "zh": "整个 batch（2016 年论文）" }
    ]
  },
  { "name": "step", "kind": "range", "low": 1, "high": 50, "step": 1, "default": 1, "label": { "en": "training step", "zh": "训练步" } }
];

const SAMPLES = 16;

export function rates({ depth, rate, rule }) {
  return Array.from({ length: depth }, (_, n) => (rule === "linear" ? (rate * n) / (depth - 1) : rate));
}

// Uniform numbers from a seed, the same ones for the same step.
function uniform(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

// A row for each branch, a column for each sample: 1 where it runs.
export function masks(knobs) {
  const next = uniform(7919 * knobs.step);
  return rates(knobs).map((p) => {
    const coins = Array.from({ length: SAMPLES }, next);
    return coins.map((coin) => ((knobs.coin === "batch" ? coins[0] : coin) >= p ? 1 : 0));
  });
}

// How probable it is that 0, 1, …, L branches run for a sample.
export function depths(knobs) {
  return rates(knobs).reduce(
    (found, p) => [...found, 0].map((chance, n) => chance * p + (n > 0 ? found[n - 1] * (1 - p) : 0)),
    [1],
  );
}

export const path = (knobs) => ({ rates: rates(knobs), masks: masks(knobs), depths: depths(knobs) });

const number = (value) => String(Number(value.toPrecision(3)));

export function scene(knobs) {
  const keep = rates(knobs).map((p) => 1 - p);
  const expected = keep.reduce((sum, p) => sum + p, 0);
  const rows = masks(knobs);
  const ran = rows.flat().reduce((sum, one) => sum + one, 0) / SAMPLES;
  const saved = number(100 * (1 - expected / knobs.depth));
  const chances = depths(knobs);
  const top = Math.max(...chances);
  return {
    summary: {
      en: `Step ${knobs.step}: on average ${number(ran)} of ${knobs.depth} branches run for a sample. Expected depth ${number(expected)}: ${saved} % of the branch computation could be saved. In evaluation all ${knobs.depth} run.`,
      zh: `第 ${knobs.step} 步：每个样本平均运行 ${number(ran)} 条分支，共 ${knobs.depth} 条。期望深度 ${number(expected)}：分支计算最多可省 ${saved}%。推理时 ${knobs.depth} 条全部运行。`,
    },
    panels: [
      {
        kind: "heat", rows, low: 0, high: 1,
        x: { label: { en: "sample of the batch (filled: the branch runs)", zh: "batch 里的样本（实心：分支运行）" } },
        y: { label: { en: "branch, from input to output", zh: "分支，从输入到输出" } },
      },
      {
        kind: "lines",
        x: { domain: [0, knobs.depth], label: { en: "branches left out for a sample", zh: "一个样本略去的分支数" } },
        y: { domain: [0, top * 1.15], label: { en: "probability", zh: "概率" } },
        marks: [{ x: knobs.depth - expected, label: { en: "expected", zh: "期望" } }],
        series: [{ name: { en: "probability", zh: "概率" }, points: chances.map((_, n) => [n, chances[knobs.depth - n]]) }],
      },
    ],
  };
}

export default { title, knobs, path, scene };
