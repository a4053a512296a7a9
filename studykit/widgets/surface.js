// A loss over two weights as contours, with the walks of optimizers on it.
import { axes } from "./axes.js";
import { h, s, say } from "./dom.js";
import { line, marker, style, thin, wide } from "./marks.js";

// Bands of equal ratio of the loss. Only transparency varies, so one image serves the light theme and the dark.
function contours(scene, area, kept) {
  const [width, height] = [Math.round(area.right - area.left), Math.round(area.bottom - area.top)];
  const key = `${scene.key} ${width} ${height}`;
  if (kept.key === key) return kept.canvas;
  const canvas = h("canvas", { width, height, "aria-hidden": "true", style: `left:${area.left}px; top:${area.top}px` });
  const levels = new Float32Array((width + 1) * (height + 1));
  const [[x0, x1], [y0, y1]] = [scene.x.domain, scene.y.domain];
  for (let j = 0; j <= height; j++) {
    for (let i = 0; i <= width; i++) {
      const loss = scene.loss(x0 + ((x1 - x0) * i) / width, y1 + ((y0 - y1) * j) / height);
      levels[j * (width + 1) + i] = 1.6 * Math.log2(1 + 12 * loss);
    }
  }
  let top = 1;
  for (const level of levels) top = Math.max(top, level);
  const context = canvas.getContext("2d");
  const image = context.createImageData(width, height);
  for (let j = 0; j < height; j++) {
    for (let i = 0; i < width; i++) {
      const at = j * (width + 1) + i;
      const slope = Math.hypot(levels[at + 1] - levels[at], levels[at + width + 1] - levels[at]) + 1e-6;
      const distance = Math.abs(levels[at] - Math.round(levels[at])) / slope;
      const edge = Math.max(0, 1 - distance) * Math.min(1, 0.5 / slope);
      const alpha = 0.05 + 0.3 * (Math.floor(levels[at]) / top) + 0.22 * edge;
      image.data.set([74, 118, 176, 255 * alpha], 4 * (j * width + i));
    }
  }
  context.putImageData(image, 0, 0);
  Object.assign(kept, { key, canvas });
  return canvas;
}

export function surface(scene, { width, height, lang, upto, kept }) {
  const { svg, inside, area, x, y } = axes({ width, height, x: scene.x, y: scene.y, lang, grid: false });
  for (const { at, label } of scene.marks ?? []) {
    const [px, py] = [x(at[0]), y(at[1])];
    const side = px + wide(say(label, lang)) + 12 > area.right ? { x: px - 9, "text-anchor": "end" } : { x: px + 9 };
    inside.append(s("path", { class: "sk-cross", d: `M${px - 5} ${py}h10M${px} ${py - 5}v10` }));
    inside.append(s("text", { class: "sk-note", y: py + 18, ...side }, say(label, lang)));
  }
  // The first series is what the picture is about: it is drawn last, on top.
  for (const [n, { points }] of [...scene.series.entries()].reverse()) {
    const drawn = thin(points, upto);
    inside.append(line(drawn, x, y, n));
    if (drawn.length <= 81)
      inside.append(
        ...drawn.map(([a, b]) => s("circle", { class: "sk-step", style: style(n).style, cx: x(a), cy: y(b), r: 1.8 })),
      );
    inside.append(marker(x(drawn.at(-1)[0]), y(drawn.at(-1)[1]), n));
  }
  const [a, b] = scene.series[0].points[0];
  inside.append(
    s("circle", { class: "sk-start", cx: x(a), cy: y(b), r: 4 }),
    s("text", { class: "sk-note", x: x(a), y: y(b) - 9, "text-anchor": "middle" }, lang === "zh" ? "起点" : "start"),
  );
  return h("div", { class: "sk-plot", style: `height:${height}px` }, contours(scene, area, kept), svg);
}
