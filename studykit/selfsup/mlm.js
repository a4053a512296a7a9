// Masked language modelling: which tokens of a sentence are chosen, and what becomes of each; counts beside what is expected.

export const title = { "en": "Masked language modelling", "zh": "掩码语言模型" };

export const knobs = [
  { "name": "probability", "kind": "range", "low": 0, "high": 1, "step": 0.05, "default": 0.15, "label": { "en": "probability to be chosen", "zh": "被选中的概率" } },
  { "name": "masked", "kind": "range", "low": 0, "high": 1, "step": 0.05, "default": 0.8, "label": { "en": "of these: [MASK]", "zh": "其中换成 [MASK]" } },
  { "name": "random", "kind": "range", "low": 0, "high": 1, "step": 0.05, "default": 0.1, "label": { "en": "of these: a random token", "zh": "其中换成随机词" } },
  {
    "name": "text", "kind": "choice", "default": "english", "label": { "en": "text", "zh": "文本" },
    "choices": [
      { "value": "english", "en": "English words", "zh": "英文，按词" },
      { "value": "characters", "en": "Chinese, character by character", "zh": "中文，逐字" },
      { "value": "words", "en": "Chinese, whole words", "zh": "中文，整词" }
    ]
  },
  { "name": "seed", "kind": "range", "low": 0, "high": 50, "step": 1, "default": 4, "label": { "en": "seed", "zh": "随机种子" } }
];

// Units are chosen together: words of one token, or Chinese words of several.
const english = "the model predicts every hidden word from the words that stand on both of its sides".split(" ").map((word) => [word]);
const chinese = ["模型", "根据", "两边", "的", "上下文", "预测", "被", "遮住", "的", "每个", "词"];
const texts = {
  english,
  characters: chinese.flatMap((word) => [...word]).map((sign) => [sign]),
  words: chinese.map((word) => [...word]),
};
const others = {
  english: ["green", "return", "seven", "river", "open", "after", "small", "list"],
  chinese: [..."山水火木天上书电"],
};

const states = [
  { key: "mask", name: { en: "[MASK], predicted", zh: "[MASK]，要预测" } },
  { key: "random", name: { en: "random token, predicted", zh: "随机词，要预测" } },
  { key: "same", name: { en: "as it was, predicted", zh: "不变，要预测" } },
  { key: "free", name: { en: "not chosen: label -100", zh: "没选中：标签 -100" } },
];
const series = states.map(({ name }) => ({ name }));

// Mulberry32: the same picture for the same seed.
function generator(seed) {
  let state = (seed + 1) * 0x9e3779b9;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

// Mask and random share can't be more than all.
export const shares = ({ masked, random }) => {
  const mask = Math.min(1, masked), other = Math.min(random, 1 - mask);
  return { mask, random: other, same: 1 - mask - other };
};

export function fates(values, seed = values.seed) {
  const draw = generator(seed), { mask, random } = shares(values);
  const replacements = values.text === "english" ? others.english : others.chinese;
  return texts[values.text].flatMap((unit) => {
    const chosen = draw() < values.probability;
    const fate = draw();
    const state = !chosen ? "free" : fate < mask ? "mask" : fate < mask + random ? "random" : "same";
    return unit.map((token) => {
      const other = replacements[Math.floor(replacements.length * draw())];
      return { token, state, shown: state === "mask" ? "[MASK]" : state === "random" ? other : token };
    });
  });
}

const count = (found, state) => found.filter((each) => each.state === state).length;
const percent = (value) => Math.round(1000 * value) / 10;

export function over(values, draws = 200) {
  const all = Array.from({ length: draws }, (_, seed) => fates(values, 1000 + seed)).flat();
  return Object.fromEntries(states.map(({ key }) => [key, count(all, key) / all.length]));
}

function rows(found, text) {
  const perLine = text === "english" ? 4 : 5;
  const lines = [];
  for (let start = 0; start < found.length; start += perLine)
    lines.push({
      depth: 0,
      label: "",
      boxes: found.slice(start, start + perLine).map(({ shown, state }) => ({ label: shown, series: states.findIndex(({ key }) => key === state) })),
    });
  return lines;
}

function scene(values) {
  const found = fates(values), part = shares(values), p = values.probability;
  const expected = { mask: p * part.mask, random: p * part.random, same: p * part.same, free: 1 - p };
  const measured = over(values), n = found.length;
  const counts = Object.fromEntries(states.map(({ key }) => [key, count(found, key)]));
  const signal = n - counts.free;
  return {
    summary: {
      en: `${n} tokens: ${counts.mask} [MASK], ${counts.random} random, ${counts.same} as they were, ${counts.free} not chosen. The loss is a mean over ${signal}; expected are ${percent(expected.mask)}, ${percent(expected.random)}, ${percent(expected.same)} and ${percent(expected.free)} %.`,
      zh: `${n} 个 token：${counts.mask} 个 [MASK]，${counts.random} 个随机词，${counts.same} 个不变，${counts.free} 个没选中。损失对 ${signal} 个位置取平均；期望比例是 ${percent(expected.mask)}、${percent(expected.random)}、${percent(expected.same)}、${percent(expected.free)} %。`,
    },
    panels: [
      { kind: "tree", nodes: rows(found, values.text), series },
      {
        kind: "bars",
        x: { label: { en: "what becomes of a token", zh: "token 的去向" } },
        y: { label: { en: "% of all tokens", zh: "占全部 token 的 %" }, domain: [0, 110] },
        categories: [{ en: "[MASK]", zh: "[MASK]" }, { en: "random", zh: "随机词" }, { en: "as it was", zh: "不变" }, { en: "not chosen", zh: "没选中" }],
        series: [
          { name: { en: "this sentence", zh: "这一句" }, values: states.map(({ key }) => percent(counts[key] / n)) },
          { name: { en: "200 draws", zh: "抽 200 次" }, values: states.map(({ key }) => percent(measured[key])) },
          { name: { en: "expected", zh: "期望" }, values: states.map(({ key }) => percent(expected[key])) },
        ],
      },
    ],
  };
}

export default { title, knobs, scene, path: (values) => ({ fates: fates(values), expected: shares(values), over: over(values) }) };
