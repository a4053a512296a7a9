// A mock interview: the settings asked for, the one that goes on, what is being written, and since when.
import { told } from "./api";
import type { Interview, InterviewLine, Settings, Text, Turn } from "./contract";
import { keep, kept } from "./keep";
import { DeskModel, Followed } from "./model";

interface Draft {
  interview: string;
  turn: number;
  given: string;
  since: number;
}

export class InterviewModel extends Followed {
  settings: Settings;
  interview: Interview | null = null;
  earlier: InterviewLine[] = [];
  problem: Text | null = null;
  busy = false;
  /** When the interview would have begun if it had never been interrupted, by this page's clock. */
  private began = 0;
  private draft: Draft | null = kept<Draft>("draft");

  constructor(readonly desk: DeskModel) {
    super();
    const before = kept<Settings>("interview-settings");
    this.settings = before ?? { minutes: 20, level: "onsite", lang: desk.lang, focus: "all" };
  }

  /** The turn that waits for an answer. */
  get asked(): Turn | null {
    const { turns = [], finished = true } = this.interview ?? {};
    const last = turns.at(-1);
    return !finished && last && last.given === null ? last : null;
  }

  get elapsed(): number {
    if (!this.interview) return 0;
    return this.interview.finished ? this.interview.elapsed : (Date.now() - this.began) / 1000;
  }

  get given(): string {
    return this.ours()?.given ?? this.asked?.blank ?? "";
  }

  choose(settings: Partial<Settings>): void {
    this.settings = { ...this.settings, ...settings };
    keep("interview-settings", this.settings);
  }

  /** What is written so far outlives a reload. */
  write(given: string): void {
    const { interview } = this;
    if (!interview) return;
    this.draft = { interview: interview.id, turn: interview.turns.length, given, since: this.since };
    keep("draft", this.draft);
  }

  load = async (): Promise<void> => {
    const id = kept<string>("interview");
    await this.desk.tried(async () => {
      this.earlier = await this.desk.api.interviews();
      const known = id !== null && this.earlier.some((each) => each.id === id);
      if (known && !this.interview) this.take(await this.desk.api.interview(id));
    });
    this.tell();
  };

  begin = (): Promise<void> => this.once(() => this.desk.api.begin(this.settings));
  open = (id: string): Promise<void> => this.once(() => this.desk.api.interview(id));
  finish = (): Promise<void> => this.once(() => this.desk.api.finish(this.interview!.id));

  async answer(): Promise<void> {
    const { given } = this;
    if (!given.trim()) return;
    const seconds = (Date.now() - this.since) / 1000;
    await this.once(() => this.desk.api.answer(this.interview!.id, given, seconds));
  }

  /** Back to the settings; an unfinished interview can be opened again. */
  leave(): void {
    this.interview = null;
    keep("interview", null);
    this.tell();
    void this.load();
  }

  private get since(): number {
    return this.ours()?.since ?? this.shown;
  }

  private shown = Date.now();

  private ours(): Draft | null {
    const { draft, interview } = this;
    return draft && interview && draft.interview === interview.id && draft.turn === interview.turns.length ? draft : null;
  }

  private take(interview: Interview): void {
    this.interview = interview;
    this.shown = Date.now();
    this.began = Date.now() - 1000 * interview.elapsed;
    if (this.ours()) this.began -= this.shown - this.draft!.since;
    keep("interview", interview.id);
  }

  private async once(work: () => Promise<Interview>): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    this.problem = null;
    this.tell();
    try {
      this.take(await work());
      if (this.interview?.finished) void this.desk.refresh();
    } catch (error) {
      this.problem = told(error);
    }
    this.busy = false;
    this.tell();
  }
}
