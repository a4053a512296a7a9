// Scales, ticks, axes: the frame that every kind of plot is drawn into.
import { s, say } from "./dom.js";

export function format(value) {
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size < 1e-3 || size >= 1e5)
    return value
      .toExponential(size < 1e-3 ? 1 : 0)
      .replace(".0e", "e")
      .replace("e+", "e");
  return String(Number(value.toPrecision(3)));
}

function steps([low, high], count) {
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5].find((each) => each * power >= rough) ?? 10);
  const first = Math.ceil(low / step - 1e-9);
  return Array.from({ length: Math.floor(high / step + 1e-9) - first + 1 }, (_, n) =>
    Number(((first + n) * step).toPrecision(12)),
  );
}

function decades([low, high], count) {
  const [first, last] = [Math.ceil(Math.log10(low) - 1e-9), Math.floor(Math.log10(high) + 1e-9)];
  const stride = Math.max(1, Math.ceil((last - first + 1) / count));
  const all = Array.from({ length: Math.max(0, last - first + 1) }, (_, n) => first + n);
  const ticks = all.filter((power) => power % stride === 0).map((power) => Number(`1e${power}`));
  return ticks.length > 1 ? ticks : [low, Math.sqrt(low * high), high].map((value) => Number(value.toPrecision(2)));
}

// The domain is what is asked for, or what the values need.
function scale({ domain, log = false }, values, [from, to], count) {
  const finite = values.filter((value) => Number.isFinite(value) && (!log || value > 0));
  let [low, high] = domain ?? [Math.min(...finite), Math.max(...finite)];
  if (!Number.isFinite(low) || !Number.isFinite(high)) [low, high] = log ? [0.1, 1] : [0, 1];
  // A value that happens to come close to zero once must not press the rest of a logarithmic curve to the top.
  if (!domain && log && finite.length) low = finite.sort((a, b) => a - b)[Math.floor(finite.length * 0.03)];
  if (!domain && log) [low, high] = [Math.max(low, high * 1e-8) * 0.8, high * 1.25];
  if (low === high) [low, high] = log ? [low / 2, high * 2] : [low - 0.5, high + 0.5];
  if (!domain && !log) [low, high] = [low - 0.04 * (high - low), high + 0.04 * (high - low)];
  const warp = log ? (value) => Math.log(Math.max(value, low * 1e-3)) : (value) => value;
  const [a, b] = [warp(low), warp(high)];
  const place = (value) => from + ((warp(value) - a) / (b - a)) * (to - from);
  return { place, domain: [low, high], ticks: log ? decades([low, high], count) : steps([low, high], count) };
}

// An SVG with axes; `inside` is clipped to the plot (by an SVG of its own: ids would collide between widgets), `x` and `y` place values.
export function axes({ width, height, x, y, xs = [], ys = [], right = 14, lang, grid = true }) {
  const area = { left: 60, top: 12, right: width - right, bottom: height - 40 };
  const sx = scale(x, xs, [area.left, area.right], Math.max(2, Math.floor((area.right - area.left) / 52)));
  const sy = scale(y, ys, [area.bottom, area.top], Math.max(2, Math.floor((area.bottom - area.top) / 34)));
  const [w, t] = [area.right - area.left, area.bottom - area.top];
  const inside = s("svg", {
    x: area.left,
    y: area.top,
    width: w,
    height: t,
    viewBox: `${area.left} ${area.top} ${w} ${t}`,
  });
  const label = (text, attributes) => s("text", attributes, text);
  const middle = { x: (area.left + area.right) / 2, y: (area.top + area.bottom) / 2 };
  const svg = s(
    "svg",
    { width, height, viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true", focusable: "false" },
    ...sy.ticks.map(
      (tick) =>
        grid && s("line", { class: "sk-grid", x1: area.left, x2: area.right, y1: sy.place(tick), y2: sy.place(tick) }),
    ),
    ...sx.ticks.map((tick) =>
      label(format(tick), { class: "sk-tick", x: sx.place(tick), y: area.bottom + 16, "text-anchor": "middle" }),
    ),
    ...sy.ticks.map((tick) =>
      label(format(tick), { class: "sk-tick", x: area.left - 7, y: sy.place(tick) + 4, "text-anchor": "end" }),
    ),
    inside,
    s("path", { class: "sk-axis", d: `M${area.left} ${area.top}V${area.bottom}H${area.right}` }),
    label(say(x.label, lang), { class: "sk-label", x: middle.x, y: height - 6, "text-anchor": "middle" }),
    label(say(y.label, lang), {
      class: "sk-label",
      transform: `translate(11 ${middle.y}) rotate(-90)`,
      "text-anchor": "middle",
    }),
  );
  return { svg, inside, area, x: sx.place, y: sy.place };
}
