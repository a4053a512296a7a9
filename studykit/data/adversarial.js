// Adversarial training: a digit, the change that FGSM or PGD finds, and what softmax regression makes of it, trained either way.

export const title = { "en": "Adversarial training", "zh": "对抗训练" };

export const knobs = [
  {
    "name": "digit", "kind": "choice", "default": "2", "label": { "en": "digit", "zh": "数字" },
    "choices": [
      { "value": "0", "en": "0", "zh": "0" }, { "value": "1", "en": "1", "zh": "1" }, { "value": "2", "en": "2", "zh": "2" },
      { "value": "3", "en": "3", "zh": "3" }, { "value": "4", "en": "4", "zh": "4" }, { "value": "5", "en": "5", "zh": "5" },
      { "value": "6", "en": "6", "zh": "6" }, { "value": "7", "en": "7", "zh": "7" }, { "value": "8", "en": "8", "zh": "8" },
      { "value": "9", "en": "9", "zh": "9" }
    ]
  },
  { "name": "epsilon", "kind": "range", "low": 0, "high": 0.4, "step": 0.01, "default": 0.1, "label": { "en": "epsilon", "zh": "ε" } },
  {
    "name": "attack", "kind": "choice", "default": "fgsm", "label": { "en": "change", "zh": "扰动" },
    "choices": [
      { "value": "fgsm", "en": "FGSM", "zh": "FGSM" },
      { "value": "pgd", "en": "PGD", "zh": "PGD" },
      { "value": "noise", "en": "random signs", "zh": "随机正负号" }
    ]
  },
  { "name": "steps", "kind": "range", "low": 1, "high": 20, "step": 1, "default": 7, "label": { "en": "steps of PGD", "zh": "PGD 步数" } },
  {
    "name": "training", "kind": "choice", "default": "usual", "label": { "en": "trained", "zh": "训练方式" },
    "choices": [
      { "value": "usual", "en": "on images as they are", "zh": "用原图训练" },
      { "value": "adversarial", "en": "on FGSM at 0.1", "zh": "用 0.1 的 FGSM 训练" }
    ]
  }
];

