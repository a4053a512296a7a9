// Who is trained in a step: the sandwich rule and its rivals on the widths of one shared layer; draws, counts and work computed here.

export const title = { "en": "BigNAS: the sandwich rule", "zh": "BigNAS：三明治规则" };

export const knobs = [
  {
    "name": "rule", "kind": "choice", "default": "sandwich", "label": { "en": "trained in a step", "zh": "每步训练" },
    "choices": [
      { "value": "sandwich", "en": "largest, smallest and random ones", "zh": "最大、最小加随机" },
      { "value": "random", "en": "random ones alone", "zh": "只有随机的" },
      { "value": "largest", "en": "the largest alone", "zh": "只有最大的" }
    ]
  },
  { "name": "n_random", "kind": "range", "low": 0, "high": 6, "step": 1, "default": 2, "label": { "en": "random ones", "zh": "随机子网个数" } },
  { "name": "steps", "kind": "range", "low": 1, "high": 60, "step": 1, "default": 12, "label": { "en": "steps", "zh": "步数" } },
  { "name": "seed", "kind": "range", "low": 0, "high": 50, "step": 1, "default": 0, "label": { "en": "seed of the draws", "zh": "抽样种子" } }
];

// A sub-network is a width from 1 to WIDTH: its first channels, and all networks share them.
const WIDTH = 12;

// Uniform numbers in [0, 1), the same ones for one seed.
function uniform(seed) {
  let state = (seed + 1) * 0x9e3779b9;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export function drawn({ rule, n_random, steps, seed }) {
  const random = uniform(seed);
  const one = () => 1 + Math.floor(random() * WIDTH);
  return Array.from({ length: steps }, () => {
    if (rule === "largest") return [WIDTH];
    const some = Array.from({ length: rule === "random" ? n_random + 2 : n_random }, one);
    return rule === "random" ? some : [WIDTH, 1, ...some];
  });
}

const number = (value) => String(Number(value.toPrecision(3)));

export function scene(values) {
  const all = drawn(values);
  const shown = all.slice(0, 24);
  const runs = Array.from({ length: WIDTH }, (_, n) => all.flat().filter((width) => width === n + 1).length);
  // A channel gets a gradient from every sub-network that is wide enough to hold it.
  const gradients = Array.from({ length: WIDTH }, (_, n) => all.flat().filter((width) => width > n).length / all.length);
  // The forward and backward work of a width, where the other side of the layer is fixed, is proportional to it.
  const work = all.flat().reduce((sum, width) => sum + width, 0) / all.length / WIDTH;
  const never = runs.filter((count) => count === 0).length;
  const ends = [runs[0], runs[WIDTH - 1]];
  return {
    summary: {
      en: `In ${all.length} steps the smallest is trained ${ends[0]} times and the largest ${ends[1]} times; ${never} of ${WIDTH} widths never are. A step costs ${number(work)} times the largest network, and the first channel gets the sum of ${number(gradients[0])} gradients, the last one of ${number(gradients[WIDTH - 1])} on average.`,
      zh: `${all.length} 步里，最小的训练了 ${ends[0]} 次，最大的 ${ends[1]} 次；${WIDTH} 种宽度中有 ${never} 种一次也没训到。每步开销是最大网络的 ${number(work)} 倍；第一个通道每步收到 ${number(gradients[0])} 个梯度之和，最后一个平均 ${number(gradients[WIDTH - 1])} 个。`,
    },
    panels: [
      {
        kind: "heat", low: 0, high: Math.max(...all.map((widths) => widths.length)),
        rows: Array.from({ length: WIDTH }, (_, n) => shown.map((widths) => widths.filter((width) => width >= WIDTH - n).length)),
        x: { label: { en: "step: how many gradients are added (dark is many)", zh: "步（越深表示相加的梯度越多）" } },
        y: { label: { en: "channel", zh: "通道" }, names: Array.from({ length: WIDTH }, (_, n) => String(WIDTH - n)) },
      },
      {
        kind: "bars",
        x: { label: { en: "width of the sub-network", zh: "子网宽度" } },
        y: { label: { en: "times trained, per step", zh: "平均每步训练次数" } },
        categories: Array.from({ length: WIDTH }, (_, n) => String(n + 1)),
        series: [
          { name: { en: "trained as itself", zh: "作为子网被训练" }, values: runs.map((count) => count / all.length) },
          { name: { en: "gradients on its last channel", zh: "它最后一个通道收到的梯度" }, values: gradients },
        ],
      },
    ],
  };
}

export default { title, knobs, scene };
