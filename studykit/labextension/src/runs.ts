// Runs: a form from the knobs of a technique, then each run with its bar, its log, a stop, and its result.
import type { Knob, Run } from "./contract";
import { bar, button, field, h, redraw, say, select, View } from "./dom";
import { RunsModel } from "./runsmodel";

const WORDS = {
  heading: { en: "Runs", zh: "运行" },
  technique: { en: "Technique", zh: "技术" },
  parameters: { en: "Parameters", zh: "参数" },
  start: { en: "Start run", zh: "开始运行" },
  starting: { en: "Starting …", zh: "正在启动……" },
  unbuilt: { en: "This notebook has no parameters yet.", zh: "这份笔记本还没有参数。" },
  evidence: { en: "Evidence of all experiments", zh: "全部实验的证据" },
  list: { en: "All runs", zh: "所有运行" },
  none: { en: "No run yet. A run goes on when this page is closed.", zh: "还没有运行过。关掉页面，运行也会继续。" },
  stop: { en: "Stop", zh: "停止" },
  result: { en: "Open result", zh: "查看结果" },
  log: { en: "Log", zh: "日志" },
  cell: { en: "cell", zh: "单元格" },
  running: { en: "running", zh: "运行中" },
  done: { en: "done", zh: "已完成" },
  failed: { en: "failed", zh: "失败" },
  stopped: { en: "stopped", zh: "已停止" },
};
const SIGNS = { running: "…", done: "✓", failed: "✗", stopped: "■" };
const TAIL = 200; // lines of a log that are shown

const bounds = ({ low, high }: Knob, lang: "en" | "zh"): string => {
  if (low !== undefined && high !== undefined) return `${low} – ${high}`;
  return low === undefined ? "" : say({ en: `at least ${low}`, zh: `至少 ${low}` }, lang);
};

/** What a run leads to. */
export interface Pages {
  result(run: Run): void;
  evidence(): void;
}

export function runs(model: RunsModel, pages: Pages): View {
  const { desk } = model;
  const node = h("section", { class: "sk-runs" });
  const form = h("form", { onsubmit: (event: Event) => (event.preventDefault(), void model.start()) });
  const list = h("div", {});
  node.append(form, list);
  let drawn = "";

  const words = (text: { en: string; zh: string }) => say(text, desk.lang);

  function control(knob: Knob): HTMLElement {
    const key = `knob-${knob.name}`;
    const value = model.draft[knob.name] ?? String(knob.default);
    const enter = (entered: string) => model.enter(knob.name, entered);
    if (knob.choices) return field(knob.name, select(knob.choices.map((each) => [each, each]), value, enter, key));
    if (knob.kind === "switch") {
      const box = h("input", {
        type: "checkbox",
        "data-key": key,
        checked: value === "true",
        onchange: () => enter(String(box.checked)),
      });
      return h("label", { class: "sk-check" }, box, h("span", {}, knob.name));
    }
    const input = h("input", {
      type: "text",
      "data-key": key,
      value,
      autocomplete: "off",
      spellcheck: "false",
      oninput: () => enter(input.value),
    });
    return field(knob.name, input, bounds(knob, desk.lang));
  }

  function ask(): void {
    const known = desk.catalog.techniques;
    if (!model.technique && known[0]) model.technique = known[0].id;
    const knobs = desk.technique(model.technique)?.knobs ?? [];
    const choice = select(
      known.map((each) => [each.id, each.title[desk.lang]]),
      model.technique,
      (id) => model.choose(id),
      "technique",
    );
    const start = h(
      "button",
      { type: "submit", class: "sk-main", "data-key": "start", "aria-disabled": String(model.busy) },
      words(model.busy ? WORDS.starting : WORDS.start),
    );
    redraw(
      form,
      field(words(WORDS.technique), choice),
      h(
        "details",
        { open: true },
        h("summary", { "data-key": "parameters" }, words(WORDS.parameters)),
        knobs.length ? h("div", { class: "sk-fields" }, ...knobs.map(control)) : h("p", {}, words(WORDS.unbuilt)),
      ),
      h("p", { class: "sk-problem", role: "alert" }, model.problem ? words(model.problem) : ""),
      h(
        "div",
        { class: "sk-actions" },
        start,
        button(words(WORDS.evidence), pages.evidence, { key: "evidence" }),
      ),
    );
  }

  function log(run: Run): Node {
    const lines = (model.logs[run.id] ?? []).slice(-TAIL).join("\n");
    return h(
      "details",
      {
        open: model.opened.has(run.id),
        ontoggle: (event: Event) => void model.open(run.id, (event.currentTarget as HTMLDetailsElement).open),
      },
      h("summary", { "data-key": `log-${run.id}` }, words(WORDS.log)),
      h("pre", { class: "sk-listing", tabindex: "0", "data-key": `lines-${run.id}` }, lines),
    );
  }

  function item(run: Run): Node {
    const title = desk.title(run.technique);
    const share = run.status === "done" ? 1 : run.cells ? run.cell / run.cells : 0;
    const given = Object.entries(run.parameters).map(([name, value]) => `${name}=${value}`);
    const seconds = run.seconds === null ? "" : ` · ${run.seconds.toFixed(1)} s`;
    const when = new Date(run.started).toLocaleString(desk.lang === "zh" ? "zh-CN" : "en-GB");
    return h(
      "li",
      { class: "sk-card", "data-run": run.id },
      h("h4", {}, title),
      h("p", { class: "sk-status" }, `${SIGNS[run.status]} ${words(WORDS[run.status])}${seconds}`),
      bar(share, title, run.cells ? `${words(WORDS.cell)} ${run.cell}/${run.cells}` : ""),
      given.length > 0 && h("p", { class: "sk-soft sk-code-like" }, given.join("  ")),
      h("p", { class: "sk-soft" }, [when, run.message].filter(Boolean).join(" · ")),
      run.reason && h("p", { class: "sk-problem" }, run.reason),
      log(run),
      h(
        "div",
        { class: "sk-actions" },
        run.status === "running" &&
          button(words(WORDS.stop), () => void model.stop(run.id), {
            key: `stop-${run.id}`,
            label: `${words(WORDS.stop)}: ${title}`,
          }),
        run.status === "done" &&
          button(words(WORDS.result), () => pages.result(run), {
            key: `result-${run.id}`,
            label: `${words(WORDS.result)}: ${title}`,
          }),
      ),
    );
  }

  function update(): void {
    node.setAttribute("aria-label", words(WORDS.heading));
    // The form is drawn anew only for what it shows: the states of runs come while somebody types in it.
    const shown = JSON.stringify([desk.lang, desk.catalog.techniques.length, model.technique, model.problem, model.busy]);
    if (shown !== drawn) ask();
    drawn = shown;
    const all = model.runs.length
      ? h("ul", { class: "sk-list" }, ...model.runs.map(item))
      : h("p", { class: "sk-soft" }, words(WORDS.none));
    redraw(list, h("h3", {}, words(WORDS.list)), all);
    for (const lines of list.querySelectorAll("details[open] > pre")) lines.scrollTop = lines.scrollHeight;
  }

  return { node, update, dispose: () => undefined };
}
