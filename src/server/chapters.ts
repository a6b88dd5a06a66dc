/**
 * Events of journals as they go over the wire, in chapters of 64 that many clients share: a thousand that catch up
 * with one run read each chapter once. What is kept is bounded.
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
const MOST_CHARACTERS = 8 << 20;

export class Chapters {
  readonly #journal: Journal;
  readonly #kept = new Map<string, { readonly frames: readonly Frame[]; readonly size: number }>();
  readonly #reading = new Map<string, Promise<readonly Frame[]>>();
  #size = 0;

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  /** Frames from this number to the end of its chapter, as far as they are there: none at the head of the run. */
  async from(run: string, seq: number): Promise<readonly Frame[]> {
    const first = seq - ((seq - 1) % LENGTH);
    const key = `${run}:${first}`;
    const kept = this.#kept.get(key);
    const isThere = kept !== undefined && first + kept.frames.length > seq;
    const frames = isThere ? kept.frames : await this.#read(key, run, first);
    return frames.slice(seq - first);
  }

  #read(key: string, run: string, first: number): Promise<readonly Frame[]> {
    const under = this.#reading.get(key);
    if (under !== undefined) return under;
    const reading = (async () => {
      const frames: Frame[] = [];
      for await (const page of this.#journal.read(run, { from: first, to: first + LENGTH - 1 }))
        for (const event of page) frames.push(frameOf(event));
      this.#keep(key, frames);
      return frames;
    })().finally(() => this.#reading.delete(key));
    this.#reading.set(key, reading);
    return reading;
  }

  #keep(key: string, frames: readonly Frame[]): void {
    this.#forget(key);
    const size = sizeOf(frames);
    this.#kept.set(key, { frames, size });
    this.#size += size;
    for (const oldest of this.#kept.keys()) {
      if (this.#size <= MOST_CHARACTERS) break;
      this.#forget(oldest);
    }
  }

  #forget(key: string): void {
    this.#size -= this.#kept.get(key)?.size ?? 0;
    this.#kept.delete(key);
  }
}