// Of each class the first image in scikit-learn's digits that both models have right, in sixteenths.
const images = [
  [0, 0, 5, 13, 9, 1, 0, 0, 0, 0, 13, 15, 10, 15, 5, 0, 0, 3, 15, 2, 0, 11, 8, 0, 0, 4, 12, 0, 0, 8, 8, 0, 0, 5, 8, 0, 0, 9, 8, 0, 0, 4, 11, 0, 1, 12, 7, 0, 0, 2, 14, 5, 10, 12, 0, 0, 0, 0, 6, 13, 10, 0, 0, 0],
  [0, 0, 0, 12, 13, 5, 0, 0, 0, 0, 0, 11, 16, 9, 0, 0, 0, 0, 3, 15, 16, 6, 0, 0, 0, 7, 15, 16, 16, 2, 0, 0, 0, 0, 1, 16, 16, 3, 0, 0, 0, 0, 1, 16, 16, 6, 0, 0, 0, 0, 1, 16, 16, 6, 0, 0, 0, 0, 0, 11, 16, 10, 0, 0],
  [0, 0, 0, 4, 15, 12, 0, 0, 0, 0, 3, 16, 15, 14, 0, 0, 0, 0, 8, 13, 8, 16, 0, 0, 0, 0, 1, 6, 15, 11, 0, 0, 0, 1, 8, 13, 15, 1, 0, 0, 0, 9, 16, 16, 5, 0, 0, 0, 0, 3, 13, 16, 16, 11, 5, 0, 0, 0, 0, 3, 11, 16, 9, 0],
  [0, 0, 7, 15, 13, 1, 0, 0, 0, 8, 13, 6, 15, 4, 0, 0, 0, 2, 1, 13, 13, 0, 0, 0, 0, 0, 2, 15, 11, 1, 0, 0, 0, 0, 0, 1, 12, 12, 1, 0, 0, 0, 0, 0, 1, 10, 8, 0, 0, 0, 8, 4, 5, 14, 9, 0, 0, 0, 7, 13, 13, 9, 0, 0],
  [0, 0, 0, 1, 11, 0, 0, 0, 0, 0, 0, 7, 8, 0, 0, 0, 0, 0, 1, 13, 6, 2, 2, 0, 0, 0, 7, 15, 0, 9, 8, 0, 0, 5, 16, 10, 0, 16, 6, 0, 0, 4, 15, 16, 13, 16, 1, 0, 0, 0, 0, 3, 15, 10, 0, 0, 0, 0, 0, 2, 16, 4, 0, 0],
  [0, 5, 12, 13, 16, 16, 2, 0, 0, 11, 16, 15, 8, 4, 0, 0, 0, 8, 14, 11, 1, 0, 0, 0, 0, 8, 16, 16, 14, 0, 0, 0, 0, 1, 6, 6, 16, 0, 0, 0, 0, 0, 0, 5, 16, 3, 0, 0, 0, 1, 5, 15, 13, 0, 0, 0, 0, 4, 15, 16, 2, 0, 0, 0],
  [0, 0, 0, 12, 13, 0, 0, 0, 0, 0, 5, 16, 8, 0, 0, 0, 0, 0, 13, 16, 3, 0, 0, 0, 0, 0, 14, 13, 0, 0, 0, 0, 0, 0, 15, 12, 7, 2, 0, 0, 0, 0, 13, 16, 13, 16, 3, 0, 0, 0, 7, 16, 11, 15, 8, 0, 0, 0, 1, 9, 15, 11, 3, 0],
  [0, 0, 7, 8, 13, 16, 15, 1, 0, 0, 7, 7, 4, 11, 12, 0, 0, 0, 0, 0, 8, 13, 1, 0, 0, 4, 8, 8, 15, 15, 6, 0, 0, 2, 11, 15, 15, 4, 0, 0, 0, 0, 0, 16, 5, 0, 0, 0, 0, 0, 9, 15, 1, 0, 0, 0, 0, 0, 13, 5, 0, 0, 0, 0],
  [0, 0, 9, 14, 8, 1, 0, 0, 0, 0, 12, 14, 14, 12, 0, 0, 0, 0, 9, 10, 0, 15, 4, 0, 0, 0, 3, 16, 12, 14, 2, 0, 0, 0, 4, 16, 16, 2, 0, 0, 0, 3, 16, 8, 10, 13, 2, 0, 0, 1, 15, 1, 3, 16, 8, 0, 0, 0, 11, 16, 15, 11, 1, 0],
  [0, 0, 11, 12, 0, 0, 0, 0, 0, 2, 16, 16, 16, 13, 0, 0, 0, 3, 16, 12, 10, 14, 0, 0, 0, 1, 16, 1, 12, 15, 0, 0, 0, 0, 13, 16, 9, 15, 2, 0, 0, 0, 0, 3, 0, 9, 11, 0, 0, 0, 0, 0, 9, 15, 4, 0, 0, 0, 9, 12, 13, 3, 0, 0],
];
// Softmax regression on all 1,797 of them: 400 steps of gradient descent at rate 1 from zero, on the images or on what `fgsm` makes
// of them at 0.1. In twentieths, rounded.
const trained = {
  usual: {
  weights: [
    [0, -1, -3, 7, -2, -14, -7, -1, 0, -3, 4, 8, 8, 13, -5, -1, 0, 4, 13, -4, -20, 19, 5, 0, 0, 11, 12, -24, -42, 2, 15, 0, 0, 14, 16, -27, -38, -4, 14, 0, 0, 4, 27, -17, -19, 6, 6, 0, 0, -3, 16, 3, 7, 10, -7, -1, 0, -1, -5, 7, 1, -8, -6, -1],
    [0, -2, -9, -5, -31, 10, -1, -1, 0, -15, -33, -3, 13, 3, -9, -1, 0, -1, -5, 48, 40, -4, -6, 0, 0, 2, 7, 23, 9, 1, -8, 0, 0, -4, -2, -1, 5, -8, -13, 0, 0, -12, -13, 10, 19, -17, -20, 0, 0, -6, -10, 8, 18, -2, -8, 6, 0, -2, -14, -9, 4, 20, 14, 15],
    [0, 2, 12, 5, 0, -6, -4, 0, 0, 12, 9, 0, 15, -3, -3, 0, 0, 2, -12, -17, 9, 2, 2, 0, 0, -8, -40, -40, -4, -1, -4, 0, 0, -7, -28, -9, -4, -24, -13, 0, 0, 2, 6, 31, -9, -32, -15, 0, 0, 8, 14, 31, 24, 19, 14, 2, 0, 3, 14, 4, 7, 27, 28, 7],
    [0, 2, 5, 10, 25, 16, 0, 0, 0, 10, 8, -6, 4, 17, 8, 0, 0, -1, -39, -26, 20, -6, -4, 0, 0, -8, -38, -4, 18, -32, -16, 0, 0, -6, -20, -6, 21, 5, -5, 0, 0, -2, -22, -31, -1, 22, 20, 0, 0, 0, -4, -13, 3, 12, 15, -2, 0, 2, 13, 11, 9, 5, -5, -5],
    [0, -1, -12, -21, -8, -27, -11, 1, 0, -3, -20, -5, -16, -25, -7, 0, 0, -2, 6, 15, 3, -1, 6, 2, 0, 13, 26, -5, 1, 8, 24, 0, 0, 26, 23, -2, 16, 20, 15, 0, 0, 26, 9, 26, 31, 8, -3, 0, 1, 8, -16, -2, 12, -21, -15, -1, 0, -1, -11, -16, -4, -21, -7, -1],
    [0, 4, 28, 2, 10, 31, 17, -3, 0, 5, 18, 4, -5, -17, -3, -2, 0, 8, 21, -2, -30, -48, -20, -1, 0, 15, 26, 11, 6, -10, -12, 0, 0, 1, 5, -10, -11, 6, 4, 0, 0, -8, -27, -20, -10, 7, 4, 0, 0, 0, -6, -10, 5, 1, -8, -1, 0, 4, 28, 15, -4, -14, -9, -3],
    [0, -1, -18, -5, -4, -11, -4, 0, 0, -9, -14, 5, -17, -22, -4, 0, 0, -10, 9, 5, -26, -32, -8, 0, 0, -1, 12, -1, -17, -17, -12, 0, 0, 5, 24, 15, 6, 5, -1, 0, 0, -3, 32, 14, -4, 8, 21, 1, 0, -5, 11, 14, -14, 15, 21, -2, 0, -1, -16, -9, 6, 22, 3, -4],
    [0, 0, 4, 10, 11, 15, 20, 8, 0, -1, 4, 6, 21, 8, 11, 6, 0, -10, -23, -18, 3, 4, 9, 1, 0, -12, -15, -18, 2, 22, 16, 0, 0, -1, 6, 9, 14, 25, 14, 0, 0, 0, -2, 16, 8, -8, -5, 0, 0, -2, -12, 10, -23, -33, -10, 0, 0, -1, 7, -7, -38, -25, -7, -1],
    [0, -2, -8, -11, 1, -4, -13, -1, 1, -1, 11, -8, -19, 18, 4, -1, 0, 6, 14, 1, -6, 20, 5, 0, 0, -8, -6, 29, 6, -5, -12, 0, 0, -14, -13, 29, 15, -25, -22, 0, 0, -3, 27, 7, 8, 15, -9, 0, 0, 0, 18, -22, -17, 12, -4, -2, 0, -2, -17, 3, 16, -1, -8, -3],
    [0, -2, 0, 9, -2, -10, 2, -1, 0, 5, 12, -2, -4, 9, 8, -1, 0, 5, 17, -2, 6, 46, 10, 0, 0, -3, 16, 29, 22, 31, 10, 0, 0, -14, -12, 3, -25, 0, 6, 0, 0, -6, -36, -37, -22, -9, 3, 0, 0, 1, -11, -19, -14, -12, 2, 0, 0, -2, 1, 2, 3, -5, -3, -2],
  ],
  bias: [0, -7, 1, 3, 7, 1, -2, 4, -6, -1],
  },
  adversarial: {
  weights: [
    [0, 0, -1, 3, -2, -17, -5, 0, 0, -1, 9, 0, 5, 16, 0, 0, 0, 0, 20, 1, -21, 30, 2, 0, 0, 3, 18, -26, -56, 3, 14, 0, 0, 10, 21, -31, -52, -2, 12, 0, 0, -3, 36, -19, -25, 4, 5, 0, 0, 0, 14, -2, 5, 9, -4, 0, 0, 0, -5, 3, 4, -8, -5, 0],
    [0, 0, -3, 1, -11, 1, -2, 0, 0, -1, -38, 0, 0, 5, 0, 0, 0, 0, 0, 43, 40, 1, 2, 0, 0, -1, 4, 23, 8, -1, -8, 0, 0, -6, -9, 3, 11, -12, -8, 0, 0, -3, -15, 12, 16, -7, -16, 0, 0, 0, -3, -1, 9, 3, -1, 0, 0, 0, -13, 0, 5, 15, 3, 0],
    [0, 0, 8, 3, -2, -4, -2, 0, 0, 3, 15, 0, 4, 2, 0, 0, 0, 0, -8, -13, 15, 3, 2, 0, 0, -1, -46, -43, 5, -5, -8, 0, 0, -7, -29, -1, 3, -28, -9, 0, 0, -3, 4, 33, -9, -34, -12, 0, 0, 0, 7, 29, 21, 22, 5, 0, 0, 0, 16, 2, 6, 28, 28, 0],
    [0, 0, 5, 3, 16, 11, 0, 0, 0, 1, 13, 0, 1, 13, 0, 0, 0, 0, -38, -22, 20, 7, 2, 0, 0, -1, -46, 6, 15, -24, -10, 0, 0, -7, -19, -1, 18, 5, -4, 0, 0, -3, -27, -38, -6, 16, 11, 0, 0, 0, 0, -6, 2, 10, 2, 0, 0, 0, 11, 3, 8, 5, -4, 0],
    [0, 0, -12, -17, -4, -33, -9, 0, 0, -1, -28, 0, -11, -33, 0, 0, 0, 0, 3, 13, 0, -3, 2, 0, 0, 2, 29, -11, 1, 6, 25, 0, 0, 28, 24, -4, 13, 29, 12, 0, 0, 27, 12, 23, 37, 5, -4, 0, 0, 0, -14, -2, 4, -17, -17, 0, 0, 0, -15, -11, 3, -24, -4, 0],
    [0, 0, 19, 3, 4, 41, 3, 0, 0, 1, 20, 0, 0, -4, 0, 0, 0, 0, 22, -3, -32, -66, -15, 0, 0, 4, 32, 16, 10, -8, -9, 0, 0, -4, 3, 0, -9, -2, 0, 0, 0, -3, -38, -17, -6, 4, 3, 0, 0, 0, -2, -7, 0, 0, -3, 0, 0, 0, 27, 3, 2, -16, -6, 0],
    [0, 0, -19, -2, -4, -16, -4, 0, 0, -3, -17, 0, -11, -24, 0, 0, 0, 0, 9, 4, -31, -43, 0, 0, 0, 1, 16, -1, -11, -17, -12, 0, 0, 3, 26, 7, 11, 4, 0, 0, 0, -3, 44, 15, -2, 5, 22, 0, 0, 0, 5, 11, -13, 10, 24, 0, 0, 0, -18, -3, 4, 26, -3, 0],
    [0, 0, 1, 3, 6, 17, 21, 0, 0, 0, 8, 0, 17, 8, 0, 0, 0, 0, -26, -17, 6, 5, 3, 0, 0, -4, -18, -12, 7, 23, 17, 0, 0, -4, 3, 7, 19, 29, 9, 0, 0, -2, -2, 22, 7, 1, -4, 0, 0, 0, -9, -1, -21, -43, -6, 0, 0, 0, 3, 0, -43, -30, -4, 0],
    [0, 0, -1, 2, -2, 2, -2, 0, 0, 0, 7, 0, -5, 11, 0, 0, 0, 0, 7, -1, 1, 21, 2, 0, 0, -1, -1, 24, 9, -1, -8, 0, 0, -7, -11, 17, 11, -19, -12, 0, 0, -3, 25, 3, 4, 4, -9, 0, 0, 0, 4, -11, -3, 7, 0, 0, 0, 0, -8, 1, 6, 5, -2, 0],
    [0, 0, 3, 3, -1, -2, 0, 0, 0, 0, 11, 0, 0, 7, 0, 0, 0, 0, 12, -3, 4, 45, 2, 0, 0, -1, 10, 23, 11, 25, -1, 0, 0, -6, -9, 3, -24, -3, -1, 0, 0, -3, -41, -35, -16, 2, 3, 0, 0, 0, -2, -9, -4, -1, 0, 0, 0, 0, 3, 2, 5, 0, -3, 0],
  ],
  bias: [7, -17, 1, 16, 3, 3, -6, 16, -16, -5],
  },
};

