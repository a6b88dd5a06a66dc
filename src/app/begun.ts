/** What a run's conductor began stands in that run's own log; those are runs of their own, which count by themselves. */
import type { RunState } from "../core/state.ts";
import { isRunId } from "../domain/ids.ts";
import type { Journal } from "../domain/ports.ts";
import { isRecord } from "../domain/shape.ts";

export interface Begun {
  readonly runs: readonly string[];
  readonly tokensUsed: number;
  /** Null where a price is not known. */
  readonly costUsd: number | null;
}

/** Runs that are counted for one. */
const MOST = 200;

export async function begunRuns(journal: Pick<Journal, "read">, run: string): Promise<Set<string>> {
  const runs = new Set<string>();
  for await (const page of journal.read(run))
    for (const event of page) {
      const begun = event.type === "agent:progress" && isRecord(event.entry) ? event.entry["run"] : undefined;
      if (typeof begun === "string" && isRunId(begun)) runs.add(begun);
    }
  return runs;
}

/** All that it began, and what these began in turn; rehearsals cost nobody anything. Undefined: it began none. */
export async function begunBy(
  home: { readonly journal: Pick<Journal, "read">; state(run: string): Promise<RunState> },
  run: string,
): Promise<Begun | undefined> {
  const seen = new Set([run]);
  let all: Begun = { runs: [], tokensUsed: 0, costUsd: 0 };
  for (const one of seen) {
    if (seen.size <= MOST) for (const begun of await begunRuns(home.journal, one).catch(() => [])) seen.add(begun);
    if (one === run) continue;
    const state = await home.state(one).catch(() => undefined);
    if (!state || state.start?.rehearsed) continue;
    const { tokensUsed, costUsd } = state.ledger.total;
    all = {
      runs: [...all.runs, one],
      tokensUsed: all.tokensUsed + tokensUsed,
      costUsd: all.costUsd === null || costUsd === null ? null : all.costUsd + costUsd,
    };
  }
  return all.runs.length === 0 ? undefined : all;
}
