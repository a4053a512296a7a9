// Cosine with warm restarts beside one cosine and constant with a cooldown, and what each makes of SGD on a noisy quadratic.
import { losses } from "./cosine.js";

export const title = { "en": "Warm restarts (SGDR)", "zh": "热重启（SGDR）" };

export const knobs = [
  { "name": "lr", "kind": "log", "low": 0.01, "high": 1.9, "default": 0.8, "label": { "en": "base learning rate", "zh": "基准学习率" } },
  { "name": "budget", "kind": "range", "low": 20, "high": 400, "step": 1, "default": 210, "label": { "en": "planned steps", "zh": "计划步数" } },
  { "name": "T_0", "kind": "range", "low": 5, "high": 200, "step": 1, "default": 30, "label": { "en": "steps of the first cycle T_0", "zh": "第一个周期的步数 T_0" } },
  { "name": "T_mult", "kind": "range", "low": 1, "high": 4, "step": 1, "default": 2, "label": { "en": "factor on its length T_mult", "zh": "周期倍数 T_mult" } },
  { "name": "floor", "kind": "range", "low": 0, "high": 0.5, "step": 0.01, "default": 0, "label": { "en": "floor / base learning rate", "zh": "下限 / 基准学习率" } },
  { "name": "stop", "kind": "range", "low": 0.05, "high": 1, "step": 0.01, "default": 0.43, "label": { "en": "stopped at / planned steps", "zh": "停在 / 计划步数" } },
  { "name": "noise", "kind": "log", "low": 0.001, "high": 1, "default": 0.1, "label": { "en": "gradient noise", "zh": "梯度噪声" } }
];

const number = (value) => (value > 0 && value < 1e-3 ? value.toExponential(1) : String(Number(value.toPrecision(3))));
const half = (x) => (1 + Math.cos(Math.PI * x)) / 2;

// Where step t lies: the steps since the last restart, and the length of its cycle.
export function place(t, T_0, T_mult) {
  let [start, length] = [0, T_0];
  while (t >= start + length) [start, length] = [start + length, length * T_mult];
  return [t - start, length];
}

const annealed = (share, { lr, floor }) => lr * (floor + (1 - floor) * share);
const counted = ({ budget }) => Array.from({ length: budget + 1 }, (_, t) => t);
const stopAt = ({ stop, budget }) => Math.max(1, Math.round(stop * budget));

export const path = (knobs) =>
  counted(knobs).map((t) => {
    const [since, length] = place(t, knobs.T_0, knobs.T_mult);
    return annealed(half(since / length), knobs);
  });

const one = (knobs) => counted(knobs).map((t) => annealed(half(t / knobs.budget), knobs));
// Told of the stop a fifth of its steps ahead, so that all have had as many steps.
const cooled = (knobs) => {
  const end = stopAt(knobs);
  return counted(knobs).slice(0, end + 1).map((t) => knobs.lr * Math.min(1, (end - t) / (0.2 * end)));
};

// The last step at or before the stop that ends a cycle; 0 where none has ended yet.
export function snapshot(knobs) {
  for (let t = stopAt(knobs); t > 0; t--) if (place(t, knobs.T_0, knobs.T_mult)[0] === 0) return t;
  return 0;
}

const NAMES = {
  restarts: { en: "Restarts", zh: "重启" },
  one: { en: "One cosine", zh: "单周期余弦" },
  cooled: { en: "Constant, cooldown", zh: "恒定加冷却" },
};

export function scene(knobs) {
  const stop = stopAt(knobs);
  const kept = snapshot(knobs);
  const each = Object.entries({ restarts: path(knobs), one: one(knobs), cooled: cooled(knobs) }).map(([key, all]) => ({
    name: NAMES[key], rates: all, losses: losses(all.slice(0, -1), knobs.noise),
  }));
  const [restarts, single, constant] = each.map((arm) => number(arm.losses[stop]));
  const x = { domain: [0, knobs.budget], label: { en: "step", zh: "步" } };
  const marks = stop < knobs.budget ? [{ x: stop, label: { en: "stop", zh: "停" } }] : [];
  const points = (values) => values.map((value, t) => [t, value]);
  const own = kept ? number(each[0].losses[kept]) : null;
  return {
    frames: knobs.budget,
    summary: {
      en: `Expected loss when stopped at step ${stop} of ${knobs.budget}: restarts ${restarts}${own ? ` (kept from the end of a cycle at step ${kept}: ${own})` : " (no cycle has ended yet)"}, one cosine ${single}, constant with a cooldown ${constant}. At the end: restarts ${number(each[0].losses.at(-1))}, one cosine ${number(each[1].losses.at(-1))}.`,
      zh: `停在 ${knobs.budget} 步中的第 ${stop} 步，期望损失：重启 ${restarts}${own ? `（第 ${kept} 步周期末留下的是 ${own}）` : "（还没有走完一个周期）"}，单周期余弦 ${single}，恒定加冷却 ${constant}。跑到底：重启 ${number(each[0].losses.at(-1))}，单周期余弦 ${number(each[1].losses.at(-1))}。`,
    },
    panels: [
      {
        kind: "lines", x, marks,
        y: { domain: [0, knobs.lr * 1.05], label: { en: "learning rate", zh: "学习率" } },
        series: each.map((arm) => ({ name: arm.name, points: points(arm.rates) })),
      },
      {
        kind: "lines", x, marks,
        y: { log: true, label: { en: "expected loss", zh: "期望损失" } },
        series: each.map((arm) => ({ name: arm.name, points: points(arm.losses) })),
      },
    ],
  };
}

export default { title, knobs, path, scene };
