// Label smoothing: the two conventions for the target, the gradient each gives, and the loss over the gap between logits.

export const title = { "en": "Label smoothing", "zh": "标签平滑" };

export const knobs = [
  { "name": "smoothing", "kind": "range", "low": 0, "high": 0.9, "step": 0.01, "default": 0.1, "label": { "en": "smoothing ε", "zh": "平滑系数 ε" } },
  { "name": "classes", "kind": "range", "low": 2, "high": 50, "step": 1, "default": 10, "label": { "en": "classes K", "zh": "类别数 K" } },
  { "name": "gap", "kind": "range", "low": -4, "high": 14, "step": 0.1, "default": 6, "label": { "en": "logit of the true class, above the others", "zh": "正类 logit 比其余高多少" } }
];

// [share of the true class, share of each other class]
const targets = ({ smoothing, classes }) => [
  [1, 0],
  [1 - smoothing + smoothing / classes, smoothing / classes],
  [1 - smoothing, smoothing / (classes - 1)],
];

// Probabilities in the same form; the greater logit is taken out, so that nothing overflows.
function predicted(gap, classes) {
  const top = Math.max(gap, 0);
  const [own, other] = [Math.exp(gap - top), Math.exp(-top)];
  const sum = own + (classes - 1) * other;
  return [own / sum, other / sum];
}

function loss([own, other], gap, classes) {
  const top = Math.max(gap, 0);
  const logSum = top + Math.log(Math.exp(gap - top) + (classes - 1) * Math.exp(-top));
  return own * (logSum - gap) + (classes - 1) * other * logSum;
}

const names = [
  { "en": "hard label", "zh": "硬标签" },
  { "en": "over K classes", "zh": "K 类平分" },
  { "en": "over K − 1 others", "zh": "其余 K − 1 类平分" },
];
const categories = [
  { "en": "true class", "zh": "正类" },
  { "en": "each other class", "zh": "其余每类" },
];
const number = (value) => String(Number(value.toPrecision(3)));

function scene(values) {
  const { smoothing, classes, gap } = values;
  const wanted = targets(values);
  const p = predicted(gap, classes);
  const gradients = wanted.map((q) => q.map((share, n) => p[n] - share));
  const best = wanted.map(([own, other]) => Math.log(own / other));
  const places = Array.from({ length: 181 }, (_, n) => -4 + n / 10);
  const pull = gradients[1][0];
  const [, overAll, overOthers] = wanted.map((q) => q.map(number));
  const lowest = smoothing > 0 ? number(best[1]) : "∞";
  return {
    summary: {
      en:
        `ε = ${number(smoothing)}, K = ${classes}: over K classes the true one gets ${overAll[0]} and each other ${overAll[1]}; ` +
        `over the others, ${overOthers[0]} and ${overOthers[1]}. At a gap of ${number(gap)} the network gives the true class ` +
        `${number(p[0])}, and the gradient on its logit, over K, is ${number(pull)}: it is pushed ${pull > 0 ? "down" : "up"}. ` +
        `The loss is least at a gap of ${lowest}.`,
      zh:
        `ε = ${number(smoothing)}，K = ${classes}：K 类平分时，正类 ${overAll[0]}，其余每类 ${overAll[1]}；只分给其余各类时，` +
        `${overOthers[0]} 和 ${overOthers[1]}。logit 差为 ${number(gap)} 时，网络给正类的概率是 ${number(p[0])}，` +
        `其 logit 的梯度（K 类平分）为 ${number(pull)}：会被${pull > 0 ? "压低" : "抬高"}。损失在差为 ${lowest} 处最小。`,
    },
    panels: [
      {
        kind: "bars",
        x: { label: { en: "target q", zh: "目标分布 q" } },
        y: { label: { en: "share", zh: "占比" }, domain: [0, 1.1] },
        categories,
        series: names.map((name, n) => ({ name, values: wanted[n] })),
      },
      {
        kind: "bars",
        x: { label: { en: "gradient on a logit, p − q", zh: "logit 的梯度 p − q" } },
        y: { label: { en: "gradient", zh: "梯度" } },
        categories,
        series: names.map((name, n) => ({ name, values: gradients[n].map((value) => Math.round(1000 * value) / 1000) })),
      },
      {
        kind: "lines",
        x: { label: { en: "logit of the true class, above the others", zh: "正类 logit 比其余高多少" }, domain: [-4, 14] },
        y: { label: { en: "loss (nats)", zh: "损失（nat）" } },
        series: names.map((name, n) => ({ name, points: places.map((x) => [x, loss(wanted[n], x, classes)]) })),
        marks: [{ x: gap, label: { en: "here", zh: "当前" } }],
      },
    ],
  };
}

export default { title, knobs, scene, path: (values) => ({ targets: targets(values), best: targets(values).map(([a, b]) => Math.log(a / b)) }) };
