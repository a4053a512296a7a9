// InstanceNorm: which cells share a mean, and what a change of one image's contrast and brightness does to it under each norm.
import { CHANNELS, POSITIONS, SAMPLES, block, heat, normalised, value } from "./_norms.js";

export const title = { "en": "InstanceNorm", "zh": "InstanceNorm：实例归一化" };

export const knobs = [
  {
    "name": "norm", "kind": "choice", "default": "instance", "label": { "en": "norm", "zh": "归一化方式" },
    "choices": [
      { "value": "instance", "en": "InstanceNorm", "zh": "InstanceNorm" },
      { "value": "layer", "en": "LayerNorm, the whole sample", "zh": "LayerNorm，整个样本" },
      { "value": "batch", "en": "BatchNorm in evaluation", "zh": "推理时的 BatchNorm" }
    ]
  },
  { "name": "sample", "kind": "range", "low": 1, "high": 8, "step": 1, "default": 2, "label": { "en": "look at image", "zh": "观察哪张图" } },
  { "name": "contrast", "kind": "range", "low": 0.05, "high": 2, "step": 0.05, "default": 0.3, "label": { "en": "its contrast", "zh": "它的对比度" } },
  { "name": "brightness", "kind": "range", "low": -1, "high": 1, "step": 0.1, "default": 0, "label": { "en": "its brightness, added", "zh": "它的亮度（加上）" } }
];

const range = (n) => Array.from({ length: n }, (_, i) => i);
const columns = range(CHANNELS * POSITIONS);
const average = (values) => values.reduce((a, b) => a + b, 0) / values.length;
const moments = (values) => {
  const mean = average(values);
  return { mean, std: Math.sqrt(average(values.map((x) => (x - mean) ** 2)) + 1e-5) };
};
const channel = (row, c) => row.slice(c * POSITIONS, (c + 1) * POSITIONS);

const original = range(SAMPLES).map((s) => columns.map((n) => value(s, Math.floor(n / POSITIONS), n % POSITIONS)));
// What BatchNorm kept from training on the eight images as they are.
const kept = range(CHANNELS).map((c) => moments(original.flatMap((row) => channel(row, c))));

// The image with another contrast and brightness: in each channel, about that channel's own mean.
const changed = (row, contrast, brightness) =>
  range(CHANNELS).flatMap((c) => {
    const { mean } = moments(channel(row, c));
    return channel(row, c).map((x) => mean + contrast * (x - mean) + brightness);
  });

// One image (channels times positions) after the norm.
export function after(norm, row) {
  const whole = moments(row);
  return range(CHANNELS).flatMap((c) => {
    const { mean, std } = { instance: () => moments(channel(row, c)), layer: () => whole, batch: () => kept[c] }[norm]();
    return channel(row, c).map((x) => (x - mean) / std);
  });
}

// How far the outputs are from those of the image as it was, on average.
const moved = (norm, row, contrast, brightness) => {
  const before = after(norm, row);
  return average(after(norm, changed(row, contrast, brightness)).map((x, n) => Math.abs(x - before[n])));
};

const number = (x) => x.toFixed(2);

function scene({ norm, sample, contrast, brightness }) {
  const row = original[sample - 1];
  const other = changed(row, contrast, brightness);
  const rows = original.map((each) => (each === row ? other : each));
  const contrasts = range(40).map((n) => (n + 1) / 20);
  const line = (kind) => contrasts.map((c) => [c, moved(kind, row, c, brightness)]);
  const [instance, layer, batch] = ["instance", "layer", "batch"].map((kind) => number(moved(kind, row, contrast, brightness)));
  const found = normalised(norm, SAMPLES);
  const points = (values) => channel(values, 0).map((x, n) => [n + 1, x]);
  return {
    summary: {
      en:
        `${found.count} cells share a mean under this norm, and there are ${found.moments} such groups. With contrast ${number(contrast)} and ` +
        `brightness ${number(brightness)} added, the image's outputs move by ${instance} on average under InstanceNorm, by ${layer} under ` +
        `LayerNorm and by ${batch} under BatchNorm in evaluation.`,
      zh:
        `按这种方式，每 ${found.count} 格共用一个均值，这样的组共 ${found.moments} 个。对比度变为 ${number(contrast)}、亮度加 ${number(brightness)} 后，` +
        `这张图的输出平均变动：InstanceNorm 下 ${instance}，LayerNorm 下 ${layer}，推理时的 BatchNorm 下 ${batch}。`,
    },
    panels: [
      block(norm, [sample - 1, 0, 0], { en: "what shares a mean with the image's channel 1", zh: "与该图通道 1 共用均值的格子" }),
      heat(rows, { en: "the activation, that image changed", zh: "激活值，该图已改变" }, { low: -0.6, high: 2.5 }),
      heat(rows.map((each) => after(norm, each)), { en: "after the norm", zh: "归一化之后" }, { low: -2, high: 2 }),
      {
        kind: "lines",
        x: { label: { en: "position", zh: "位置" }, domain: [1, POSITIONS] },
        y: { label: { en: "channel 1 of that image", zh: "该图的通道 1" } },
        series: [
          { name: { en: "before, as it was", zh: "归一化前，原图" }, points: points(row) },
          { name: { en: "before, changed", zh: "归一化前，改变后" }, points: points(other) },
          { name: { en: "after, as it was", zh: "归一化后，原图" }, points: points(after(norm, row)) },
          { name: { en: "after, changed", zh: "归一化后，改变后" }, points: points(after(norm, other)) },
        ],
      },
      {
        kind: "lines",
        x: { label: { en: "contrast of that image", zh: "该图的对比度" }, domain: [0, 2] },
        y: { label: { en: "mean change of its outputs", zh: "输出的平均变动" } },
        series: [
          { name: "InstanceNorm", points: line("instance") },
          { name: "LayerNorm", points: line("layer") },
          { name: "BatchNorm", points: line("batch") },
        ],
        marks: [{ x: contrast, label: { en: "here", zh: "当前" } }],
      },
    ],
  };
}

export default {
  title,
  knobs,
  scene,
  path: ({ norm, sample, contrast, brightness }) => ({
    values: after(norm, changed(original[sample - 1], contrast, brightness)),
    moved: ["instance", "layer", "batch"].map((kind) => moved(kind, original[sample - 1], contrast, brightness)),
  }),
};
