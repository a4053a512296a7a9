// The review: the notebook's own quiz over the server, with undo, leaving out, and an end that says how it went.
import quiz from "../../widgets/quiz.js";
import { button, h, redraw, say, View } from "./dom";
import { ReviewModel } from "./reviewmodel";

const WORDS = {
  heading: { en: "Review", zh: "复习" },
  empty: {
    en: "Answer what is due, before it is forgotten. The next date of each question follows from your answers.",
    zh: "趁还没忘，先答到期的题。每道题下次出现的时间由你的作答决定。",
  },
  nothing: { en: "Nothing to ask now: all is answered and not yet due.", zh: "现在没有可问的题：都答过了，也都还没到期。" },
  start: { en: "Start a review", zh: "开始复习" },
  undo: { en: "Undo last answer", zh: "撤销上一次作答" },
  suspend: { en: "Never ask this again", zh: "以后不再问这道题" },
  resume: { en: "Ask it again after all", zh: "恢复刚才那道题" },
  left: { en: "This question is left out of all reviews.", zh: "这道题不会再出现在复习里。" },
  end: { en: "End review", zh: "结束复习" },
  more: { en: "Another review", zh: "再来一组" },
  all: { en: "Everything here was left out.", zh: "这一组的题都已移出复习。" },
  done: { en: "Review finished", zh: "复习完成" },
  next: { en: "next due", zh: "下次到期" },
};

const score = (right: number, all: number) => ({ en: `${right} of ${all} right`, zh: `${all} 题答对 ${right} 题` });

/** A view of the review; two of them may be open at once. */
export function review(model: ReviewModel): View {
  const node = h("section", { class: "sk-review", "aria-label": say(WORDS.heading, model.desk.lang) });
  const head = h("div", {});
  const place = h("div", { class: "sk-asked" });
  const foot = h("div", {});
  node.append(head, place, foot);
  let shown = -1;
  let close: (() => void) | null = null;

  const words = (text: { en: string; zh: string }) => say(text, model.desk.lang);

  function drop(): void {
    close?.();
    close = null;
    place.replaceChildren();
    shown = -1;
  }

  function end(): Node {
    const { done, asked } = model;
    const right = done.filter((each) => each.correct).length;
    const soonest = done.map((each) => each.due).sort()[0];
    const date = soonest && new Date(soonest).toLocaleDateString(model.desk.lang === "zh" ? "zh-CN" : "en-GB");
    const said = asked.length ? words(score(right, done.length)) : words(WORDS.all);
    return h(
      "div",
      { class: "sk-card", role: "status" },
      h("h3", {}, words(WORDS.done)),
      h("p", {}, said + (date ? ` · ${words(WORDS.next)}: ${date}` : "")),
    );
  }

  function controls(): Node[] {
    const { session, busy, finished, asked } = model;
    const over = finished || !asked.length;
    return [
      h(
        "div",
        { class: "sk-actions sk-below" },
        model.last && button(words(WORDS.undo), () => void model.undo(), { key: "undo", disabled: busy }),
        asked.length > 0 &&
          !session!.results[model.current] &&
          button(words(WORDS.suspend), () => void model.suspend(), { key: "suspend", disabled: busy }),
        session!.left.length > 0 &&
          button(words(WORDS.resume), () => void model.resume(), { key: "resume", disabled: busy }),
        over &&
          button(words(WORDS.more), () => void model.begin(session!.technique), { key: "more", class: "sk-main" }),
        button(words(WORDS.end), () => model.end(), { key: "end" }),
      ),
      h("p", { class: "sk-soft", role: "status" }, session!.left.length ? words(WORDS.left) : ""),
    ];
  }

  function update(): void {
    const { session } = model;
    node.setAttribute("aria-label", words(WORDS.heading));
    if (!session) {
      drop();
      const said = words(model.nothing ? WORDS.nothing : WORDS.empty);
      const start = button(words(WORDS.start), () => void model.begin(), {
        key: "start",
        class: "sk-main",
        disabled: model.busy,
      });
      redraw(head, h("p", { class: "sk-soft", role: "status" }, said));
      redraw(foot, h("div", { class: "sk-actions" }, start));
      return;
    }
    if (!model.asked.length) drop();
    else if (shown !== model.serial || !close) {
      drop();
      shown = model.serial;
      close = quiz.render({ model, el: place });
    }
    const title = session.technique && h("h3", {}, model.desk.title(session.technique));
    redraw(head, title, (model.finished || !model.asked.length) && end());
    redraw(foot, ...controls());
  }

  return { node, update, dispose: drop };
}
