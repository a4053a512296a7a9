// One question at a time. What is right is not in this browser before it is answered: Python grades and sends the feedback.
import { follow, h, languages, rich, root, say, set } from "./dom.js";
import { TYPES } from "./fields.js";

const WORDS = {
  check: { en: "Check", zh: "提交" },
  checking: { en: "Checking …", zh: "正在批改……" },
  next: { en: "Next", zh: "下一题" },
  previous: { en: "Previous", zh: "上一题" },
  right: { en: "Right", zh: "答对了" },
  wrong: { en: "Not right", zh: "没有答对" },
  choose: { en: "Choose an answer first.", zh: "请先作答。" },
  silent: { en: "No reply from Python yet. Is the kernel running?", zh: "Python 还没有回应。内核在运行吗？" },
  questions: { en: "Questions", zh: "题目" },
};
const LEVELS = {
  screen: { en: "phone screen", zh: "电话面试" },
  onsite: { en: "on-site", zh: "现场面试" },
  expert: { en: "expert", zh: "专家" },
};
const PAUSE = 300; // milliseconds before a wait is worth a word: most verdicts come sooner
const PATIENCE = 8000; // and before we ask whether there is a kernel at all

const place = {
  at: (n, all) => ({ en: `Question ${n} of ${all}`, zh: `第 ${n} 题，共 ${all} 题` }),
  score: (right, done) => ({ en: `${right} of ${done} right`, zh: `答对 ${right}/${done} 题` }),
};

function feedback(result, lang) {
  if (!result) return null;
  const share = !result.correct && result.score > 0 ? ` · ${Math.round(100 * result.score)} %` : "";
  return h(
    "div",
    { class: `sk-verdict ${result.correct ? "sk-good" : "sk-bad"}` },
    h("span", { class: "sk-icon", "aria-hidden": "true" }, result.correct ? "✓" : "✗"),
    h(
      "div",
      {},
      h("p", {}, say(result.correct ? WORDS.right : WORDS.wrong, lang) + share),
      ...say(result.feedback, lang).split("\n").filter(Boolean).flatMap(rich),
    ),
  );
}

function dots(state, lang, go) {
  const dot = (each, n) => {
    const result = state.results[each.en.id];
    const verdict = result ? `: ${say(result.correct ? WORDS.right : WORDS.wrong, lang)}` : "";
    const look = result ? (result.correct ? "sk-good" : "sk-bad") : null;
    const label = say(place.at(n + 1, state.questions.length), lang) + verdict;
    return h(
      "li",
      { class: look },
      h(
        "button",
        {
          type: "button",
          "aria-label": label,
          title: label,
          "aria-current": n === state.index ? "step" : null,
          onclick: () => go(n),
        },
        h("span", { "aria-hidden": "true" }, result ? (result.correct ? "✓" : "✗") : ""),
      ),
    );
  };
  return h("ol", { class: "sk-dots", "aria-label": say(WORDS.questions, lang) }, ...state.questions.map(dot));
}

function form({ questions, index, results, lang }, drafts, busy) {
  const question = questions[index][lang];
  const draft = (drafts[question.id] ??= {});
  const result = results[question.id];
  if (result) draft.given = String(result.given);
  const level = say(LEVELS[question.level] ?? question.level, lang);
  return [
    h("p", { class: "sk-place" }, `${say(place.at(index + 1, questions.length), lang)} · ${level}`),
    h("fieldset", { disabled: Boolean(result || busy) }, ...TYPES[question.type](question, draft, lang)),
  ];
}

function buttons({ questions, index, results, lang }, busy, go) {
  const done = results[questions[index].en.id];
  const scores = Object.values(results);
  const right = scores.filter((each) => each.correct).length;
  const score = scores.length > 0 && h("span", { class: "sk-place" }, say(place.score(right, scores.length), lang));
  const word = say(busy ? WORDS.checking : WORDS.check, lang);
  // Not `disabled`: that would take the focus away from whoever pressed it.
  const check = h("button", { type: "submit", class: "sk-main", "aria-disabled": String(Boolean(busy)) }, word);
  const step = (look, target, name) =>
    h(
      "button",
      { type: "button", class: look, disabled: !questions[target], onclick: () => go(target) },
      say(name, lang),
    );
  const previous = step("sk-quiet", index - 1, WORDS.previous);
  const gap = h("span", { class: "sk-gap" });
  if (!done) return [check, score, gap, previous, step("sk-quiet", index + 1, WORDS.next)];
  // After a verdict on to the next open question, wherever it is.
  const around = [...questions.keys()].slice(index + 1).concat([...questions.keys()]);
  const target = around.find((n) => !results[questions[n].en.id]) ?? index + 1;
  return [questions[target] && step("sk-main", target, WORDS.next), score, gap, previous];
}

