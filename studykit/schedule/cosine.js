// The schedule from its formula, and what it does to SGD on a noisy quadratic, whose expected loss can be computed exactly.

export const title = { "en": "Cosine annealing", "zh": "余弦退火" };

export const knobs = [
  { "name": "lr", "kind": "log", "low": 0.01, "high": 1.9, "default": 0.8, "label": { "en": "base learning rate", "zh": "基准学习率" } },
  { "name": "T_max", "kind": "range", "low": 20, "high": 400, "step": 1, "default": 200, "label": { "en": "planned steps T_max", "zh": "计划步数 T_max" } },
  { "name": "run", "kind": "range", "low": 0.25, "high": 2, "step": 0.05, "default": 1, "label": { "en": "steps that are run / T_max", "zh": "实际步数 / T_max" } },
  { "name": "warmup", "kind": "range", "low": 0, "high": 0.5, "step": 0.01, "default": 0, "label": { "en": "warm-up / T_max", "zh": "warmup / T_max" } },
  { "name": "floor", "kind": "range", "low": 0, "high": 0.5, "step": 0.01, "default": 0, "label": { "en": "floor / base learning rate", "zh": "下限 / 基准学习率" } },
  { "name": "noise", "kind": "log", "low": 0.001, "high": 1, "default": 0.1, "label": { "en": "gradient noise", "zh": "梯度噪声" } },
  {
    "name": "rival", "kind": "choice", "default": "constant", "label": { "en": "compare with", "zh": "对照" },
    "choices": [
      { "value": "constant", "en": "constant", "zh": "恒定" },
      { "value": "linear", "en": "linear decay", "zh": "线性衰减" },
      { "value": "wsd", "en": "WSD: constant, cooldown in the last 20 %", "zh": "WSD：恒定，最后 20% 冷却" }
    ]
  }
];

// What is left of base - floor at a share x of the way down; cosine goes up again past 1, the others stay.
const curves = {
  cosine: (x) => (1 + Math.cos(Math.PI * x)) / 2,
  constant: () => 1,
  linear: (x) => Math.max(0, 1 - x),
  wsd: (x) => Math.min(1, Math.max(0, (1 - x) / 0.2)),
};

export function rate(t, curve, { lr, T_max, warmup, floor }) {
  const up = Math.round(warmup * T_max);
  if (t < up) return (lr * t) / up;
  return lr * (floor + (1 - floor) * curves[curve]((t - up) / (T_max - up)));
}

// Curvatures from 1 down to 1/300. Every coordinate starts at 1; the variance of its gradient noise goes with its curvature, as
// that of a mini-batch roughly does. Then E[w²] <- (1 - lr h)² E[w²] + lr² noise h, and the expected loss is the sum of h E[w²] / 2.
const curvatures = Array.from({ length: 24 }, (_, n) => 300 ** (-n / 23));

export function losses(rates, noise) {
  const squares = curvatures.map(() => 1);
  const loss = () => curvatures.reduce((sum, h, n) => sum + (h * squares[n]) / 2, 0);
  return [
    loss(),
    ...rates.map((lr) => {
      curvatures.forEach((h, n) => (squares[n] = (1 - lr * h) ** 2 * squares[n] + lr * lr * noise * h));
      return loss();
    }),
  ];
}

const steps = ({ T_max, run }) => Math.max(1, Math.round(T_max * run));
const rates = (curve, knobs) => Array.from({ length: steps(knobs) + 1 }, (_, t) => rate(t, curve, knobs));
const number = (value) => (value > 0 && value < 1e-3 ? value.toExponential(1) : String(Number(value.toPrecision(3))));
const NAMES = {
  cosine: { en: "Cosine", zh: "余弦" },
  constant: { en: "Constant", zh: "恒定" },
  linear: { en: "Linear", zh: "线性" },
  wsd: { en: "WSD", zh: "WSD" },
};

export const path = (knobs) => rates("cosine", knobs);

export function scene(knobs) {
  const each = ["cosine", knobs.rival].map((curve) => {
    const all = rates(curve, knobs);
    return { name: NAMES[curve], rates: all, losses: losses(all.slice(0, -1), knobs.noise) };
  });
  const x = { domain: [0, steps(knobs)], label: { en: "step", zh: "步" } };
  const points = (values) => values.map((value, t) => [t, value]);
  const marks = knobs.run > 1 ? [{ x: knobs.T_max, label: "T_max" }] : [];
  const [mine, theirs] = each.map((one) => ({ loss: number(one.losses.at(-1)), rate: number(one.rates.at(-1)) }));
  return {
    frames: steps(knobs),
    summary: {
      en: `After ${steps(knobs)} steps. Cosine: learning rate ${mine.rate}, expected loss ${mine.loss}. ${NAMES[knobs.rival].en}: learning rate ${theirs.rate}, expected loss ${theirs.loss}.`,
      zh: `${steps(knobs)} 步之后。余弦：学习率 ${mine.rate}，期望损失 ${mine.loss}。${NAMES[knobs.rival].zh}：学习率 ${theirs.rate}，期望损失 ${theirs.loss}。`,
    },
    panels: [
      {
        kind: "lines", x, marks,
        y: { domain: [0, knobs.lr * 1.05], label: { en: "learning rate", zh: "学习率" } },
        series: each.map((one) => ({ name: one.name, points: points(one.rates) })),
      },
      {
        kind: "lines", x, marks,
        y: { log: true, label: { en: "expected loss", zh: "期望损失" } },
        series: each.map((one) => ({ name: one.name, points: points(one.losses) })),
      },
    ],
  };
}

export default { title, knobs, path, scene };
