// EMA: a longer memory averages more noise away and lags further behind; the best one lies between.
import { picture, walkKnobs } from "./_noisy.js";

export const title = { "en": "EMA: noise against lag", "zh": "EMA：去噪与滞后" };

export const knobs = [
  { "name": "decay", "kind": "range", "low": 0, "high": 0.999, "step": 0.001, "default": 0.95, "label": { "en": "decay", "zh": "衰减系数 decay" } },
  ...walkKnobs
];

// The constructor holds the start, the first update copies, every later one mixes.
function average(points, { decay }) {
  let [x, y] = points[1];
  const averages = [points[0], points[1]];
  for (let n = 2; n < points.length; n++) {
    x = decay * x + (1 - decay) * points[n][0];
    y = decay * y + (1 - decay) * points[n][1];
    averages.push([x, y]);
  }
  return averages;
}

const MEMORIES = Array.from({ length: 19 }, (_, n) => 10 ** (n / 6));

export default picture({
  title,
  knobs,
  name: { en: "EMA", zh: "EMA" },
  average,
  sweep: {
    values: MEMORIES,
    set: (memory) => ({ decay: 1 - 1 / memory }),
    axis: { log: true, domain: [1, 1000], label: { en: "memory 1 / (1 − decay), updates", zh: "记忆长度 1 / (1 − decay)，更新次数" } },
    mark: ({ decay }) => ({ x: 1 / (1 - decay), label: { en: `decay ${decay}`, zh: `decay ${decay}` } }),
  },
});
