// A Gaussian process on a line, computed here from its formulas, and the expected improvement that it gives: the next trial is at its top.

export const title = { "en": "Bayesian optimization", "zh": "贝叶斯优化" };

export const knobs = [
  { "name": "points", "kind": "range", "low": 2, "high": 12, "step": 1, "default": 4, "label": { "en": "trials so far", "zh": "已试的点数" } },
  { "name": "lengthscale", "kind": "log", "low": 0.03, "high": 1, "default": 0.15, "label": { "en": "length scale", "zh": "长度尺度" } },
  { "name": "noise", "kind": "range", "low": 0, "high": 0.6, "step": 0.02, "default": 0, "label": { "en": "noise (standard deviation)", "zh": "噪声（标准差）" } },
  {
    "name": "chosen", "kind": "choice", "default": "ei", "label": { "en": "trials were chosen by", "zh": "这些点怎么选的" },
    "choices": [
      { "value": "ei", "en": "expected improvement", "zh": "期望改进" },
      { "value": "even", "en": "an even spread", "zh": "均匀铺开" }
    ]
  }
];

const GRID = Array.from({ length: 161 }, (_, n) => n / 160);
const START = [0.1, 0.75];
// One draw of standard normal noise for each trial.
const DRAWS = [0.4, -1.1, 0.8, -0.3, 1.4, -0.7, 0.1, -1.5, 0.9, 0.5, -0.2, 1.2];

export const truth = (x) => 0.9 * Math.sin(9 * x + 0.6) + 1.6 * (x - 0.45) ** 2 + 0.5 * Math.cos(17 * x) - 0.2;
const kernel = (a, b, l) => Math.exp(-((a - b) ** 2) / (2 * l * l));

function factor(K) {
  const L = K.map((row) => row.map(() => 0));
  for (let i = 0; i < K.length; i++)
    for (let j = 0; j <= i; j++) {
      const rest = K[i][j] - L[i].slice(0, j).reduce((sum, v, k) => sum + v * L[j][k], 0);
      L[i][j] = i === j ? Math.sqrt(Math.max(rest, 1e-10)) : rest / L[j][j];
    }
  return L;
}

function forward(L, b) {
  const x = [];
  for (let i = 0; i < b.length; i++) x.push((b[i] - x.reduce((sum, v, k) => sum + L[i][k] * v, 0)) / L[i][i]);
  return x;
}

// Mean and standard deviation of the function at x; the prior has mean 0 and variance 1.
export function posterior(xs, ys, { lengthscale, noise }) {
  const L = factor(xs.map((a, i) => xs.map((b, j) => kernel(a, b, lengthscale) + (i === j ? noise ** 2 + 1e-6 : 0))));
  const white = forward(L, ys);
  return (x) => {
    const v = forward(L, xs.map((a) => kernel(a, x, lengthscale)));
    const mean = v.reduce((sum, each, n) => sum + each * white[n], 0);
    return { mean, std: Math.sqrt(Math.max(0, 1 - v.reduce((sum, each) => sum + each * each, 0))) };
  };
}

// Abramowitz & Stegun 7.1.26.
function below(z) {
  const u = Math.abs(z) / Math.SQRT2, t = 1 / (1 + 0.3275911 * u);
  const tail = (0.5 * t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))) * Math.exp(-u * u);
  return z < 0 ? tail : 1 - tail;
}

export function improvement({ mean, std }, best) {
  if (std < 1e-9) return Math.max(best - mean, 0);
  const z = (best - mean) / std;
  return Math.max(0, (best - mean) * below(z) + (std * Math.exp((-z * z) / 2)) / Math.sqrt(2 * Math.PI));
}

function state(xs, knobs) {
  const ys = xs.map((x, n) => truth(x) + knobs.noise * DRAWS[n]);
  const at = posterior(xs, ys, knobs);
  const found = GRID.map(at);
  // With noise the lowest value is a lucky one: what was reached is the lowest mean at a trial.
  const best = Math.min(...xs.map((x) => at(x).mean));
  const gains = found.map((each) => improvement(each, best));
  return { xs, ys, found, best, gains, next: GRID[gains.indexOf(Math.max(...gains))] };
}

export function search(knobs) {
  if (knobs.chosen === "even") return state(Array.from({ length: knobs.points }, (_, n) => (n + 0.5) / knobs.points), knobs);
  let now = state(START, knobs);
  while (now.xs.length < knobs.points) now = state([...now.xs, now.next], knobs);
  return now;
}

const number = (value) => (value !== 0 && Math.abs(value) < 1e-3 ? value.toExponential(1) : String(Number(value.toPrecision(3))));
// A cross: the scene's lines have gaps where y is null.
const cross = (x, y) => [[x - 0.012, y], [x + 0.012, y], [x, null], [x, y - 0.07], [x, y + 0.07], [x, null]];

export const path = (knobs) => search(knobs).xs;

export function scene(knobs) {
  const { xs, ys, found, best, gains, next } = search(knobs);
  const top = Math.max(...gains);
  const lowest = Math.min(...GRID.map(truth));
  const reached = Math.min(...xs.map(truth)) - lowest;
  const along = (values) => values.map((value, n) => [GRID[n], value]);
  const x = { domain: [0, 1], label: { en: "the hyper-parameter", zh: "超参" } };
  const marks = [{ x: next, label: { en: "next", zh: "下一点" } }];
  return {
    summary: {
      en: `${xs.length} trials. Best predicted so far ${number(best)}; the best trial is truly ${number(reached)} above the minimum. The expected improvement is at most ${number(top)}, at ${number(next)}: the next trial.`,
      zh: `已试 ${xs.length} 个点。目前预测的最优值 ${number(best)}；最好的点实际比最小值高 ${number(reached)}。期望改进最大为 ${number(top)}，在 ${number(next)} 处，就是下一点。`,
    },
    panels: [
      {
        kind: "lines", x, marks,
        y: { domain: [-2.6, 2.6], label: { en: "loss", zh: "损失" } },
        series: [
          { name: { en: "mean", zh: "均值" }, points: along(found.map((each) => each.mean)) },
          { name: { en: "true loss", zh: "真实损失" }, points: along(GRID.map(truth)) },
          { name: { en: "trials", zh: "已试的点" }, points: xs.map((each, n) => [each, ys[n]]).sort((a, b) => a[0] - b[0]).flatMap(([a, b]) => cross(a, b)) },
          { name: { en: "mean ± 2 std", zh: "均值 ± 2 std" }, points: [...along(found.map(({ mean, std }) => mean - 2 * std)).reverse(), ...along(found.map(({ mean, std }) => mean + 2 * std))] },
        ],
      },
      {
        kind: "lines", x, marks,
        y: { domain: [0, top * 1.15 || 1], label: { en: "expected improvement", zh: "期望改进" } },
        series: [{ name: "EI", points: along(gains) }],
      },
    ],
  };
}

export default { title, knobs, path, scene };
