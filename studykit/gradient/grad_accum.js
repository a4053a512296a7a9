// Gradient accumulation: how much one element counts, by how the loss is divided, and what is kept in memory.

export const title = { "en": "Gradient accumulation", "zh": "梯度累积" };

export const knobs = [
  { "name": "first", "kind": "range", "low": 1, "high": 200, "step": 1, "default": 10, "label": { "en": "tokens in micro-batch 1", "zh": "小 batch 1 的 token 数" } },
  { "name": "second", "kind": "range", "low": 1, "high": 200, "step": 1, "default": 190, "label": { "en": "tokens in micro-batch 2", "zh": "小 batch 2 的 token 数" } },
  { "name": "third", "kind": "range", "low": 1, "high": 200, "step": 1, "default": 40, "label": { "en": "tokens in micro-batch 3", "zh": "小 batch 3 的 token 数" } },
  { "name": "gap", "kind": "range", "low": -2, "high": 4, "step": 0.1, "default": 2, "label": { "en": "loss of long ones above that of short ones", "zh": "长的比短的损失高多少" } }
];

const number = (value) => String(Number(value.toPrecision(3)));

// Mean losses: 2 at the fewest tokens, and more, in proportion, up to `gap` above it at the most.
function parts({ first, second, third, gap }) {
  const counts = [first, second, third];
  const [low, high] = [Math.min(...counts), Math.max(...counts)];
  const losses = counts.map((count) => 2 + (high > low ? (gap * (count - low)) / (high - low) : 0));
  return { counts, losses };
}

export function means({ counts, losses }) {
  const total = counts.reduce((a, b) => a + b, 0);
  return {
    total,
    right: counts.reduce((sum, count, n) => sum + count * losses[n], 0) / total,
    ofMeans: losses.reduce((a, b) => a + b, 0) / counts.length,
    weights: counts.map((count) => [1, total / (counts.length * count)]),
  };
}

function scene(values) {
  const made = parts(values);
  const { total, right, ofMeans, weights } = means(made);
  const each = weights.map(([, weight]) => weight);
  const [most, least] = [Math.max(...each), Math.min(...each)];
  const largest = Math.max(...made.counts);
  const categories = [1, 2, 3].map((n) => ({ en: `micro-batch ${n}`, zh: `小 batch ${n}` }));
  return {
    summary: {
      en:
        `Micro-batches of ${made.counts.join(", ")} tokens. Sums divided by all ${total}: every token counts 1, the loss is ` +
        `${number(right)}. Mean of means: a token counts from ${number(least)} to ${number(most)}, the loss is ${number(ofMeans)}. ` +
        `Kept for backward at once: ${largest} tokens instead of ${total}.`,
      zh:
        `小 batch 的 token 数为 ${made.counts.join("、")}。总和除以全部 ${total} 个：每个 token 的权重都是 1，损失 ${number(right)}。` +
        `均值再平均：token 的权重从 ${number(least)} 到 ${number(most)}，损失 ${number(ofMeans)}。同时为反向保留的激活：` +
        `${largest} 个 token，而不是 ${total} 个。`,
    },
    panels: [
      {
        kind: "bars",
        x: { label: { en: "what one token counts", zh: "一个 token 的权重" } },
        y: { label: { en: "weight", zh: "权重" } },
        categories,
        series: [
          { name: { en: "sums / N", zh: "总和 / N" }, values: weights.map(([one]) => one) },
          { name: { en: "mean of means", zh: "均值再平均" }, values: each.map((weight) => Number(weight.toPrecision(3))) },
        ],
      },
      {
        kind: "bars",
        x: { label: { en: "loss that is minimised", zh: "实际最小化的损失" } },
        y: { label: { en: "loss (nats)", zh: "损失（nat）" } },
        categories: [{ en: "sums / N", zh: "总和 / N" }, { en: "mean of means", zh: "均值再平均" }],
        series: [{ name: { en: "loss", zh: "损失" }, values: [right, ofMeans].map((loss) => Number(loss.toPrecision(4))) }],
      },
      {
        kind: "bars",
        x: { label: { en: "activations kept at once", zh: "同时保留的激活" } },
        y: { label: { en: "tokens", zh: "token 数" } },
        categories: [{ en: "large batch", zh: "大 batch" }, { en: "accumulated", zh: "累积" }],
        series: [{ name: { en: "tokens", zh: "token" }, values: [total, largest] }],
      },
    ],
  };
}

export default { title, knobs, scene, path: (values) => means(parts(values)) };
