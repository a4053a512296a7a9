// What the views build with: the widgets' own helpers, prose with listings, and drawing anew without losing the focus.
import { h, rich } from "../../widgets/dom.js";

export { h, rich, root, s, say } from "../../widgets/dom.js";

/** A part of the desk. */
export interface View {
  readonly node: HTMLElement;
  update(): void;
  dispose(): void;
}

type Children = (Node | string | null | undefined | false)[];

/** Give a node new children; whatever had the focus there has it again, found by `data-key`. */
export function redraw(node: HTMLElement, ...children: Children): void {
  const focused = document.activeElement;
  const key = focused instanceof HTMLElement && node.contains(focused) ? focused.dataset["key"] : undefined;
  const caret = focused instanceof HTMLInputElement && focused.type === "search" ? focused.selectionStart : null;
  node.replaceChildren(...children.filter((child): child is Node | string => Boolean(child)));
  if (!key) return;
  const again = node.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"]`);
  again?.focus();
  if (caret !== null && again instanceof HTMLInputElement) again.setSelectionRange(caret, caret);
}

/** Paragraphs and ``` listings; nothing is ever read as HTML. */
export function prose(text: string): HTMLElement[] {
  return text.split(/^```[^\n]*\n?/m).flatMap((part, n) => {
    if (!part.trim()) return [];
    return n % 2 ? [h("pre", { class: "sk-listing", tabindex: "0" }, part.trimEnd())] : rich(part);
  });
}

interface Press {
  key?: string;
  class?: string;
  label?: string;
  pressed?: boolean;
  disabled?: boolean;
}

/** A button that says `words`. */
export function button(words: string, pressed: () => void, look: Press = {}): HTMLButtonElement {
  return h(
    "button",
    {
      type: "button",
      class: look.class ?? "sk-quiet",
      "data-key": look.key,
      "aria-label": look.label,
      title: look.label,
      "aria-pressed": look.pressed === undefined ? null : String(look.pressed),
      disabled: look.disabled,
      onclick: pressed,
    },
    words,
  );
}

/** A bar with its number: never colour alone. */
export function bar(share: number, label: string, shown = `${Math.round(100 * share)} %`): HTMLElement {
  const percent = Math.round(100 * share);
  const track = h(
    "span",
    {
      class: "sk-track",
      role: "progressbar",
      "aria-label": label,
      "aria-valuemin": 0,
      "aria-valuemax": 100,
      "aria-valuenow": percent,
      "aria-valuetext": shown,
    },
    h("span", { style: `width: ${percent}%` }),
  );
  return h("span", { class: "sk-bar" }, track, h("span", { class: "sk-share", "aria-hidden": "true" }, shown));
}

/** A field with its name above it. */
export function field(name: string, control: HTMLElement, hint = ""): HTMLElement {
  // The label around it would be read with all the options of a choice.
  control.setAttribute("aria-label", hint ? `${name}: ${hint}` : name);
  return h("label", { class: "sk-field" }, h("span", {}, name), control, hint && h("span", { class: "sk-hint" }, hint));
}

/** A choice among pairs of value and words. */
export function select(
  options: [value: string, words: string][],
  chosen: string,
  changed: (value: string) => void,
  key: string,
): HTMLSelectElement {
  const found = h(
    "select",
    { "data-key": key, onchange: () => changed(found.value) },
    ...options.map(([value, words]) => h("option", { value, selected: value === chosen }, words)),
  );
  return found;
}
