// Embeddings on a circle: one view, its partner, and negatives. Whom the softmax pushes away, and how hard, computed here from equation 1.

export const title = { "en": "SimCLR: who is pushed, and how hard", "zh": "SimCLR：推谁，推多狠" };

export const knobs = [
  { "name": "temperature", "kind": "log", "low": 0.03, "high": 3, "default": 0.5, "label": { "en": "temperature", "zh": "温度" } },
  { "name": "negatives", "kind": "range", "low": 1, "high": 24, "step": 1, "default": 5, "label": { "en": "negatives", "zh": "负样本数" } },
  { "name": "partner", "kind": "range", "low": 2, "high": 178, "step": 2, "default": 30, "label": { "en": "angle to the partner (degrees)", "zh": "与正样本的夹角（度）" } },
  { "name": "nearest", "kind": "range", "low": 2, "high": 178, "step": 2, "default": 44, "label": { "en": "angle to the first negative (degrees)", "zh": "与第一个负样本的夹角（度）" } }
];

const rad = (degrees) => (degrees * Math.PI) / 180;

// The view itself is at angle 0. The first negative is where the knob puts it; the others are spread over the far two thirds.
export const angles = ({ negatives, nearest }) =>
  Array.from({ length: negatives }, (_, n) => (n === 0 ? -nearest : 60 + 240 * ((n * 0.6180339887) % 1)));

// Softmax over partner and negatives, what it makes of each, and the force along the circle: minus the loss's derivative by the angle.
export function forces(values) {
  const others = angles(values);
  const cosines = [values.partner, ...others].map((angle) => Math.cos(rad(angle)));
  const top = Math.max(...cosines);
  const weights = cosines.map((cosine) => Math.exp((cosine - top) / values.temperature));
  const total = weights.reduce((sum, each) => sum + each, 0);
  const [found, ...shares] = weights.map((each) => each / total);
  const missed = shares.reduce((sum, each) => sum + each, 0);
  const pull = (missed * Math.sin(rad(values.partner))) / values.temperature;
  const push = -shares.reduce((sum, share, n) => sum + share * Math.sin(rad(others[n])), 0) / values.temperature;
  return {
    others, pull, push, missed,
    loss: -((cosines[0] - top) / values.temperature - Math.log(total)),
    shares: shares.map((share) => share / missed),
    cosines: cosines.slice(1),
  };
}

const number = (value) => (value !== 0 && Math.abs(value) < 1e-3 ? value.toExponential(1) : String(Number(value.toPrecision(3))));
const at = (angle, radius = 1) => [radius * Math.cos(rad(angle)), radius * Math.sin(rad(angle))];
const cross = ([x, y], size = 0.07) => [[x - size, y], [x + size, y], [x, null], [x, y - size], [x, y + size], [x, null]];
const CIRCLE = Array.from({ length: 121 }, (_, n) => at(n * 3));
const GRID = Array.from({ length: 101 }, (_, n) => n / 50 - 1);

export const path = forces;

export function scene(values) {
  const { others, cosines, shares, loss, missed, pull, push } = forces(values);
  const effective = 1 / shares.reduce((sum, share) => sum + share * share, 0);
  const order = cosines.map((_, n) => n).sort((a, b) => cosines[b] - cosines[a]);
  const hardest = order[0];
  // The curve of which the shares are samples: exp(cosine / t) over the negatives' sum.
  const level = cosines[hardest] / values.temperature - Math.log(shares[hardest]);
  const room = Math.min(1, shares[hardest] * 1.4);
  const curve = GRID.map((cosine) => [cosine, Math.exp(cosine / values.temperature - level)]).map(([x, y]) => [x, y > room ? null : y]);
  // A spike from the circle outwards for each negative, as long as its share of the push.
  const spikes = others.flatMap((angle, n) => {
    const [from, to] = [at(angle, 1), at(angle, 1 + Math.max(0.03, 0.75 * shares[n]))];
    return [from, to, [to[0], null]];
  });
  const force = pull + push;
  const turn = Math.max(-100, Math.min(100, 60 * force)) || 0;
  const arc = Array.from({ length: 21 }, (_, n) => at((turn * n) / 20, 0.86));
  return {
    summary: {
      en:
        `The loss of this view is ${number(loss)}. The softmax gives its negatives (${values.negatives}) ${number(100 * missed)} % of the weight, and ${number(100 * shares[hardest])} % of that to the nearest, ` +
        `at cosine ${number(cosines[hardest])}: as if ${number(effective)} equal ones were pushed. Along the circle the partner pulls with ${number(pull)}, the negatives push with ${number(push)}, together ${number(force)}.`,
      zh:
        `这个视图的损失是 ${number(loss)}。softmax 把 ${number(100 * missed)} % 的权重给了 ${values.negatives} 个负样本，其中 ${number(100 * shares[hardest])} % 落在最近的那个上（` +
        `余弦 ${number(cosines[hardest])}），相当于在推 ${number(effective)} 个同等的负样本。沿圆周，正样本的拉力是 ${number(pull)}，负样本的推力是 ${number(push)}，合计 ${number(force)}。`,
    },
    panels: [
      {
        kind: "lines",
        x: { domain: [-2.1, 2.1], label: { en: "embeddings on a circle", zh: "圆上的嵌入" } },
        y: { domain: [-1.75, 1.75], label: "" },
        series: [
          { name: { en: "this view", zh: "这个视图" }, points: cross(at(0), 0.1) },
          { name: { en: "its partner", zh: "正样本" }, points: cross(at(values.partner), 0.1) },
          { name: { en: "negatives: spike = share of the push", zh: "负样本：刺长 = 推力占比" }, points: spikes },
          { name: { en: "where it is moved", zh: "被推往哪边" }, points: arc },
          { name: { en: "length 1", zh: "单位圆" }, points: CIRCLE },
        ],
      },
      {
        kind: "lines",
        x: { domain: [-1, 1], label: { en: "cosine to the negative", zh: "与负样本的余弦" } },
        y: { domain: [0, room], label: { en: "share of the push", zh: "推力占比" } },
        series: [
          { name: { en: "at this temperature", zh: "当前温度" }, points: curve },
          { name: { en: "the negatives", zh: "各负样本" }, points: [...order].reverse().flatMap((n) => [[cosines[n], 0], [cosines[n], shares[n]], [cosines[n], null]]) },
        ],
      },
    ],
  };
}

export default { title, knobs, path, scene };
