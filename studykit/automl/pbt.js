// The toy of Jaderberg et al. 2017, figure 2: two members climb a surrogate, are scored by the true quality, and exploit and explore.

export const title = { "en": "Population-based training", "zh": "基于种群的训练（PBT）" };

export const knobs = [
  { "name": "exploit", "kind": "switch", "default": true, "label": { "en": "exploit", "zh": "利用（exploit）" } },
  { "name": "explore", "kind": "switch", "default": true, "label": { "en": "explore", "zh": "探索（explore）" } },
  {
    "name": "copied", "kind": "choice", "default": "both", "label": { "en": "what exploit copies", "zh": "利用时抄什么" },
    "choices": [
      { "value": "both", "en": "weights and hyper-parameters", "zh": "权重和超参" },
      { "value": "weights", "en": "weights only", "zh": "只抄权重" },
      { "value": "hyperparameters", "en": "hyper-parameters only", "zh": "只抄超参" }
    ]
  },
  { "name": "interval", "kind": "range", "low": 1, "high": 50, "step": 1, "default": 8, "label": { "en": "interval (steps)", "zh": "间隔（步）" } },
  { "name": "lr", "kind": "log", "low": 0.002, "high": 0.1, "default": 0.01, "label": { "en": "learning rate", "zh": "学习率" } },
  { "name": "steps", "kind": "range", "low": 10, "high": 300, "step": 5, "default": 200, "label": { "en": "steps", "zh": "步数" } },
  { "name": "seed", "kind": "range", "low": 0, "high": 9, "step": 1, "default": 0, "label": { "en": "draw", "zh": "随机种子" } }
];

const RESAMPLE = 0.25;
const quality = ([a, b]) => 1.2 - a * a - b * b;

function uniform(seed) {
  let state = (seed + 1) * 0x9e3779b9;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const changed = (h, draw) => h.map((value) => {
  const [anew, up, fresh] = [draw() < RESAMPLE, draw() < 0.5, draw()];
  return anew ? fresh : Math.min(1, value * (up ? 1.2 : 0.8));
});

// The steps of both members: where they are, their hyper-parameters, and in which steps one copied the other.
export function train({ exploit, explore, copied, interval, lr, steps, seed }) {
  const draw = uniform(seed);
  let members = [{ theta: [0.9, 0.9], h: [1, 0] }, { theta: [0.9, 0.9], h: [0, 1] }];
  const history = [members.map(({ theta, h }) => ({ theta, h }))], jumps = [];
  for (let step = 1; step <= steps; step++) {
    if (step > 1 && (step - 1) % interval === 0) {
      const [best, worst] = quality(members[0].theta) > quality(members[1].theta) ? [0, 1] : [1, 0];
      if (exploit) {
        const { theta, h } = members[best];
        members[worst] = { theta: copied === "hyperparameters" ? members[worst].theta : theta, h: copied === "weights" ? members[worst].h : h };
        jumps.push({ step, member: worst });
        if (explore) members[worst] = { ...members[worst], h: changed(members[worst].h, draw) };
      } else if (explore) members = members.map((each) => ({ ...each, h: changed(each.h, draw) }));
    }
    // Gradient ascent on the surrogate 1.2 - h0 theta0² - h1 theta1².
    members = members.map(({ theta, h }) => ({ theta: theta.map((each, n) => each * (1 - 2 * lr * h[n])), h }));
    history.push(members.map(({ theta, h }) => ({ theta, h })));
  }
  return { history, jumps };
}

const number = (value) => value.toFixed(3);
export const path = (knobs) => train(knobs).history.map((each) => each.map(({ theta }) => theta));

export function scene(knobs) {
  const { history, jumps } = train(knobs);
  const names = [{ en: "member 1, begins with h = (1, 0)", zh: "成员 1，初始 h = (1, 0)" }, { en: "member 2, begins with h = (0, 1)", zh: "成员 2，初始 h = (0, 1)" }];
  const along = (read) => names.map((name, n) => ({ name, points: history.map((each, step) => [step, read(each[n])]) }));
  const best = Math.max(...history.at(-1).map(({ theta }) => quality(theta)));
  const ratio = ({ h: [a, b] }) => (a + b > 0 ? a / (a + b) : null);
  return {
    summary: {
      en: `After ${knobs.steps} steps the better member has Q = ${number(best)} of 1.2. One copied the other ${jumps.length} times.`,
      zh: `${knobs.steps} 步之后，较好的成员 Q = ${number(best)}，上限 1.2。共抄了 ${jumps.length} 次。`,
    },
    frames: history.length,
    panels: [
      {
        kind: "surface", key: "pbt", loss: (a, b) => a * a + b * b,
        x: { domain: [-0.15, 1.05], label: { en: "theta 0", zh: "theta 0" } }, y: { domain: [-0.15, 1.05], label: { en: "theta 1", zh: "theta 1" } },
        marks: [{ at: [0, 0], label: { en: "Q = 1.2", zh: "Q = 1.2" } }],
        series: names.map((name, n) => ({ name, points: history.map((each) => each[n].theta) })),
      },
      {
        kind: "lines", x: { label: { en: "step", zh: "步" } }, y: { domain: [-0.5, 1.25], label: { en: "true quality Q", zh: "真实质量 Q" } },
        series: along(({ theta }) => quality(theta)),
      },
      {
        kind: "lines", x: { label: { en: "step", zh: "步" } }, y: { domain: [0, 1], label: { en: "h0 / (h0 + h1)", zh: "h0 / (h0 + h1)" } },
        series: along(ratio),
      },
    ],
  };
}

export default { title, knobs, path, scene };
