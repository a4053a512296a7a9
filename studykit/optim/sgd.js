// SGD with momentum, as in torch.optim.SGD: the first step fills the buffer with the gradient itself.
import { picture, surfaceKnob, stepsKnob } from "./_surface.js";

export const title = { "en": "SGD and momentum", "zh": "SGD 与动量" };

export const knobs = [
  ...surfaceKnob,
  { "name": "lr", "kind": "log", "low": 1e-3, "high": 0.3, "default": 0.02, "label": { "en": "learning rate", "zh": "学习率" } },
  { "name": "momentum", "kind": "range", "low": 0, "high": 0.99, "step": 0.01, "default": 0.9, "label": { "en": "momentum", "zh": "动量" } },
  { "name": "nesterov", "kind": "switch", "default": false, "label": { "en": "Nesterov", "zh": "Nesterov" } },
  { "name": "weight_decay", "kind": "range", "low": 0, "high": 1, "step": 0.01, "default": 0, "label": { "en": "weight decay", "zh": "权重衰减" } },
  ...stepsKnob
];

export function update(w, g, state, { lr, momentum, nesterov, weight_decay }) {
  g = g + weight_decay * w;
  state.buffer = state.buffer === undefined ? g : momentum * state.buffer + g;
  return w - lr * (nesterov ? g + momentum * state.buffer : state.buffer);
}

export default picture({
  title,
  knobs,
  update,
  name: { en: "SGD", zh: "SGD" },
  rival: () => ({ name: { en: "no momentum", zh: "无动量" }, update, knobs: { momentum: 0, nesterov: false } }),
});
