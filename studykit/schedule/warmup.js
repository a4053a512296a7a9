// The schedule from its formula, and a map of learning rate by warm-up for one weight that starts where its loss is steep.

export const title = { "en": "Warm-up", "zh": "学习率 warmup" };

export const knobs = [
  { "name": "lr", "kind": "log", "low": 0.003, "high": 1, "default": 0.2, "label": { "en": "base learning rate", "zh": "基准学习率" } },
  { "name": "warmup_steps", "kind": "range", "low": 0, "high": 60, "step": 1, "default": 20, "label": { "en": "warm-up steps", "zh": "warmup 步数" } },
  { "name": "total_steps", "kind": "range", "low": 60, "high": 200, "step": 1, "default": 100, "label": { "en": "steps of the run", "zh": "总步数" } },
  { "name": "floor", "kind": "range", "low": 0, "high": 0.5, "step": 0.01, "default": 0, "label": { "en": "min_lr / base learning rate", "zh": "min_lr / 基准学习率" } },
  { "name": "start", "kind": "range", "low": 0.5, "high": 3, "step": 0.1, "default": 2.5, "label": { "en": "steepness of the start", "zh": "起点有多陡" } }
];

export function rate(t, { lr, warmup_steps, total_steps, floor }) {
  if (t < warmup_steps) return (lr * t) / warmup_steps;
  const done = (t - warmup_steps) / Math.max(1, total_steps - warmup_steps);
  return lr * (floor + ((1 - floor) * (1 + Math.cos(Math.PI * done))) / 2);
}

// Gradient descent on the loss (1 - e^-w)² from w = -start: its curvature there is far above the 2 at the minimum w = 0, and to
// the right lies a plateau with hardly any gradient, where a first step that is too long ends up.
export function losses(knobs) {
  let w = -knobs.start;
  const found = [(1 - Math.exp(-w)) ** 2];
  for (let t = 0; t < knobs.total_steps; t++) {
    w -= rate(t, knobs) * 2 * (1 - Math.exp(-w)) * Math.exp(-w);
    found.push((1 - Math.exp(-w)) ** 2);
  }
  return found;
}

const RATES = [0.003, 0.01, 0.03, 0.06, 0.1, 0.2, 0.3, 0.6, 1];
const WARMUPS = [0, 5, 10, 20, 30, 40, 60];
// Powers of ten, cut off at 1e-6: what is below is as good as arrived; above 1 a step on the steep side went the wrong way.
const power = (loss) => (loss < 1e6 ? Math.max(-6, Math.min(6, Math.log10(loss + 1e-9))) : 6);

export const path = (knobs) => Array.from({ length: knobs.total_steps + 1 }, (_, t) => rate(t, knobs));

function outcome(loss) {
  if (loss < 1e-3) return { en: "it arrives", zh: "到达极小点" };
  if (loss > 0.5) return { en: "it is stuck on the plateau", zh: "卡在平台上" };
  return { en: `it is under way, loss ${loss.toPrecision(2)}`, zh: `还在路上，损失 ${loss.toPrecision(2)}` };
}

export function scene(knobs) {
  const without = { ...knobs, warmup_steps: 0 };
  const runs = [
    { name: { en: "With warm-up", zh: "有 warmup" }, knobs },
    { name: { en: "Without", zh: "没有" }, knobs: without },
  ].map((run) => ({ ...run, losses: losses(run.knobs) }));
  const [mine, theirs] = runs.map((run) => outcome(run.losses.at(-1)));
  const x = { domain: [0, knobs.total_steps], label: { en: "step", zh: "步" } };
  const series = (values) => runs.map((run) => ({ name: run.name, points: values(run).map((value, t) => [t, value]) }));
  return {
    frames: knobs.total_steps,
    summary: {
      en: `Base learning rate ${knobs.lr}. With ${knobs.warmup_steps} warm-up steps: ${mine.en}. Without: ${theirs.en}. The map has the power of ten of the final loss: dark is far away, light has arrived.`,
      zh: `基准学习率 ${knobs.lr}。${knobs.warmup_steps} 步 warmup：${mine.zh}。没有 warmup：${theirs.zh}。图中数字是最终损失的 10 的幂次：深色还很远，浅色已到达。`,
    },
    panels: [
      {
        kind: "lines", x, series: series((run) => path(run.knobs)),
        y: { domain: [0, knobs.lr * 1.05], label: { en: "learning rate", zh: "学习率" } },
      },
      {
        kind: "lines", x, series: series((run) => run.losses.map((loss) => Math.max(loss, 1e-9))),
        y: { log: true, domain: [1e-9, 1e3], label: { en: "loss", zh: "损失" } },
      },
      {
        kind: "heat", low: -6, high: 0, numbers: true,
        x: { label: { en: "base learning rate", zh: "基准学习率" }, names: RATES.map(String) },
        y: { label: { en: "warm-up steps", zh: "warmup 步数" }, names: WARMUPS.map(String) },
        rows: WARMUPS.map((warmup_steps) =>
          RATES.map((lr) => power(losses({ ...knobs, lr, warmup_steps }).at(-1))).map((value) => Number(value.toFixed(1))),
        ),
      },
    ],
  };
}

export default { title, knobs, path, scene };
