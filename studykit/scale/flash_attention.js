// FlashAttention: the walk over the tiles, what one query keeps while it goes on, and the traffic with slow memory.

export const title = { "en": "FlashAttention", "zh": "FlashAttention：分块的精确注意力" };

export const knobs = [
  { "name": "n", "kind": "range", "low": 8, "high": 32, "step": 1, "default": 24, "label": { "en": "length N", "zh": "序列长度 N" } },
  { "name": "block_q", "kind": "range", "low": 1, "high": 16, "step": 1, "default": 8, "label": { "en": "queries per tile", "zh": "每个 tile 的 query 数" } },
  { "name": "block_k", "kind": "range", "low": 1, "high": 16, "step": 1, "default": 4, "label": { "en": "keys per tile", "zh": "每个 tile 的 key 数" } },
  {
    "name": "causal", "kind": "choice", "default": "no", "label": { "en": "causal", "zh": "因果遮挡" },
    "choices": [{ "value": "no", "en": "no", "zh": "否" }, { "value": "yes", "en": "yes", "zh": "是" }]
  },
  { "name": "tile", "kind": "range", "low": 1, "high": 64, "step": 1, "default": 9, "label": { "en": "go to tile", "zh": "走到第几个 tile" } },
  { "name": "query", "kind": "range", "low": 1, "high": 32, "step": 1, "default": 12, "label": { "en": "look at query", "zh": "观察哪个 query" } },
  { "name": "on_chip", "kind": "range", "low": 5, "high": 250, "step": 1, "default": 50, "label": { "en": "on-chip memory, thousand numbers", "zh": "片上存储，千个数" } }
];

const range = (count, start = 0) => Array.from({ length: count }, (_, n) => start + n);
const [LENGTH, WIDTH, KEYS] = [4096, 64, 16]; // of the traffic: one head of usual size

// Queries, keys and values of width 2, made up so that the greatest score of a row comes late.
const at = {
  q: (i) => [1.4 + 0.6 * Math.sin(1.7 * i), Math.cos(0.9 * i)],
  k: (j) => [0.09 * j + 0.5 * Math.sin(2.3 * j), Math.sin(1.1 * j)],
  v: (j) => [Math.cos(0.35 * j), Math.sin(0.8 * j)],
};

// The tiles in the order in which they are computed; those wholly after their queries are left out.
export function walk({ n, block_q, block_k, causal }) {
  const tiles = [];
  for (let i = 0; i < n; i += block_q) {
    const rows = [i, Math.min(i + block_q, n)];
    for (let j = 0; j < (causal === "yes" ? rows[1] : n); j += block_k) tiles.push({ rows, columns: [j, Math.min(j + block_k, n)] });
  }
  return tiles;
}

// Maximum, sum and result of one query after each block of keys; `carried` says whether the old ones are rescaled.
function statistics({ n, block_k, causal }, query, carried = true) {
  const seen = causal === "yes" ? query + 1 : n;
  let [m, l, acc] = [-Infinity, 0, [0, 0]];
  const found = [];
  for (let j = 0; j < seen; j += block_k) {
    const keys = range(Math.min(j + block_k, seen) - j, j);
    const scores = keys.map((key) => at.q(query)[0] * at.k(key)[0] + at.q(query)[1] * at.k(key)[1]);
    const higher = Math.max(m, ...scores);
    const shrink = carried && j > 0 ? Math.exp(m - higher) : 1;
    const p = scores.map((s) => Math.exp(s - higher));
    l = l * shrink + p.reduce((a, b) => a + b, 0);
    acc = acc.map((a, c) => a * shrink + p.reduce((sum, weight, e) => sum + weight * at.v(keys[e])[c], 0));
    m = higher;
    found.push({ keys: j + keys.length, m, l, out: acc.map((a) => a / l), lse: m + Math.log(l) });
  }
  return found;
}

// Numbers moved for one head: of three passes, of the tiles, and the growth of the paper's bound.
export const standard = (n, d) => 4 * n * d + 4 * n * n;
export const block = (chip, d) => Math.floor((chip - 2 * KEYS * d) / (2 * d + KEYS + 2));
export const tiled = (n, d, chip) => 2 * n * d + 2 * n * d * Math.ceil(n / block(chip, d)) + n;
export const bound = (n, d, chip) => (n * n * d * d) / chip;

const number = (x) => x.toFixed(2).replace("-", "−");
const millions = (x) => (x / 1e6).toFixed(1);
const tenThousands = (x) => Math.round(x / 1e4).toLocaleString("en");

