// A block of numbers with three axes: its hull in the strength of the values, and in it, solid, the cells that are marked.
import { h, s, say } from "./dom.js";
import { style } from "./marks.js";

const [MARGIN, CAPTION] = [30, 18];

export function cube({ label, x, y, z, values, marked }, { width, height, lang }) {
  const [rows, columns, layers] = [values.length, values[0].length, values[0][0].length];
  const room = [width - 2 * MARGIN, height - 2 * MARGIN - CAPTION];
  // One cell to the right, down, and back, which is up and to the right on the paper.
  const right = (room[0] * 0.62) / columns;
  const down = (room[1] * 0.68) / rows;
  const back = [(room[0] * 0.34) / layers, (room[1] * 0.3) / layers];
  const at = (column, row, layer) => [
    MARGIN + column * right + layer * back[0],
    MARGIN + back[1] * layers + row * down - layer * back[1],
  ];
  const flat = values.flat(2);
  const [low, high] = [Math.min(...flat), Math.max(...flat)];
  const face = (corners, look) => s("path", { ...look, d: `M${corners.map((corner) => at(...corner).join(" ")).join("L")}Z` });
  const front = (c, r, l) => [[c, r, l], [c + 1, r, l], [c + 1, r + 1, l], [c, r + 1, l]];
  const top = (c, r, l) => [[c, r, l], [c + 1, r, l], [c + 1, r, l + 1], [c, r, l + 1]];
  const side = (c, r, l) => [[c + 1, r, l], [c + 1, r, l + 1], [c + 1, r + 1, l + 1], [c + 1, r + 1, l]];
  const svg = s("svg", { width, height, "aria-hidden": "true" });
  const count = (n) => Array.from({ length: n }, (_, i) => i);
  const hull = (corners, value) =>
    svg.append(face(corners, { class: "sk-cell", "fill-opacity": 0.06 + (0.5 * (value - low)) / (high - low || 1) }));
  const solid = (corners, opacity) =>
    svg.append(face(corners, { class: "sk-bar", style: style(1).style, "fill-opacity": opacity, stroke: "currentColor", "stroke-width": 0.5 }));
  for (const r of count(rows)) for (const c of count(columns)) hull(front(c, r, 0), values[r][c][0]);
  for (const c of count(columns)) for (const l of count(layers)) hull(top(c, 0, l), values[0][c][l]);
  for (const r of count(rows)) for (const l of count(layers)) hull(side(columns - 1, r, l), values[r][columns - 1][l]);
  // From the back to the front, from the bottom to the top, from the left to the right: what is nearer covers what is behind.
  for (const l of count(layers).reverse())
    for (const r of count(rows).reverse())
      for (const c of count(columns)) {
        if (!marked[r][c][l]) continue;
        solid(front(c, r, l), 0.95);
        solid(top(c, r, l), 0.7);
        solid(side(c, r, l), 0.8);
      }
  const text = (place, turn, axis) =>
    svg.append(s("text", { class: "sk-label", "text-anchor": "middle", transform: `translate(${place}) rotate(${turn})` }, say(axis.label, lang)));
  const [bottom, left, edge] = [at(columns / 2, rows, 0), at(0, rows / 2, 0), at(columns, rows, layers / 2)];
  text(`${bottom[0]} ${bottom[1] + 18}`, 0, x);
  text(`${left[0] - 12} ${left[1]}`, -90, y);
  text(`${edge[0] + 16} ${edge[1] + 14}`, (-180 / Math.PI) * Math.atan2(back[1], back[0]), z);
  svg.append(s("text", { class: "sk-label", x: width / 2, y: height - 6, "text-anchor": "middle" }, say(label, lang)));
  return h("div", { class: "sk-plot", style: `height:${height}px` }, svg);
}
