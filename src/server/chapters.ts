/**
 * Events of journals as they go over the wire, in chapters of 64 that many clients share: a thousand that catch up
 * with one run read each chapter once. What is kept is bounded, and so is a chapter, because a client that does not
 * read has one in its hands: one of large events ends sooner, and what follows is a chapter of its own.
 */
import type { EventType, RunEvent } from "../domain/events.ts";
import type { Journal } from "../domain/ports.ts";

export interface Frame {
  readonly seq: number;
  readonly type: EventType;
  readonly text: string;
}

export function frameOf(event: RunEvent): Frame {
  return { seq: event.seq, type: event.type, text: `id: ${event.seq}\ndata: ${JSON.stringify(event)}\n\n` };
}

export const sizeOf = (frames: readonly Frame[]): number => frames.reduce((sum, { text }) => sum + text.length, 0);

const LENGTH = 64;
const LONGEST = 512 << 10;
const MOST_CHARACTERS = 8 << 20;

interface Chapter {
  readonly frames: readonly Frame[];
  readonly size: number;
}

export class Chapters {
  readonly #journal: Journal;
  readonly #kept = new Map<string, Chapter>();
  readonly #reading = new Map<string, Promise<Chapter>>();
  #size = 0;

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  /** Frames from this number to the end of its chapter, as far as they are there: none at the head of the run. */
  async from(run: string, seq: number): Promise<readonly Frame[]> {
    const last = seq + LENGTH - 1 - ((seq - 1) % LENGTH);
    for (let first = last - LENGTH + 1; ; ) {
      const kept = this.#kept.get(`${run}:${first}`);
      const isThere = kept !== undefined && (first + kept.frames.length > seq || kept.size >= LONGEST);
      const { frames, size } = isThere ? kept : await this.#read(run, first, last);
      const next = first + frames.length;
      if (next > seq || size < LONGEST || next > last) return frames.slice(seq - first);
      first = next;
    }
  }

  #read(run: string, first: number, last: number): Promise<Chapter> {
    const key = `${run}:${first}`;
    const under = this.#reading.get(key);
    if (under !== undefined) return under;
    const reading = this.#chapter(run, first, last)
      .then((chapter) => this.#keep(key, chapter))
      .finally(() => this.#reading.delete(key));
    this.#reading.set(key, reading);
    return reading;
  }

  async #chapter(run: string, first: number, last: number): Promise<Chapter> {
    const frames: Frame[] = [];
    let size = 0;
    for await (const page of this.#journal.read(run, { from: first, to: last }))
      for (const event of page) {
        const frame = frameOf(event);
        frames.push(frame);
        size += frame.text.length;
        if (size >= LONGEST) return { frames, size };
      }
    return { frames, size };
  }

  #keep(key: string, chapter: Chapter): Chapter {
    this.#forget(key);
    this.#kept.set(key, chapter);
    this.#size += chapter.size;
    for (const oldest of this.#kept.keys()) {
      if (this.#size <= MOST_CHARACTERS) break;
      this.#forget(oldest);
    }
    return chapter;
  }

  #forget(key: string): void {
    this.#size -= this.#kept.get(key)?.size ?? 0;
    this.#kept.delete(key);
  }
}
