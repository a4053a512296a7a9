// What is used of the notebook's widgets, which are plain ES modules.

declare module "*/widgets/dom.js" {
  type Child = Node | string | number | null | undefined | false;
  type Said = string | { en: string; zh: string } | undefined;

  export function h<K extends keyof HTMLElementTagNameMap>(
    tag: K,
    attributes?: Record<string, unknown>,
    ...children: (Child | Child[])[]
  ): HTMLElementTagNameMap[K];
  export function s(tag: string, attributes?: Record<string, unknown>, ...children: (Child | Child[])[]): SVGElement;
  export function say(text: Said, lang: "en" | "zh"): string;
  export function rich(text: string): HTMLElement[];
  export function root(el: HTMLElement, name: string): { widget: HTMLElement; release: () => void };
}

declare module "*/widgets/quiz.js" {
  /** The part of an anywidget model that the quiz needs. */
  export interface Model {
    get(name: string): unknown;
    set(name: string, value: unknown): void;
    save_changes(): void;
    send(message: { kind: string; id: string; given: string }): void;
    on(event: string, changed: () => void): void;
    off(event: string, changed: () => void): void;
  }
  const widget: { render(given: { model: Model; el: HTMLElement }): () => void };
  export default widget;
}
