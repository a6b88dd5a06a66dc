/**
 * Runs as their journals have them, each read on from where it was read to before: otherwise whoever asks a hundred
 * times about a long run would replay it a hundred times.
 */
import type { RunState } from "../core/state.ts";
import type { Journal } from "../domain/ports.ts";
import { load } from "../drivers/local/load.ts";
import { isEnded } from "../scheduling/life.ts";

/** Events of all the runs that are kept in mind; the one asked about last is, whatever its length. */
const MOST_EVENTS = 100_000;

export class States {
  readonly #journal: Journal;
  /** The one asked about last comes last. Only runs that may go on: the others are asked about once or twice. */
  readonly #known = new Map<string, RunState>();
  readonly #reading = new Map<string, Promise<RunState>>();

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  /** As it stands when this is called, or newer; whoever keeps it sees it go on. */
  async of(run: string): Promise<RunState> {
    const mine = (this.#reading.get(run) ?? Promise.resolve()).catch(() => {}).then(() => this.#read(run));
    this.#reading.set(run, mine);
    try {
      return await mine;
    } finally {
      if (this.#reading.get(run) === mine) this.#reading.delete(run);
    }
  }

  async #read(run: string): Promise<RunState> {
    const known = this.#known.get(run);
    // Where reading fails half-way it stands between two events: then it is read anew.
    this.#known.delete(run);
    const state = await load(this.#journal, run, undefined, known);
    if (state.start && !isEnded(state.life)) this.#known.set(run, state);
    let events = 0;
    for (const one of this.#known.values()) events += one.seq;
    for (const [oldest, { seq }] of this.#known) {
      if (events <= MOST_EVENTS || oldest === run) break;
      this.#known.delete(oldest);
      events -= seq;
    }
    return state;
  }
}
