/** What can be seen of all runs of a home, whoever conducts them: their entries, and the gates that wait for somebody. */
import { resultsOf, summaryOf } from "../core/results.ts";
import { type RunState, statusOf } from "../core/state.ts";
import type { CheckReport } from "../domain/check-result.ts";
import type { Summary } from "../domain/events.ts";
import type { EvidenceSet } from "../domain/evidence.ts";
import { defined, type Json } from "../domain/json.ts";
import type { Parent } from "../domain/plan.ts";
import type { Journal, RunEntry, RunQuery } from "../domain/ports.ts";
import { isEnded } from "../scheduling/life.ts";
import { checksOf } from "./checks-of-run.ts";
import { evidenceOf } from "./shown-evidence.ts";
import type { States } from "./states.ts";
import { type Results, wholeResults } from "./whole.ts";

export interface OpenGate {
  readonly run: string;
  readonly gate: string;
  readonly taskId: string;
  readonly agentName: string;
  readonly question: string;
  /** Of an attempt that asks: exactly what it would do then, and until when the answer is waited for. */
  readonly subject?: Json;
  readonly expiresAt?: number;
  readonly at: number;
}

export interface Shown extends Results {
  /** What programs found in the repository, for any of its tasks; no agent said it. */
  readonly evidence?: EvidenceSet;
  /** What its checks found, where it has some: one report for all of them. */
  readonly checks?: CheckReport;
  readonly workflow: string;
  readonly startedAt: number;
  readonly parent?: Parent;
}

/** A run as whoever asks for it sees it, its results whole. */
export async function shownOf(journal: Journal, state: RunState, now: number): Promise<Shown> {
  const { start } = state;
  const results = state.results ?? resultsOf(state, isEnded(state.life) ? state.at : now);
  const whole = await wholeResults(journal, { ...results, status: statusOf(state) });
  const { workflow = "", at: startedAt = 0, parent } = start ?? {};
  const [evidence, checks] = await Promise.all([evidenceOf(journal, state), checksOf(journal, state, whole)]);
  return {
    ...{ ...whole, workflow, startedAt },
    ...(parent && { parent }),
    ...(evidence && { evidence }),
    ...(checks && { checks }),
  };
}

/** An entry of the index, and of a run that has not ended how far it is. */
export interface SeenEntry extends RunEntry {
  readonly soFar?: Summary;
}

/** Runs that are looked through at once. */
const PAGE = 200;
const DEFAULT_LIMIT = 50;

/** The entry of every run, its status as it really is: one that waits at a gate says so. */
export async function listRuns(
  journal: Journal,
  states: States,
  query: RunQuery,
  now: number,
): Promise<readonly SeenEntry[]> {
  const { status, limit = DEFAULT_LIMIT } = query;
  const see = (entries: readonly RunEntry[]) =>
    Promise.all(entries.map((entry) => (isOpen(entry) ? seen(states, entry, now) : entry)));
  if (status !== "waiting" && status !== "running") return see(await journal.list(query));
  // The index knows both as running; only a run's own journal tells them apart.
  const found: SeenEntry[] = [];
  for (let before = query.before; found.length < limit; ) {
    const from = before === undefined ? {} : { before };
    const page = await journal.list({ ...query, ...from, status: "running", limit: PAGE });
    found.push(...(await see(page)).filter((entry) => entry.status === status));
    before = page.at(-1)?.run;
    if (page.length < PAGE) break;
  }
  return found.slice(0, limit);
}

const isOpen = ({ status }: RunEntry): boolean => status === "running" || status === "paused";

async function seen(states: States, entry: RunEntry, now: number): Promise<SeenEntry> {
  const state = await states.of(entry.run).catch(() => undefined);
  if (state === undefined) return entry;
  // One that ended meanwhile is told as it ended.
  const status = entry.status === "running" ? statusOf(state) : entry.status;
  return { ...entry, status, soFar: soFarOf(state, entry.status === "paused" ? state.at : now) };
}

/** With the turns of attempts under way that stand in their logs: they are paid. */
function soFarOf(state: RunState, now: number): Summary {
  const { totalTokens, totalCostUsd, ...rest } = summaryOf(state, now);
  const turns = [...state.ledger.logged.values()];
  const isKnown = totalCostUsd !== null && turns.every(({ isPart }) => isPart !== true);
  return {
    ...rest,
    totalTokens: turns.reduce((sum, { tokens }) => sum + tokens, totalTokens),
    totalCostUsd: isKnown ? turns.reduce((sum, { usd }) => sum + usd, totalCostUsd) : null,
  };
}

/** Of all runs that have not ended. One that cannot be read hides no other's. */
export async function openGates(journal: Journal, states: States): Promise<readonly OpenGate[]> {
  const lists = (["running", "paused"] as const).map((status) => journal.list({ status, limit: 1000 }));
  const found: OpenGate[] = [];
  for (const { run } of (await Promise.all(lists)).flat()) {
    const state = await states.of(run).catch(() => undefined);
    if (state) found.push(...gatesOf(state));
  }
  return found;
}

export function gatesOf({ run, gates }: RunState): readonly OpenGate[] {
  return [...gates.open.values()].map(({ gate, taskId, agentName, question, subject, expiresAt, at }) => ({
    ...{ run, gate, taskId, agentName, question, at },
    ...defined({ subject, expiresAt }),
  }));
}
