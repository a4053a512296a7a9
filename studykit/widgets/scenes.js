// What a technique's `scene(values)` may ask for. A scene is one of the kinds below, or { panels: [scene, …] }, with
//   summary: Text      what the picture shows, in a sentence; it is the alternative text
//   frames: number     optional; how many steps the drawing takes when it is played
// A Text is { en, zh } or a string. An axis is { label: Text, domain?: [low, high], log?: bool }.
//   surface  { key, loss(x, y), x, y, marks: [{ at: [x, y], label }], series: [{ name, points: [[x, y], …] }] }
//            contours of `loss` under walks; `key` changes when `loss` or the domains do
//   lines    { x, y, series: [{ name, points: [[x, y], …] }], marks?: [{ x, label }] }   a y of null is a gap
//   bars     { x: { label }, y, categories: [Text], series: [{ name, values: [number] }] }
//   heat     { x: { label, names? }, y: { label, names? }, rows: [[number]], low?, high?, numbers?: bool }   also masks: 0 and 1
//   cube     { label, x, y, z: { label }, values: [[[number]]], marked: [[[bool]]] }   rows of columns of layers: the hull, and marked cells in it
//   tree     { nodes: [{ depth, label, boxes?: [{ label, series: number }] }], series: [{ name }] }   a module tree and its tensors
import { axes, format } from "./axes.js";
import { cube } from "./cube.js";
import { h, s, say } from "./dom.js";
import { line, style, thin, wide } from "./marks.js";
import { surface } from "./surface.js";
import { tree } from "./tree.js";

function lines(scene, { width, height, lang, upto }) {
  const names = scene.series.map(({ name }) => say(name, lang));
  const needed = Math.max(0, ...names.map(wide)) + 14;
  const direct = needed < width * 0.3 && names.length <= 5;
  const all = scene.series.flatMap(({ points }) => points).filter(([, value]) => value !== null);
  const plot = axes({
    width,
    height,
    x: scene.x,
    y: scene.y,
    xs: all.map(([v]) => v),
    ys: all.map(([, v]) => v),
    right: direct ? needed : 14,
    lang,
  });
  for (const { x, label } of scene.marks ?? []) {
    plot.inside.append(s("path", { class: "sk-mark", d: `M${plot.x(x)} ${plot.area.top}V${plot.area.bottom}` }));
    plot.inside.append(s("text", { class: "sk-note", x: plot.x(x) + 5, y: plot.area.top + 12 }, say(label, lang)));
  }
  const ends = [];
  for (const [n, { points }] of [...scene.series.entries()].reverse()) {
    const drawn = thin(points, upto);
    plot.inside.append(line(drawn, plot.x, plot.y, n));
    const last = drawn.findLast(([, value]) => value !== null && Number.isFinite(value));
    if (last)
      ends.push({ n, x: plot.x(last[0]), y: Math.min(Math.max(plot.y(last[1]), plot.area.top), plot.area.bottom) });
  }
  if (direct) plot.svg.append(...labels(ends, names, plot.area));
  return h("div", { class: "sk-plot", style: `height:${height}px` }, plot.svg);
}

// Names beside the ends of their lines, pushed apart where two would overlap.
function labels(ends, names, area) {
  const sorted = ends.sort((a, b) => a.y - b.y);
  let above = -Infinity;
  for (const end of sorted) above = end.label = Math.max(end.y, above + 15);
  const over = Math.max(0, above - area.bottom);
  return sorted.map((end) =>
    s("text", { class: "sk-direct", style: style(end.n).style, x: end.x + 7, y: end.label - over + 4 }, names[end.n]),
  );
}

function bars(scene, { width, height, lang }) {
  const values = scene.series.flatMap((series) => series.values);
  const y = { domain: [Math.min(0, ...values) * 1.1, Math.max(0, ...values) * 1.1 || 1], ...scene.y };
  const categories = scene.categories.length;
  const plot = axes({ width, height, x: { ...scene.x, domain: [0, categories], log: false }, y, lang });
  plot.svg.querySelectorAll(`.sk-tick[text-anchor="middle"]`).forEach((tick) => tick.remove());
  const slot = plot.x(1) - plot.x(0);
  const thick = (slot * 0.76) / scene.series.length;
  for (const [c, category] of scene.categories.entries()) {
    plot.svg.append(
      s(
        "text",
        { class: "sk-tick", x: plot.x(c + 0.5), y: plot.area.bottom + 16, "text-anchor": "middle" },
        say(category, lang),
      ),
    );
    for (const [n, series] of scene.series.entries()) {
      const left = plot.x(c) + slot * 0.12 + n * thick;
      const [top, zero] = [plot.y(series.values[c]), plot.y(y.log ? y.domain[0] : 0)];
      plot.inside.append(
        s("rect", {
          class: "sk-bar",
          style: style(n).style,
          x: left + 1,
          y: Math.min(top, zero),
          width: Math.max(1, thick - 2),
          height: Math.abs(zero - top),
        }),
      );
      if (thick > 30)
        plot.svg.append(
          s(
            "text",
            { class: "sk-value", x: left + thick / 2, y: Math.min(top, zero) - 4, "text-anchor": "middle" },
            format(series.values[c]),
          ),
        );
    }
  }
  return h("div", { class: "sk-plot", style: `height:${height}px` }, plot.svg);
}

