// AdamW, as in torch.optim.AdamW: the weight shrinks by lr · weight_decay first, outside the preconditioner.
import { picture, surfaceKnob, stepsKnob } from "./_surface.js";
import { betaKnobs, update as adam } from "./adam.js";

export const title = { "en": "AdamW", "zh": "AdamW" };

export const knobs = [
  ...surfaceKnob,
  { "name": "lr", "kind": "log", "low": 1e-3, "high": 1, "default": 0.1, "label": { "en": "learning rate", "zh": "学习率" } },
  ...betaKnobs,
  { "name": "weight_decay", "kind": "range", "low": 0, "high": 1, "step": 0.01, "default": 0.3, "label": { "en": "weight decay", "zh": "权重衰减" } },
  ...stepsKnob
];

export function update(w, g, state, knobs, step) {
  return adam(w * (1 - knobs.lr * knobs.weight_decay), g, state, { ...knobs, weight_decay: 0 }, step);
}

export default picture({
  title,
  knobs,
  update,
  name: { en: "AdamW", zh: "AdamW" },
  rival: () => ({ name: { en: "Adam with L2", zh: "Adam + L2" }, update: adam, knobs: {} }),
});
