// A module tree: a line for each module, and on it a box for each of its tensors, filled for the first series, outlined for the others.
import { h, s, say } from "./dom.js";
import { style, wide } from "./marks.js";

const [INDENT, GAP] = [14, 6];

export function tree({ nodes }, { width, height, lang }) {
  const row = Math.min(25, height / nodes.length);
  const left = Math.max(...nodes.map(({ depth, label }) => depth * INDENT + wide(say(label, lang)))) + 12;
  const svg = s("svg", { width, height, "aria-hidden": "true" });
  for (const [n, { depth, label, boxes = [] }] of nodes.entries()) {
    const middle = (n + 0.5) * row;
    svg.append(s("text", { class: "sk-label", x: depth * INDENT, y: middle + 4 }, say(label, lang)));
    let x = left;
    for (const box of boxes) {
      const text = say(box.label, lang);
      const size = wide(text) + 12;
      const filled = box.series === 0;
      svg.append(
        s("rect", {
          class: filled ? "sk-bar" : "sk-line",
          ...(filled ? { style: style(0).style } : style(box.series)),
          x,
          y: middle - row / 2 + 2,
          width: size,
          height: row - 4,
          rx: 3,
        }),
        s("text", { class: filled ? "sk-on" : "sk-value", x: x + size / 2, y: middle + 4, "text-anchor": "middle" }, text),
      );
      x += size + GAP;
    }
  }
  return h("div", { class: "sk-plot", style: `height:${height}px` }, svg);
}
