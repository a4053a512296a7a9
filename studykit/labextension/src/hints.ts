// The hints of a drill in a dialog, one after another: the next is shown only to whoever asks for it.
import { Dialog, showDialog } from "@jupyterlab/apputils";
import { Widget } from "@lumino/widgets";
import type { Drill } from "./contract";
import { button, h, rich, say } from "./dom";
import type { DeskModel } from "./model";

const WORDS = {
  title: { en: "Hints", zh: "提示" },
  next: { en: "Next hint", zh: "下一条提示" },
  close: { en: "Close", zh: "关闭" },
  none: { en: "This drill has no hints.", zh: "这道题没有提示。" },
};

export async function hints(desk: DeskModel, drill: Drill): Promise<void> {
  const words = (text: { en: string; zh: string }) => say(text, desk.lang);
  const list = h("ol", { "aria-live": "polite" });
  const more = (): void => {
    const hint = drill.hints[list.childElementCount];
    if (hint) list.append(h("li", {}, ...rich(words(hint))));
    next.hidden = list.childElementCount >= drill.hints.length;
  };
  const next: HTMLButtonElement = button(words(WORDS.next), more, { class: "jp-Dialog-button jp-mod-styled jp-mod-accept" });
  const body = new Widget();
  body.addClass("sk-hints");
  body.node.append(...(drill.hints.length ? [list, next] : [words(WORDS.none)]));
  more();
  const title = `${words(WORDS.title)} · ${desk.title(drill.technique)}`;
  await showDialog({ title, body, buttons: [Dialog.cancelButton({ label: words(WORDS.close) })], focusNodeSelector: "button" });
}
