// Text augmentation: one sentence under each of EDA's operations, word by word, and how much of it is left over all copies.

export const title = { "en": "Text augmentation", "zh": "文本增强" };

export const knobs = [
  {
    "name": "operation", "kind": "choice", "default": "replacement", "label": { "en": "operation", "zh": "操作" },
    "choices": [
      { "value": "replacement", "en": "synonym replacement", "zh": "同义词替换" },
      { "value": "insertion", "en": "random insertion", "zh": "随机插入" },
      { "value": "swap", "en": "random swap", "zh": "随机交换" },
      { "value": "deletion", "en": "random deletion", "zh": "随机删除" },
      { "value": "dictionary", "en": "there and back, dictionary", "zh": "回译，词典" },
      { "value": "small_dictionary", "en": "there and back, unknown words dropped", "zh": "回译，查不到就丢" }
    ]
  },
  { "name": "alpha", "kind": "range", "low": 0, "high": 1, "step": 0.05, "default": 0.2, "label": { "en": "alpha, share of the words", "zh": "alpha：改动的词占比" } },
  { "name": "seed", "kind": "range", "low": 0, "high": 30, "step": 1, "default": 0, "label": { "en": "seed", "zh": "随机种子" } }
];

const sentence = "compute the inverse of a large matrix and return the result as a new array".split(" ");
const synonyms = {
  compute: ["calculate", "evaluate"],
  large: ["big", "great"],
  return: ["yield"],
  result: ["outcome"],
  new: ["fresh"],
};
// By way of German: what each word comes back as. The technical words are in no dictionary here: they stay, or are lost.
const returned = { compute: "calculate", large: "big", return: "give", result: "outcome" };
const technical = ["inverse", "matrix", "array"];

const operations = Object.fromEntries(knobs[0].choices.map(({ value, en, zh }) => [value, { en, zh }]));

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
const below = (bound, random) => Math.floor(bound * random());
const one = (choices, random) => choices[below(choices.length, random)];
function permuted(values, random) {
  const all = [...values];
  for (let n = all.length - 1; n > 0; n--) {
    const other = below(n + 1, random);
    [all[n], all[other]] = [all[other], all[n]];
  }
  return all;
}
const able = sentence.flatMap((word, place) => (synonyms[word] ? [place] : []));
const count = (alpha) => (alpha > 0 ? Math.max(1, Math.floor(alpha * sentence.length)) : 0);

// Words as { word, state }: kept, new, moved or gone.
export function augment({ operation, alpha, seed }) {
  const random = generator(seed);
  const said = sentence.map((word) => ({ word, state: "kept" }));
  const n = count(alpha);
  if (operation === "replacement") {
    for (const place of permuted(able, random).slice(0, n))
      said[place] = { word: one(synonyms[sentence[place]], random), state: "new" };
  } else if (operation === "insertion") {
    for (let done = 0; done < n; done++) {
      const word = one(synonyms[sentence[one(able, random)]], random);
      said.splice(below(said.length + 1, random), 0, { word, state: "new" });
    }
  } else if (operation === "swap") {
    for (let done = 0; done < n; done++) {
      const [a, b] = permuted(said.keys(), random);
      [said[a], said[b]] = [said[b], said[a]];
    }
    said.forEach((each, place) => (each.state = each.word === sentence[place] ? "kept" : "moved"));
  } else if (operation === "deletion") {
    for (const each of said) if (random() < alpha) each.state = "gone";
    if (said.every(({ state }) => state === "gone")) one(said, random).state = "kept";
  } else {
    for (const [place, word] of sentence.entries()) {
      if (returned[word]) said[place] = { word: returned[word], state: "new" };
      else if (operation === "small_dictionary" && technical.includes(word)) said[place].state = "gone";
    }
  }
  return said;
}

const states = [
  { key: "new", name: { en: "new word", zh: "新词" } },
  { key: "kept", name: { en: "kept", zh: "未变" } },
  { key: "moved", name: { en: "moved", zh: "换了位置" } },
  { key: "gone", name: { en: "gone", zh: "丢失" } },
];
const series = states.map(({ name }) => ({ name }));
const PER_LINE = 5;

function lines(said) {
  const rows = [];
  for (let start = 0; start < said.length; start += PER_LINE)
    rows.push({
      depth: 0,
      label: "",
      boxes: said
        .slice(start, start + PER_LINE)
        .map(({ word, state }) => ({ label: word, series: states.findIndex(({ key }) => key === state) })),
    });
  return rows;
}

// Over a hundred copies: the share of the words of the sentence, and of its technical words, that are still there.
export function left(values) {
  const shares = { all: 0, technical: 0 };
  for (let seed = 0; seed < 100; seed++) {
    const words = augment({ ...values, seed }).filter(({ state }) => state !== "gone").map(({ word }) => word);
    shares.technical += technical.filter((word) => words.includes(word)).length / technical.length / 100;
    const rest = [...words];
    for (const word of sentence) {
      const at = rest.indexOf(word);
      if (at >= 0) rest.splice(at, 1);
    }
    shares.all += (words.length - rest.length) / sentence.length / 100;
  }
  return shares;
}

function scene(values) {
  const said = augment(values);
  const text = said.filter(({ state }) => state !== "gone").map(({ word }) => word).join(" ");
  const altered = said.filter(({ state }) => state !== "kept").length;
  const shares = left(values);
  const percent = (share) => Math.round(100 * share);
  const name = operations[values.operation];
  const usesAlpha = !["dictionary", "small_dictionary"].includes(values.operation);
  const setting = usesAlpha ? `alpha = ${values.alpha}` : "";
  return {
    summary: {
      en:
        `${name.en}${setting && `, ${setting}`}: "${sentence.join(" ")}" becomes "${text}"; words marked: ${altered}. Over a hundred copies ` +
        `${percent(shares.all)} % of the words and ${percent(shares.technical)} % of the technical words are left.`,
      zh:
        `${name.zh}${setting && `，${setting}`}：“${sentence.join(" ")}” 变成 “${text}”，标出的词有 ${altered} 个。一百份副本平均保留 ` +
        `${percent(shares.all)} % 的词，专业词保留 ${percent(shares.technical)} %。`,
    },
    panels: [
      { kind: "tree", nodes: lines(said), series },
      {
        kind: "bars",
        x: { label: { en: "left over a hundred copies", zh: "一百份副本平均保留" } },
        y: { label: { en: "%", zh: "%" }, domain: [0, 110] },
        categories: [
          { en: "all words", zh: "全部词" },
          { en: "technical words", zh: "专业词" },
        ],
        series: [{ name, values: [percent(shares.all), percent(shares.technical)] }],
      },
    ],
  };
}

export default { title, knobs, scene, path: (values) => ({ said: augment(values), left: left(values) }) };
