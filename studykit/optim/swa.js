// SWA: begun too early the mean holds the way to the minimum, begun too late it holds little to average.
import { picture, walkKnobs } from "./_noisy.js";

export const title = { "en": "SWA: when to begin", "zh": "SWA：何时开始平均" };

export const knobs = [
  { "name": "start", "kind": "range", "low": 0, "high": 0.99, "step": 0.01, "default": 0.5, "label": { "en": "start, share of the steps", "zh": "起点（占总步数）" } },
  ...walkKnobs
];

// Until it begins, the weights themselves are what one has.
function average(points, { start, steps }) {
  const before = Math.min(Math.floor(start * steps), steps - 1);
  const averages = points.slice(0, before + 1);
  let [x, y] = [0, 0];
  for (let n = 1; before + n < points.length; n++) {
    x += (points[before + n][0] - x) / n;
    y += (points[before + n][1] - y) / n;
    averages.push([x, y]);
  }
  return averages;
}

const STARTS = Array.from({ length: 25 }, (_, n) => n * 0.04);

export default picture({
  title,
  knobs,
  name: { en: "SWA", zh: "SWA" },
  average,
  sweep: {
    values: STARTS,
    set: (start) => ({ start }),
    axis: { domain: [0, 1], label: { en: "start, share of the steps", zh: "起点（占总步数）" } },
    mark: ({ start }) => ({ x: start, label: { en: `start ${start}`, zh: `起点 ${start}` } }),
  },
});
