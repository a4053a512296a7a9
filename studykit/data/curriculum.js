// Curriculum learning: which samples are in at an epoch, for each pacing function, and how long sequences are by the same pace.

export const title = { "en": "Curriculum learning", "zh": "课程学习" };

export const knobs = [
  {
    "name": "pacing", "kind": "choice", "default": "linear", "label": { "en": "pacing", "zh": "节奏" },
    "choices": [
      { "value": "linear", "en": "linear", "zh": "线性" },
      { "value": "root", "en": "root", "zh": "平方根" },
      { "value": "step", "en": "step", "zh": "阶跃" }
    ]
  },
  { "name": "start", "kind": "range", "low": 0.05, "high": 1, "step": 0.05, "default": 0.2, "label": { "en": "share at the start", "zh": "起始比例" } },
  { "name": "full_at", "kind": "range", "low": 1, "high": 20, "step": 1, "default": 10, "label": { "en": "all are in at epoch", "zh": "全部放进来的 epoch" } },
  { "name": "epoch", "kind": "range", "low": 0, "high": 20, "step": 1, "default": 4, "label": { "en": "look at epoch", "zh": "观察第几个 epoch" } },
  {
    "name": "order", "kind": "choice", "default": "easy", "label": { "en": "first come", "zh": "先放" },
    "choices": [
      { "value": "easy", "en": "the easiest", "zh": "最容易的" },
      { "value": "hard", "en": "the hardest (anti-curriculum)", "zh": "最难的（反课程）" },
      { "value": "random", "en": "any, at random", "zh": "随机" }
    ]
  }
];

const COUNT = 100;
const EPOCHS = 20;
const PACES = ["linear", "root", "step"];
const SHORTEST = 64;
const LONGEST = 512;

// A hundred difficulties, as losses are: most small, a few large. The numbers of a linear congruential generator.
const uniform = (() => {
  let state = 2024;
  return Array.from({ length: 2 * COUNT }, () => (state = (1664525 * state + 1013904223) % 4294967296) / 4294967296);
})();
const difficulty = uniform.slice(0, COUNT).map((u) => -Math.log(1 - u));
const keys = { easy: difficulty, hard: difficulty.map((d) => -d), random: uniform.slice(COUNT) };
const ranked = (order) => Array.from({ length: COUNT }, (_, n) => n).sort((a, b) => keys[order][a] - keys[order][b] || a - b);

export function share(epoch, fullAt, start, pacing) {
  const done = Math.min(1, epoch / fullAt);
  if (pacing === "step") return done < 1 ? start : 1;
  return pacing === "linear" ? start + (1 - start) * done : Math.sqrt(start ** 2 + (1 - start ** 2) * done);
}

const size = (epoch, { full_at, start, pacing }) => Math.max(1, Math.round(share(epoch, full_at, start, pacing) * COUNT));
const mean = (values) => values.reduce((a, b) => a + b, 0) / values.length;

function path(values) {
  const pool = ranked(values.order).slice(0, size(values.epoch, values));
  return {
    share: share(values.epoch, values.full_at, values.start, values.pacing),
    sizes: Array.from({ length: EPOCHS + 1 }, (_, e) => size(e, values)),
    pool: [...pool].sort((a, b) => a - b),
    difficulty,
  };
}

function scene(values) {
  const { pacing, start, full_at, epoch, order } = values;
  const { pool, sizes } = path(values);
  const inside = new Set(pool);
  const byRank = ranked("easy");
  const rows = Array.from({ length: 5 }, (_, r) => byRank.slice(20 * r, 20 * (r + 1)).map((n) => (inside.has(n) ? 1 : 0)));
  const epochs = Array.from({ length: EPOCHS + 1 }, (_, e) => e);
  const seenBy = sizes.reduce((sums, each) => [...sums, (sums.at(-1) ?? 0) + each], []);
  const average = mean(pool.map((n) => difficulty[n])).toFixed(2);
  const late = epochs.find((e) => sizes[e] === COUNT);
  const told = late === undefined ? { en: "not within these epochs", zh: "这些 epoch 内未放完" } : { en: `from epoch ${late} on`, zh: `从第 ${late} 个 epoch 起` };
  const name = { linear: { en: "linear", zh: "线性" }, root: { en: "root", zh: "平方根" }, step: { en: "step", zh: "阶跃" } };
  return {
    summary: {
      en:
        `In epoch ${epoch}, ${pool.length} of ${COUNT} samples are in, of mean difficulty ${average}; all are in ${told.en}. ` +
        `Up to then and including it, ${seenBy[epoch]} samples were seen, ${COUNT * (epoch + 1)} without a curriculum.`,
      zh:
        `第 ${epoch} 个 epoch 放进了 ${COUNT} 个样本中的 ${pool.length} 个，平均难度 ${average}；全部放进来：${told.zh}。` +
        `到这个 epoch 为止共看了 ${seenBy[epoch]} 个样本，没有课程则是 ${COUNT * (epoch + 1)} 个。`,
    },
    panels: [
      {
        kind: "heat", rows, low: 0, high: 1,
        x: { label: { en: "samples by difficulty, easiest top left: dark is in", zh: "样本按难度排列，左上最易：深色表示已放入" }, names: Array(20).fill("") },
        y: { label: "", names: Array(5).fill("") },
      },
      {
        kind: "lines",
        x: { label: { en: "epoch", zh: "epoch" }, domain: [0, EPOCHS] },
        y: { label: { en: "share that is in", zh: "放入的比例" }, domain: [0, 1.05] },
        series: PACES.map((each) => ({ name: name[each], points: epochs.map((e) => [e, share(e, full_at, start, each)]) })),
        marks: [{ x: epoch, label: { en: "here", zh: "当前" } }],
      },
      {
        kind: "lines",
        x: { label: { en: "epoch", zh: "epoch" }, domain: [0, EPOCHS] },
        y: { label: { en: "mean difficulty of what is in", zh: "池内平均难度" } },
        series: [
          { name: { en: "in", zh: "已放入" }, points: epochs.map((e) => [e, mean(ranked(order).slice(0, sizes[e]).map((n) => difficulty[n]))]) },
          { name: { en: "all", zh: "全部" }, points: epochs.map((e) => [e, mean(difficulty)]) },
        ],
        marks: [{ x: epoch, label: { en: "here", zh: "当前" } }],
      },
      {
        kind: "lines",
        x: { label: { en: "step, if an epoch were a step", zh: "步（把 epoch 当作步）" }, domain: [0, EPOCHS] },
        y: { label: { en: `length of sequences, ${SHORTEST} to ${LONGEST}`, zh: `序列长度，${SHORTEST} 到 ${LONGEST}` }, domain: [0, LONGEST * 1.05] },
        series: [
          {
            name: name[pacing],
            points: epochs.map((e) => {
              const length = Math.floor(LONGEST * share(e, full_at, SHORTEST / LONGEST, pacing) + 1e-9);
              return [e, e >= full_at ? LONGEST : Math.max(SHORTEST, length - (length % 8))];
            }),
          },
        ],
        marks: [{ x: epoch, label: { en: "here", zh: "当前" } }],
      },
    ],
  };
}

export default { title, knobs, scene, path };