function scene(values) {
  const { n, causal, on_chip } = values;
  const tiles = walk(values);
  const current = Math.min(values.tile, tiles.length) - 1;
  const query = Math.min(values.query, n) - 1;
  const cells = range(n).map(() => range(n).map(() => 0));
  tiles.slice(0, current + 1).forEach(({ rows, columns }, t) => {
    for (const i of range(rows[1] - rows[0], rows[0]))
      for (const j of range(columns[1] - columns[0], columns[0])) if (causal === "no" || j <= i) cells[i][j] = t === current ? 1 : 0.3;
  });
  const [right, wrong] = [statistics(values, query), statistics(values, query, false)];
  const exact = right.at(-1);
  const here = tiles[current];
  const held = (here.rows[1] - here.rows[0]) * (here.columns[1] - here.columns[0]);
  const sizes = range(50, 1).map((s) => 5000 * s);
  const [ours, theirs] = [tiled(LENGTH, WIDTH, 1000 * on_chip), standard(LENGTH, WIDTH)];
  const along = { label: { en: "keys seen by the query", zh: "该 query 已看过的 key 数" }, domain: [0, n] };
  return {
    summary: {
      en:
        `Tile ${current + 1} of ${tiles.length}: queries ${here.rows[0] + 1} to ${here.rows[1]}, keys ${here.columns[0] + 1} to ${here.columns[1]}; ` +
        `${held} scores are held where the whole matrix has ${n * n}. Query ${query + 1} ends with maximum ${number(exact.m)}, sum ${number(exact.l)} and ` +
        `result ${number(exact.out[0])}; without rescaling it would be ${number(wrong.at(-1).out[0])}. For one head of length ${LENGTH} and width ${WIDTH}, ` +
        `${on_chip},000 numbers on chip mean ${millions(ours)} million numbers moved instead of ${millions(theirs)} million.`,
      zh:
        `第 ${current + 1} 个 tile，共 ${tiles.length} 个：query ${here.rows[0] + 1} 到 ${here.rows[1]}，key ${here.columns[0] + 1} 到 ${here.columns[1]}；` +
        `只存 ${held} 个分数，整个矩阵有 ${n * n} 个。第 ${query + 1} 个 query 最后的最大值是 ${number(exact.m)}，累加和 ${number(exact.l)}，` +
        `结果 ${number(exact.out[0])}；不缩放就会变成 ${number(wrong.at(-1).out[0])}。一个头、长 ${LENGTH}、宽 ${WIDTH} 时，` +
        `片上放 ${on_chip},000 个数，搬运 ${tenThousands(ours)} 万个数，标准做法是 ${tenThousands(theirs)} 万个。`,
    },
    panels: [
      {
        kind: "heat",
        x: { label: { en: "keys (dark: the tile on chip)", zh: "key（深色：正在片上的 tile）" } },
        y: { label: { en: "queries", zh: "query" } },
        rows: cells,
        low: 0,
        high: 1,
      },
      {
        kind: "lines",
        x: along,
        y: { label: { en: "what the query keeps", zh: "该 query 记住的量" } },
        series: [
          { name: { en: "maximum m", zh: "最大值 m" }, points: right.map(({ keys, m }) => [keys, m]) },
          { name: { en: "sum l", zh: "累加和 l" }, points: right.map(({ keys, l }) => [keys, l]) },
          { name: { en: "m + log l", zh: "m + log l" }, points: right.map(({ keys, lse }) => [keys, lse]) },
        ],
      },
      {
        kind: "lines",
        x: along,
        y: { label: { en: "first number of its result so far", zh: "目前结果的第一个数" } },
        series: [
          { name: { en: "rescaled", zh: "有缩放" }, points: right.map(({ keys, out }) => [keys, out[0]]) },
          { name: { en: "not rescaled", zh: "不缩放" }, points: wrong.map(({ keys, out }) => [keys, out[0]]) },
          { name: { en: "exact", zh: "精确值" }, points: [[0, exact.out[0]], [n, exact.out[0]]] },
        ],
      },
      {
        kind: "lines",
        x: { label: { en: "numbers that fit on chip", zh: "片上能放多少个数" }, log: true },
        y: { label: { en: "numbers moved, N = 4,096, d = 64", zh: "搬运的数，N = 4,096，d = 64" }, log: true },
        series: [
          { name: { en: "three passes", zh: "三遍" }, points: sizes.map((chip) => [chip, theirs]) },
          { name: { en: "tiles", zh: "分块" }, points: sizes.map((chip) => [chip, tiled(LENGTH, WIDTH, chip)]) },
          { name: { en: "N²d²/M", zh: "N²d²/M" }, points: sizes.map((chip) => [chip, bound(LENGTH, WIDTH, chip)]) },
        ],
        marks: [{ x: 1000 * on_chip, label: { en: "here", zh: "当前" } }],
      },
    ],
  };
}

export default {
  title,
  knobs,
  scene,
  path: (values) => {
    const query = Math.min(values.query, values.n) - 1;
    const last = statistics(values, query).at(-1);
    const chip = 1000 * values.on_chip;
    return {
      ...Object.fromEntries(Object.entries(at).map(([name, of]) => [name, range(values.n).map(of)])),
      output: last.out,
      lse: last.lse,
      tiles: walk(values).length,
      tiled: tiled(LENGTH, WIDTH, chip),
      standard: standard(LENGTH, WIDTH),
      bound: bound(LENGTH, WIDTH, chip),
    };
  },
};
