/** The streams of this server: one feed for each run that somebody watches. */
import type { ServerResponse } from "node:http";
import { TuttiError } from "../domain/error.ts";
import type { Journal } from "../domain/ports.ts";
import { Chapters } from "./chapters.ts";
import { Feed } from "./feed.ts";
import { tooMany } from "./guard.ts";
import { isLast, Stream } from "./stream.ts";

export interface FeedsOptions {
  readonly journal: Journal;
  /** Streams at once. */
  readonly most: number;
  readonly unsent: number;
  readonly patience: number;
  /** Milliseconds between two signs of life. */
  readonly heartbeat: number;
  readonly log: (line: string) => void;
}

export interface Attach {
  readonly run: string;
  readonly from: number;
  readonly untilPause?: boolean;
  readonly headers?: { readonly [name: string]: string };
}

const closing = () => new TuttiError("JOURNAL_CLOSED", "this server is closing");
/** Beats that a stream may miss before it is dropped. */
const MISSED_BEATS = 2;

export class Feeds {
  readonly #options: FeedsOptions;
  readonly #chapters: Chapters;
  readonly #feeds = new Map<string, Feed>();
  readonly #beating: NodeJS.Timeout;
  #isClosed = false;
  #count = 0;

  constructor(options: FeedsOptions) {
    this.#options = options;
    this.#chapters = new Chapters(options.journal);
    this.#beating = setInterval(() => {
      for (const feed of this.#feeds.values()) feed.beat(MISSED_BEATS * options.heartbeat);
    }, options.heartbeat).unref();
  }

  get count(): number {
    return this.#count;
  }

  /** Throws where no stream can be had, for whoever must know it before a run is begun. */
  checkRoom(): void {
    if (this.#isClosed) throw closing();
    if (this.#count >= this.#options.most) throw tooMany(`${this.#options.most} streams are open`, 5);
  }

  /** Throws before anything is sent. `ended`: all of the run's events were had before, and there is nothing to send. */
  async attach(
    response: ServerResponse,
    { run, from, untilPause = false, headers = {} }: Attach,
  ): Promise<"ended" | "attached"> {
    this.checkRoom();
    // Held from now on, so that many who come at once are counted.
    this.#count++;
    try {
      if ((await this.#check(run, from)) === "ended") return "ended";
      if (this.#isClosed) throw closing();
      if (response.destroyed) return "attached";
      const stream = new Stream(response, { from, untilPause, headers });
      this.#count++;
      stream.onClose(() => this.#count--);
      this.#feedOf(run).add(stream);
      return "attached";
    } finally {
      this.#count--;
    }
  }

  /** Ends every stream in good order; their clients come back to whoever serves next. */
  close(): void {
    this.#isClosed = true;
    clearInterval(this.#beating);
    for (const feed of this.#feeds.values()) for (const stream of feed.streams) stream.end();
  }

  /** A stream begins at most one beyond the newest event, or it would wait for numbers that mean something else. */
  async #check(run: string, from: number): Promise<"ended" | "open"> {
    const before = Math.max(1, from - 1);
    // A reading that others had begun may be older than the event that this client has seen: so, once more.
    let frames = await this.#chapters.from(run, before);
    if (frames.length === 0) frames = await this.#chapters.from(run, before);
    const [last] = frames;
    if (last === undefined && before === 1)
      throw new TuttiError("NOT_FOUND", `run ${run} has not begun`, { path: "run" });
    if (last === undefined)
      throw new TuttiError("BAD_INPUT", `run ${run} has no event ${before} yet`, { path: "from" });
    return from > 1 && isLast(last.type) ? "ended" : "open";
  }

  #feedOf(run: string): Feed {
    const known = this.#feeds.get(run);
    if (known) return known;
    const { journal, unsent, patience, log } = this.#options;
    const feed = new Feed({
      ...{ run, journal, chapters: this.#chapters, unsent, patience, log },
      onOver: () => {
        if (this.#feeds.get(run) === feed) this.#feeds.delete(run);
      },
    });
    this.#feeds.set(run, feed);
    return feed;
  }
}
