// A mock interview: settings, then one question after another with a quiet clock, then the report.
import type { Interview, Turn } from "./contract";
import { button, field, h, prose, redraw, say, select, View } from "./dom";
import { InterviewModel } from "./interviewmodel";
import { report } from "./report";

const WORDS = {
  heading: { en: "Mock interview", zh: "模拟面试" },
  intro: {
    en: "One broad question, follow-ups, and code to write. Wrong statements are told at the end, with their sources.",
    zh: "先问一个大问题，再追问，还要写代码。说错的地方最后会逐条指出，并附出处。",
  },
  minutes: { en: "Minutes (5–90)", zh: "时长（5–90 分钟）" },
  level: { en: "Level", zh: "难度" },
  screen: { en: "phone screen", zh: "电话面试" },
  onsite: { en: "on-site", zh: "现场面试" },
  expert: { en: "expert", zh: "专家" },
  lang: { en: "Spoken in", zh: "面试语言" },
  focus: { en: "About", zh: "范围" },
  all: { en: "everything", zh: "全部" },
  begin: { en: "Begin", zh: "开始面试" },
  earlier: { en: "Earlier interviews", zh: "以往的面试" },
  open: { en: "Report", zh: "看报告" },
  resume: { en: "Go on", zh: "继续" },
  answer: { en: "Your answer", zh: "你的回答" },
  code: { en: "Your code", zh: "你的代码" },
  send: { en: "Answer", zh: "提交回答" },
  sending: { en: "Listening …", zh: "正在听……" },
  finish: { en: "Finish now", zh: "提前结束" },
  leave: { en: "Back to the settings", zh: "返回设置" },
  time: { en: "Time", zh: "用时" },
  you: { en: "You", zh: "你" },
};
const BEAT = 1000; // milliseconds between two looks at the clock

