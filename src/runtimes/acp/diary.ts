/** What a coding agent does with its tools, written into the attempt's log in order and within limits. */
import type { Json } from "../../domain/json.ts";
import type { AttemptLog } from "../../domain/ports.ts";
import type { Scrub } from "../model/secrets.ts";
import { bounded } from "../tools/tool.ts";
import type { ToolNews } from "./protocol.ts";

/** Calls that are written down; further ones are only counted. */
const MOST_CALLS = 2000;
/** Calls under way at once of which we know more than their number. */
const MOST_OPEN = 200;
/** Characters of what it gave to a tool, and of what the tool answered. */
const LONGEST = { input: 4000, text: 8000 } as const;
const ENDS = new Set(["completed", "failed"]);

interface Open {
  news: ToolNews;
  isWritten: boolean;
}

export class Diary {
  readonly #log: AttemptLog;
  readonly #scrub: Scrub;
  readonly #broke: (error: unknown) => void;
  readonly #open = new Map<string, Open>();
  #last: Promise<void> = Promise.resolve();
  #calls = 0;

  /** `broke` is told where the log takes no more: then nobody knows any longer what is being done. */
  constructor(log: AttemptLog, scrub: Scrub, broke: (error: unknown) => void) {
    this.#log = log;
    this.#scrub = scrub;
    this.#broke = broke;
  }

  /** Calls of tools so far. */
  get calls(): number {
    return this.#calls;
  }

  /** Takes what is new of a call, and gives all that is known of it. */
  take(news: ToolNews): ToolNews {
    const open = this.#open.get(news.id) ?? this.#begun(news.id);
    open.news = { ...open.news, ...news };
    if (news.status !== undefined && news.status !== "pending") this.#write(open);
    if (ENDS.has(news.status ?? "")) this.#end(open);
    return open.news;
  }

  /** It is about to be decided upon: what it is stands in the log before. */
  async decided(news: ToolNews): Promise<void> {
    const open = this.#open.get(news.id);
    if (open) this.#write(open);
    await this.#last;
  }

  /** Resolves when all that was taken is durable, or when the log takes no more. */
  async flushed(): Promise<void> {
    for (const open of this.#open.values()) this.#write(open);
    await this.#last;
  }

  #begun(id: string): Open {
    if (this.#open.size >= MOST_OPEN) this.#open.delete(this.#open.keys().next().value ?? "");
    const open: Open = { news: { id }, isWritten: false };
    this.#open.set(id, open);
    this.#calls++;
    return open;
  }

  #write(open: Open): void {
    if (open.isWritten) return;
    open.isWritten = true;
    const { id, name, kind, title, input, paths } = open.news;
    this.#append("tool:call", {
      ...{ id, name: name ?? kind ?? "tool" },
      ...(title !== undefined && { title: this.#scrub(title) }),
      ...(input !== undefined && { input: this.#bounded(input) }),
      ...(paths && { paths: paths.slice(0, 20) }),
    });
  }

  #end(open: Open): void {
    const { id, name, kind, text = "", status } = open.news;
    this.#open.delete(id);
    this.#append("tool:result", {
      ...{ id, name: name ?? kind ?? "tool", text: bounded(this.#scrub(text), LONGEST.text) },
      ...(status === "failed" && { fault: "failed" }),
    });
  }

  #append(type: "tool:call" | "tool:result", entry: Json): void {
    if (this.#calls > MOST_CALLS) return;
    this.#last = this.#last.then(() => this.#log.append({ type, entry })).catch(this.#broke);
  }

  #bounded(input: Json): Json {
    const text = this.#scrub(JSON.stringify(input));
    return text.length <= LONGEST.input ? (JSON.parse(text) as Json) : bounded(text, LONGEST.input);
  }
}
