/** What runs cost, by agent: of one run, or of all that began today. */
import type { Costs, RunCost } from "../conductor/fleet.ts";
import { type RunState, statusOf } from "../core/state.ts";
import { agentOf } from "../core/telling.ts";
import { defined } from "../domain/json.ts";
import { begunBy } from "./begun.ts";
import type { FleetHome } from "./fleet-home.ts";
import { systemClock } from "./system.ts";

/** Runs of a day that are looked at, and that are counted. */
const MOST_READ = 100;
const MOST_LISTED = 1000;

export async function costsOf(home: FleetHome, run?: string): Promise<Costs> {
  const { dayBudget } = home.settings;
  if (run !== undefined) {
    const begun = await begunBy(home, run);
    return { runs: [costOf(await home.state(run))], leftOut: 0, ...defined({ dayBudget, begun }) };
  }
  // The day of whoever pays: where this machine is.
  const since = new Date(systemClock.now()).setHours(0, 0, 0, 0);
  const entries = await home.journal.list({ limit: MOST_LISTED });
  const today = entries.filter(({ startedAt }) => startedAt >= since);
  const runs: RunCost[] = [];
  for (const entry of today.slice(0, MOST_READ)) {
    const state = await home.state(entry.run).catch(() => undefined);
    if (state) runs.push(costOf(state));
  }
  return { runs, leftOut: Math.max(0, today.length - MOST_READ), ...defined({ dayBudget }) };
}

function costOf(state: RunState): RunCost {
  const { run, start, ledger } = state;
  const agents: Record<string, RunCost["agents"][string]> = {};
  for (const node of state.graph.nodes.values()) {
    const account = ledger.tasks.get(node.id);
    if (!account) continue;
    const name = agentOf(state, node);
    const so = agents[name] ?? { tokensUsed: 0, costUsd: 0, attempts: 0 };
    const isKnown = so.costUsd !== null && account.costUsd !== null;
    agents[name] = {
      tokensUsed: so.tokensUsed + account.tokensUsed,
      costUsd: isKnown ? (so.costUsd ?? 0) + (account.costUsd ?? 0) : null,
      attempts: so.attempts + account.attempts,
    };
  }
  const { tokensUsed, costUsd } = ledger.total;
  const rehearsed = start?.rehearsed;
  return {
    run,
    workflow: start?.workflow ?? "",
    status: statusOf(state),
    tokensUsed,
    costUsd,
    agents,
    ...defined({ rehearsed }),
  };
}
