// What the server takes and gives; studykit/server/openapi.json says the same in full.

export type Lang = "en" | "zh";
export type Text = Record<Lang, string>;

export interface Knob {
  name: string;
  kind: "log" | "range" | "choice" | "dataset" | "number" | "switch" | "text";
  type: string;
  default: string | number | boolean;
  low?: number;
  high?: number;
  choices?: string[];
}

export interface Technique {
  id: string;
  section: string;
  tier: string;
  title: Text;
  summary: Text;
  minutes: number;
  after: string[];
  questions: number;
  notebook: string;
  drill: string;
  knobs: Knob[];
}

export interface Catalog {
  tiers: { id: string; title: Text }[];
  techniques: Technique[];
}

export interface Known {
  mastery: number;
  due: number;
  answered: number;
  drill: "passed" | "failed" | null;
}

/** What was answered of one technique by day, and the chance that it is still known from today on. */
export interface Memory {
  id: string;
  past: { day: string; right: number; answered: number }[];
  retention: { day: string; predicted: number }[];
}

export interface Progress {
  techniques: Record<string, Known>;
  due: number;
}

export interface Question {
  technique: string;
  due: string | null;
  en: { id: string };
  zh: { id: string };
}

export interface Due {
  seed: number;
  count: number;
  questions: Question[];
}

export interface Graded {
  event: number;
  question: string;
  given: string;
  correct: boolean;
  score: number;
  feedback: Text;
  due: string;
}

export interface Drill {
  technique: string;
  blank: string;
  hints: Text[];
}

export interface Run {
  id: string;
  technique: string;
  parameters: Record<string, unknown>;
  status: "running" | "done" | "failed" | "stopped";
  cell: number;
  cells: number;
  message: string;
  reason: string;
  started: string;
  seconds: number | null;
}

export interface Settings {
  minutes: number;
  level: "screen" | "onsite" | "expert";
  lang: Lang;
  focus: string;
  seed?: number;
}

export interface Turn {
  kind: "broad" | "follow_up" | "drill" | "debug" | "closing";
  technique: string | null;
  prompt: string;
  given: string | null;
  note: string | null;
  blank: string | null;
}

export interface Report {
  layers: Record<"algorithm" | "data" | "engineering", boolean>;
  findings: { span: [number, number]; turn: number; text: string; verdict: string; correction: string; source: string }[];
  missing: string[];
  drills: { technique: string; passed: boolean; message: string }[];
  bugs: { technique: string; found: boolean }[];
  next: string[];
  markdown: string;
}

export interface Interview {
  id: string;
  settings: Settings;
  finished: boolean;
  elapsed: number;
  turns: Turn[];
  report: Report | null;
}

export interface InterviewLine {
  id: string;
  started: string;
  finished: boolean;
  settings: Settings;
}
