/** A journal that notes every append: where commits begin and end, and how many rows they bring. */
import type { Journal } from "../src/index.ts";

export interface Commit {
  /** Number of its first event. */
  readonly first: number;
  readonly events: number;
}

export class Counted {
  readonly journal: Journal;
  /** Of the run that was created last. */
  commits: Commit[] = [];
  run = "";

  constructor(inner: Journal) {
    this.journal = {
      ...inner,
      create: async (run) => {
        const writer = await inner.create(run);
        const commits: Commit[] = [];
        this.commits = commits;
        this.run = run;
        return {
          ...writer,
          append(batch) {
            commits.push({ first: batch.expected + 1, events: batch.events.length });
            return writer.append(batch);
          },
        };
      },
    };
  }

  get rows(): number {
    return this.commits.reduce((sum, { events }) => sum + events, 0);
  }
}