const CLASSES = 10;
const SIDE = 8;
const SCALE = 20;

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
const image = (digit) => images[digit].map((value) => value / 16);

export function probabilities({ weights, bias }, x) {
  const logits = weights.map((row, k) => (row.reduce((sum, w, n) => sum + w * x[n], 0) + bias[k]) / SCALE);
  const most = Math.max(...logits);
  const raised = logits.map((each) => Math.exp(each - most));
  const sum = raised.reduce((a, b) => a + b, 0);
  return raised.map((each) => each / sum);
}

// The sign of dL/dx: the classes' weights, each by its probability, less those of the right class.
function ascent(model, x, label) {
  const p = probabilities(model, x);
  return x.map((_, n) => Math.sign(model.weights.reduce((sum, row, k) => sum + (p[k] - (k === label ? 1 : 0)) * row[n], 0)));
}

const fgsm = (model, x, label, epsilon) =>
  ascent(model, x, label).map((sign, n) => clamp(x[n] + epsilon * sign, 0, 1));

function pgd(model, x, label, epsilon, steps) {
  let moved = x;
  for (let step = 0; step < steps; step++) {
    const signs = ascent(model, moved, label);
    moved = moved.map((value, n) =>
      clamp(value + ((2.5 * epsilon) / steps) * signs[n], Math.max(0, x[n] - epsilon), Math.min(1, x[n] + epsilon)),
    );
  }
  return moved;
}

