// One stage of an elastic network: which part of the shared kernels a sub-network uses, and what it costs; computed here from its numbers.

export const title = { "en": "Once for all", "zh": "Once-for-All：一次训练，处处部署" };

export const knobs = [
  { "name": "width", "kind": "range", "low": 1, "high": 8, "step": 1, "default": 4, "label": { "en": "width (hidden channels)", "zh": "宽度（隐层通道数）" } },
  {
    "name": "kernel", "kind": "choice", "default": "5", "label": { "en": "kernel size", "zh": "卷积核大小" },
    "choices": [{ "value": "3", "en": "3", "zh": "3" }, { "value": "5", "en": "5", "zh": "5" }, { "value": "7", "en": "7", "zh": "7" }]
  },
  { "name": "depth", "kind": "range", "low": 1, "high": 4, "step": 1, "default": 2, "label": { "en": "depth (blocks)", "zh": "深度（块数）" } },
  { "name": "size", "kind": "range", "low": 4, "high": 56, "step": 4, "default": 16, "label": { "en": "side of the image", "zh": "图像边长" } }
];

const [CHANNELS, WIDTH, KERNEL, DEPTH] = [4, 8, 7, 4];

// A block widens CHANNELS to `width` by a kernel x kernel convolution and comes back by a 1 x 1; each has a norm of 2 numbers a channel.
export const macsOf = (width, kernel, size) => size * size * width * CHANNELS * (kernel * kernel + 1);
export const parametersOf = (width, kernel) => width * CHANNELS * (kernel * kernel + 1) + 2 * width + 2 * CHANNELS;

// Fixed weights that look like trained ones: the first channels are the heavy ones, and a kernel is heaviest in its centre.
function weight(out, input, row, column) {
  const noise = Math.abs(Math.sin(12.9898 * (out + 1) + 78.233 * (input + 1) + 37.719 * row + 11.131 * column) * 43758.5453) % 1;
  const away = Math.hypot(row - 3, column - 3);
  return (0.35 + 0.65 * noise) * (1 - 0.07 * out) * Math.exp(-away / 4);
}

export function kernels(width, kernel) {
  const edge = (KERNEL - kernel) / 2;
  const inside = (place) => place >= edge && place < KERNEL - edge;
  const gap = 1;
  return Array.from({ length: CHANNELS * (KERNEL + gap) - gap }, (_, y) =>
    Array.from({ length: WIDTH * (KERNEL + gap) - gap }, (_, x) => {
      const [out, column] = [Math.floor(x / (KERNEL + gap)), x % (KERNEL + gap)];
      const [input, row] = [Math.floor(y / (KERNEL + gap)), y % (KERNEL + gap)];
      if (column === KERNEL || row === KERNEL) return 0;
      return out < width && inside(row) && inside(column) ? 0.3 + 0.7 * weight(out, input, row, column) : 0.09;
    }),
  );
}

const thousand = (value) => (value >= 1e6 ? `${Number((value / 1e6).toPrecision(3))} M` : value >= 1e3 ? `${Number((value / 1e3).toPrecision(3))} k` : String(value));
const percent = (part, whole) => `${Number(((100 * part) / whole).toPrecision(2))} %`;

export function scene({ width, kernel: chosen, depth, size }) {
  const kernel = Number(chosen);
  const [macs, most] = [depth * macsOf(width, kernel, size), DEPTH * macsOf(WIDTH, KERNEL, size)];
  const [parameters, all] = [depth * parametersOf(width, kernel), DEPTH * parametersOf(WIDTH, KERNEL)];
  const blank = (count) => Array.from({ length: count }, () => "");
  const names = Array.from({ length: WIDTH * (KERNEL + 1) - 1 }, (_, n) => (n % (KERNEL + 1) === 3 ? String(Math.floor(n / (KERNEL + 1)) + 1) : ""));
  return {
    summary: {
      en: `${depth} of ${DEPTH} blocks, ${width} of ${WIDTH} hidden channels, kernel ${kernel} of ${KERNEL}: ${thousand(macs)} multiply-accumulates (${percent(macs, most)} of the largest) and ${thousand(parameters)} parameters (${percent(parameters, all)}). The size of the image changes the work, not the parameters.`,
      zh: `${DEPTH} 块取 ${depth} 块，${WIDTH} 个隐层通道取 ${width} 个，核为 ${KERNEL} 取 ${kernel}：乘加 ${thousand(macs)} 次（最大网络的 ${percent(macs, most)}），参数 ${thousand(parameters)} 个（${percent(parameters, all)}）。图像大小只影响计算量，不影响参数量。`,
    },
    panels: [
      {
        kind: "heat", rows: kernels(width, kernel), low: 0, high: 1,
        x: { label: { en: "output channel: dark is active", zh: "输出通道（深色为激活）" }, names },
        y: { label: { en: "input channels", zh: "输入通道" }, names: blank(CHANNELS * (KERNEL + 1) - 1) },
      },
      {
        kind: "bars",
        x: { label: { en: "block", zh: "块" } },
        y: { label: { en: "thousand multiply-accumulates", zh: "乘加次数（千）" } },
        categories: Array.from({ length: DEPTH }, (_, n) => String(n + 1)),
        series: [
          { name: { en: "this sub-network", zh: "这个子网" }, values: Array.from({ length: DEPTH }, (_, n) => (n < depth ? macsOf(width, kernel, size) / 1000 : 0)) },
          { name: { en: "the largest", zh: "最大网络" }, values: Array.from({ length: DEPTH }, () => macsOf(WIDTH, KERNEL, size) / 1000) },
        ],
      },
    ],
  };
}

export default { title, knobs, scene };