function heat(scene, { width, height, lang }) {
  const [rows, columns] = [scene.rows.length, scene.rows[0].length];
  const flat = scene.rows.flat();
  const [low, high] = [scene.low ?? Math.min(...flat), scene.high ?? Math.max(...flat)];
  const plot = axes({
    width,
    height,
    x: { ...scene.x, domain: [0, columns] },
    y: { ...scene.y, domain: [rows, 0] },
    lang,
    grid: false,
  });
  plot.svg.querySelectorAll(".sk-tick").forEach((tick) => tick.remove());
  const [cellWidth, cellHeight] = [plot.x(1) - plot.x(0), plot.y(1) - plot.y(0)];
  for (const [r, row] of scene.rows.entries()) {
    for (const [c, value] of row.entries()) {
      const share = Math.min(1, Math.max(0, (value - low) / (high - low || 1)));
      plot.inside.append(
        s("rect", {
          class: "sk-cell",
          x: plot.x(c),
          y: plot.y(r),
          width: cellWidth - 1,
          height: cellHeight - 1,
          "fill-opacity": 0.06 + 0.94 * share,
        }),
      );
      if (scene.numbers && cellWidth > 30)
        plot.inside.append(
          s(
            "text",
            {
              class: share > 0.5 ? "sk-on" : "sk-value",
              x: plot.x(c + 0.5),
              y: plot.y(r + 0.5) + 4,
              "text-anchor": "middle",
            },
            format(value),
          ),
        );
    }
  }
  const names = (axis, count) => axis.names ?? Array.from({ length: count }, (_, n) => String(n + 1));
  const every = (count, room) => Math.max(1, Math.ceil((count * room) / (plot.area.right - plot.area.left)));
  names(scene.x, columns).forEach(
    (name, n) =>
      n % every(columns, 34) === 0 &&
      plot.svg.append(
        s(
          "text",
          { class: "sk-tick", x: plot.x(n + 0.5), y: plot.area.bottom + 16, "text-anchor": "middle" },
          say(name, lang),
        ),
      ),
  );
  names(scene.y, rows).forEach(
    (name, n) =>
      n % every(rows, 26) === 0 &&
      plot.svg.append(
        s(
          "text",
          { class: "sk-tick", x: plot.area.left - 7, y: plot.y(n + 0.5) + 4, "text-anchor": "end" },
          say(name, lang),
        ),
      ),
  );
  return h("div", { class: "sk-plot", style: `height:${height}px` }, plot.svg);
}

const KINDS = { surface, lines, bars, heat, cube, tree };

function legend({ series = [] }, lang) {
  if (series.length < 2) return null;
  const sample = (n) =>
    s(
      "svg",
      { width: 30, height: 10, "aria-hidden": "true" },
      s("path", { class: "sk-line", ...style(n), d: "M1 5H29" }),
    );
  return h("ul", { class: "sk-legend" }, ...series.map(({ name }, n) => h("li", {}, sample(n), say(name, lang))));
}

// Panels that show the same series share one legend; otherwise one colour would have two names in it.
function alike(panels, lang) {
  const names = panels
    .filter((panel) => panel.series)
    .map(({ series }) => series.map(({ name }) => say(name, lang)).join("\n"));
  return names.length > 0 && names.every((each) => each === names[0]);
}

// A figure that is drawn again whenever the scene, the language or the width changes.
export function figure() {
  const element = h("div", { class: "sk-figure", role: "img" });
  const kept = [];
  function draw(scene, lang, upto = 1) {
    const panels = scene.panels ?? [scene];
    const room = element.clientWidth || 600;
    const columns = room >= 620 ? Math.min(panels.length, 2) : 1;
    const width = Math.floor((room - 20 * (columns - 1)) / columns);
    const height = Math.round(Math.min(340, Math.max(220, width * 0.7)));
    const together = alike(panels, lang);
    const drawn = panels.map((panel, n) => {
      const plot = KINDS[panel.kind](panel, { width, height, lang, upto, kept: (kept[n] ??= {}) });
      return h("div", {}, together ? null : legend(panel, lang), plot);
    });
    element.setAttribute("aria-label", say(scene.summary, lang));
    const parts = [
      together &&
        legend(
          panels.find((panel) => panel.series),
          lang,
        ),
      h("div", { class: "sk-panels", style: `grid-template-columns: repeat(${columns}, ${width}px)` }, ...drawn),
    ];
    element.replaceChildren(...parts.filter(Boolean));
  }
  return { element, draw };
}
