// A real activation, what each norm averages over in it, and what comes out: shared by the pictures of the norms.
// Of a small CNN's first convolution on one image of each digit from 0 to 7: 4 channels, 6 positions of one row, in twentieths.
export const CHANNELS = 4;
export const POSITIONS = 6;
export const SAMPLES = 8;
const activation = [
  [23, 34, 23, 11, 19, 20, 0, 18, 25, 2, 6, 12, -8, 16, 25, 2, 0, 12, -8, 10, 21, 6, 0, 13],
  [15, 27, 43, 49, 33, 11, 8, 17, 21, 28, 28, 10, 3, 10, 13, 21, 26, 12, -1, -2, 3, 12, 19, 15],
  [8, 15, 24, 21, 10, -1, 7, 10, 6, 16, 8, -3, 6, 3, 3, 15, 10, -1, 8, 2, 4, 10, 14, 5],
  [-1, 7, 20, 32, 32, 19, -2, 6, 14, 19, 10, 10, 4, 4, 7, 6, 10, 13, 11, 10, 4, -5, 7, 14],
  [25, 38, 48, 46, 41, 23, 0, 13, 25, 24, 18, 11, -11, 10, 17, 11, 13, 11, -11, 2, 10, 3, 10, 13],
  [23, 40, 45, 36, 19, 3, 12, 25, 24, 14, 12, 1, 5, 13, 11, 13, 15, 3, -2, 2, -2, 7, 14, 7],
  [16, 22, 17, 7, 11, 7, -2, 13, 13, -5, -1, 3, -5, 11, 14, -7, -2, 4, -4, 9, 16, 1, 6, 8],
  [1, 10, 29, 40, 36, 18, -5, -7, 1, 16, 24, 12, -5, -12, -9, 8, 19, 14, 1, -5, -7, 0, 9, 13],
];

export const value = (sample, channel, position) => activation[sample][channel * POSITIONS + position] / 20;


// Two places share a mean where this gives the same name.
const shared = {
  batch: (_, channel) => channel,
  layer: (sample) => sample,
  token: (sample, _, position) => `${sample} ${position}`,
  instance: (sample, channel) => `${sample} ${channel}`,
  group: (sample, channel) => `${sample} ${Math.floor(channel / 2)}`,
};

// Mean over the cells that `norm` averages, and root mean square about it; `centred` false takes no mean out, as RMSNorm.
export function normalised(norm, samples, centred = true) {
  const groups = {};
  const places = [];
  for (let s = 0; s < samples; s++)
    for (let c = 0; c < CHANNELS; c++)
      for (let p = 0; p < POSITIONS; p++) {
        const group = (groups[shared[norm](s, c, p)] ??= []);
        group.push(value(s, c, p));
        places.push([s, c, p]);
      }
  const moments = Object.fromEntries(
    Object.entries(groups).map(([name, all]) => {
      const mean = centred ? all.reduce((a, b) => a + b, 0) / all.length : 0;
      return [name, { mean, std: Math.sqrt(all.reduce((a, b) => a + (b - mean) ** 2, 0) / all.length + 1e-5), count: all.length }];
    }),
  );
  const of = (s, c, p) => moments[shared[norm](s, c, p)];
  const grid = (cell) =>
    Array.from({ length: samples }, (_, s) =>
      Array.from({ length: CHANNELS * POSITIONS }, (_, n) => cell(s, Math.floor(n / POSITIONS), n % POSITIONS)),
    );
  return {
    values: grid((s, c, p) => (value(s, c, p) - of(s, c, p).mean) / of(s, c, p).std),
    moments: Object.keys(moments).length,
    count: of(0, 0, 0).count,
  };
}

const columns = Array.from({ length: CHANNELS * POSITIONS }, (_, n) => (n % POSITIONS === 0 ? `c${n / POSITIONS + 1}` : ""));
export const heat = (rows, label, more = {}) => ({
  kind: "heat",
  x: { label, names: columns },
  y: { label: { en: "sample", zh: "样本" } },
  rows,
  ...more,
});

// The activation as a block, and in it, marked, the cells that share a mean with the one at `sample`, `channel`, `position`.
export const block = (norm, [sample, channel, position], label, samples = SAMPLES) => {
  const place = (cell) =>
    Array.from({ length: samples }, (_, s) =>
      Array.from({ length: CHANNELS }, (_, c) => Array.from({ length: POSITIONS }, (_, p) => cell(s, c, p))),
    );
  const group = shared[norm](sample, channel, position);
  return {
    kind: "cube",
    label,
    x: { label: { en: "channels", zh: "通道" } },
    y: { label: { en: "samples", zh: "样本" } },
    z: { label: { en: "positions", zh: "位置" } },
    values: place(value),
    marked: place((s, c, p) => shared[norm](s, c, p) === group),
  };
};

// Standard normal numbers, the same ones at every drawing.
export function gaussian(seed) {
  const uniform = () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  return () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
}
