// The syllabus by tier: how well each technique is known, what is due, and a way into each.
import type { Technique } from "./contract";
import { bar, button, h, redraw, say, View } from "./dom";
import { memory } from "./memory";
import type { DeskModel, Filter } from "./model";

const WORDS = {
  heading: { en: "Syllabus", zh: "课程" },
  today: { en: "Today", zh: "今天" },
  calm: { en: "Nothing is due. New questions are waiting whenever you like.", zh: "没有到期的题。想学新的，随时可以开始。" },
  start: { en: "Start review", zh: "开始复习" },
  learn: { en: "Learn something new", zh: "学点新的" },
  search: { en: "Search techniques", zh: "搜索技术" },
  filter: { en: "Show", zh: "显示" },
  all: { en: "All", zh: "全部" },
  due: { en: "Due", zh: "到期" },
  new: { en: "Not begun", zh: "未开始" },
  none: { en: "No technique matches.", zh: "没有符合条件的技术。" },
  quiz: { en: "Quiz", zh: "测验" },
  run: { en: "Run", zh: "运行" },
  memory: { en: "Memory", zh: "记忆" },
  passed: { en: "drill passed", zh: "手写题已通过" },
  failed: { en: "drill not passed yet", zh: "手写题还没通过" },
  mastery: { en: "mastered", zh: "掌握程度" },
  loading: { en: "Reading your progress …", zh: "正在读取进度……" },
};

const due = (n: number) => ({ en: `${n} due`, zh: `${n} 题到期` });
const waiting = (n: number) => ({
  en: n === 1 ? "1 question is due." : `${n} questions are due.`,
  zh: `有 ${n} 道题到期。`,
});

/** What a row or the card of today leads to. */
export interface Ways {
  open(technique: Technique): void;
  review(technique: string | null): void;
  run(technique: string): void;
}

export function syllabus(desk: DeskModel, ways: Ways): View {
  const node = h("section", { class: "sk-syllabus" });
  const folded = new Set<string>();
  const words = (text: { en: string; zh: string }) => say(text, desk.lang);

  function card(): Node {
    const count = desk.progress.due;
    return h(
      "div",
      { class: "sk-card sk-today" },
      h("h3", {}, words(WORDS.today)),
      h("p", {}, words(count ? waiting(count) : WORDS.calm)),
      button(words(count ? WORDS.start : WORDS.learn), () => ways.review(null), { key: "today", class: "sk-main" }),
    );
  }

  function finder(): Node {
    const input = h("input", {
      type: "search",
      "data-key": "search",
      "aria-label": words(WORDS.search),
      placeholder: words(WORDS.search),
      autocomplete: "off",
      value: desk.search,
      // While a word is being composed by an input method it is not searched for.
      oninput: (event: InputEvent) => event.isComposing || desk.look(input.value, desk.filter),
      oncompositionend: () => desk.look(input.value, desk.filter),
    });
    const choice = (filter: Filter) =>
      button(words(WORDS[filter]), () => desk.look(desk.search, filter), {
        key: `filter-${filter}`,
        pressed: desk.filter === filter,
        class: "sk-choice",
      });
    const choices = (["all", "due", "new"] as const).map(choice);
    return h(
      "div",
      { class: "sk-finder" },
      input,
      h("div", { class: "sk-choices", role: "group", "aria-label": words(WORDS.filter) }, ...choices),
    );
  }

  function way(name: "quiz" | "run", { id, title }: Technique, go: (technique: string) => void): Node {
    const said = words(WORDS[name]);
    return button(said, () => go(id), { key: `${name}-${id}`, class: "sk-small", label: `${said}: ${title[desk.lang]}` });
  }

  function recall({ id, title }: Technique): Node {
    const said = words(WORDS.memory);
    const label = `${said}: ${title[desk.lang]}`;
    const found = button(said, () => void desk.remember(id), { key: `memory-${id}`, class: "sk-small", label });
    found.setAttribute("aria-expanded", String(desk.memories.has(id)));
    return found;
  }

  function row(each: Technique): Node {
    const known = desk.known(each.id);
    const title = each.title[desk.lang];
    const shown = desk.memories.get(each.id);
    const buttons = [known.answered > 0 && recall(each), way("quiz", each, ways.review), way("run", each, ways.run)];
    const drill = known.drill && h("span", {}, `${known.drill === "passed" ? "✓" : "○"} ${words(WORDS[known.drill])}`);
    return h(
      "li",
      { class: "sk-row" },
      h(
        "button",
        {
          type: "button",
          class: "sk-title",
          "data-key": `open-${each.id}`,
          title: each.summary[desk.lang],
          onclick: () => ways.open(each),
        },
        title,
      ),
      h(
        "div",
        { class: "sk-state" },
        bar(known.mastery, `${title}: ${words(WORDS.mastery)}`),
        known.due > 0 && h("span", { class: "sk-due" }, words(due(known.due))),
        drill,
        h("span", { class: "sk-gap" }),
        h("span", { class: "sk-ways" }, ...buttons),
      ),
      shown && memory(shown, desk.lang),
    );
  }

  function tier(id: string, title: string): Node | null {
    const all = desk.catalog.techniques.filter((each) => each.tier === id);
    const shown = desk.shown(id);
    if (!shown.length) return null;
    const mean = all.reduce((sum, each) => sum + desk.known(each.id).mastery, 0) / all.length;
    return h(
      "details",
      {
        open: !folded.has(id),
        ontoggle: (event: Event) =>
          (event.currentTarget as HTMLDetailsElement).open ? folded.delete(id) : folded.add(id),
      },
      h(
        "summary",
        { "data-key": `tier-${id}` },
        h("span", { class: "sk-tier" }, title),
        bar(mean, `${title}: ${words(WORDS.mastery)}`),
      ),
      h("ul", {}, ...shown.map(row)),
    );
  }

  function update(): void {
    node.setAttribute("aria-label", words(WORDS.heading));
    if (!desk.loaded) {
      redraw(node, !desk.problem && h("p", { class: "sk-soft", role: "status" }, words(WORDS.loading)));
      return;
    }
    const tiers = desk.catalog.tiers.map((each) => tier(each.id, each.title[desk.lang]));
    const none = tiers.every((each) => !each) && h("p", { class: "sk-soft", role: "status" }, words(WORDS.none));
    redraw(node, card(), finder(), ...tiers, none);
  }

  return { node, update, dispose: () => undefined };
}
