/** A run's state out of its journal. Replay only evolves: it decides nothing again. */
import { evolve } from "../../core/evolve.ts";
import { createState, type RunState } from "../../core/state.ts";
import { TuttiError } from "../../domain/error.ts";
import { JOURNAL_FORMAT } from "../../domain/events.ts";
import type { Journal } from "../../domain/ports.ts";

/** Up to and including `to`, or all of it; `state` is read on from where it stands. */
export async function load(journal: Journal, run: string, to?: number, state = createState(run)): Promise<RunState> {
  for await (const page of journal.read(run, { from: state.seq + 1, ...(to !== undefined && { to }) })) {
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
