// How well one technique's questions are kept in mind: what was answered in the last month, and how the chance to know it still falls in the next.
import type { Lang, Memory } from "./contract";
import { h, s } from "./dom";

const DAYS = 30; // to either side of today
const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [256, 108, 40, 6, 8, 22];
const DAY = 86_400_000;

const percent = (share: number) => `${Math.round(100 * share)} %`;

/** What the picture says, in words. */
export function summary({ past, retention }: Memory, lang: Lang): string {
  const right = past.reduce((sum, day) => sum + day.right, 0);
  const answered = past.reduce((sum, day) => sum + day.answered, 0);
  const at = (day: number) => percent(retention[Math.min(day, retention.length - 1)]?.predicted ?? 0);
  if (!retention.length) return { en: "No question has been answered yet.", zh: "还没有答过题。" }[lang];
  return {
    en: `${right} of ${answered} answers were right. Chance to know the answered questions: today ${at(0)}, in a week ${at(7)}, in a month ${at(29)}.`,
    zh: `答了 ${answered} 次，对了 ${right} 次。答过的题还记得的概率：今天 ${at(0)}，一周后 ${at(7)}，一个月后 ${at(29)}。`,
  }[lang];
}

const x = (day: number) => LEFT + ((day + DAYS) / (2 * DAYS)) * (WIDTH - LEFT - RIGHT);
const y = (share: number) => TOP + (1 - share) * (HEIGHT - TOP - BOTTOM);

function axes(lang: Lang): SVGElement[] {
  const lines = [0, 0.5, 1].flatMap((share) => [
    s("line", { class: "sk-rule", x1: LEFT, x2: WIDTH - RIGHT, y1: y(share), y2: y(share) }),
    s("text", { x: LEFT - 4, y: y(share) + 4, "text-anchor": "end" }, `${100 * share} %`),
  ]);
  const days: [number, string, string][] = [
    [-DAYS, "start", { en: "30 days ago", zh: "30 天前" }[lang]],
    [0, "middle", { en: "today", zh: "今天" }[lang]],
    [DAYS, "end", { en: "in 30 days", zh: "30 天后" }[lang]],
  ];
  const names = days.map(([day, anchor, name]) => s("text", { x: x(day), y: HEIGHT - 6, "text-anchor": anchor }, name));
  const today = s("line", { class: "sk-today-line", x1: x(0), x2: x(0), y1: y(0), y2: y(1) });
  return [...lines, today, ...names];
}

/** Dots for what was answered, the larger the more; a line for what is foreseen. */
export function memory(known: Memory, lang: Lang): HTMLElement {
  const now = Date.parse(known.retention[0]?.day ?? new Date().toISOString().slice(0, 10));
  const dots = known.past.flatMap(({ day, right, answered }) => {
    const ago = (Date.parse(day) - now) / DAY;
    if (ago < -DAYS) return [];
    return [s("circle", { class: "sk-past", cx: x(ago), cy: y(right / answered), r: Math.min(7, 2 + Math.sqrt(answered)) })];
  });
  const line = known.retention.map(({ predicted }, day) => `${day ? "L" : "M"}${x(day).toFixed(1)} ${y(predicted).toFixed(1)}`);
  const words = summary(known, lang);
  return h(
    "figure",
    { class: "sk-memory" },
    s(
      "svg",
      { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": words },
      ...axes(lang),
      line.length > 0 && s("path", { class: "sk-foreseen", d: line.join("") }),
      ...dots,
    ),
    h("figcaption", {}, words),
  );
}
