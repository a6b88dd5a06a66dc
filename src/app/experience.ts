/** What the runs of a home say about its agents. Each ended run is read once; asking again reads only what is new. */
import { setImmediate as turn } from "node:timers/promises";
import { Lesson, type RunLesson } from "../agents/experience.ts";
import { Performance } from "../agents/performance.ts";
import type { Waiting } from "../agents/proposals.ts";
import { StatisticsBook } from "../agents/statistics.ts";
import type { Journal } from "../domain/ports.ts";
import { Stopwatch } from "./bottlenecks.ts";

/** Newest runs that are looked at. */
const RUNS = 500;
const MOST_LESSONS = 500;
const NEWEST = 10;

export class Experience {
  readonly performance = new Performance();
  readonly statistics = new StatisticsBook();
  readonly #journal: Journal;
  readonly #seen = new Set<string>();
  readonly #lessons: (RunLesson & { readonly queuedShare: number })[] = [];
  #reading: Promise<void> | undefined;

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  /** Of the newest runs, the newest last. */
  get lessons(): readonly RunLesson[] {
    return this.#lessons;
  }

  /** How long ready tasks of the newest runs waited for places. */
  get waiting(): Waiting {
    const newest = this.#lessons.slice(-NEWEST);
    const sum = newest.reduce((all, one) => all + one.queuedShare, 0);
    return {
      runs: newest.length,
      queuedShare: sum / Math.max(1, newest.length),
      places: newest.at(-1)?.conducting.places ?? 0,
    };
  }

  async refresh(): Promise<this> {
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined;
    });
    await this.#reading;
    return this;
  }

  async #read(): Promise<void> {
    const ended = (await this.#journal.list({ limit: RUNS })).filter(
      ({ run, status }) => ["complete", "failed", "cancelled"].includes(status) && !this.#seen.has(run),
    );
    // The oldest first: what is newest counts most.
    for (const { run, rehearsed } of ended.toReversed()) {
      this.#seen.add(run);
      if (rehearsed) continue;
      await this.#learn(run);
      // Reading a journal never waits, so without this nobody else would be served before the last of them.
      await turn();
    }
  }

  async #learn(run: string): Promise<void> {
    const lesson = new Lesson();
    const watch = new Stopwatch();
    try {
      for await (const page of this.#journal.read(run))
        for (const event of page) {
          lesson.note(event);
          watch.note(event);
        }
    } catch {
      // Whoever asks for that run is told what is wrong with it.
      return;
    }
    const learned = lesson.done();
    if (learned === undefined) return;
    for (const observation of learned.observations) this.performance.note(observation);
    this.statistics.add(learned);
    const { duration, totals } = watch.done();
    this.#lessons.push({ ...learned, queuedShare: duration === 0 ? 0 : totals.queued / duration });
    if (this.#lessons.length > MOST_LESSONS) this.#lessons.shift();
  }
}
