// Write it from the blank. Python checks; what was written is never lost: a reset puts it aside.
import { follow, h, languages, rich, root, say, set } from "./dom.js";

const WORDS = {
  check: { en: "Check", zh: "检查" },
  checking: { en: "Checking …", zh: "正在检查……" },
  hint: { en: "Hint", zh: "提示" },
  reset: { en: "Start over", zh: "重新开始" },
  restore: { en: "Bring back my text", zh: "取回我写的" },
  passed: { en: "Passed", zh: "通过" },
  failed: { en: "Not yet", zh: "还没有通过" },
  code: { en: "Your code", zh: "你的代码" },
  keys: {
    en: "Tab indents; press Esc, then Tab, to leave the editor. Ctrl/⌘ + Enter checks.",
    zh: "Tab 缩进；先按 Esc 再按 Tab 可离开编辑框。Ctrl/⌘ + Enter 检查。",
  },
  hints: { en: "Hints", zh: "提示" },
  printed: { en: "It printed:", zh: "它打印了：" },
  seconds: { en: "s", zh: "秒" },
};
const INDENT = "    ";
const TYPING = 300; // milliseconds of rest before Python is told

// `insertText` keeps the browser's undo; where it is not there, the text is at least inserted.
function insert(area, text) {
  if (!document.execCommand("insertText", false, text))
    area.setRangeText(text, area.selectionStart, area.selectionEnd, "end");
  area.dispatchEvent(new Event("input"));
}

function indentation(area) {
  const line = area.value.slice(0, area.selectionStart).split("\n").at(-1);
  return line.match(/^ */)[0] + (/:\s*$/.test(line) ? INDENT : "");
}

// Tab and Enter as in an editor, but Esc, Tab leaves: a keyboard must never be caught.
function keys(area, check) {
  let leaving = false;
  return (event) => {
    const plain = !event.shiftKey && !event.altKey && !event.ctrlKey && !event.metaKey;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) return (event.preventDefault(), check());
    if (event.key === "Escape") return void (leaving = true);
    if (event.key === "Tab" && plain && !leaving) {
      event.preventDefault();
      const column = area.value.slice(0, area.selectionStart).split("\n").at(-1).length;
      insert(area, INDENT.slice(column % INDENT.length));
    } else if (event.key === "Enter" && plain && !event.isComposing) {
      event.preventDefault();
      insert(area, `\n${indentation(area)}`);
    }
    if (event.key !== "Shift") leaving = false;
  };
}

function verdict({ passed, mistake, message, seconds, printed }, lang) {
  if (passed === undefined) return null;
  const title = say(passed ? WORDS.passed : WORDS.failed, lang);
  return h(
    "div",
    { class: `sk-verdict ${passed ? "sk-good" : "sk-bad"}` },
    h("span", { class: "sk-icon", "aria-hidden": "true" }, passed ? "✓" : "✗"),
    h(
      "div",
      {},
      h("p", {}, title, mistake && [" · ", h("code", {}, mistake)]),
      ...(message ? rich(message) : []),
      printed && h("p", { class: "sk-meta" }, say(WORDS.printed, lang)),
      printed && h("pre", { tabindex: "0" }, printed.trimEnd()),
      h("p", { class: "sk-meta" }, `${seconds.toFixed(1)} ${say(WORDS.seconds, lang)}`),
    ),
  );
}

