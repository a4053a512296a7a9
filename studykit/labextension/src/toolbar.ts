// Buttons above the notebooks of the kit, and above no others.
import type { DocumentRegistry } from "@jupyterlab/docregistry";
import type { INotebookModel, NotebookPanel } from "@jupyterlab/notebook";
import { CommandToolbarButton } from "@jupyterlab/ui-components";
import type { CommandRegistry } from "@lumino/commands";
import { DisposableDelegate, IDisposable } from "@lumino/disposable";
import { LESSON } from "./commands";
import { lesson } from "./lesson";

export class LessonToolbar implements DocumentRegistry.IWidgetExtension<NotebookPanel, INotebookModel> {
  constructor(private readonly commands: CommandRegistry) {}

  createNew(panel: NotebookPanel, context: DocumentRegistry.IContext<INotebookModel>): IDisposable {
    const buttons: CommandToolbarButton[] = [];
    void context.ready.then(() => {
      const found = lesson(panel);
      if (!found || panel.isDisposed) return;
      for (const id of LESSON) {
        if (id === "studykit:colab" && !found.colab) continue;
        const button = new CommandToolbarButton({ commands: this.commands, id });
        button.addClass("sk-toolbar");
        // Before the gap that keeps the kernel's name to the right; where a toolbar has none, at its end.
        if (!panel.toolbar.insertBefore("spacer", id, button)) panel.toolbar.addItem(id, button);
        buttons.push(button);
      }
    });
    return new DisposableDelegate(() => buttons.forEach((button) => button.dispose()));
  }
}
