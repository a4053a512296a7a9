// Elements, the two languages, and the theme: what every widget begins with.

const SVG = "http://www.w3.org/2000/svg";

function build(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

// Lab's shortcuts take arrow keys and letters away from a control unless the control itself refuses.
const CONTROLS = ["input", "select", "textarea", "button"];

export function h(tag, attributes = {}, ...children) {
  const refused = CONTROLS.includes(tag) ? { "data-lm-suppress-shortcuts": "true" } : {};
  return build(document.createElement(tag), { ...refused, ...attributes }, children);
}

export const s = (tag, attributes = {}, ...children) => build(document.createElementNS(SVG, tag), attributes, children);

// A text is { en, zh }, or a string that is the same in both languages.
export const say = (text, lang) => (typeof text === "string" ? text : (text?.[lang] ?? ""));

// Paragraphs, `code` and **bold**; nothing is ever read as HTML.
export function rich(text) {
  const inline = (line) =>
    line.split(/(`[^`]+`|\*\*[^*]+\*\*)/).map((part) => {
      if (/^`[^`]+`$/.test(part)) return h("code", {}, part.slice(1, -1));
      return /^\*\*[^*]+\*\*$/.test(part) ? h("strong", {}, part.slice(2, -2)) : part;
    });
  return text
    .trim()
    .split(/\n\s*\n/)
    .map((paragraph) =>
      h("p", {}, ...paragraph.split("\n").flatMap((line, n) => (n ? [h("br"), ...inline(line)] : inline(line)))),
    );
}

// Both languages, one pressed; the choice is the model's, so that all views follow.
export function languages(model) {
  const button = ([lang, name]) =>
    h(
      "button",
      { type: "button", lang, "aria-pressed": String(model.get("lang") === lang), onclick: () => set(model, { lang }) },
      name,
    );
  return h(
    "div",
    { class: "sk-languages", role: "group", "aria-label": "Language / 语言" },
    ...[
      ["en", "EN"],
      ["zh", "中文"],
    ].map(button),
  );
}

export function set(model, values) {
  for (const [name, value] of Object.entries(values)) model.set(name, value);
  model.save_changes();
}

// The root of a widget. Whether the host is dark is read off its text, which works in Lab, Notebook, VS Code and Colab alike.
export function root(el, name) {
  const widget = h("div", { class: `sk ${name}` });
  el.append(widget);
  const look = () => {
    const [r, g, b] = getComputedStyle(widget)
      .color.match(/[\d.]+/g)
      .map(Number);
    widget.dataset.dark = String(0.299 * r + 0.587 * g + 0.114 * b > 140);
  };
  const observer = new MutationObserver(look);
  for (const host of [document.documentElement, document.body]) observer.observe(host, { attributes: true });
  // Before it stands in the page it has no colour of its own.
  requestAnimationFrame(look);
  return { widget, release: () => observer.disconnect() };
}

// Calls `changed` for any of the traits, until released.
export function follow(model, traits, changed) {
  for (const trait of traits) model.on(`change:${trait}`, changed);
  return () => traits.forEach((trait) => model.off(`change:${trait}`, changed));
}

// Many requests, one call in the next frame.
export function inNextFrame(work) {
  let asked = 0;
  return () => {
    cancelAnimationFrame(asked);
    asked = requestAnimationFrame(work);
  };
}
