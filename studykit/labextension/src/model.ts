// What the desk knows, for all its views: language, catalog, progress, and where the learner is.
import { ISignal, Signal } from "@lumino/signaling";
import { Api, told } from "./api";
import type { Catalog, Known, Lang, Memory, Progress, Technique, Text } from "./contract";
import { keep, kept } from "./keep";

export type Place = "study" | "review" | "interview" | "runs";
export type Filter = "all" | "due" | "new";

const NOTHING: Known = { mastery: 0, due: 0, answered: 0, drill: null };

/** Something that views follow. */
export class Followed {
  private readonly signal = new Signal<this, void>(this);

  get changed(): ISignal<this, void> {
    return this.signal;
  }

  protected tell(): void {
    this.signal.emit();
  }
}

/** Settings, as the settings editor has them. */
export interface Wishes {
  lang: Lang;
  dailyLimit: number;
  newPerDay: number;
}

export class DeskModel extends Followed {
  catalog: Catalog = { tiers: [], techniques: [] };
  progress: Progress = { techniques: {}, due: 0 };
  /** Of the techniques whose memory is shown; null while it is read. */
  readonly memories = new Map<string, Memory | null>();
  problem: Text | null = null;
  loaded = false;
  place: Place = kept<Place>("place") ?? "study";
  search = "";
  filter: Filter = "all";
  wishes: Wishes = { lang: "en", dailyLimit: 20, newPerDay: 8 };

  constructor(
    readonly api: Api,
    /** Keeps the learner's language where settings are kept. */
    private readonly keepLang: (lang: Lang) => void,
  ) {
    super();
  }

  get lang(): Lang {
    return this.wishes.lang;
  }

  wish(wishes: Wishes): void {
    this.wishes = wishes;
    this.tell();
  }

  speak(lang: Lang): void {
    if (lang === this.lang) return;
    this.wish({ ...this.wishes, lang });
    this.keepLang(lang);
  }

  go(place: Place): void {
    this.place = place;
    keep("place", place);
    this.tell();
  }

  look(search: string, filter: Filter): void {
    Object.assign(this, { search, filter });
    this.tell();
  }

  /** Read all there is; what can't be had is told above all views. */
  load = async (): Promise<void> => {
    await this.tried(async () => {
      [this.catalog, this.progress] = await Promise.all([this.api.catalog(), this.api.progress()]);
      this.loaded = true;
    });
  };

  /** Read what changed by an answer, a drill or another window. */
  refresh = async (): Promise<void> => {
    if (!this.loaded) return this.load();
    await this.tried(async () => {
      this.progress = await this.api.progress();
      await Promise.all([...this.memories.keys()].map(this.readMemory));
    });
  };

  /** Show how well a technique is remembered, or fold it. */
  async remember(id: string): Promise<void> {
    if (this.memories.delete(id)) return this.tell();
    this.memories.set(id, null);
    if (!(await this.tried(() => this.readMemory(id)))) this.memories.delete(id);
    this.tell();
  }

  private readMemory = async (id: string): Promise<void> => {
    const found = await this.api.memory(id);
    if (this.memories.has(id)) this.memories.set(id, found); // it may have been folded meanwhile
  };

  /** Do something that may fail; its failure is told above all views. */
  async tried(work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      this.problem = null;
      return true;
    } catch (error) {
      this.problem = told(error);
      return false;
    } finally {
      this.tell();
    }
  }

  technique(id: string | null): Technique | undefined {
    return this.catalog.techniques.find((each) => each.id === id);
  }

  title(id: string | null): string {
    return this.technique(id)?.title[this.lang] ?? id ?? "";
  }

  known(id: string): Known {
    return this.progress.techniques[id] ?? NOTHING;
  }

  /** The techniques of a tier that search and filter leave. */
  shown(tier: string): Technique[] {
    const words = this.search.toLowerCase().split(/\s+/).filter(Boolean);
    return this.catalog.techniques.filter((each) => {
      const known = this.known(each.id);
      if (each.tier !== tier) return false;
      if (this.filter === "due" && !known.due) return false;
      if (this.filter === "new" && (known.answered || known.drill)) return false;
      const text = [each.id, each.section, each.drill, ...Object.values(each.title), ...Object.values(each.summary)];
      return words.every((word) => text.join(" ").toLowerCase().includes(word));
    });
  }
}