// The text, its line numbers and its keys. Python is told when the typing rests, and before anything is sent.
function editor(model, check) {
  const gutter = h("pre", { class: "sk-gutter", "aria-hidden": "true" });
  const area = h("textarea", { spellcheck: "false", autocapitalize: "off", autocomplete: "off", wrap: "off" });
  let resting = 0;
  const tell = () => {
    clearTimeout(resting);
    if (model.get("code") !== area.value) set(model, { code: area.value });
  };
  const number = () => {
    const lines = area.value.split("\n").length;
    gutter.textContent = Array.from({ length: lines }, (_, n) => n + 1).join("\n");
    area.rows = lines;
  };
  const show = () => {
    if (area.value !== model.get("code")) area.value = model.get("code");
    number();
  };
  area.addEventListener("keydown", keys(area, check));
  area.addEventListener("blur", tell);
  area.addEventListener("input", () => {
    number();
    clearTimeout(resting);
    resting = setTimeout(tell, TYPING);
  });
  return { element: h("div", { class: "sk-editor" }, gutter, area), area, tell, show };
}

// Check, hint, bring back, start over; `update` says which of them there are now.
function actions(model, send, check) {
  const button = (look, onclick) => h("button", { type: "button", class: look, onclick });
  const checker = button("sk-main", check);
  const hinter = button("sk-quiet", () => set(model, { revealed: model.get("revealed") + 1 }));
  const restorer = button("sk-quiet", () => send("restore"));
  const resetter = button("sk-quiet", () => send("reset"));
  const update = (lang) => {
    const [count, revealed, busy] = [model.get("hints").length, model.get("revealed"), model.get("busy")];
    checker.textContent = say(busy ? WORDS.checking : WORDS.check, lang);
    // Not `disabled`: that would take the focus away from whoever pressed it.
    checker.setAttribute("aria-disabled", String(busy));
    hinter.textContent = `${say(WORDS.hint, lang)} ${revealed + 1}/${count}`;
    hinter.hidden = revealed >= count;
    resetter.textContent = say(WORDS.reset, lang);
    restorer.textContent = say(WORDS.restore, lang);
    restorer.hidden = model.get("copies").length === 0;
  };
  return {
    element: h("div", { class: "sk-actions" }, checker, hinter, h("span", { class: "sk-gap" }), restorer, resetter),
    update,
  };
}

function advice(hints, lang) {
  const shown = hints.map((hint) => h("li", {}, ...rich(say(hint, lang))));
  return shown.length ? [h("ol", { class: "sk-hints", "aria-label": say(WORDS.hints, lang) }, ...shown)] : [];
}

function render({ model, el }) {
  const { widget, release } = root(el, "sk-drill");
  const check = () => model.get("busy") || send("check");
  const { element, area, tell, show } = editor(model, check);
  const send = (kind) => {
    tell();
    model.send({ kind, code: area.value });
  };
  const buttons = actions(model, send, check);
  const [head, task] = [h("div", { class: "sk-head" }), h("div", { class: "sk-task" })];
  const keyboard = h("p", { class: "sk-keys" });
  const live = h("div", { "aria-live": "polite", "aria-atomic": "true" });
  const hints = h("div", { "aria-live": "polite" });
  const update = () => {
    const lang = model.get("lang");
    const toggled = head.contains(document.activeElement);
    widget.lang = lang;
    widget.setAttribute("aria-busy", String(model.get("busy")));
    head.replaceChildren(h("h3", {}, say(model.get("title"), lang)), languages(model));
    if (toggled) head.querySelector("[aria-pressed=true]").focus();
    task.replaceChildren(...rich(say(model.get("prompt"), lang)));
    area.setAttribute("aria-label", say(WORDS.code, lang));
    keyboard.textContent = say(WORDS.keys, lang);
    buttons.update(lang);
    const said = model.get("busy") ? null : verdict(model.get("verdict"), lang);
    live.replaceChildren(...(said ? [said] : []));
    hints.replaceChildren(...advice(model.get("hints").slice(0, model.get("revealed")), lang));
  };
  widget.append(head, task, element, keyboard, buttons.element, live, hints);
  const ends = [
    follow(model, ["code"], show),
    follow(model, ["lang", "busy", "verdict", "revealed", "hints", "copies", "title", "prompt"], update),
  ];
  show();
  update();
  return () => {
    tell();
    ends.forEach((end) => end());
    release();
  };
}

export default { render };
