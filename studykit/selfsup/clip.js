// CLIP's matrix of logits for a small batch: what the softmax over captions and the one over images make of it, and the loss, computed here.

export const title = { "en": "CLIP", "zh": "CLIP（图文对比）" };

export const knobs = [
  { "name": "scale", "kind": "log", "low": 1, "high": 200, "default": 14.3, "label": { "en": "logit scale (1 / temperature)", "zh": "logit scale（温度的倒数）" } },
  { "name": "batch", "kind": "range", "low": 2, "high": 8, "step": 1, "default": 6, "label": { "en": "pairs in the batch", "zh": "batch 里的对数" } },
  { "name": "noise", "kind": "range", "low": 0, "high": 2, "step": 0.05, "default": 0.5, "label": { "en": "how far image and caption lie apart", "zh": "图与文本离得多远" } },
  { "name": "twice", "kind": "range", "low": 0, "high": 4, "step": 1, "default": 0, "label": { "en": "captions that occur twice", "zh": "出现两次的文本数" } }
];

const COLOURS = [["red", "红"], ["blue", "蓝"], ["green", "绿"]];
const DIGITS = [["7", "七"], ["3", "三"], ["8", "八"], ["1", "一"]];
// Number of colour and of digit, in an order in which neighbours share neither or one.
const PAIRS = [[0, 0], [1, 1], [0, 1], [2, 2], [1, 0], [2, 3], [0, 2], [1, 3]];
const D = 8;

// Standard normal numbers, always the same ones, from a linear congruential generator.
function normals(seed, count) {
  let state = seed * 7919 + 17;
  const uniform = () => {
    state = (state * 1664525 + 1013904223) % 4294967296;
    return (state + 0.5) / 4294967296;
  };
  for (let n = 0; n < 5; n++) uniform();
  return Array.from({ length: count }, () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform()));
}

const unit = (v) => {
  const length = Math.hypot(...v);
  return v.map((each) => each / length);
};
const dot = (a, b) => a.reduce((sum, v, n) => sum + v * b[n], 0);
const meaning = ([colour, digit]) => {
  const [a, b] = [normals(1 + colour, D), normals(11 + digit, D)];
  return unit(a.map((v, n) => v + b[n]));
};

export function embeddings({ batch, noise, twice }) {
  const different = Math.max(Math.ceil(batch / 2), batch - twice);
  const numbers = Array.from({ length: batch }, (_, n) => (n < different ? n : n - different));
  const away = (pair, seed) => {
    const off = unit(normals(seed, D));
    return unit(meaning(PAIRS[pair]).map((v, n) => v + noise * off[n]));
  };
  // A caption that stands twice is the same text, hence the same vector; its two images differ.
  return { numbers, image: numbers.map((pair, row) => away(pair, 100 + row)), text: numbers.map((pair) => away(pair, 200 + pair)) };
}

function softmax(row) {
  const top = Math.max(...row);
  const raised = row.map((v) => Math.exp(v - top));
  const sum = raised.reduce((a, b) => a + b, 0);
  return raised.map((v) => v / sum);
}

const transposed = (rows) => rows[0].map((_, c) => rows.map((row) => row[c]));
const mean = (values) => values.reduce((a, b) => a + b, 0) / values.length;

// The probabilities of both directions, each direction's loss and their mean.
export function loss(image, text, scale) {
  const logits = image.map((i) => text.map((t) => scale * dot(i, t)));
  const asked = (rows) => mean(rows.map((row, n) => {
    const top = Math.max(...row);
    return top + Math.log(row.reduce((sum, v) => sum + Math.exp(v - top), 0)) - row[n];
  }));
  const columns = transposed(logits);
  const [captions, images] = [asked(logits), asked(columns)];
  return { perImage: logits.map(softmax), perCaption: transposed(columns.map(softmax)), captions, images, value: (captions + images) / 2 };
}

export function path(knobs) {
  const { image, text } = embeddings(knobs);
  return { image, text, scale: knobs.scale, loss: loss(image, text, knobs.scale).value };
}

const number = (v) => (v !== 0 && Math.abs(v) < 1e-3 ? v.toExponential(1) : String(Number(v.toPrecision(3))));
const SCALES = Array.from({ length: 60 }, (_, n) => 200 ** (n / 59));

export function scene(knobs) {
  const { numbers, image, text } = embeddings(knobs);
  const found = loss(image, text, knobs.scale);
  const curve = SCALES.map((scale) => [scale, loss(image, text, scale).value]);
  const best = curve.reduce((low, point) => (point[1] < low[1] ? point : low));
  const names = numbers.map((pair) => {
    const [c, d] = PAIRS[pair];
    return { en: `${COLOURS[c][0]} ${DIGITS[d][0]}`, zh: `${COLOURS[c][1]}${DIGITS[d][1]}` };
  });
  const counts = numbers.map((pair) => numbers.filter((each) => each === pair).length);
  const floor = mean(counts.map(Math.log));
  const again = numbers.length - new Set(numbers).size;
  const heat = (label, rows) => ({
    // Two digits: what is left of a softmax is of no interest, and it has no room.
    kind: "heat", rows: rows.map((row) => row.map((v) => Math.round(100 * v) / 100)), low: 0, high: 1, numbers: true,
    x: { label, names },
    y: { label: "", names },
  });
  return {
    summary: {
      en: `${knobs.batch} pairs at scale ${number(knobs.scale)}: loss ${number(found.value)} nats, image to caption ${number(found.captions)}, caption to image ${number(found.images)}; telling nothing apart costs ${number(Math.log(knobs.batch))}. ${again ? `${again} captions stand twice, which costs at least ${number(floor)}.` : "No caption stands twice."} The lowest loss over all scales is ${number(best[1])}, at ${number(best[0])}.`,
      zh: `${knobs.batch} 对，缩放 ${number(knobs.scale)}：损失 ${number(found.value)} nat，图找文本 ${number(found.captions)}，文本找图 ${number(found.images)}；完全分不出是 ${number(Math.log(knobs.batch))}。${again ? `有 ${again} 段文本出现两次，损失至少 ${number(floor)}。` : "没有重复的文本。"}所有缩放里损失最低为 ${number(best[1])}，在 ${number(best[0])} 处。`,
    },
    panels: [
      heat({ en: "rows are images, columns captions: softmax by row", zh: "行是图，列是文本：逐行 softmax" }, found.perImage),
      heat({ en: "the same, softmax by column", zh: "同上，逐列 softmax" }, found.perCaption),
      {
        kind: "lines", marks: [{ x: knobs.scale, label: { en: "now", zh: "当前" } }],
        x: { label: { en: "logit scale", zh: "logit scale" }, log: true, domain: [1, 200] },
        y: { label: { en: "loss in nats", zh: "损失（nat）" }, domain: [0, 1.1 * Math.max(Math.log(knobs.batch), ...curve.map(([, v]) => Math.min(v, 6)))] },
        series: [
          { name: { en: "this batch", zh: "这个 batch" }, points: curve },
          { name: { en: "nothing told apart", zh: "完全分不出" }, points: SCALES.map((scale) => [scale, Math.log(knobs.batch)]) },
          { name: { en: "bound by doubles", zh: "重复带来的下界" }, points: SCALES.map((scale) => [scale, floor]) },
        ],
      },
    ],
  };
}

export default { title, knobs, path, scene };
