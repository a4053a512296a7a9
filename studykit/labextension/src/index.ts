// The study desk's place in JupyterLab: a side panel, the same in the main area, commands, launcher, palette, toolbar, settings.
import {
  ILayoutRestorer,
  JupyterFrontEnd,
  JupyterFrontEndPlugin,
} from "@jupyterlab/application";
import { ICommandPalette, MainAreaWidget, WidgetTracker } from "@jupyterlab/apputils";
import { ILauncher } from "@jupyterlab/launcher";
import { INotebookTracker } from "@jupyterlab/notebook";
import { ISettingRegistry } from "@jupyterlab/settingregistry";
import { ITranslator, nullTranslator } from "@jupyterlab/translation";
import type { Widget } from "@lumino/widgets";
import { Api } from "./api";
import { addCommands, LISTED } from "./commands";
import type { Technique } from "./contract";
import { Desk, Models } from "./desk";
import { deskIcon } from "./icons";
import { InterviewModel } from "./interviewmodel";
import { DeskModel } from "./model";
import { page } from "./page";
import { ReviewModel } from "./reviewmodel";
import { RunsModel } from "./runsmodel";
import { follow, language } from "./settings";
import { LessonToolbar } from "./toolbar";

import "../../widgets/base.css";
import "../../widgets/quiz.css";
import "../style/desk.css";

const PLUGIN = "training-studykit:plugin";
const CATEGORY = "Studykit";

/** The notebook of a technique, whether Lab was opened on the notebooks or on a folder that holds them. */
async function openNotebook(app: JupyterFrontEnd, { notebook }: Technique): Promise<void> {
  const { contents } = app.serviceManager;
  const found = async (path: string): Promise<boolean> =>
    contents.get(path, { content: false }).then(
      () => true,
      () => false,
    );
  const path = (await found(notebook)) ? notebook : `notebooks/${notebook}`;
  await app.commands.execute("docmanager:open", { path });
}

function models(app: JupyterFrontEnd, keepLang: (lang: string) => void): Models {
  const desk = new DeskModel(new Api(app.serviceManager.serverSettings), keepLang);
  const found = {
    desk,
    review: new ReviewModel(desk),
    interview: new InterviewModel(desk),
    runs: new RunsModel(desk),
  };
  return found;
}

function activate(
  app: JupyterFrontEnd,
  palette: ICommandPalette | null,
  launcher: ILauncher | null,
  notebooks: INotebookTracker | null,
  registry: ISettingRegistry | null,
  translator: ITranslator | null,
  restorer: ILayoutRestorer | null,
): void {
  const settings = registry?.load(PLUGIN).catch(() => null) ?? Promise.resolve(null);
  const all = models(app, (lang) => void settings.then((found) => found?.set("language", lang)));
  const { desk } = all;
  desk.wishes.lang = language("auto", translator);

  const show = (widget: Widget): void => {
    if (!widget.isAttached) app.shell.add(widget, "main");
    app.shell.activateById(widget.id);
  };
  const ways = {
    open: (technique: Technique) => void openNotebook(app, technique),
    review: (technique: string | null) => void all.review.begin(technique),
    run: (technique: string) => {
      all.runs.choose(technique);
      desk.go("runs");
    },
    result: ({ id, technique }: { id: string; technique: string }) =>
      void desk.tried(async () => show(page(`studykit-${id}`, desk.title(technique), await desk.api.result(id)))),
    evidence: () => void app.commands.execute("studykit:evidence"),
  };

  // JupyterLab and Notebook 7 both have a place at the left; in the latter it is closed at first.
  const side = new Desk(all, ways);
  side.id = "studykit-desk";
  side.title.icon = deskIcon;
  app.shell.add(side, "left", { rank: 650 });
  const openSide = (): void => app.shell.activateById(side.id);
  restorer?.add(side, "studykit-desk");
  const tracker = new WidgetTracker<MainAreaWidget<Desk>>({ namespace: "studykit-desk" });
  let main: MainAreaWidget<Desk> | null = null;
  const openMain = (): void => {
    if (!main || main.isDisposed) {
      main = new MainAreaWidget({ content: new Desk(all, ways) });
      main.id = "studykit-desk-main";
      main.toolbar.hide();
      Object.assign(main.title, { icon: deskIcon, closable: true });
      void tracker.add(main);
    }
    show(main);
    // Notebook 7 has one widget in its main area, which is the notebook.
    if (!main.isAttached) openSide();
  };
  const shown = {
    main: openMain,
    panel: openSide,
    evidence: async () => {
      const title = app.commands.label("studykit:evidence");
      await desk.tried(async () => show(page("studykit-evidence", title, await desk.api.evidence())));
    },
  };
  addCommands(app, all, shown, notebooks);
  void restorer?.restore(tracker, { command: "studykit:open-desk", name: () => "desk" });
  for (const command of LISTED) palette?.addItem({ command, category: CATEGORY });
  // Beside Lab's own cards, whatever they are called in the language of Lab: a group of its own would be below the fold.
  const category = (translator ?? nullTranslator).load("jupyterlab").__("Other");
  launcher?.add({ command: "studykit:open-desk", category, rank: 0 });
  app.docRegistry.addWidgetExtension("Notebook", new LessonToolbar(app.commands));
  notebooks?.currentChanged.connect(() => app.commands.notifyCommandChanged());

  let { lang } = desk;
  side.title.caption = app.commands.label("studykit:open-desk"); // read where it stands in a menu before it is shown
  desk.changed.connect(() => {
    if (desk.lang !== lang) app.commands.notifyCommandChanged();
    lang = desk.lang;
    caption(side, main);
  });
  void settings.then((found) => found && follow(desk, found, translator));
  void app.restored.then(() => Promise.all([desk.load(), all.runs.load(), all.interview.load()]));
  // Meanwhile something may have been done in another tab, or in a terminal.
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && desk.loaded) void Promise.all([desk.refresh(), all.runs.load()]);
  });
}

/** A tab of the main area is named by its outer widget. */
function caption(side: Desk, main: MainAreaWidget<Desk> | null): void {
  if (main && !main.isDisposed) main.title.label = main.content.title.caption;
  side.title.label = "";
}

const plugin: JupyterFrontEndPlugin<void> = {
  id: PLUGIN,
  description: "Syllabus, reviews, mock interviews and runs for studykit.",
  autoStart: true,
  optional: [
    ICommandPalette,
    ILauncher,
    INotebookTracker,
    ISettingRegistry,
    ITranslator,
    ILayoutRestorer,
  ],
  activate,
};

export default plugin;
