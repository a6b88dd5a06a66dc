/** What the runs of a home say about its agents. Each ended run is read once; asking again reads only what is new. */
import { Lesson, type RunLesson } from "../agents/experience.ts";
import { Performance } from "../agents/performance.ts";
import { StatisticsBook } from "../agents/statistics.ts";
import type { Journal } from "../domain/ports.ts";

/** Newest runs that are looked at. */
const RUNS = 500;
const MOST_LESSONS = 500;

export class Experience {
  readonly performance = new Performance();
  readonly statistics = new StatisticsBook();
  readonly #journal: Journal;
  readonly #seen = new Set<string>();
  readonly #lessons: RunLesson[] = [];
  #reading: Promise<void> | undefined;

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  /** Of the newest runs, the newest last. */
  get lessons(): readonly RunLesson[] {
    return this.#lessons;
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
      if (!rehearsed) await this.#learn(run);
    }
  }

  async #learn(run: string): Promise<void> {
    const lesson = new Lesson();
    try {
      for await (const page of this.#journal.read(run)) for (const event of page) lesson.note(event);
    } catch {
      // Whoever asks for that run is told what is wrong with it.
      return;
    }
    const learned = lesson.done();
    if (learned === undefined) return;
    for (const observation of learned.observations) this.performance.note(observation);
    this.statistics.add(learned);
    this.#lessons.push(learned);
    if (this.#lessons.length > MOST_LESSONS) this.#lessons.shift();
  }
}
