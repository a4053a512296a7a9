// Every command of the desk, with its words in the learner's language.
import type { JupyterFrontEnd } from "@jupyterlab/application";
import { Notification } from "@jupyterlab/apputils";
import type { INotebookTracker, NotebookPanel } from "@jupyterlab/notebook";
import { told } from "./api";
import type { Text } from "./contract";
import type { Models } from "./desk";
import { hints } from "./hints";
import { deskIcon } from "./icons";
import { check, lesson, reset } from "./lesson";

const WORDS = {
  panel: { en: "Show the study desk", zh: "打开学习台侧栏" },
  desk: { en: "Study desk", zh: "学习台" },
  review: { en: "Start a review", zh: "开始复习" },
  interview: { en: "Mock interview", zh: "模拟面试" },
  runs: { en: "Run an experiment", zh: "运行实验" },
  evidence: { en: "Evidence of all experiments", zh: "全部实验的证据" },
  check: { en: "Check", zh: "检查" },
  hint: { en: "Hint", zh: "提示" },
  reset: { en: "Reset", zh: "重置" },
  quiz: { en: "Quiz", zh: "测验" },
  colab: { en: "Open in Colab", zh: "在 Colab 打开" },
  checkTip: { en: "Run your solution and have it judged", zh: "运行你的解答并评判" },
  hintTip: { en: "Hints for the drill, one at a time", zh: "逐条查看手写题的提示" },
  resetTip: { en: "Put the blank back; your code is kept in a cell below", zh: "恢复空白题面；你的代码会保留在下方单元格" },
  quizTip: { en: "Review the questions of this technique", zh: "做这项技术的题目" },
  kept: { en: "kept", zh: "保留于" },
  saved: { en: "Your code is kept in the cell below the drill.", zh: "你的代码保留在手写题下方的单元格里。" },
  blank: { en: "The drill was blank already.", zh: "题面本来就是空白的。" },
};

/** The commands of a lesson's toolbar, in their order there. */
export const LESSON = ["studykit:check", "studykit:hint", "studykit:reset", "studykit:quiz", "studykit:colab"];
/** Those that the palette lists. */
export const LISTED = [
  "studykit:show-panel",
  "studykit:open-desk",
  "studykit:review",
  "studykit:interview",
  "studykit:runs",
  "studykit:evidence",
  ...LESSON,
];

/** What the commands need of the shell. */
export interface Shown {
  panel(): void;
  main(): void;
  evidence(): Promise<void>;
}

export function addCommands(
  app: JupyterFrontEnd,
  models: Models,
  shown: Shown,
  notebooks: INotebookTracker | null,
): void {
  const { desk } = models;
  const words = (text: Text): string => text[desk.lang];
  const add = (name: string, label: Text, execute: (args: { technique?: string }) => unknown, icon = false): void => {
    app.commands.addCommand(`studykit:${name}`, {
      label: () => words(label),
      caption: () => words(label),
      execute: (args) => execute(args as { technique?: string }),
      ...(icon && { icon: deskIcon }),
    });
  };
  add("show-panel", WORDS.panel, () => shown.panel());
  add("open-desk", WORDS.desk, () => shown.main(), true);
  add("review", WORDS.review, ({ technique }) => (shown.panel(), models.review.begin(technique ?? null)));
  add("interview", WORDS.interview, () => (shown.panel(), desk.go("interview")));
  add("runs", WORDS.runs, ({ technique }) => {
    if (technique) models.runs.choose(technique);
    shown.panel();
    desk.go("runs");
  });
  add("evidence", WORDS.evidence, () => shown.evidence());
  addLesson(app, models, notebooks);
}

function addLesson(app: JupyterFrontEnd, models: Models, notebooks: INotebookTracker | null): void {
  const { desk } = models;
  const words = (text: Text): string => text[desk.lang];
  const current = (): NotebookPanel | null => notebooks?.currentWidget ?? null;
  const add = (name: string, label: Text, tip: Text, work: (panel: NotebookPanel, technique: string) => Promise<unknown>) =>
    app.commands.addCommand(`studykit:${name}`, {
      label: () => words(label),
      caption: () => words(tip),
      isEnabled: () => {
        const found = lesson(current());
        return found !== null && (name !== "colab" || found.colab !== null);
      },
      execute: async () => {
        const panel = current();
        const found = lesson(panel);
        if (!panel || !found) return;
        try {
          await work(panel, found.technique);
        } catch (error) {
          Notification.error(words(told(error)));
        }
      },
    });
  add("check", WORDS.check, WORDS.checkTip, async (panel) => {
    await check(panel);
    await desk.refresh();
  });
  add("hint", WORDS.hint, WORDS.hintTip, async (_, technique) => hints(desk, await desk.api.drill(technique)));
  add("reset", WORDS.reset, WORDS.resetTip, async (panel, technique) => {
    const when = new Date().toLocaleString(desk.lang === "zh" ? "zh-CN" : "en-GB");
    const changed = await reset(panel, await desk.api.drill(technique), `${words(WORDS.kept)} ${when}`);
    Notification.info(words(changed ? WORDS.saved : WORDS.blank), { autoClose: 4000 });
  });
  add("quiz", WORDS.quiz, WORDS.quizTip, (_, technique) => app.commands.execute("studykit:review", { technique }));
  add("colab", WORDS.colab, WORDS.colab, async (panel) => {
    window.open(lesson(panel)!.colab!, "_blank", "noopener,noreferrer");
  });
}
