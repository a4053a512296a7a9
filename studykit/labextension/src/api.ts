// The routes of the server extension, by Lab's own connection: token, cookie and XSRF are its affair.
import { URLExt } from "@jupyterlab/coreutils";
import { ServerConnection } from "@jupyterlab/services";
import type {
  Catalog,
  Drill,
  Due,
  Graded,
  Interview,
  InterviewLine,
  Memory,
  Progress,
  Run,
  Settings,
  Text,
} from "./contract";

const GONE: Text = {
  en: "The Jupyter server does not answer. Start it again; what you did is kept.",
  zh: "Jupyter 服务没有响应，请重新启动；已有的进度都还在。",
};
const ABSENT: Text = {
  en: "This Jupyter server runs without studykit. Start it by `python3 -m studykit lab`.",
  zh: "当前的 Jupyter 服务没有加载 studykit，请用 `python3 -m studykit lab` 启动。",
};

/** What could not be done, in one line for the learner. */
export class Failure extends Error {
  constructor(
    readonly text: Text,
    readonly status: number,
  ) {
    super(text.en);
  }
}

export class Api {
  constructor(private readonly settings: ServerConnection.ISettings) {}

  catalog = (): Promise<Catalog> => this.ask("catalog");
  progress = (): Promise<Progress> => this.ask("progress");
  memory = (technique: string): Promise<Memory> => this.ask(`progress/${technique}`);
  due = (limit: number, fresh: number, technique?: string): Promise<Due> =>
    this.ask(`due${URLExt.objectToQueryString({ limit, new: fresh, ...(technique && { technique }) })}`);
  review = (question: string, given: string, seed: number): Promise<Graded> =>
    this.ask("reviews", "POST", { question, given, seed });
  undo = (event: number): Promise<unknown> => this.ask("reviews/undo", "POST", { event });
  suspend = (question: string, suspended: boolean): Promise<unknown> =>
    this.ask("reviews/suspend", "POST", { question, suspended });
  drill = (technique: string): Promise<Drill> => this.ask(`drills/${technique}`);

  runs = async (): Promise<Run[]> => (await this.ask<{ runs: Run[] }>("runs")).runs;
  run = (id: string): Promise<Run & { log: string[] }> => this.ask(`runs/${id}`);
  start = (technique: string, parameters: Record<string, unknown>): Promise<Run> =>
    this.ask("runs", "POST", { technique, parameters });
  stop = (id: string): Promise<Run> => this.ask(`runs/${id}`, "DELETE");
  result = (id: string): Promise<string> => this.text(`runs/${id}/result`);
  evidence = (): Promise<string> => this.text("evidence");

  interviews = async (): Promise<InterviewLine[]> =>
    (await this.ask<{ interviews: InterviewLine[] }>("interviews")).interviews;
  begin = (settings: Settings): Promise<Interview> => this.ask("interviews", "POST", settings);
  interview = (id: string): Promise<Interview> => this.ask(`interviews/${id}`);
  answer = (id: string, given: string, seconds: number): Promise<Interview> =>
    this.ask(`interviews/${id}/answers`, "POST", { given, seconds });
  finish = (id: string): Promise<Interview> => this.ask(`interviews/${id}/finish`, "POST", {});
  report = (id: string, format: "md" | "html"): Promise<string> =>
    this.text(`interviews/${id}/report?format=${format}`);

  /** The states of a run, as the server pushes them, until it ends. */
  async *events(id: string): AsyncGenerator<Run> {
    const response = await this.request(`runs/${id}/events`);
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { done, value } = await reader.read().catch(() => {
        throw new Failure(GONE, 0);
      });
      if (done) return;
      const lines = (rest + value).split("\n");
      rest = lines.pop()!;
      for (const line of lines) if (line) yield JSON.parse(line) as Run;
    }
  }

  private async ask<T>(path: string, method = "GET", body?: unknown): Promise<T> {
    return (await (await this.request(path, method, body)).json()) as T;
  }

  private async text(path: string): Promise<string> {
    return (await this.request(path)).text();
  }

  private async request(path: string, method = "GET", body?: unknown): Promise<Response> {
    const url = URLExt.join(this.settings.baseUrl, "studykit", path);
    const init = { method, ...(body !== undefined && { body: JSON.stringify(body) }) };
    let response: Response;
    try {
      response = await ServerConnection.makeRequest(url, init, this.settings);
    } catch {
      throw new Failure(GONE, 0);
    }
    if (response.ok) return response;
    const told = await response.json().catch(() => ({}));
    const line = typeof told.remedy === "string" ? String(told.message) : "";
    // A 404 that does not speak as studykit does comes from a server that does not know it.
    const text = line ? { en: line, zh: line } : response.status === 404 ? ABSENT : unknown(response);
    throw new Failure(text, response.status);
  }
}

const unknown = ({ status, statusText }: Response): Text => ({
  en: `The server refused: ${status} ${statusText}.`,
  zh: `服务拒绝了请求：${status} ${statusText}。`,
});

/** What a caught error says to the learner; a fault of ours is told as such and kept in the console. */
export function told(error: unknown): Text {
  if (error instanceof Failure) return error.text;
  console.error(error);
  return { en: `studykit met an error of its own: ${error}`, zh: `studykit 自身出错：${error}` };
}