// The answer goes to Python; silence is noticed. `update` draws, `complain` says what could not be done.
function sender(model, update) {
  const wait = { busy: "", problem: "", timers: [] };
  const settle = (problem) => {
    wait.timers.forEach(clearTimeout);
    Object.assign(wait, { busy: "", problem });
    update();
  };
  const words = (text) => say(text, model.get("lang"));
  const submit = (id, given) => {
    if (wait.busy) return;
    if (!given.trim()) return settle(words(WORDS.choose));
    Object.assign(wait, { busy: id, problem: "" });
    wait.timers = [setTimeout(update, PAUSE), setTimeout(() => settle(words(WORDS.silent)), PATIENCE)];
    model.send({ kind: "answer", id, given });
  };
  return { wait, settle, submit };
}

function render({ model, el }) {
  const { widget, release } = root(el, "sk-quiz");
  const drafts = {};
  const head = h("div", { class: "sk-head" });
  const body = h("form", { onsubmit: (event) => (event.preventDefault(), answer()) });
  const live = h("div", { class: "sk-said", "aria-live": "polite", "aria-atomic": "true", tabindex: "-1" });
  const actions = h("div", { class: "sk-actions" });
  const state = () =>
    Object.fromEntries(["lang", "questions", "index", "results"].map((trait) => [trait, model.get(trait)]));
  const { wait, settle, submit } = sender(model, update);
  widget.append(head, body);

  function answer() {
    const { questions, index, results } = state();
    const { id } = questions[index].en;
    if (!results[id]) submit(id, String(drafts[id]?.given ?? ""));
  }

  function go(index) {
    set(model, { index });
    const first = body.querySelector("fieldset:not(:disabled) :is(input, textarea, li button:not(:disabled))");
    (first ?? actions.querySelector(".sk-main"))?.focus();
  }

  // Where the focus was when everything was drawn anew, and where it belongs now.
  function refocus(was, result) {
    const field = () => body.querySelector("input:checked") ?? body.querySelector("input, textarea");
    const targets = {
      dots: () => head.querySelector("[aria-current]"),
      head: () => head.querySelector("[aria-pressed=true]"),
      body: () => (result || wait.busy ? (actions.querySelector(".sk-main") ?? live) : wait.problem && field()),
    };
    (targets[was]?.() || null)?.focus();
  }

  function update() {
    const now = state();
    const { lang, questions, index, results } = now;
    const result = results[questions[index].en.id];
    const inside = (element) => element?.contains(document.activeElement);
    const was = inside(head.querySelector(".sk-dots")) ? "dots" : inside(head) ? "head" : inside(body) ? "body" : "";
    widget.lang = lang;
    head.replaceChildren(dots(now, lang, go), languages(model));
    actions.replaceChildren(...buttons(now, wait.busy, go).filter(Boolean));
    const said = result ? feedback(result, lang) : wait.problem && h("p", { class: "sk-problem" }, wait.problem);
    live.replaceChildren(...(said ? [said] : []));
    body.replaceChildren(...form(now, drafts, wait.busy), live, actions);
    refocus(was, result);
  }

  const answered = () => (state().results[wait.busy] ? settle("") : update());
  const ends = [
    follow(model, ["results"], answered),
    follow(model, ["index", "questions"], () => settle("")),
    follow(model, ["lang"], update),
    follow(model, ["problem"], () => settle(say(model.get("problem").text, model.get("lang")))),
  ];
  update();
  return () => {
    wait.timers.forEach(clearTimeout);
    ends.forEach((end) => end());
    release();
  };
}

export default { render };
