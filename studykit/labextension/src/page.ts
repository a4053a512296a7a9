// A page of the server in the main area: in a frame that runs no script, asks for nothing, and can't reach the desk.
import { MainAreaWidget } from "@jupyterlab/apputils";
import { Widget } from "@lumino/widgets";
import { h } from "./dom";

// Also for a page that came without the server's own policy.
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; media-src data:; font-src data:";

export function page(id: string, title: string, html: string): MainAreaWidget<Widget> {
  const meta = `<meta http-equiv="Content-Security-Policy" content="${POLICY}">`;
  const body = new Widget();
  body.addClass("sk-page");
  body.node.append(h("iframe", { sandbox: "", title, srcdoc: meta + html }));
  const widget = new MainAreaWidget({ content: body });
  Object.assign(widget.title, { label: title, caption: title, closable: true });
  widget.id = id;
  widget.toolbar.hide();
  return widget;
}
