// Curves that grow while something trains, and one line that says how it stands.
import { format } from "./axes.js";
import { follow, h, inNextFrame, root, say } from "./dom.js";
import { figure } from "./scenes.js";

const WORDS = { step: { en: "step", zh: "步" }, value: { en: "training loss", zh: "训练损失" } };

// ipywidgets' own sliders have no name for a screen reader, and in Lab's command mode the arrow keys would not reach them.
function help(experiment) {
  for (const control of experiment?.querySelectorAll(".widget-inline-hbox") ?? []) {
    // A checkbox has its own label; the one beside it holds a space without width.
    const name = control.querySelector(".widget-label")?.textContent.replace("\u200b", "").trim();
    for (const input of control.querySelectorAll(".noUi-handle, input, select, [contenteditable]")) {
      if (name) input.setAttribute("aria-label", name);
      input.setAttribute("data-lm-suppress-shortcuts", "true");
    }
  }
}

function scene(curves) {
  const series = Object.entries(curves).map(([name, values]) => ({
    name,
    points: values.map((value, n) => [n + 1, value]),
  }));
  const ends = series
    .filter(({ points }) => points.length && points.at(-1)[1] !== null)
    .map(({ name, points }) => `${name} ${format(points.at(-1)[1])}`);
  return { kind: "lines", x: { label: WORDS.step }, y: { label: WORDS.value }, series, summary: ends.join(", ") };
}

function render({ model, el }) {
  const { widget, release } = root(el, "sk-curves");
  const { element, draw } = figure();
  const status = h("p", { role: "status" });
  widget.append(status, element);
  const redraw = inNextFrame(() => {
    const [curves, lang, failed] = ["curves", "lang", "failed"].map((trait) => model.get(trait));
    widget.lang = lang;
    element.hidden = Object.values(curves).every((values) => values.length === 0);
    if (!element.hidden) draw(scene(curves), lang);
    const said = say(model.get("status"), lang);
    // Written only when it changes, or a screen reader says it again with every point.
    if (status.textContent !== said) status.textContent = said;
    status.className = failed ? "sk-status sk-bad" : "sk-status";
    help(widget.closest(".sk-experiment"));
  });
  const resized = new ResizeObserver(redraw);
  resized.observe(widget);
  const unfollow = follow(model, ["curves", "status", "failed", "lang"], redraw);
  redraw();
  return () => {
    resized.disconnect();
    unfollow();
    release();
  };
}

export default { render };
