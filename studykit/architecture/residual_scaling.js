// The variance of the residual stream at the start, from its recursion: what each of N = 2L branches adds, under four rules.

export const title = { "en": "Residual scaling", "zh": "残差缩放初始化" };

export const knobs = [
  { "name": "layers", "kind": "range", "low": 1, "high": 96, "step": 1, "default": 24, "label": { "en": "blocks L", "zh": "block 数 L" } },
  { "name": "variance", "kind": "range", "low": 0.05, "high": 2, "step": 0.05, "default": 1, "label": { "en": "variance of an unscaled branch", "zh": "未缩放时一个分支的方差" } },
  {
    "name": "norm", "kind": "choice", "default": "pre", "label": { "en": "branch reads", "zh": "分支的输入" },
    "choices": [
      { "value": "pre", "en": "the stream, normalised (pre-LN)", "zh": "归一化后的残差流（pre-LN）" },
      { "value": "none", "en": "the stream as it is", "zh": "残差流原样" }
    ]
  }
];

const RULES = {
  scaled: { name: { en: "1/√(2L)", zh: "1/√(2L)" }, branch: (total) => 1 / total, sum: 1 },
  none: { name: { en: "none", zh: "不缩放" }, branch: () => 1, sum: 1 },
  half: { name: { en: "√0.5, branch", zh: "√0.5 乘分支" }, branch: () => 0.5, sum: 1 },
  convs2s: { name: { en: "√0.5, sum", zh: "√0.5 乘和" }, branch: () => 1, sum: 0.5 },
};

// Variance before the first branch and after each; what a branch adds is proportional to the stream where nothing normalises it.
function stream({ branch, sum }, layers, { variance, norm }) {
  const total = 2 * layers;
  const found = [1];
  for (let n = 0; n < total; n++) {
    const before = found.at(-1);
    found.push(sum * (before + branch(total) * variance * (norm === "pre" ? 1 : before)));
  }
  return found;
}

export const path = (values) =>
  Object.fromEntries(Object.entries(RULES).map(([key, rule]) => [key, stream(rule, values.layers, values)]));

const plain = (value) => value >= 1e-3 && value < 1e5;
const shown = (value) => (plain(value) ? String(Number(value.toPrecision(3))) : value.toExponential(0));

function scene(values) {
  const found = path(values);
  const last = (key) => shown(found[key].at(-1));
  const depths = Array.from({ length: 96 }, (_, n) => n + 1).filter((n) => n % 4 === 0 || n < 4);
  const series = (points) => Object.entries(RULES).map(([key, rule]) => ({ name: rule.name, points: points(key, rule) }));
  return {
    summary: {
      en:
        `L = ${values.layers}, ${2 * values.layers} branches: the variance ends at ${last("none")} unscaled, ${last("half")} with √0.5 on ` +
        `every branch, ${last("scaled")} with 1/√(2L), and ${last("convs2s")} with √0.5 on every sum.`,
      zh:
        `L = ${values.layers}，共 ${2 * values.layers} 个分支：不缩放时方差最后是 ${last("none")}，每个分支乘 √0.5 是 ${last("half")}，` +
        `乘 1/√(2L) 是 ${last("scaled")}，每次求和后乘 √0.5 是 ${last("convs2s")}。`,
    },
    panels: [
      {
        kind: "lines",
        x: { label: { en: "branches passed", zh: "已经过的分支数" }, domain: [0, 2 * values.layers] },
        y: { label: { en: "variance of the stream", zh: "残差流的方差" }, log: true },
        series: series((key) => found[key].map((value, n) => [n, value])),
      },
      {
        kind: "lines",
        x: { label: { en: "blocks L", zh: "block 数 L" }, domain: [0, 96] },
        y: { label: { en: "variance at the end", zh: "最后的方差" }, log: true },
        series: series((_, rule) => depths.map((layers) => [layers, stream(rule, layers, values).at(-1)])),
        marks: [{ x: values.layers, label: { en: "here", zh: "当前" } }],
      },
    ],
  };
}

export default { title, knobs, scene, path };
