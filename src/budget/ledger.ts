/**
 * The ledger: what a run may spend, has spent, and has set aside for what is under way.
 *
 * B1. Under a cap, what an attempt may use is reserved before it begins and settled once when it ends (I7).
 * B2. Totals are sums over attempts, failed and cancelled ones included (I6).
 * B3. A cost that nobody knows makes the total unknown, never smaller.
 */
import type { EventFields, Needs, RunEvent, Spent } from "../domain/events.ts";
import type { Budget } from "../domain/plan.ts";

export interface Account {
  tokensUsed: number;
  costUsd: number | null;
  duration: number;
  turns: number;
  attempts: number;
}

type Reservation = Needs;

export interface Ledger {
  caps: Budget;
  readonly total: Account;
  readonly tasks: Map<string, Account>;
  readonly reserved: Map<string, Reservation>;
  reservedTokens: number;
  reservedUsd: number;
  /** What is known to have been spent, where some costs are not. */
  knownUsd: number;
  /** The same of each task. */
  readonly knownOf: Map<string, number>;
  /** Attempts that were given up before they said what they used; they may still say it, once. */
  readonly unheard: Set<string>;
  /** What the next turn of a task needs that had to leave off for want of it. */
  readonly needs: Map<string, Needs>;
  /** How many attempts had ended when such a task left off: until another does, or a cap is raised, it has no room. */
  readonly leftAt: Map<string, number>;
  spawns: number;
  /** Tasks that the start of the run announced; those after them are spawns. */
  announced: number;
}

const emptyAccount = (): Account => ({ tokensUsed: 0, costUsd: 0, duration: 0, turns: 0, attempts: 0 });

export function createLedger(): Ledger {
  return {
    caps: {},
    total: emptyAccount(),
    tasks: new Map(),
    reserved: new Map(),
    reservedTokens: 0,
    reservedUsd: 0,
    knownUsd: 0,
    knownOf: new Map(),
    unheard: new Set(),
    needs: new Map(),
    leftAt: new Map(),
    spawns: 0,
    announced: 0,
  };
}

export function evolveLedger(ledger: Ledger, event: RunEvent): void {
  switch (event.type) {
    case "workflow:start":
      ledger.caps = event.options.budget ?? {};
      ledger.announced = event.taskCount;
      return;
    case "task:added":
      if (ledger.announced > 0) ledger.announced--;
      else ledger.spawns++;
      return;
    case "plan:changed":
    case "workflow:resumed":
      ledger.caps = { ...ledger.caps, ...event.budget };
      if (event.budget) ledger.leftAt.clear();
      return;
    case "budget:reserved":
      ledger.needs.delete(event.taskId);
      ledger.leftAt.delete(event.taskId);
      ledger.reserved.set(event.taskId, { tokens: event.tokens, usd: event.usd });
      ledger.reservedTokens += event.tokens;
      ledger.reservedUsd += event.usd;
      return;
    case "task:error":
    case "task:retry":
      if (event.type === "task:retry" && event.needs) ledger.needs.set(event.taskId, event.needs);
      noteUnheard(ledger, event.taskId, event.attempt, event);
      spend(ledger, event.taskId, event.attempt, event);
      if (event.type === "task:retry" && event.needs) ledger.leftAt.set(event.taskId, ledger.total.attempts);
      return;
    case "task:complete":
      return spend(ledger, event.taskId, event.attempt, event);
    case "task:cancelled": {
      if (event.attempt === undefined) return free(ledger, event.taskId);
      const spent = { duration: 0, tokensUsed: 0, costUsd: 0, ...event };
      noteUnheard(ledger, event.taskId, event.attempt, spent);
      return spend(ledger, event.taskId, event.attempt, spent);
    }
    case "budget:settled":
      if (!event.late) return free(ledger, event.taskId);
      ledger.unheard.delete(`${event.taskId}#${event.attempt}`);
      return spend(ledger, event.taskId, event.attempt, event, 0);
    default:
      return;
  }
}

function free(ledger: Ledger, task: string): void {
  const reservation = ledger.reserved.get(task);
  if (!reservation) return;
  ledger.reserved.delete(task);
  ledger.reservedTokens -= reservation.tokens;
  // Sums of fractions drift; nothing set aside is exactly nothing.
  ledger.reservedUsd = ledger.reserved.size === 0 ? 0 : ledger.reservedUsd - reservation.usd;
}

/** Attempt 0: the task ended without one. Count 0: the attempt has been counted before. */
function spend(ledger: Ledger, task: string, attempt: number, spent: Spent, count = 1): void {
  if (attempt === 0) return;
  let account = ledger.tasks.get(task);
  if (!account) {
    account = emptyAccount();
    ledger.tasks.set(task, account);
  }
  for (const one of [account, ledger.total]) {
    one.tokensUsed += spent.tokensUsed;
    one.costUsd = one.costUsd === null || spent.costUsd === null ? null : one.costUsd + spent.costUsd;
    one.duration += spent.duration;
    one.turns += spent.turns ?? count;
    one.attempts += count;
  }
  const known = spent.costUsd ?? spent.knownUsd ?? 0;
  ledger.knownUsd += known;
  if (known > 0) ledger.knownOf.set(task, (ledger.knownOf.get(task) ?? 0) + known);
}

/** An attempt that failed and used nothing may only have been given up: what it used may come late. */
function noteUnheard(ledger: Ledger, task: string, attempt: number, spent: Spent): void {
  if (attempt > 0 && spent.tokensUsed === 0 && spent.costUsd === 0) ledger.unheard.add(`${task}#${attempt}`);
}

