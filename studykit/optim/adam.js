// Adam, as in torch.optim.Adam: weight decay is added to the gradient (L2) and goes through the preconditioner.
import { picture, surfaceKnob, stepsKnob, surfaces } from "./_surface.js";
import { update as sgd } from "./sgd.js";

export const title = { "en": "Adam", "zh": "Adam" };

export const betaKnobs = [
  { "name": "beta1", "kind": "range", "low": 0, "high": 0.99, "step": 0.01, "default": 0.9, "label": { "en": "beta 1 (momentum)", "zh": "beta 1（动量）" } },
  { "name": "beta2", "kind": "range", "low": 0, "high": 0.999, "step": 0.001, "default": 0.999, "label": { "en": "beta 2 (scale)", "zh": "beta 2（尺度）" } }
];

export const knobs = [
  ...surfaceKnob,
  { "name": "lr", "kind": "log", "low": 1e-3, "high": 1, "default": 0.1, "label": { "en": "learning rate", "zh": "学习率" } },
  ...betaKnobs,
  { "name": "weight_decay", "kind": "range", "low": 0, "high": 1, "step": 0.01, "default": 0, "label": { "en": "weight decay (L2)", "zh": "权重衰减（L2）" } },
  ...stepsKnob
];

export function update(w, g, state, { lr, beta1, beta2, weight_decay }, step) {
  g = g + weight_decay * w;
  state.average = beta1 * (state.average ?? 0) + (1 - beta1) * g;
  state.square = beta2 * (state.square ?? 0) + (1 - beta2) * g * g;
  const average = state.average / (1 - beta1 ** step);
  const square = state.square / (1 - beta2 ** step);
  return w - (lr * average) / (Math.sqrt(square) + 1e-8);
}

export default picture({
  title,
  knobs,
  update,
  name: { en: "Adam", zh: "Adam" },
  rival: ({ surface }) => ({
    name: { en: `SGD, lr ${surfaces[surface].rate}`, zh: `SGD，lr ${surfaces[surface].rate}` },
    update: sgd,
    knobs: { lr: surfaces[surface].rate, momentum: 0, nesterov: false },
  }),
});