// The same signs at every epsilon: a linear congruential generator.
function noise(x, epsilon) {
  let state = 12345;
  return x.map((value) => {
    state = (1664525 * state + 1013904223) % 4294967296;
    return clamp(value + (state > 2147483648 ? epsilon : -epsilon), 0, 1);
  });
}

const changed = (attack, model, x, label, epsilon, steps) =>
  ({ fgsm: () => fgsm(model, x, label, epsilon), pgd: () => pgd(model, x, label, epsilon, steps), noise: () => noise(x, epsilon) })[attack]();

function path({ digit, epsilon, attack, steps, training }) {
  const [label, model] = [Number(digit), trained[training]];
  const x = image(label);
  const moved = changed(attack, model, x, label, epsilon, steps);
  const { weights, bias } = model;
  return {
    x, moved, before: probabilities(model, x), after: probabilities(model, moved),
    weights: weights.map((row) => row.map((w) => w / SCALE)), bias: bias.map((b) => b / SCALE),
  };
}

const rows = (x) => Array.from({ length: SIDE }, (_, r) => x.slice(SIDE * r, SIDE * (r + 1)));
const heat = (x, label, bounds) => ({
  kind: "heat", rows: rows(x), ...bounds, x: { label, names: Array(SIDE).fill("") }, y: { label: "", names: Array(SIDE).fill("") },
});
const percent = (share) => `${(100 * share).toFixed(1)}`;
const winner = (p) => p.indexOf(Math.max(...p));

