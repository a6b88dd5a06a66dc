/**
 * The live events of one run, read from its journal once for all of its clients.
 *
 * A stream catches up first: from the newest events, which are kept, or from chapters of the journal. Where it has
 * reached what the tail brings next it becomes live, in the same turn of the event loop, so nothing is missed and
 * nothing comes twice. A live stream that cannot take more goes back to catching up.
 */
import { reasonOf } from "../domain/error.ts";
import type { Journal } from "../domain/ports.ts";
import { type Chapters, type Frame, frameOf, sizeOf } from "./chapters.ts";
import { isLast, PIECE, type Stream } from "./stream.ts";

/** Characters of the newest events that are kept for those who join. */
const WINDOW = 1 << 20;

export interface FeedOptions {
  readonly run: string;
  readonly journal: Journal;
  readonly chapters: Chapters;
  /** A stream to which more than this is owed, and that has taken nothing for `patience` milliseconds, is dropped. */
  readonly unsent: number;
  readonly patience: number;
  readonly log: (line: string) => void;
  /** Called when the last stream has left, or none can be served any more. */
  readonly onOver: () => void;
}

export class Feed {
  readonly streams = new Set<Stream>();
  readonly #options: FeedOptions;
  readonly #live = new Set<Stream>();
  readonly #stop = new AbortController();
  #window: Frame[] = [];
  #windowSize = 0;
  /** What the tail brings next; undefined before there is one. */
  #next: number | undefined;
  #pending: Frame[] = [];

  constructor(options: FeedOptions) {
    this.#options = options;
  }

  add(stream: Stream): void {
    this.streams.add(stream);
    stream.onClose(() => {
      this.streams.delete(stream);
      this.#live.delete(stream);
      if (this.streams.size > 0) return;
      this.#stop.abort();
      this.#options.onOver();
    });
    void this.#catchUp(stream);
  }

  /** Every stream says that it is there; one that has taken nothing since long ago is dropped. */
  beat(longest: number): void {
    for (const stream of this.streams) {
      if (stream.stuckSince !== undefined && performance.now() - stream.stuckSince > longest) stream.drop();
      else stream.beat();
    }
  }

  async #catchUp(stream: Stream): Promise<void> {
    const { run, chapters } = this.#options;
    try {
      while (!stream.isOver) {
        await stream.drained();
        const frames = this.#recent(stream.next) ?? (await chapters.from(run, stream.next));
        if (stream.isOver) return;
        if (frames.length > 0) {
          await stream.send(frames);
          continue;
        }
        if (this.#next === undefined) this.#begin(stream.next);
        // It may even be ahead of the tail, by what a chapter held already.
        if (stream.next >= (this.#next ?? 0)) {
          this.#live.add(stream);
          return;
        }
      }
    } catch (error) {
      this.#options.log(`stream of ${run}: ${reasonOf(error)}`);
      stream.drop();
    }
  }

  /** What follows among the newest events; undefined where older ones are needed. */
  #recent(next: number): readonly Frame[] | undefined {
    if (this.#next !== undefined && next >= this.#next) return [];
    const first = this.#window[0]?.seq;
    return first === undefined || next < first ? undefined : this.#window.slice(next - first);
  }

  /** From where the first stream has reached the head: what lies before is in chapters. */
  #begin(from: number): void {
    this.#next = from;
    void this.#tail(from);
  }

  async #tail(from: number): Promise<void> {
    const { run, journal, log } = this.#options;
    const { signal } = this.#stop;
    try {
      for await (const page of journal.tail(run, from, signal)) {
        if (signal.aborted) return;
        const frames = page.map(frameOf);
        const last = frames.at(-1);
        if (last === undefined) continue;
        this.#next = last.seq + 1;
        this.#remember(frames);
        this.#dropStuck(sizeOf(frames));
        if (this.#pending.length === 0) setImmediate(() => this.#flush());
        this.#pending.push(...frames);
        // Nothing comes after it: there is nothing more to wait for.
        if (isLast(last.type)) return;
      }
    } catch (error) {
      if (!signal.aborted) log(`stream of ${run}: ${reasonOf(error)}`);
    }
    // The journal is closed or damaged: whoever comes back gets its error, or what it can read by then. Not from here,
    // also where it comes before the last of these has left.
    this.#options.onOver();
    for (const stream of this.streams) stream.drop();
  }

  #remember(frames: readonly Frame[]): void {
    this.#window.push(...frames);
    this.#windowSize += sizeOf(frames);
    let old = 0;
    while (this.#windowSize > WINDOW && old < this.#window.length) {
      this.#windowSize -= this.#window[old]?.text.length ?? 0;
      old++;
    }
    if (old > 0) this.#window = this.#window.slice(old);
  }

  #dropStuck(size: number): void {
    const { unsent, patience } = this.#options;
    for (const stream of this.streams) {
      if (stream.stuckSince === undefined) continue;
      stream.owed += size;
      if (stream.owed > unsent && performance.now() - stream.stuckSince > patience) stream.drop();
    }
  }

  /** All that came in one turn of the event loop goes out in one write, the same bytes to everybody. */
  #flush(): void {
    const frames = this.#pending;
    this.#pending = [];
    for (let i = 0; i < frames.length; ) {
      const piece: Frame[] = [];
      for (let size = 0; i < frames.length && size < PIECE; i++) {
        const frame = frames[i] as Frame;
        piece.push(frame);
        size += frame.text.length;
      }
      this.#spread(piece);
    }
  }

  #spread(piece: readonly Frame[]): void {
    const first = piece[0]?.seq ?? 0;
    const next = (piece.at(-1)?.seq ?? 0) + 1;
    const bytes = Buffer.from(piece.map(({ text }) => text).join(""));
    const isPlain = piece.every(({ type }) => type !== "workflow:paused" && !isLast(type));
    for (const stream of this.#live) {
      if (stream.next >= next) continue;
      if (stream.next === first && isPlain && !stream.isFull) stream.push(bytes, next);
      else {
        this.#live.delete(stream);
        void this.#catchUp(stream);
      }
    }
  }
}
