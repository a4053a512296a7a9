// Four of scikit-learn's 8 x 8 digits, the first of their class, 0 to 16; and what the pictures of mixup and CutMix share.
export const digits = {
  0: [
    [0, 0, 5, 13, 9, 1, 0, 0],
    [0, 0, 13, 15, 10, 15, 5, 0],
    [0, 3, 15, 2, 0, 11, 8, 0],
    [0, 4, 12, 0, 0, 8, 8, 0],
    [0, 5, 8, 0, 0, 9, 8, 0],
    [0, 4, 11, 0, 1, 12, 7, 0],
    [0, 2, 14, 5, 10, 12, 0, 0],
    [0, 0, 6, 13, 10, 0, 0, 0],
  ],
  3: [
    [0, 0, 7, 15, 13, 1, 0, 0],
    [0, 8, 13, 6, 15, 4, 0, 0],
    [0, 2, 1, 13, 13, 0, 0, 0],
    [0, 0, 2, 15, 11, 1, 0, 0],
    [0, 0, 0, 1, 12, 12, 1, 0],
    [0, 0, 0, 0, 1, 10, 8, 0],
    [0, 0, 8, 4, 5, 14, 9, 0],
    [0, 0, 7, 13, 13, 9, 0, 0],
  ],
  7: [
    [0, 0, 7, 8, 13, 16, 15, 1],
    [0, 0, 7, 7, 4, 11, 12, 0],
    [0, 0, 0, 0, 8, 13, 1, 0],
    [0, 4, 8, 8, 15, 15, 6, 0],
    [0, 2, 11, 15, 15, 4, 0, 0],
    [0, 0, 0, 16, 5, 0, 0, 0],
    [0, 0, 9, 15, 1, 0, 0, 0],
    [0, 0, 13, 5, 0, 0, 0, 0],
  ],
  8: [
    [0, 0, 9, 14, 8, 1, 0, 0],
    [0, 0, 12, 14, 14, 12, 0, 0],
    [0, 0, 9, 10, 0, 15, 4, 0],
    [0, 0, 3, 16, 12, 14, 2, 0],
    [0, 0, 4, 16, 16, 2, 0, 0],
    [0, 3, 16, 8, 10, 13, 2, 0],
    [0, 1, 15, 1, 3, 16, 8, 0],
    [0, 0, 11, 16, 15, 11, 1, 0],
  ],
};

export const number = (value) => String(Number(value.toPrecision(3)));

export const picture = (rows, label) => ({ kind: "heat", x: { label }, y: { label: { en: "row", zh: "行" } }, rows, low: 0, high: 16 });

// The label as bars over the classes that can be chosen.
export function labelled(first, second, lam, label) {
  const classes = Object.keys(digits);
  const share = (name) => (name === first ? lam : 0) + (name === second ? 1 - lam : 0);
  return {
    kind: "bars",
    x: { label },
    y: { label: { en: "weight in the label", zh: "标签里的权重" }, domain: [0, 1.1] },
    categories: classes.map((name) => ({ en: name, zh: name })),
    series: [{ name: { en: "label", zh: "标签" }, values: classes.map((name) => Number(share(name).toPrecision(3))) }],
  };
}

// The share of draws from Beta(a, a) below x. Below 1 the density is infinite at 0, so u = t^a is integrated over instead.
export function below(x, a) {
  const integral = (to) => {
    const [count, end] = [400, a < 1 ? to ** a : to];
    let sum = 0;
    for (let n = 0; n < count; n++) {
      const at = ((n + 0.5) / count) * end;
      sum += a < 1 ? (1 - at ** (1 / a)) ** (a - 1) / a : (4 * at * (1 - at)) ** (a - 1);
    }
    return (sum * end) / count;
  };
  return x > 0.5 ? 1 - below(1 - x, a) : (0.5 * integral(x)) / integral(0.5);
}
