// What the toolbar does with a lesson's notebook: found by its metadata, changed only where it says so.
import { NotebookActions, NotebookPanel } from "@jupyterlab/notebook";
import type { Cell } from "@jupyterlab/cells";
import type { Drill } from "./contract";

interface Told {
  technique?: unknown;
  colab?: unknown;
}

/** What the notebook's metadata says of the lesson; null for any other notebook. */
export function lesson(panel: NotebookPanel | null): { technique: string; colab: string | null } | null {
  const found = panel?.model?.getMetadata("studykit") as Told | undefined;
  if (typeof found?.technique !== "string") return null;
  const colab = typeof found.colab === "string" && found.colab.startsWith("https://colab.research.google.com/");
  return { technique: found.technique, colab: colab ? (found.colab as string) : null };
}

const tagged = (panel: NotebookPanel, tag: string): Cell[] =>
  panel.content.widgets.filter((cell) => ((cell.model.getMetadata("tags") ?? []) as string[]).includes(tag));

/** Run the drill's cell and the one that has it judged; before them what they need, in a kernel that has not got it. */
export async function check(panel: NotebookPanel): Promise<void> {
  const drill = tagged(panel, "drill");
  const judged = tagged(panel, "drill-check");
  const cells = [...drill, ...judged];
  await panel.sessionContext.ready;
  if (!(await isSetUp(panel))) {
    const setup = panel.content.widgets.filter((cell) => cell.model.id === "setup");
    cells.unshift(...tagged(panel, "bootstrap"), ...tagged(panel, "parameters"), ...setup);
  }
  await NotebookActions.runCells(panel.content, cells, panel.sessionContext);
  await show(panel, judged[0]);
}

async function isSetUp(panel: NotebookPanel): Promise<boolean> {
  const kernel = panel.sessionContext.session?.kernel;
  if (!kernel) return false;
  const asked = { code: "", silent: true, user_expressions: { there: "'lesson' in globals()" } };
  const { content } = await kernel.requestExecute(asked).done;
  const found = (content as { user_expressions?: { there?: { data?: Record<string, string> } } }).user_expressions;
  return found?.there?.data?.["text/plain"] === "True";
}

async function show(panel: NotebookPanel, cell: Cell | undefined): Promise<void> {
  const index = panel.content.widgets.findIndex((each) => each === cell);
  if (index < 0) return;
  panel.content.activeCellIndex = index;
  await panel.content.scrollToItem(index, "smart");
}

/**
 * Put the drill's blank back; what the learner wrote is kept in a raw cell below, in the same step that undo takes back.
 *
 * @returns Whether there was anything to keep.
 */
export async function reset(panel: NotebookPanel, drill: Drill, kept: string): Promise<boolean> {
  const [cell] = tagged(panel, "drill");
  const index = panel.content.widgets.findIndex((each) => each === cell);
  const { model } = panel.content;
  if (!cell || !model) return false;
  const blank = drill.blank.trimEnd();
  const written = cell.model.sharedModel.getSource();
  const changed = written.trim() !== "" && written.trimEnd() !== blank;
  model.sharedModel.transact(() => {
    cell.model.sharedModel.setSource(blank);
    if (changed) model.sharedModel.insertCell(index + 1, { cell_type: "raw", source: `# ${kept}\n${written}`, metadata: {} });
  });
  await show(panel, cell);
  return changed;
}
