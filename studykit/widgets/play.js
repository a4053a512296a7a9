// A picture with knobs; which picture is the technique's affair (`technique` is the module that Python was given).
import { format } from "./axes.js";
import { follow, h, inNextFrame, languages, root, say, set } from "./dom.js";
import { figure } from "./scenes.js";
import technique from "technique";

const WORDS = {
  reset: { en: "Reset knobs", zh: "旋钮复位" },
  watch: { en: "Watch it walk", zh: "逐步播放" },
  stop: { en: "Stop", zh: "停止" },
};
const FINE = 200; // positions of a logarithmic slider

const toSlider = (knob, value) => Math.round((FINE * Math.log(value / knob.low)) / Math.log(knob.high / knob.low));
const fromSlider = (knob, place) =>
  Math.min(knob.high, Number((knob.low * (knob.high / knob.low) ** (place / FINE)).toPrecision(3)));

function slider(model, knob) {
  const log = knob.kind === "log";
  const range = log
    ? { min: 0, max: FINE, step: 1 }
    : { min: knob.low, max: knob.high, step: knob.step ?? (knob.high - knob.low) / 100 };
  // No <output>: a label names the first control in it, and would name that instead of the slider.
  const shown = h("span", { class: "sk-shown", "aria-hidden": "true" });
  const moved = () => set(model, { [knob.name]: log ? fromSlider(knob, Number(input.value)) : Number(input.value) });
  const input = h("input", { type: "range", ...range, oninput: moved });
  const refresh = () => {
    const value = model.get(knob.name);
    // A slider between two of its positions must not be pulled back to the nearest while it shows that value already.
    if (!log || fromSlider(knob, Number(input.value)) !== value) input.value = log ? toSlider(knob, value) : value;
    shown.textContent = format(value);
    input.setAttribute("aria-valuetext", format(value));
  };
  return { control: input, shown, refresh };
}

function chooser(model, knob) {
  const input = h("select", { onchange: () => set(model, { [knob.name]: input.value }) });
  const refresh = (lang) => {
    input.replaceChildren(...knob.choices.map((choice) => h("option", { value: choice.value }, say(choice, lang))));
    input.value = model.get(knob.name);
  };
  return { control: input, refresh };
}

function check(model, knob) {
  const input = h("input", { type: "checkbox", onchange: () => set(model, { [knob.name]: input.checked }) });
  return { control: input, refresh: () => (input.checked = model.get(knob.name)) };
}

const CONTROLS = { log: slider, range: slider, choice: chooser, switch: check };

function row(model, knob) {
  const { control, shown, refresh } = CONTROLS[knob.kind](model, knob);
  const name = h("span", {});
  const label = h("label", { class: `sk-knob sk-${knob.kind}` }, h("span", { class: "sk-name" }, name, shown), control);
  return { label, refresh: (lang) => ((name.textContent = say(knob.label, lang)), refresh(lang)) };
}

// Plays the drawing from its first step to its last; `draw(share)` shows a part of it.
function player(draw, changed) {
  let asked = 0;
  const stop = () => {
    cancelAnimationFrame(asked);
    asked = 0;
    changed();
  };
  const start = (frames) => {
    const began = performance.now();
    const length = Math.min(4000, 60 * frames);
    const frame = (now) => {
      const share = Math.min(1, (now - began) / length);
      draw(share);
      if (share < 1) asked = requestAnimationFrame(frame);
      else stop();
    };
    asked = requestAnimationFrame(frame);
    changed();
  };
  return { start, stop, playing: () => asked !== 0 };
}

function render({ model, el }) {
  const { widget, release } = root(el, "sk-play");
  const { element, draw } = figure();
  const rows = technique.knobs.map((knob) => row(model, knob));
  const head = h("div", { class: "sk-head" });
  const caption = h("p", { class: "sk-caption", "aria-hidden": "true" });
  const live = h("p", { class: "sk-unseen", "aria-live": "polite" });
  const watch = h("button", {
    type: "button",
    class: "sk-quiet sk-moves",
    onclick: () => (play.playing() ? play.stop() : play.start(scene.frames)),
  });
  const reset = h("button", {
    type: "button",
    class: "sk-quiet",
    onclick: () => set(model, Object.fromEntries(technique.knobs.map((knob) => [knob.name, knob.default]))),
  });
  const names = technique.knobs.map((knob) => knob.name);
  const lang = () => model.get("lang");
  let scene = null;
  let spoken = 0;

  const play = player(
    (share) => draw(scene, lang(), share),
    () => {
      watch.textContent = say(play.playing() ? WORDS.stop : WORDS.watch, lang());
      redraw();
    },
  );
  const redraw = inNextFrame(() => {
    scene = technique.scene(Object.fromEntries(names.map((name) => [name, model.get(name)])));
    watch.hidden = !scene.frames;
    if (!play.playing()) draw(scene, lang());
    caption.textContent = say(scene.summary, lang());
    // A screen reader hears where a drag came to rest, not every position on the way.
    clearTimeout(spoken);
    spoken = setTimeout(() => (live.textContent = caption.textContent), 500);
  });
  const turned = () => {
    rows.forEach((each) => each.refresh(lang()));
    redraw();
  };
  const translated = () => {
    widget.lang = lang();
    const held = head.contains(document.activeElement);
    head.replaceChildren(h("h3", {}, say(technique.title, lang())), languages(model));
    if (held) head.querySelector("[aria-pressed=true]").focus();
    reset.textContent = say(WORDS.reset, lang());
    play.stop();
    turned();
  };

  widget.append(
    head,
    h("div", { class: "sk-knobs" }, ...rows.map((each) => each.label)),
    element,
    caption,
    live,
    h("div", { class: "sk-actions" }, watch, reset),
  );
  const resized = new ResizeObserver(redraw);
  resized.observe(widget);
  const unfollow = [follow(model, names, turned), follow(model, ["lang"], translated)];
  translated();
  return () => {
    play.stop();
    resized.disconnect();
    unfollow.forEach((end) => end());
    release();
  };
}

export default { render };
