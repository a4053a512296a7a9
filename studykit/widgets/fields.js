// How each type of question is asked and its answer read off; a draft keeps what was entered through a change of language.
import { h, rich, say } from "./dom.js";

const WORDS = {
  your: { en: "Your answer", zh: "你的回答" },
  output: { en: "What it prints", zh: "打印结果" },
  up: { en: "Move up", zh: "上移" },
  down: { en: "Move down", zh: "下移" },
  all: { en: "Choose all that are right.", zh: "选出所有正确的选项。" },
};

const moved = (text, n, all) => ({ en: `${text}: place ${n} of ${all}`, zh: `${text}：第 ${n} 位，共 ${all} 位` });

export const TYPES = { single: choices, multiple: choices, numeric, predict, bug, order, short };

function asked(question) {
  return h("legend", {}, ...rich(question.prompt));
}

function listing(code) {
  const lines = code
    .trimEnd()
    .split("\n")
    .map((line, n) =>
      h(
        "div",
        { class: "sk-code-line" },
        h("span", { class: "sk-number", "aria-hidden": "true" }, n + 1),
        h("span", {}, line || " "),
      ),
    );
  return code && h("div", { class: "sk-code", tabindex: "0", role: "group", "aria-label": "code" }, ...lines);
}

function choices(question, draft, lang) {
  const type = question.type === "single" ? "radio" : "checkbox";
  const chosen = new Set(String(draft.given ?? "").split(","));
  const read = (event) =>
    (draft.given = [...event.currentTarget.closest("fieldset").querySelectorAll("input:checked")]
      .map((each) => each.value)
      .join(","));
  const options = question.options.map((option) =>
    h(
      "label",
      { class: "sk-option" },
      h("input", { type, name: "answer", value: option.id, checked: chosen.has(option.id), onchange: read }),
      h("span", { class: "sk-letter" }, `${option.id})`),
      h("span", {}, ...inline(option.text)),
    ),
  );
  return [
    asked(question),
    listing(question.code),
    type === "checkbox" && h("p", { class: "sk-how" }, say(WORDS.all, lang)),
    ...options,
  ];
}

const inline = (text) => rich(text).flatMap((paragraph) => [...paragraph.childNodes]);

function numeric(question, draft, lang) {
  const input = h("input", {
    type: "text",
    inputmode: "text",
    autocomplete: "off",
    spellcheck: "false",
    value: draft.given ?? "",
    oninput: () => (draft.given = input.value),
  });
  const field = h(
    "label",
    { class: "sk-field" },
    h("span", {}, say(WORDS.your, lang)),
    h("span", { class: "sk-with-unit" }, input, question.unit),
  );
  return [asked(question), listing(question.code), field];
}

function text(question, draft, label, kind, rows) {
  const area = h("textarea", {
    rows,
    class: kind,
    spellcheck: kind ? "false" : null,
    oninput: () => (draft.given = area.value),
  });
  area.value = draft.given ?? "";
  return [asked(question), listing(question.code), h("label", { class: "sk-field" }, h("span", {}, label), area)];
}

function predict(question, draft, lang) {
  return text(question, draft, say(WORDS.output, lang), "sk-mono", 3);
}

function short(question, draft, lang) {
  return text(question, draft, say(WORDS.your, lang), null, 5);
}

function bug(question, draft, lang) {
  const lines = question.code
    .trimEnd()
    .split("\n")
    .map((line, n) =>
      h(
        "label",
        { class: "sk-code-line" },
        h("input", {
          type: "radio",
          name: "answer",
          value: n + 1,
          checked: Number(draft.given) === n + 1,
          onchange: () => (draft.given = String(n + 1)),
        }),
        h("span", { class: "sk-number" }, n + 1),
        h("span", {}, line || " "),
      ),
    );
  return [asked(question), h("div", { class: "sk-code" }, ...lines)];
}

function order(question, draft, lang) {
  const steps = new Map(question.steps.map((step) => [step.id, step.text]));
  draft.given ??= [...steps.keys()].join(",");
  const list = h("ol", { class: "sk-steps" });
  const live = h("p", { class: "sk-unseen", "aria-live": "polite" });
  const fill = () => list.replaceChildren(...draft.given.split(",").map(item));
  const move = (id, by) => {
    const ids = draft.given.split(",");
    const from = ids.indexOf(id);
    ids.splice(from + by, 0, ...ids.splice(from, 1));
    draft.given = ids.join(",");
    fill();
    // The step keeps the focus, so that it can be moved on; at an end the other button takes it.
    const buttons = [...list.children[from + by].querySelectorAll("button")];
    (by < 0 ? buttons : buttons.reverse()).find((button) => !button.disabled).focus();
    live.textContent = say(moved(steps.get(id), from + by + 1, ids.length), lang);
  };
  const button = (id, by, at, word, sign) =>
    h(
      "button",
      {
        type: "button",
        "aria-label": `${say(word, lang)}: ${steps.get(id)}`,
        disabled: !(at + by >= 0 && at + by < steps.size),
        onclick: () => move(id, by),
      },
      sign,
    );
  const item = (id, at) =>
    h(
      "li",
      {},
      h("span", { class: "sk-number", "aria-hidden": "true" }, `${at + 1}.`),
      h("span", { class: "sk-letter" }, `${id})`),
      h("span", {}, ...inline(steps.get(id))),
      button(id, -1, at, WORDS.up, "↑"),
      button(id, 1, at, WORDS.down, "↓"),
    );
  fill();
  return [asked(question), listing(question.code), list, live];
}
