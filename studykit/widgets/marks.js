// The marks that plots are made of: told apart by dash and shape as well as by colour.
import { s } from "./dom.js";

const DASHES = ["", "6 4", "2 3", "9 3 2 3", "12 4", "4 2 1 2"];
export const style = (n) => ({ style: `--sk-series: var(--sk-${1 + (n % 6)})`, "stroke-dasharray": DASHES[n % 6] });
// The part of a curve that has been drawn so far.
export const thin = (points, upto) => points.slice(0, Math.max(1, Math.ceil(points.length * upto)));

export function line(points, x, y, n) {
  const known = (point) => point && Number.isFinite(point[1]);
  const d = points.map(([px, py], at) => {
    if (!known([px, py])) return "";
    return `${known(points[at - 1]) ? "L" : "M"}${x(px).toFixed(1)} ${y(py).toFixed(1)}`;
  });
  return s("path", { class: "sk-line", ...style(n), d: d.join("") });
}

// Circle, square, triangle, …: the end of a walk is told apart by shape as well as colour.
export function marker(x, y, n) {
  const shapes = [
    "M-5 0a5 5 0 1 0 10 0a5 5 0 1 0-10 0",
    "M-4.5-4.5h9v9h-9z",
    "M0-5.5L5.5 4.5h-11z",
    "M0-6L6 0L0 6L-6 0z",
  ];
  return s("path", { class: "sk-marker", style: style(n).style, transform: `translate(${x} ${y})`, d: shapes[n % 4] });
}

// How many pixels a text takes in the widgets' font, in the bold of the names beside lines.
let pen = null;
export function wide(text) {
  pen ??= document.createElement("canvas").getContext("2d");
  pen.font = `600 12px ${getComputedStyle(document.querySelector(".sk") ?? document.body).fontFamily}`;
  return pen.measureText(text).width;
}
