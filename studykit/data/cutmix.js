// CutMix: a box of one real digit pasted into another, cut off at the border; and the label by the area that was truly pasted.
import { digits, labelled, number, picture } from "./_digits.js";

export const title = { "en": "CutMix", "zh": "CutMix：剪切混合" };

export const knobs = [
  {
    "name": "first", "kind": "choice", "default": "3", "label": { "en": "picture", "zh": "底图" },
    "choices": [
      { "value": "0", "en": "0", "zh": "0" }, { "value": "3", "en": "3", "zh": "3" },
      { "value": "7", "en": "7", "zh": "7" }, { "value": "8", "en": "8", "zh": "8" }
    ]
  },
  {
    "name": "second", "kind": "choice", "default": "8", "label": { "en": "pasted from", "zh": "贴自" },
    "choices": [
      { "value": "0", "en": "0", "zh": "0" }, { "value": "3", "en": "3", "zh": "3" },
      { "value": "7", "en": "7", "zh": "7" }, { "value": "8", "en": "8", "zh": "8" }
    ]
  },
  { "name": "lam", "kind": "range", "low": 0, "high": 1, "step": 0.01, "default": 0.5, "label": { "en": "λ, as it was drawn", "zh": "抽到的 λ" } },
  { "name": "row", "kind": "range", "low": 1, "high": 8, "step": 1, "default": 2, "label": { "en": "centre, row from the top", "zh": "中心：从上数第几行" } },
  { "name": "column", "kind": "range", "low": 1, "high": 8, "step": 1, "default": 7, "label": { "en": "centre, column from the left", "zh": "中心：从左数第几列" } }
];

const SIDE = 8;

// First row and the one after the last, first column and the one after the last; half a side is rounded down.
export function box({ lam, row, column }, side = SIDE) {
  const half = Math.floor(0.5 * side * Math.sqrt(1 - lam));
  return [row - 1, column - 1].flatMap((centre) => [Math.max(centre - half, 0), Math.min(centre + half, side)]);
}

const inside = ([top, bottom, left, right], r, c) => r >= top && r < bottom && c >= left && c < right;

function pasted(values) {
  const edges = box(values);
  return digits[values.first].map((line, r) => line.map((value, c) => (inside(edges, r, c) ? digits[values.second][r][c] : value)));
}

function truth(values) {
  const [top, bottom, left, right] = box(values);
  return 1 - ((bottom - top) * (right - left)) / SIDE ** 2;
}

// The share that is left on average over all centres, on a picture so great that rounding does not matter: a side of r of the
// picture's keeps r (1 - r / 4) of it where its centre is uniform.
const expected = (lam) => {
  const r = Math.sqrt(1 - lam);
  return 1 - (r * (1 - r / 4)) ** 2;
};

function scene(values) {
  const { first, second, lam } = values;
  const [edges, left] = [box(values), truth(values)];
  const pixels = Math.round((1 - left) * SIDE ** 2);
  const places = Array.from({ length: 51 }, (_, n) => n / 50);
  const names = [
    { en: "λ as drawn", zh: "抽到的 λ" },
    { en: "what is left, on average", zh: "实际留下的（平均）" },
  ];
  return {
    summary: {
      en:
        `λ = ${number(lam)} asks for a box of ${number(1 - lam)} of the picture; rounded and cut off at the border it covers ` +
        `${pixels} of 64 pixels, ${number(1 - left)}. So the label is ${number(left)} on ${first} and ${number(1 - left)} on ${second}` +
        `${first === second ? ", which is all of it" : ""}; with the λ that was drawn it would be ${number(lam)} and ${number(1 - lam)}.`,
      zh:
        `λ = ${number(lam)} 要求框占图的 ${number(1 - lam)}；取整并在边界裁掉之后，盖住 64 个像素里的 ${pixels} 个，即 ${number(1 - left)}。` +
        `所以标签是 ${first} 占 ${number(left)}、${second} 占 ${number(1 - left)}${first === second ? "，合起来是全部" : ""}；` +
        `若用抽到的 λ，会是 ${number(lam)} 和 ${number(1 - lam)}。`,
    },
    panels: [
      picture(pasted(values), { en: "what the network is shown", zh: "网络看到的图" }),
      {
        kind: "heat",
        x: { label: { en: "the box, as it is cut off", zh: "裁好的框" } },
        y: { label: { en: "row", zh: "行" } },
        rows: digits[first].map((line, r) => line.map((_, c) => Number(inside(edges, r, c)))),
        low: 0,
        high: 1,
      },
      labelled(first, second, left, { en: "class, and what the network is told", zh: "类别，以及告诉网络的标签" }),
      {
        kind: "lines",
        x: { label: { en: "λ as drawn", zh: "抽到的 λ" }, domain: [0, 1] },
        y: { label: { en: "share of the picture that is left", zh: "图上留下的份额" }, domain: [0, 1] },
        series: [
          { name: names[0], points: places.map((x) => [x, x]) },
          { name: names[1], points: places.map((x) => [x, expected(x)]) },
        ],
        marks: [{ x: lam, label: { en: `here: ${number(left)}`, zh: `当前：${number(left)}` } }],
      },
    ],
  };
}

export default {
  title,
  knobs,
  scene,
  path: (values) => ({ box: box(values), left: truth(values), pasted: pasted(values), expected: expected(values.lam) }),
};
