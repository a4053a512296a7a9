// Loss scaling: where gradients lie among the numbers that float16 has, and where the loss scale moves them to.

export const title = { "en": "Loss scaling", "zh": "损失缩放" };

export const knobs = [
  { "name": "scale", "kind": "log", "low": 1, "high": 1099511627776, "default": 65536, "label": { "en": "loss scale S", "zh": "loss scale S" } },
  { "name": "typical", "kind": "range", "low": -60, "high": 0, "step": 1, "default": -28, "label": { "en": "typical gradient, log2", "zh": "典型梯度的 log2" } },
  { "name": "spread", "kind": "range", "low": 1, "high": 8, "step": 0.5, "default": 4, "label": { "en": "spread, powers of two", "zh": "分散程度（2 的幂）" } }
];

// Where a magnitude becomes zero (half of the least number rounds down), where it loses digits, where it becomes inf; in log2.
export const FORMATS = {
  float16: { zero: -25, normal: -14, inf: Math.log2(65520) },
  bfloat16: { zero: -134, normal: -126, inf: 128 },
};

// The share of a normal distribution below z (Abramowitz & Stegun 7.1.26, six digits).
function below(z) {
  const x = Math.abs(z) / Math.SQRT2;
  const t = 1 / (1 + 0.3275911 * x);
  const erf = 1 - t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429)))) * Math.exp(-x * x);
  return z < 0 ? (1 - erf) / 2 : (1 + erf) / 2;
}

// Percent that become zero, lose digits, stay whole, become inf.
export function shares(format, centre, spread) {
  const at = (edge) => 100 * below((edge - centre) / spread);
  const { zero, normal, inf } = FORMATS[format];
  return [at(zero), at(normal) - at(zero), at(inf) - at(normal), 100 - at(inf)];
}

const density = (x, centre, spread) => (100 * Math.exp(-0.5 * ((x - centre) / spread) ** 2)) / (spread * Math.sqrt(2 * Math.PI));
const from = (low, high, step) => Array.from({ length: Math.round((high - low) / step) + 1 }, (_, n) => low + n * step);
const percent = (x) => (x < 0.05 ? "0" : x.toFixed(1));
const round = (x) => Number(x.toFixed(1));

function found({ scale, typical, spread }) {
  const moved = typical + Math.log2(scale);
  return {
    moved,
    plain: shares("float16", typical, spread),
    scaled: shares("float16", moved, spread),
    wide: shares("bfloat16", typical, spread),
  };
}

function scene(values) {
  const { typical, spread } = values;
  const { moved, plain, scaled, wide } = found(values);
  const axis = from(-64, 40, 1);
  const powers = from(0, 40, 1);
  return {
    summary: {
      en:
        `S = 2^${Math.log2(values.scale).toFixed(1)} moves the gradients by as many powers of two. In float16 ${percent(plain[0])} % become zero ` +
        `without scaling and ${percent(scaled[0])} % with it, while ${percent(scaled[3])} % become inf; in bfloat16 without any scaling ` +
        `${percent(wide[0])} % become zero.`,
      zh:
        `S = 2^${Math.log2(values.scale).toFixed(1)}，梯度整体右移这么多个 2 的幂。float16 下不缩放有 ${percent(plain[0])} % 变成零，缩放后 ` +
        `${percent(scaled[0])} %，而 ${percent(scaled[3])} % 变成 inf；bfloat16 不做任何缩放，变成零的是 ${percent(wide[0])} %。`,
    },
    panels: [
      {
        kind: "lines",
        x: { domain: [-64, 40], label: { en: "log2 of magnitude; float16: least, least normal, greatest", zh: "大小的 log2；虚线：float16 最小、最小正规、最大数" } },
        y: { label: { en: "share, % per power of two", zh: "占比（% / 每个 2 的幂）" } },
        series: [
          { name: { en: "gradients", zh: "梯度" }, points: axis.map((x) => [x, density(x, typical, spread)]) },
          { name: { en: "times S", zh: "乘 S 之后" }, points: axis.map((x) => [x, density(x, moved, spread)]) },
        ],
        marks: [
          { x: -24, label: "−24" },
          { x: -14, label: "" },
          { x: 16, label: "16" },
        ],
      },
      {
        kind: "bars",
        x: { label: { en: "what becomes of the gradients", zh: "梯度的下场" } },
        y: { label: { en: "share, %", zh: "占比（%）" }, domain: [0, 110] },
        categories: [{ en: "zero", zh: "变成零" }, { en: "fewer digits", zh: "精度受损" }, { en: "whole", zh: "完好" }, { en: "inf", zh: "inf" }],
        series: [
          { name: { en: "float16", zh: "float16" }, values: plain.map(round) },
          { name: { en: "float16, times S", zh: "float16，乘 S" }, values: scaled.map(round) },
          { name: { en: "bfloat16", zh: "bfloat16" }, values: wide.map(round) },
        ],
      },
      {
        kind: "lines",
        x: { domain: [0, 40], label: { en: "log2 of the loss scale", zh: "loss scale 的 log2" } },
        y: { domain: [0, 100], label: { en: "share in float16, %", zh: "float16 下的占比（%）" } },
        series: [
          { name: { en: "zero", zh: "变成零" }, points: powers.map((p) => [p, shares("float16", typical + p, spread)[0]]) },
          { name: { en: "inf", zh: "inf" }, points: powers.map((p) => [p, shares("float16", typical + p, spread)[3]]) },
        ],
        marks: [{ x: Math.log2(values.scale), label: "S" }],
      },
    ],
  };
}

export default { title, knobs, scene, path: found };
