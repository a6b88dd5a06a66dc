/**
 * The ledger: what a run may spend, has spent, and has set aside for what is under way.
 *
 * B1. Under a cap, what an attempt may use is reserved before it begins and settled once when it ends (I7).
 * B2. Totals are sums over attempts, failed and cancelled ones included (I6).
 * B3. A cost that nobody knows makes the total unknown, never smaller.
 */
import type { EventFields, Needs, RunEvent, Spent } from "../domain/events.ts";
import type { Json } from "../domain/json.ts";
import type { Budget } from "../domain/plan.ts";
import { isRecord } from "../domain/shape.ts";

/** `isPart`: what some of its turns cost nobody knows. */
interface Logged extends Used {
  readonly isPart?: true;
}

export interface Account {
  tokensUsed: number;
  costUsd: number | null;
  duration: number;
  turns: number;
  attempts: number;
}

type Reservation = Needs;
/** What an attempt has used so far. */
export interface Used {
  readonly tokens: number;
  readonly usd: number;
  readonly turns: number;
}

export interface Ledger {
  caps: Budget;
  readonly total: Account;
  readonly tasks: Map<string, Account>;
  readonly reserved: Map<string, Reservation>;
  /** Turns of attempts under way that are in their logs: paid, not settled yet, and known again after a crash. */
  readonly logged: Map<string, Logged>;
  /** Sums over what is under way: of each attempt what was set aside for it, or what it has used where that is more. */
  reservedTokens: number;
  reservedUsd: number;
  reservedTurns: number;
  /** What is known to have been spent, where some costs are not. */
  knownUsd: number;
  /** The same of each task. */
  readonly knownOf: Map<string, number>;
  /** Attempts that were given up before they said what they used, with what was known of it; they may still say it, once. */
  readonly unheard: Map<string, Used>;
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
    logged: new Map(),
    reservedTokens: 0,
    reservedUsd: 0,
    reservedTurns: 0,
    knownUsd: 0,
    knownOf: new Map(),
    unheard: new Map(),
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
      return aside(ledger, event.taskId, () =>
        ledger.reserved.set(event.taskId, { tokens: event.tokens, usd: event.usd }),
      );
    case "turn:complete":
      return log(ledger, event.taskId, event.entry);
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

const NONE: Logged = { tokens: 0, usd: 0, turns: 0 };

/** Lets what is known of an attempt under way change, and keeps the sums true. */
function aside(ledger: Ledger, task: string, change: () => void): void {
  const before = underWay(ledger, task);
  change();
  const after = underWay(ledger, task);
  ledger.reservedTokens += after.tokens - before.tokens;
  ledger.reservedTurns += after.turns - before.turns;
  // Sums of fractions drift; nothing set aside is exactly nothing.
  const isEmpty = ledger.reserved.size === 0 && ledger.logged.size === 0;
  ledger.reservedUsd = isEmpty ? 0 : ledger.reservedUsd + after.usd - before.usd;
}

function underWay({ reserved, logged }: Ledger, task: string, told: Used = NONE): Used {
  const set = reserved.get(task);
  const paid = logged.get(task) ?? NONE;
  return {
    tokens: Math.max(set?.tokens ?? 0, paid.tokens, told.tokens),
    usd: Math.max(set?.usd ?? 0, paid.usd, told.usd),
    turns: Math.max(set ? 1 : 0, paid.turns, told.turns),
  };
}

function log(ledger: Ledger, task: string, entry: Json): void {
  const usage = isRecord(entry) ? entry["usage"] : undefined;
  if (!isRecord(usage)) return;
  const count = (name: string) => (typeof usage[name] === "number" ? Math.max(0, usage[name]) : 0);
  const { tokens, usd, turns, isPart } = ledger.logged.get(task) ?? NONE;
  const more = "tokensUsed" in usage ? count("tokensUsed") : count("input") + count("output");
  const sum = { tokens: tokens + more, usd: usd + count("costUsd"), turns: turns + Math.max(1, count("turns")) };
  const isWhole = isPart !== true && typeof usage["costUsd"] === "number";
  aside(ledger, task, () => ledger.logged.set(task, isWhole ? sum : { ...sum, isPart: true }));
}

function free(ledger: Ledger, task: string): void {
  if (ledger.reserved.has(task)) aside(ledger, task, () => ledger.reserved.delete(task));
}

/** Attempt 0: the task ended without one. Count 0: the attempt has been counted before. */
function spend(ledger: Ledger, task: string, attempt: number, spent: Spent, count = 1): void {
  if (attempt === 0) return;
  if (count > 0 && ledger.logged.has(task)) aside(ledger, task, () => ledger.logged.delete(task));
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

/** An attempt that failed and used no more than is in its log may only have been given up: the rest may come late. */
function noteUnheard(ledger: Ledger, task: string, attempt: number, spent: Spent): void {
  const { tokens, usd, turns } = ledger.logged.get(task) ?? NONE;
  const isNothing = spent.tokensUsed === 0 && spent.costUsd === 0;
  if (attempt > 0 && (isNothing || (turns > 0 && spent.tokensUsed === tokens && spent.turns === turns)))
    ledger.unheard.set(`${task}#${attempt}`, { tokens, usd, turns });
}

/** What an attempt that was given up used, beyond what was known then; undefined where it has told it already. */
export function lateOf(ledger: Ledger, task: string, attempt: number, spent: Spent): Spent | undefined {
  const known = ledger.unheard.get(`${task}#${attempt}`);
  if (!known) return undefined;
  const { tokensUsed, costUsd, knownUsd = 0, turns } = spent;
  return {
    ...spent,
    duration: 0,
    tokensUsed: Math.max(0, tokensUsed - known.tokens),
    costUsd: costUsd === null ? null : Math.max(0, costUsd - known.usd),
    ...(turns === undefined ? {} : { turns: Math.max(0, turns - known.turns) }),
    ...(costUsd === null ? { knownUsd: Math.max(0, knownUsd - known.usd) } : {}),
  };
}

/**
 * What an attempt used: as it says itself, and never less than the turns in its log. One that was stopped before it
 * looked there, or whose second try died with its host, knows less.
 */
export function spentBy(ledger: Ledger, task: string, spent: Spent): Spent {
  const logged = ledger.logged.get(task);
  if (!logged) return spent;
  const { tokensUsed, costUsd, knownUsd, turns = 0 } = spent;
  const usd = Math.max(costUsd ?? knownUsd ?? 0, logged.usd);
  const isUnknown = costUsd === null || logged.isPart === true;
  return {
    ...spent,
    tokensUsed: Math.max(tokensUsed, logged.tokens),
    costUsd: isUnknown ? null : usd,
    turns: Math.max(turns, logged.turns),
    ...(isUnknown ? { knownUsd: usd } : {}),
  };
}

/** Of an attempt that died with its host: the turns in its log were paid, what was under way then nobody knows. */
export function lostBy({ logged }: Ledger, task: string): Spent {
  const known = logged.get(task);
  const lost = { duration: 0, tokensUsed: known?.tokens ?? 0, costUsd: null };
  return known ? { ...lost, turns: known.turns, knownUsd: known.usd } : lost;
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
  return (
    short("usd", caps.usd, ledger.knownUsd + ledger.reservedUsd, need.usd) ??
    short("tokens", caps.tokens, total.tokensUsed + ledger.reservedTokens, need.tokens) ??
    short("turns", caps.turns, total.turns + ledger.reservedTurns, 1)
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

/** What an attempt needs set aside, or what is said `instead`, and whether that is to be had; `undefined` where nothing is capped. */
export function decideReservation(
  ledger: Ledger,
  task: string,
  maxTokens: number | undefined,
  instead?: Reservation,
): { need: Reservation; short?: EventFields["budget:exceeded"] } | undefined {
  const { usd, tokens, turns } = ledger.caps;
  if (usd === undefined && tokens === undefined && turns === undefined) return undefined;
  const need = instead ?? estimate(ledger, task, maxTokens);
  const short = shortage(ledger, need);
  if (!short) return { need };
  const { limit, cap, used } = short;
  return { need, short: { limit, cap, used, taskId: task, reason: inWords(short, task) } };
}

const inWords = ({ limit, cap, used, needed }: Shortage, task: string): string =>
  `the budget of ${cap} ${limit} does not allow task '${task}': ${figure(used)} used, ${figure(needed)} more expected`;

/** Sums of money have a tail of digits that say nothing; counts stay as they are. */
const figure = (amount: number): number => (Number.isInteger(amount) ? amount : Number(amount.toPrecision(4)));

/** What attempts under way have used so far, as far as they have told it. */
export type InFlight = ReadonlyMap<string, Used>;

/** Without what was set aside. Its log knows what it used before a crash, and before it tells it itself. */
function usedBy({ logged }: Ledger, task: string, inFlight: InFlight): Used {
  const paid = logged.get(task) ?? NONE;
  const told = inFlight.get(task) ?? NONE;
  return {
    tokens: Math.max(paid.tokens, told.tokens),
    usd: Math.max(paid.usd, told.usd),
    turns: Math.max(paid.turns, told.turns),
  };
}

/** Why the next turn of an attempt has no room in its task's own budget, or undefined: then waiting would not help. */
export function taskShortage(ledger: Ledger, task: string, caps: Budget, needs: Needs, inFlight: InFlight) {
  return shortageOf(ledger, [task], { caps, of: "its own budget" }, needs, inFlight);
}

/** The same for all tasks of one agent together. */
export function agentShortage(
  ledger: Ledger,
  { agent, tasks, caps }: { readonly agent: string; readonly tasks: readonly string[]; readonly caps: Budget },
  needs: Needs,
  inFlight: InFlight,
) {
  return shortageOf(ledger, tasks, { caps, of: `the budget of agent '${agent}' in this run,` }, needs, inFlight);
}

function shortageOf(
  ledger: Ledger,
  tasks: readonly string[],
  { caps, of }: { readonly caps: Budget; readonly of: string },
  needs: Needs,
  inFlight: InFlight,
): string | undefined {
  let [tokens, usd, turns] = [0, 0, 0];
  for (const task of tasks) {
    const before = ledger.tasks.get(task) ?? emptyAccount();
    const now = usedBy(ledger, task, inFlight);
    tokens += before.tokensUsed + now.tokens;
    usd += (ledger.knownOf.get(task) ?? 0) + now.usd;
    turns += before.turns + now.turns;
  }
  const found =
    short("usd", caps.usd, usd, needs.usd) ??
    short("tokens", caps.tokens, tokens, needs.tokens) ??
    short("turns", caps.turns, turns, 1);
  return (
    found &&
    `${of} of ${found.cap} ${found.limit} has no room: ${figure(found.used)} used, ${figure(found.needed)} more expected`
  );
}

/**
 * Why an attempt under way has no room for its next turn, or undefined (I7). Of every attempt counts what it has used,
 * or what was set aside for it where that is more.
 */
export function turnShortage(ledger: Ledger, task: string, needs: Needs, inFlight: InFlight): string | undefined {
  const { caps, total } = ledger;
  if (caps.usd === undefined && caps.tokens === undefined && caps.turns === undefined) return undefined;
  const under = new Set([...ledger.reserved.keys(), ...ledger.logged.keys(), ...inFlight.keys(), task]);
  let [tokens, usd, turns] = [0, 0, 0];
  for (const one of under) {
    // Its own next turn is what is asked about.
    const all = one === task ? usedBy(ledger, one, inFlight) : underWay(ledger, one, inFlight.get(one));
    tokens += all.tokens;
    usd += all.usd;
    turns += all.turns;
  }
  const found =
    short("usd", caps.usd, ledger.knownUsd + usd, needs.usd) ??
    short("tokens", caps.tokens, total.tokensUsed + tokens, needs.tokens) ??
    short("turns", caps.turns, total.turns + turns, 1);
  return found && inWords(found, task);
}

/** For how many more tasks there is room, if each takes what one took on average so far; no cap, no limit. */
export function roomFor(ledger: Ledger): number {
  const { caps, total, tasks } = ledger;
  if (tasks.size === 0) return Number.POSITIVE_INFINITY;
  const room = (cap: number | undefined, used: number, aside: number) =>
    cap === undefined || used === 0 ? Number.POSITIVE_INFINITY : Math.floor((cap - used - aside) / (used / tasks.size));
  const usd = room(caps.usd, ledger.knownUsd, ledger.reservedUsd);
  const tokens = room(caps.tokens, total.tokensUsed, ledger.reservedTokens);
  return Math.max(0, Math.min(usd, tokens, room(caps.turns, total.turns, ledger.reservedTurns)));
}