function scene(values) {
  const { digit, epsilon, attack, steps } = values;
  const label = Number(digit);
  const { x, moved, before, after } = path(values);
  const grid = Array.from({ length: 41 }, (_, n) => n / 100);
  const way = knobs.find(({ name }) => name === "attack").choices.find(({ value }) => value === attack);
  const line = (model, kind) => grid.map((e) => [e, probabilities(model, changed(kind, model, x, label, e, steps))[label]]);
  return {
    summary: {
      en:
        `A ${digit}, every pixel changed by at most ${epsilon.toFixed(2)} (${way.en}). The model gives the ${digit} ` +
        `${percent(before[label])} % before and ${percent(after[label])} % after; it now says ${winner(after)}.`,
      zh:
        `数字 ${digit}，每个像素最多改动 ${epsilon.toFixed(2)}（${way.zh}）。模型给 ${digit} 的概率，改动前 ${percent(before[label])}%，` +
        `改动后 ${percent(after[label])}%；现在的判断是 ${winner(after)}。`,
    },
    panels: [
      heat(x, { en: "the image", zh: "原图" }, { low: 0, high: 1 }),
      heat(moved, { en: "the image, changed", zh: "改动后的图" }, { low: 0, high: 1 }),
      heat(
        moved.map((value, n) => value - x[n]),
        { en: "the change: dark up, light down", zh: "改动量：深色为增，浅色为减" },
        { low: -Math.max(epsilon, 0.01), high: Math.max(epsilon, 0.01) },
      ),
      {
        kind: "bars",
        x: { label: { en: "class", zh: "类别" } },
        y: { label: { en: "probability", zh: "概率" }, domain: [0, 1] },
        categories: Array.from({ length: CLASSES }, (_, k) => String(k)),
        series: [
          { name: { en: "image", zh: "原图" }, values: before },
          { name: { en: "changed", zh: "改动后" }, values: after },
        ],
      },
      {
        kind: "lines",
        x: { label: { en: "epsilon", zh: "ε" }, domain: [0, 0.4] },
        y: { label: { en: `probability of the ${digit}`, zh: `数字 ${digit} 的概率` }, domain: [0, 1] },
        series: [
          { name: { en: "usual training, FGSM", zh: "普通训练，FGSM" }, points: line(trained.usual, "fgsm") },
          { name: { en: "adversarial training, FGSM", zh: "对抗训练，FGSM" }, points: line(trained.adversarial, "fgsm") },
          { name: { en: "usual training, random signs", zh: "普通训练，随机正负号" }, points: line(trained.usual, "noise") },
        ],
        marks: [{ x: epsilon, label: { en: "here", zh: "当前" } }],
      },
    ],
  };
}

export default { title, knobs, scene, path };
