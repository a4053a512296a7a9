// A review: what is asked, what was answered. Toward widgets/quiz.js it is the model of an anywidget, whose kernel is the server.
import { told } from "./api";
import type { Graded, Question, Text } from "./contract";
import { keep, kept, share, shared, today } from "./keep";
import { DeskModel, Followed } from "./model";
import type { Model } from "../../widgets/quiz.js";

interface Session {
  seed: number;
  technique: string | null;
  questions: Question[];
  index: number;
  results: Record<string, Graded>;
  left: string[]; // ids of the questions that were left out, the last at the end
}

export class ReviewModel extends Followed implements Model {
  session: Session | null = kept<Session>("review");
  /** Changes with each review, so that a view knows when to begin anew. */
  serial = 0;
  /** That there was nothing to ask, of which technique. */
  nothing = false;
  busy = false;
  problem: { text: Text; n: number } | null = null;
  private readonly handlers = new Map<string, Set<() => void>>();
  private waiting = new Set<string>();

  constructor(readonly desk: DeskModel) {
    super();
    let lang = desk.lang;
    desk.changed.connect(() => {
      if (desk.lang !== lang) this.fire("lang");
      lang = desk.lang;
    });
  }

  /** The questions that are asked, without those left out. */
  get asked(): Question[] {
    const { questions = [], left = [] } = this.session ?? {};
    return questions.filter((each) => !left.includes(each.en.id));
  }

  get done(): Graded[] {
    const results = this.session?.results ?? {};
    return this.asked.flatMap((each) => results[each.en.id] ?? []);
  }

  get finished(): boolean {
    return this.asked.length > 0 && this.done.length === this.asked.length;
  }

  get current(): string {
    return this.asked[this.session?.index ?? 0]?.en.id ?? "";
  }

  /** How many new questions today still has. */
  get fresh(): number {
    const counted = shared<{ day: string; count: number }>("new");
    return Math.max(0, this.desk.wishes.newPerDay - (counted?.day === today() ? counted.count : 0));
  }

  /** Begin a review of what is due, or of one technique with all its new questions. */
  async begin(technique: string | null = null): Promise<void> {
    const { dailyLimit } = this.desk.wishes;
    this.desk.go("review");
    await this.once(async () => {
      const fresh = technique ? dailyLimit : Math.min(this.fresh, dailyLimit);
      const due = await this.desk.api.due(dailyLimit, fresh, technique ?? undefined);
      this.nothing = due.questions.length === 0;
      this.open(due.questions.length ? { ...due, technique, index: 0, results: {}, left: [] } : null);
    });
  }

  end(): void {
    this.open(null);
    this.nothing = false;
    void this.desk.refresh();
    this.tell();
  }

  /** Take the last answer back; it counts for nothing. */
  async undo(): Promise<void> {
    const last = this.last;
    if (!last) return;
    await this.once(async () => {
      await this.desk.api.undo(last.event);
      const results = { ...this.session!.results };
      delete results[last.question];
      this.change({ results, index: this.asked.findIndex((each) => each.en.id === last.question) }, "results", "index");
    });
    void this.desk.refresh();
  }

  get last(): Graded | undefined {
    return this.done.reduce<Graded | undefined>((a, b) => (a && a.event > b.event ? a : b), undefined);
  }

  /** Leave the shown question out of this review and all later ones. */
  async suspend(): Promise<void> {
    const id = this.current;
    await this.once(async () => {
      await this.desk.api.suspend(id, true);
      const { left, index } = this.session!;
      this.change({ left: [...left, id], index: Math.max(0, Math.min(index, this.asked.length - 2)) }, "questions");
    });
  }

  /** Take in again what was left out last. */
  async resume(): Promise<void> {
    const id = this.session?.left.at(-1);
    if (!id) return;
    await this.once(async () => {
      await this.desk.api.suspend(id, false);
      const left = this.session!.left.slice(0, -1);
      this.change({ left }, "questions");
      this.change({ index: this.asked.findIndex((each) => each.en.id === id) }, "index");
    });
  }

  get(name: string): unknown {
    if (name === "lang") return this.desk.lang;
    if (name === "questions") return this.asked;
    if (name === "problem") return this.problem;
    return this.session?.[name as "index" | "results"];
  }

  set(name: string, value: unknown): void {
    if (name === "lang") this.desk.speak(value as "en" | "zh");
    else if (this.session) Object.assign(this.session, { [name]: value });
    this.waiting.add(name);
  }

  save_changes(): void {
    const changed = [...this.waiting].filter((name) => name !== "lang");
    this.waiting.clear();
    if (changed.length) this.change({}, ...changed);
  }

  send({ id, given }: { id: string; given: string }): void {
    void this.answer(id, given);
  }

  on(event: string, changed: () => void): void {
    const found = this.handlers.get(event) ?? new Set();
    this.handlers.set(event, found.add(changed));
  }

  off(event: string, changed: () => void): void {
    this.handlers.get(event)?.delete(changed);
  }

  private async answer(id: string, given: string): Promise<void> {
    const { session } = this;
    if (!session) return;
    try {
      const graded = await this.desk.api.review(id, given, session.seed);
      if (this.session !== session) return;
      if (!session.questions.find((each) => each.en.id === id)?.due) this.count();
      this.change({ results: { ...session.results, [id]: graded } }, "results");
      void this.desk.refresh();
    } catch (error) {
      this.problem = { text: told(error), n: (this.problem?.n ?? 0) + 1 };
      this.fire("problem");
    }
  }

  private count(): void {
    const counted = shared<{ day: string; count: number }>("new");
    share("new", { day: today(), count: 1 + (counted?.day === today() ? counted.count : 0) });
  }

  private open(session: Session | null): void {
    this.session = session;
    this.serial++;
    keep("review", session);
  }

  private change(values: Partial<Session>, ...names: string[]): void {
    if (!this.session) return;
    Object.assign(this.session, values);
    keep("review", this.session);
    // A quiz without a question can't be drawn: the view takes it away first.
    this.tell();
    if (this.asked.length) names.forEach((name) => this.fire(name));
  }

  private async once(work: () => Promise<void>): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    await this.desk.tried(work);
    this.busy = false;
    this.tell();
  }

  private fire(name: string): void {
    for (const changed of [...(this.handlers.get(`change:${name}`) ?? [])]) changed();
  }
}