/** Whether what this attempt used has not been told yet. */
export function isUnheard(ledger: Ledger, task: string, attempt: number): boolean {
  return ledger.unheard.has(`${task}#${attempt}`);
}

/** What an attempt is expected to use: its next turn, what its task allows it, else what attempts used on average. */
function estimate(ledger: Ledger, task: string, maxTokens: number | undefined): Reservation {
  const needs = ledger.needs.get(task);
  if (needs) return needs;
  const done = Math.max(1, ledger.total.attempts);
  return { tokens: maxTokens ?? Math.ceil(ledger.total.tokensUsed / done), usd: ledger.knownUsd / done };
}

interface Shortage {
  readonly limit: keyof Budget;
  readonly cap: number;
  readonly used: number;
  readonly needed: number;
}

/** Undefined if the reservation fits. A cap that is reached lets nothing more begin, however small. */
function shortage(ledger: Ledger, need: Reservation): Shortage | undefined {
  const { caps, total } = ledger;
  const turnsAhead = ledger.reserved.size;
  return (
    short("usd", caps.usd, ledger.knownUsd + ledger.reservedUsd, need.usd) ??
    short("tokens", caps.tokens, total.tokensUsed + ledger.reservedTokens, need.tokens) ??
    short("turns", caps.turns, total.turns + turnsAhead, 1)
  );
}

function short(limit: keyof Budget, cap: number | undefined, used: number, needed: number): Shortage | undefined {
  if (cap === undefined || (used < cap && used + needed <= cap)) return undefined;
  return { limit, cap, used, needed };
}

/** Why so many more tasks cannot be added to the running run, or undefined. */
export function spawnFault(ledger: Ledger, more: number): string | undefined {
  const { spawns } = ledger.caps;
  if (more === 0 || spawns === undefined || ledger.spawns + more <= spawns) return undefined;
  return `the budget of ${spawns} added tasks does not allow ${more} more; ${ledger.spawns} have been added`;
}

/** It left off for what attempts under way had used, which no event has told yet: begun again it would only leave off. */
export function isHeldBack(ledger: Ledger, task: string): boolean {
  return ledger.leftAt.get(task) === ledger.total.attempts;
}

/** What an attempt needs set aside, and whether that is to be had; `undefined` where nothing is capped. */
export function decideReservation(
  ledger: Ledger,
  task: string,
  maxTokens: number | undefined,
): { need: Reservation; short?: EventFields["budget:exceeded"] } | undefined {
  const { usd, tokens, turns } = ledger.caps;
  if (usd === undefined && tokens === undefined && turns === undefined) return undefined;
  const need = estimate(ledger, task, maxTokens);
  const short = shortage(ledger, need);
  if (!short) return { need };
  const { limit, cap, used } = short;
  return { need, short: { limit, cap, used, taskId: task, reason: inWords(short, task) } };
}

const inWords = ({ limit, cap, used, needed }: Shortage, task: string): string =>
  `the budget of ${cap} ${limit} does not allow task '${task}': ${used} used, ${needed} more expected`;

/** What attempts under way have used so far, which no event has told yet. */
export type InFlight = ReadonlyMap<string, { readonly tokens: number; readonly usd: number; readonly turns: number }>;

/** Why the next turn of an attempt has no room in its task's own budget, or undefined: then waiting would not help. */
export function taskShortage(ledger: Ledger, task: string, caps: Budget, needs: Needs, inFlight: InFlight) {
  const before = ledger.tasks.get(task) ?? emptyAccount();
  const now = inFlight.get(task) ?? { tokens: 0, usd: 0, turns: 0 };
  const found =
    short("usd", caps.usd, (ledger.knownOf.get(task) ?? 0) + now.usd, needs.usd) ??
    short("tokens", caps.tokens, before.tokensUsed + now.tokens, needs.tokens) ??
    short("turns", caps.turns, before.turns + now.turns, 1);
  return (
    found &&
    `its own budget of ${found.cap} ${found.limit} has no room: ${found.used} used, ${found.needed} more expected`
  );
}

/**
 * Why an attempt under way has no room for its next turn, or undefined (I7). Of every attempt counts what it has used,
 * or what was set aside for it where that is more.
 */
export function turnShortage(ledger: Ledger, task: string, needs: Needs, inFlight: InFlight): string | undefined {
  const { caps, total } = ledger;
  if (caps.usd === undefined && caps.tokens === undefined && caps.turns === undefined) return undefined;
  const under = new Set([...ledger.reserved.keys(), ...inFlight.keys(), task]);
  let [tokens, usd, turns] = [0, 0, 0];
  for (const one of under) {
    const used = inFlight.get(one) ?? { tokens: 0, usd: 0, turns: 0 };
    // Its own next turn is what is asked about.
    const aside = one === task ? undefined : ledger.reserved.get(one);
    tokens += Math.max(used.tokens, aside?.tokens ?? 0);
    usd += Math.max(used.usd, aside?.usd ?? 0);
    turns += Math.max(used.turns, aside ? 1 : 0);
  }
  const found =
    short("usd", caps.usd, ledger.knownUsd + usd, needs.usd) ??
    short("tokens", caps.tokens, total.tokensUsed + tokens, needs.tokens) ??
    short("turns", caps.turns, total.turns + turns, 1);
  return found && inWords(found, task);
}