const clock = (seconds: number): string =>
  `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

export function interview(model: InterviewModel, open: (technique: string) => void): View {
  const { desk } = model;
  const node = h("section", { class: "sk-interview" });
  const time = h("span", { class: "sk-clock", role: "timer", "aria-live": "off" });
  let drawn = "";

  const words = (text: { en: string; zh: string }) => say(text, desk.lang);
  const tick = () => {
    if (model.interview) time.textContent = `${clock(model.elapsed)} / ${model.interview.settings.minutes}:00`;
  };
  const beat = setInterval(tick, BEAT);

  function ask(): Node[] {
    const { settings } = model;
    const minutes = h("input", {
      type: "number",
      min: 5,
      max: 90,
      value: settings.minutes,
      "data-key": "minutes",
      oninput: () => model.choose({ minutes: minutes.valueAsNumber || settings.minutes }),
    });
    const levels = (["screen", "onsite", "expert"] as const).map((each): [string, string] => [each, words(WORDS[each])]);
    const sections = [...new Set(desk.catalog.techniques.map((each) => each.section))];
    const about: [string, string][] = [
      ["all", words(WORDS.all)],
      ...desk.catalog.tiers.map((each): [string, string] => [each.id, each.title[desk.lang]]),
      ...sections.map((each): [string, string] => [each, each.replace(/_/g, " ")]),
      ...desk.catalog.techniques.map((each): [string, string] => [each.id, each.title[desk.lang]]),
    ];
    const fields = [
      field(words(WORDS.minutes), minutes),
      field(
        words(WORDS.level),
        select(levels, settings.level, (level) => model.choose({ level: level as "screen" }), "level"),
      ),
      field(
        words(WORDS.lang),
        select(
          [["en", "English"], ["zh", "中文"]],
          settings.lang,
          (lang) => model.choose({ lang: lang as "en" }),
          "interview-lang",
        ),
      ),
      field(words(WORDS.focus), select(about, settings.focus, (focus) => model.choose({ focus }), "focus")),
    ];
    return [
      h("p", { class: "sk-soft" }, words(WORDS.intro)),
      h(
        "form",
        { onsubmit: (event: Event) => (event.preventDefault(), void model.begin()) },
        h("div", { class: "sk-fields" }, ...fields),
        problem(),
        h("div", { class: "sk-actions" }, submit(words(WORDS.begin), "begin")),
      ),
      ...earlier(),
    ];
  }

  function submit(said: string, key: string): Node {
    return h("button", { type: "submit", class: "sk-main", "data-key": key, "aria-disabled": String(model.busy) }, said);
  }

  function problem(): Node {
    return h("p", { class: "sk-problem", role: "alert" }, model.problem ? words(model.problem) : "");
  }

  function earlier(): Node[] {
    if (!model.earlier.length) return [];
    const line = ({ id, started, finished, settings }: (typeof model.earlier)[0]) => {
      const when = new Date(started).toLocaleString(desk.lang === "zh" ? "zh-CN" : "en-GB");
      const said = words(finished ? WORDS.open : WORDS.resume);
      return h(
        "li",
        { class: "sk-line" },
        h("span", {}, `${when} · ${words(WORDS[settings.level])} · ${desk.title(settings.focus)}`),
        button(said, () => void model.open(id), { key: `open-${id}`, class: "sk-small", label: `${said}: ${when}` }),
      );
    };
    return [h("h3", {}, words(WORDS.earlier)), h("ul", { class: "sk-list" }, ...model.earlier.map(line))];
  }

  function past(turn: Turn, n: number): Node {
    return h(
      "details",
      { class: "sk-turn" },
      h("summary", { "data-key": `turn-${n}` }, turn.prompt.split("\n")[0]),
      ...prose(turn.prompt),
      h("p", { class: "sk-soft" }, words(WORDS.you)),
      turn.blank === null
        ? h("p", { class: "sk-given" }, turn.given)
        : h("pre", { class: "sk-listing", tabindex: "0" }, turn.given),
    );
  }

  function talk({ turns, finished }: Interview): Node[] {
    const { asked } = model;
    const before = turns.filter((turn) => turn !== asked);
    const note = before.at(-1)?.note;
    const head = h("div", { class: "sk-time" }, h("span", { class: "sk-soft" }, words(WORDS.time)), time);
    const said = note ? h("div", { class: "sk-note" }, ...prose(note)) : null;
    const shown = [head, ...before.map(past), ...(said ? [said] : [])];
    return asked && !finished ? [...shown, writing(asked)] : shown;
  }

  function writing(turn: Turn): Node {
    const code = turn.blank !== null;
    const area = h("textarea", {
      rows: code ? 16 : 8,
      class: code ? "sk-mono" : null,
      spellcheck: code ? "false" : null,
      "data-key": "answer",
      oninput: () => model.write(area.value),
    });
    area.value = model.given;
    return h(
      "form",
      { onsubmit: (event: Event) => (event.preventDefault(), void model.answer()) },
      h("div", { class: "sk-prompt", "aria-live": "polite" }, ...prose(turn.prompt)),
      field(words(code ? WORDS.code : WORDS.answer), area),
      problem(),
      h(
        "div",
        { class: "sk-actions" },
        submit(words(model.busy ? WORDS.sending : WORDS.send), "send"),
        button(words(WORDS.finish), () => void model.finish(), { key: "finish", disabled: model.busy }),
        button(words(WORDS.leave), () => model.leave(), { key: "leave" }),
      ),
    );
  }

  function update(): void {
    node.setAttribute("aria-label", words(WORDS.heading));
    const { interview: current, earlier: lines, problem: wrong, busy } = model;
    const state = [desk.lang, desk.loaded, current?.id, current?.turns.length, current?.finished, lines, wrong, busy];
    // Drawn anew only when something of it changed: somebody may be writing.
    if (JSON.stringify(state) === drawn) return;
    drawn = JSON.stringify(state);
    tick();
    if (!current) redraw(node, ...ask());
    else if (current.finished && current.report) {
      redraw(node, ...report(desk, current, open), button(words(WORDS.leave), () => model.leave(), { key: "leave" }));
    } else redraw(node, ...talk(current));
  }

  return { node, update, dispose: () => clearInterval(beat) };
}
