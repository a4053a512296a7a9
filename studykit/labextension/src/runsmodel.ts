// Headless runs: all there are, and a stream for each that still goes.
import { told } from "./api";
import type { Run, Text } from "./contract";
import { DeskModel, Followed } from "./model";

export class RunsModel extends Followed {
  runs: Run[] = [];
  logs: Record<string, string[]> = {};
  opened = new Set<string>();
  technique = "";
  /** What was entered, by the name of the parameter; what is as the notebook has it is not sent. */
  draft: Record<string, string> = {};
  problem: Text | null = null;
  busy = false;
  private readonly followed = new Set<string>();

  constructor(readonly desk: DeskModel) {
    super();
  }

  load = async (): Promise<void> => {
    await this.desk.tried(async () => {
      this.runs = await this.desk.api.runs();
    });
    for (const run of this.runs) if (run.status === "running") void this.follow(run.id);
    this.tell();
  };

  choose(technique: string): void {
    Object.assign(this, { technique, draft: {}, problem: null });
    this.tell();
  }

  enter(name: string, value: string): void {
    this.draft[name] = value;
  }

  async start(): Promise<void> {
    await this.once(async () => {
      const run = await this.desk.api.start(this.technique, this.given());
      this.runs = [run, ...this.runs];
      this.opened.add(run.id);
      void this.follow(run.id);
    });
  }

  async stop(id: string): Promise<void> {
    await this.once(async () => this.take(await this.desk.api.stop(id)));
  }

  /** Show a run's log, or fold it. */
  async open(id: string, open: boolean): Promise<void> {
    // A browser also tells of an element that is drawn open.
    if (open === this.opened.has(id)) return;
    if (!open) this.opened.delete(id);
    else {
      this.opened.add(id);
      await this.desk.tried(() => this.readLog(id));
    }
    this.tell();
  }

  private given(): Record<string, unknown> {
    const knobs = this.desk.technique(this.technique)?.knobs ?? [];
    const changed = knobs.flatMap(({ name, kind, default: before }): [string, unknown][] => {
      const entered = this.draft[name]?.trim();
      if (entered === undefined || entered === String(before)) return [];
      if (kind === "switch") return [[name, entered === "true"]];
      const number = typeof before === "number" && entered !== "" && Number.isFinite(Number(entered));
      // What is no number goes as it is: the server says what is wrong with it.
      return [[name, number ? Number(entered) : entered]];
    });
    return Object.fromEntries(changed);
  }

  private async readLog(id: string): Promise<void> {
    this.logs[id] = (await this.desk.api.run(id)).log;
  }

  private async follow(id: string): Promise<void> {
    if (this.followed.has(id)) return;
    this.followed.add(id);
    try {
      for await (const run of this.desk.api.events(id)) {
        this.take(run);
        if (this.opened.has(id)) await this.readLog(id);
        this.tell();
      }
    } catch (error) {
      this.desk.problem = told(error);
      this.tell();
    } finally {
      this.followed.delete(id);
    }
  }

  private take(run: Run): void {
    this.runs = this.runs.map((each) => (each.id === run.id ? run : each));
  }

  private async once(work: () => Promise<void>): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    this.problem = null;
    this.tell();
    try {
      await work();
    } catch (error) {
      this.problem = told(error);
    }
    this.busy = false;
    this.tell();
  }
}
