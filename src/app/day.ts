/** What all runs of a home together may spend in a day. */
import { TuttiError } from "../domain/error.ts";
import type { Budget } from "../domain/plan.ts";
import type { Journal, RunEntry } from "../domain/ports.ts";
import { load } from "../drivers/local/load.ts";

export interface DayBudget {
  readonly usd?: number;
  readonly tokens?: number;
}

/** Runs of a day that are looked at. */
const MOST_RUNS = 1000;

/**
 * The budget of a run that begins now: its own, or what is left of the day where that is less. A run under way counts
 * with all that it may still spend, so that two of them cannot share the same money. Throws BAD_INPUT where nothing is left.
 */
export async function budgetOfDay(
  own: Budget | undefined,
  day: DayBudget,
  journal: Journal,
  now: number,
): Promise<Budget | undefined> {
  const spent = await spentSince(journal, midnight(now));
  const left = { ...own };
  for (const limit of ["usd", "tokens"] as const) {
    const cap = day[limit];
    if (cap === undefined) continue;
    const rest = cap - spent[limit];
    if (rest <= 0)
      throw new TuttiError(
        "BAD_INPUT",
        `the day's budget of ${cap} ${limit} is spent, or set aside for runs under way`,
        {
          path: `dayBudget.${limit}`,
          hint: "wait for tomorrow, raise dayBudget in config.yaml, or give runs a --budget of their own, so that less is set aside",
        },
      );
    left[limit] = Math.min(own?.[limit] ?? Number.POSITIVE_INFINITY, rest);
  }
  return left;
}

/** The day of whoever pays: where this machine is. */
function midnight(now: number): number {
  return new Date(now).setHours(0, 0, 0, 0);
}

async function spentSince(journal: Journal, since: number): Promise<{ usd: number; tokens: number }> {
  const sum = { usd: 0, tokens: 0 };
  const entries = await journal.list({ limit: MOST_RUNS });
  for (const entry of entries.filter((one) => !one.rehearsed && (one.endedAt ?? since) >= since)) {
    const { usd, tokens } = await spentBy(journal, entry);
    sum.usd += usd;
    sum.tokens += tokens;
  }
  return sum;
}

async function spentBy(journal: Journal, { run, summary, endedAt }: RunEntry) {
  const isOver = endedAt !== undefined && summary !== undefined;
  if (isOver && summary.totalCostUsd !== null) return { usd: summary.totalCostUsd, tokens: summary.totalTokens };
  const state = await load(journal, run).catch(() => undefined);
  if (!state) return { usd: 0, tokens: summary?.totalTokens ?? 0 };
  const { caps, knownUsd, total } = state.ledger;
  // Some of its costs are unknown: the others count.
  if (isOver) return { usd: knownUsd, tokens: total.tokensUsed };
  return { usd: Math.max(knownUsd, caps.usd ?? 0), tokens: Math.max(total.tokensUsed, caps.tokens ?? 0) };
}
