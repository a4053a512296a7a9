// ZeRO: bytes of model states on one rank by stage, how they fall with the ranks, and what a step sends.

export const title = { "en": "ZeRO: bytes per rank", "zh": "ZeRO：每张卡的字节数" };

export const knobs = [
  { "name": "params", "kind": "log", "low": 1e8, "high": 2e12, "default": 7.5e9, "label": { "en": "parameters", "zh": "参数个数" } },
  { "name": "ranks", "kind": "log", "low": 1, "high": 4096, "default": 64, "label": { "en": "ranks", "zh": "卡数" } },
  {
    "name": "stage", "kind": "choice", "default": "3", "label": { "en": "stage", "zh": "阶段" },
    "choices": [
      { "value": "0", "en": "0: plain data parallel", "zh": "0：普通数据并行" },
      { "value": "1", "en": "1: optimizer states", "zh": "1：优化器状态" },
      { "value": "2", "en": "2: gradients too", "zh": "2：再切梯度" },
      { "value": "3", "en": "3: parameters too", "zh": "3：再切参数" }
    ]
  },
  { "name": "optimizer_bytes", "kind": "range", "low": 0, "high": 16, "step": 1, "default": 12, "label": { "en": "optimizer bytes per parameter", "zh": "优化器每参数字节数" } },
  { "name": "parts", "kind": "range", "low": 1, "high": 16, "step": 1, "default": 1, "label": { "en": "micro-batches per step", "zh": "每步的 micro-batch 数" } },
  { "name": "card", "kind": "range", "low": 8, "high": 200, "step": 8, "default": 80, "label": { "en": "memory of a card, GB", "zh": "单卡显存，GB" } }
];

const STAGES = [0, 1, 2, 3];
const named = (stage) => (stage ? { en: `stage ${stage}`, zh: `阶段 ${stage}` } : { en: "plain", zh: "普通" });
const ofRanks = (count) => `${count} rank${count === 1 ? "" : "s"}`;
const number = (value) => (value >= 1e5 ? value.toExponential(1).replace(".0e", "e").replace("e+", "e") : String(Number(value.toPrecision(3))));

// Bytes of parameters, gradients and optimizer states on one rank.
export function memory(params, ranks, stage, optimizerBytes) {
  const share = params / ranks;
  return [2 * (stage >= 3 ? share : params), 2 * (stage >= 2 ? share : params), optimizerBytes * (stage >= 1 ? share : params)];
}

export const total = (...asked) => memory(...asked).reduce((a, b) => a + b, 0);

// Bytes of the tensors given to collectives in a step, an all-reduce twice; two bytes per element.
export function traffic(params, ranks, stage, parts) {
  if (ranks === 1) return 0;
  return 2 * params * [2, 2, parts + 1, 3 * parts][stage];
}

// The fewest ranks whose states fit, null where no number is enough.
function enough(params, stage, optimizerBytes, room) {
  for (let ranks = 1; ranks <= 65536; ranks *= 2) if (total(params, ranks, stage, optimizerBytes) <= room) return ranks;
  return null;
}

function scene({ params, ranks: rough, stage: chosen, optimizer_bytes, parts, card }) {
  const ranks = Math.round(rough);
  const stage = Number(chosen);
  const gigabytes = (...asked) => total(...asked) / 1e9;
  const own = gigabytes(params, ranks, stage, optimizer_bytes);
  const plain = gigabytes(params, ranks, 0, optimizer_bytes);
  const sent = traffic(params, ranks, stage, parts) / 1e9;
  const needed = enough(params, stage, optimizer_bytes, card * 1e9);
  const kinds = memory(params, ranks, stage, optimizer_bytes).map((each) => number(each / 1e9));
  const steps = Array.from({ length: 13 }, (_, power) => 2 ** power);
  return {
    summary: {
      en:
        `${number(params)} parameters on ${ofRanks(ranks)}, ${named(stage).en}: parameters ${kinds[0]}, gradients ${kinds[1]}, optimizer ` +
        `${kinds[2]}, together ${number(own)} GB per rank instead of ${number(plain)}; before activations. With ${card} GB ` +
        (needed ? `it takes ${ofRanks(needed)} (powers of 2)` : "no number of ranks is enough") +
        `. Each rank gives ${number(sent)} GB to collectives per step.`,
      zh:
        `${number(params)} 个参数，${ranks} 张卡，${named(stage).zh}：参数 ${kinds[0]}、梯度 ${kinds[1]}、优化器 ${kinds[2]}，` +
        `每卡共 ${number(own)} GB，不切是 ${number(plain)} GB；激活还没算。单卡 ${card} GB，` +
        (needed ? `需要 ${needed} 张卡（取 2 的幂）` : "多少张卡都不够") +
        `。每张卡每步交给集合通信 ${number(sent)} GB。`,
    },
    panels: [
      {
        kind: "bars",
        x: { label: { en: "model states on one rank", zh: "单卡的模型状态" } },
        y: { label: { en: "GB", zh: "GB" } },
        categories: STAGES.map(named),
        series: ["parameters", "gradients", "optimizer"].map((kind, n) => ({
          name: { en: kind, zh: ["参数", "梯度", "优化器"][n] },
          values: STAGES.map((each) => Number((memory(params, ranks, each, optimizer_bytes)[n] / 1e9).toPrecision(3))),
        })),
      },
      {
        kind: "lines",
        x: { log: true, domain: [1, 4096], label: { en: "ranks", zh: "卡数" } },
        y: { log: true, label: { en: "GB per rank, all states", zh: "每卡 GB，全部状态" } },
        marks: [{ x: ranks, label: { en: "yours", zh: "你选的" } }],
        series: [
          ...STAGES.map((each) => ({
            name: named(each),
            points: steps.map((count) => [count, gigabytes(params, count, each, optimizer_bytes)]),
          })),
          { name: { en: "one card", zh: "单卡显存" }, points: steps.map((count) => [count, card]) },
        ],
      },
      {
        kind: "bars",
        x: { label: { en: "given to collectives per step by one rank", zh: "每卡每步交给集合通信的量" } },
        y: { label: { en: "GB", zh: "GB" } },
        categories: STAGES.map(named),
        series: [
          { name: { en: "GB per step", zh: "每步 GB" }, values: STAGES.map((each) => Number((traffic(params, ranks, each, parts) / 1e9).toPrecision(3))) },
        ],
      },
    ],
  };
}

export default { title, knobs, scene };
