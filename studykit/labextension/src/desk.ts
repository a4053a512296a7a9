// The desk: one of four views below a bar that names them. The side panel and the main area each have one, over the same models.
import { Message } from "@lumino/messaging";
import { Widget } from "@lumino/widgets";
import { button, h, redraw, root, say, View } from "./dom";
import { interview } from "./interview";
import { InterviewModel } from "./interviewmodel";
import type { DeskModel, Place } from "./model";
import { review } from "./review";
import { ReviewModel } from "./reviewmodel";
import { Pages, runs } from "./runs";
import { RunsModel } from "./runsmodel";
import { syllabus, Ways } from "./syllabus";

const WORDS = {
  desk: { en: "Study desk", zh: "学习台" },
  views: { en: "Views", zh: "视图" },
  study: { en: "Study", zh: "学习" },
  review: { en: "Review", zh: "复习" },
  interview: { en: "Interview", zh: "面试" },
  runs: { en: "Runs", zh: "运行" },
  again: { en: "Try again", zh: "重试" },
};
const PLACES: Place[] = ["study", "review", "interview", "runs"];

export interface Models {
  desk: DeskModel;
  review: ReviewModel;
  interview: InterviewModel;
  runs: RunsModel;
}

export class Desk extends Widget {
  private readonly top = h("div", { class: "sk-top" });
  private readonly alert = h("div", { role: "alert" });
  private readonly place = h("div", { class: "sk-view" });
  private readonly views = new Map<Place, View>();
  private release: (() => void) | null = null;

  constructor(
    private readonly models: Models,
    private readonly ways: Ways & Pages,
  ) {
    super();
    this.addClass("sk-desk-host");
    for (const model of Object.values(models) as Models[keyof Models][]) model.changed.connect(this.changed, this);
  }

  override dispose(): void {
    for (const model of Object.values(this.models) as Models[keyof Models][]) model.changed.disconnect(this.changed, this);
    for (const view of this.views.values()) view.dispose();
    this.release?.();
    super.dispose();
  }

  protected override onAfterAttach(): void {
    if (!this.release) {
      const { widget, release } = root(this.node, "sk-desk");
      widget.append(this.top, this.alert, this.place);
      this.release = release;
    }
    this.update();
  }

  protected override onAfterShow(): void {
    // Meanwhile something may have been answered in a notebook.
    void this.models.desk.refresh();
  }

  protected override onActivateRequest(): void {
    this.top.querySelector<HTMLElement>("[aria-current]")?.focus();
  }

  protected override onUpdateRequest(_: Message): void {
    if (!this.release || this.isDisposed) return;
    const { desk } = this.models;
    const { lang } = desk;
    this.node.lang = lang === "zh" ? "zh-CN" : "en";
    this.title.label = this.title.caption = say(WORDS.desk, lang);
    if (this.node.closest(".jp-SideBar, #jp-left-stack, #jp-right-stack")) this.title.label = "";
    const links = PLACES.map((place) =>
      h(
        "button",
        {
          type: "button",
          class: "sk-tab",
          "data-key": place,
          "aria-current": place === desk.place ? "page" : null,
          onclick: () => desk.go(place),
        },
        say(WORDS[place], lang),
      ),
    );
    redraw(
      this.top,
      h("div", { class: "sk-name" }, h("h2", {}, say(WORDS.desk, lang)), this.languages()),
      h("nav", { "aria-label": say(WORDS.views, lang) }, ...links),
    );
    redraw(this.alert, ...this.problem());
    const view = this.view(desk.place);
    // The others stay in the page: a widget that stands nowhere can't see whether the theme is dark.
    for (const each of this.views.values()) each.node.hidden = each !== view;
    if (view.node.parentElement !== this.place) this.place.append(view.node);
    view.update();
  }

  private changed(): void {
    this.update();
  }

  private problem(): Node[] {
    const { desk, runs: some, interview: one } = this.models;
    if (!desk.problem) return [];
    const again = async () => {
      await desk.load();
      if (!desk.problem) await Promise.all([some.load(), one.load()]);
    };
    const retry = button(say(WORDS.again, desk.lang), () => void again(), { key: "again" });
    return [h("div", { class: "sk-verdict sk-bad" }, h("div", {}, h("p", {}, say(desk.problem, desk.lang)), retry))];
  }

  private languages(): Node {
    const { desk } = this.models;
    const choice = (lang: "en" | "zh", name: string) => {
      const found = button(name, () => desk.speak(lang), { key: lang, pressed: desk.lang === lang, class: "" });
      found.lang = lang;
      return found;
    };
    return h(
      "div",
      { class: "sk-languages", role: "group", "aria-label": "Language / 语言" },
      choice("en", "EN"),
      choice("zh", "中文"),
    );
  }

  private view(place: Place): View {
    const found = this.views.get(place) ?? this.make(place);
    this.views.set(place, found);
    return found;
  }

  private make(place: Place): View {
    const { models, ways } = this;
    if (place === "review") return review(models.review);
    if (place === "runs") return runs(models.runs, ways);
    if (place === "interview") {
      return interview(models.interview, (id) => {
        const technique = models.desk.technique(id);
        if (technique) ways.open(technique);
      });
    }
    return syllabus(models.desk, ways);
  }
}
