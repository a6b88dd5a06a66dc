/** A run's state out of its journal. Replay only evolves: it decides nothing again. */
import { evolve } from "../../core/evolve.ts";
import { createState, type RunState } from "../../core/state.ts";
import { TuttiError } from "../../domain/error.ts";
import { JOURNAL_FORMAT } from "../../domain/events.ts";
import type { Journal } from "../../domain/ports.ts";

/** Up to and including `to`, or all of it. */
export async function load(journal: Journal, run: string, to?: number): Promise<RunState> {
  const state = createState(run);
  for await (const page of journal.read(run, to === undefined ? {} : { to })) {
    for (const event of page) {
      if (event.type === "workflow:start" && event.format > JOURNAL_FORMAT)
        throw new TuttiError("JOURNAL_NEWER", `run ${run} was written by a newer Tutti`, {
          hint: "update Tutti, or start a new run",
        });
      evolve(state, event);
    }
  }
  return state;
}
