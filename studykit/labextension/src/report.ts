// The report of an interview: layers, what was said wrongly with its source, what was missing, and where to go on.
import type { Interview, Report } from "./contract";
import { button, h, prose, say } from "./dom";
import type { DeskModel } from "./model";

const WORDS = {
  report: { en: "Report", zh: "面试报告" },
  layers: { en: "Layers of the answer", zh: "回答的三个层次" },
  algorithm: { en: "algorithm", zh: "算法" },
  data: { en: "data", zh: "数据" },
  engineering: { en: "engineering", zh: "工程" },
  covered: { en: "covered", zh: "讲到了" },
  lacking: { en: "not mentioned", zh: "没有提到" },
  findings: { en: "To be corrected", zh: "需要更正的说法" },
  clean: {
    en: "No known false or outdated statement was found. What the ledger does not have was not checked.",
    zh: "没有发现已知的错误或过时说法。事实表以外的内容没有核对。",
  },
  wrong: { en: "wrong", zh: "错误" },
  outdated: { en: "outdated", zh: "过时" },
  qualified: { en: "true only under its condition", zh: "只在一定条件下成立" },
  unverifiable: { en: "without a source", zh: "查无出处" },
  source: { en: "Source", zh: "出处" },
  missing: { en: "Not mentioned", zh: "没有提到的内容" },
  drills: { en: "Code", zh: "代码" },
  found: { en: "the bug was found", zh: "找到了 bug" },
  overlooked: { en: "the bug was not found", zh: "没有找到 bug" },
  next: { en: "Go on with", zh: "接下来学" },
  markdown: { en: "Save as Markdown", zh: "存为 Markdown" },
  html: { en: "Save as HTML", zh: "存为 HTML" },
};

const { wrong, outdated, qualified, unverifiable } = WORDS;
const VERDICTS: Record<string, { en: string; zh: string }> = { wrong, outdated, qualified, unverifiable };

function layers({ layers: found }: Report, words: Words): Node {
  const each = (["algorithm", "data", "engineering"] as const).map((name) =>
    h(
      "li",
      {},
      h("span", { "aria-hidden": "true" }, found[name] ? "✓ " : "○ "),
      `${words(WORDS[name])}: ${words(found[name] ? WORDS.covered : WORDS.lacking)}`,
    ),
  );
  return h("ul", { class: "sk-list" }, ...each);
}

/** The answer around what was found, with that marked. */
function quoted(given: string, [from, to]: [number, number]): Node {
  const signs = [...given]; // spans count signs, as Python does, not halves of them
  const near = 60;
  const before = signs.slice(Math.max(0, from - near), from).join("");
  return h(
    "p",
    { class: "sk-quote" },
    (from > near ? "… " : "") + before,
    h("mark", {}, signs.slice(from, to).join("")),
    signs.slice(to, to + near).join("") + (to + near < signs.length ? " …" : ""),
  );
}

type Words = (text: { en: string; zh: string }) => string;

function findings({ turns, report: found }: Interview, words: Words): Node[] {
  if (!found!.findings.length) return [h("p", {}, `✓ ${words(WORDS.clean)}`)];
  return found!.findings.map((each) =>
    h(
      "div",
      { class: "sk-finding" },
      quoted(turns[each.turn]?.given ?? each.text, turns[each.turn] ? each.span : [0, each.text.length]),
      h("p", { class: "sk-status" }, words(VERDICTS[each.verdict] ?? { en: each.verdict, zh: each.verdict })),
      ...prose(each.correction),
      h("p", { class: "sk-soft" }, `${words(WORDS.source)}: ${each.source}`),
    ),
  );
}

export function report(desk: DeskModel, interview: Interview, open: (technique: string) => void): Node[] {
  const words: Words = (text) => say(text, desk.lang);
  const found = interview.report!;
  const part = (title: { en: string; zh: string }, ...content: Node[]) => [h("h3", {}, words(title)), ...content];
  const list = (lines: (string | Node)[]) => h("ul", { class: "sk-list" }, ...lines.map((each) => h("li", {}, each)));
  const drills = found.drills.map(
    ({ technique, passed, message }) => `${passed ? "✓" : "✗"} ${desk.title(technique)}: ${message}`,
  );
  const bugs = found.bugs.map(
    (each) => `${each.found ? "✓" : "✗"} ${desk.title(each.technique)}: ${words(each.found ? WORDS.found : WORDS.overlooked)}`,
  );
  const next = found.next.map((id) => button(desk.title(id), () => open(id), { key: `next-${id}`, class: "sk-link" }));
  const save = async (format: "md" | "html") => {
    await desk.tried(async () => {
      download(await desk.api.report(interview.id, format), `interview-${interview.id}.${format}`, format);
    });
  };
  return [
    h("h3", { role: "status" }, words(WORDS.report)),
    ...part(WORDS.layers, layers(found, words)),
    ...part(WORDS.findings, ...findings(interview, words)),
    ...(found.missing.length ? part(WORDS.missing, list(found.missing)) : []),
    ...(drills.length + bugs.length ? part(WORDS.drills, list([...drills, ...bugs])) : []),
    ...(next.length ? part(WORDS.next, list(next)) : []),
    h(
      "div",
      { class: "sk-actions" },
      button(words(WORDS.markdown), () => void save("md"), { key: "markdown", class: "sk-main" }),
      button(words(WORDS.html), () => void save("html"), { key: "html" }),
    ),
  ];
}

function download(text: string, name: string, format: "md" | "html"): void {
  const type = format === "md" ? "text/markdown" : "text/html";
  const address = URL.createObjectURL(new Blob([text], { type: `${type};charset=utf-8` }));
  h("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
}
