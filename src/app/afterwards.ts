/** What is left to do when a run is conducted no longer, and whether it is. */
import { TuttiError } from "../domain/error.ts";
import type { Journal } from "../domain/ports.ts";
import { tidyWorktrees } from "../workspace/worktrees.ts";
import type { RunHandle } from "./handle.ts";

/** Of a run that has ended nobody goes on in its worktrees: what lies there is kept, and they go. */
export async function tidy(folder: string | undefined, home: string, { id, status }: RunHandle): Promise<void> {
  if (folder !== undefined && (status === "complete" || status === "failed" || status === "cancelled"))
    await tidyWorktrees({ folder, home }, id).catch(() => {});
}

/** Whether somebody who lives conducts it just now. */
export async function isOwned(journal: Journal, run: string): Promise<boolean> {
  const claimed = journal.claim(run).then((writer) => writer.close());
  return claimed.then(
    () => false,
    (error) => error instanceof TuttiError && error.code === "RUN_OWNED",
  );
}

/** Work that nobody waits for until all is let go. */
export class Unsettled {
  readonly #all = new Set<Promise<unknown>>();
  readonly #over = new AbortController();

  add(work: Promise<unknown>): void {
    const one: Promise<unknown> = work.catch(() => {}).finally(() => this.#all.delete(one));
    this.#all.add(one);
  }

  /**
   * Aborted when whoever only waits for more to come need wait no longer. A signal, as its listeners can be removed: a
   * promise that lasts as long as the host would keep whatever ever waited for it.
   */
  get over(): AbortSignal {
    return this.#over.signal;
  }

  async settled(): Promise<void> {
    this.#over.abort();
    await Promise.all(this.#all);
  }
}
