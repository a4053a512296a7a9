// Lion: every weight moves by lr, only the sign of the interpolated momentum counts; so it never comes to rest.
import { picture, surfaceKnob, stepsKnob } from "./_surface.js";
import { update as adamw } from "./adamw.js";

export const title = { "en": "Lion", "zh": "Lion：符号动量" };

export const knobs = [
  ...surfaceKnob,
  { "name": "lr", "kind": "log", "low": 1e-3, "high": 0.5, "default": 0.05, "label": { "en": "learning rate", "zh": "学习率" } },
  { "name": "beta1", "kind": "range", "low": 0, "high": 0.99, "step": 0.01, "default": 0.9, "label": { "en": "beta 1 (direction)", "zh": "beta 1（方向）" } },
  { "name": "beta2", "kind": "range", "low": 0, "high": 0.999, "step": 0.001, "default": 0.99, "label": { "en": "beta 2 (memory)", "zh": "beta 2（记忆）" } },
  { "name": "weight_decay", "kind": "range", "low": 0, "high": 1, "step": 0.01, "default": 0, "label": { "en": "weight decay", "zh": "权重衰减" } },
  ...stepsKnob
];

export function update(w, g, state, { lr, beta1, beta2, weight_decay }) {
  const momentum = state.momentum ?? 0;
  const direction = Math.sign(beta1 * momentum + (1 - beta1) * g);
  state.momentum = beta2 * momentum + (1 - beta2) * g;
  return w * (1 - lr * weight_decay) - lr * direction;
}

export default picture({
  title,
  knobs,
  update,
  name: { en: "Lion", zh: "Lion" },
  rival: () => ({ name: { en: "AdamW, same lr", zh: "AdamW，相同 lr" }, update: adamw, knobs: { beta1: 0.9, beta2: 0.999 } }),
});
