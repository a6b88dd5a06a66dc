/**
 * What has been tried for a task and what comes next: again after a wait, another agent, or the end.
 *
 * R1. Attempts are numbered from 1 over all agents of a task; a number is used once.
 * R2. An attempt that died with its host is begun again under the same number, `restart` counting;
 *     at the limit it is a dead letter. From the second death on it is begun alone, so that the one
 *     that kills its host takes no other with it.
 */
import type { EventOf, RunEvent } from "../domain/events.ts";
import type { Failure, Step } from "../domain/failures.ts";
import type { Handed } from "../domain/handoff.ts";
import { Heap } from "../domain/heap.ts";
import { canonical, defined, type Json } from "../domain/json.ts";

export interface Tries {
  agentName: string;
  attempt: number;
  restart: number;
  /** Failed attempts of the present agent. */
  failures: number;
  fallback: number;
  inFlight: boolean;
  startedAt: number;
  /** Open gates at which its attempt waits for a person. */
  asks?: readonly string[];
  /** Attempts that left off between two turns, in order: the next one goes on with what they have in their logs. */
  continues?: readonly number[];
  /** Of its newest attempt. */
  model: string;
  /** What that would have been if the budget had room for it. */
  from?: string;
  /** Models of the present agent that it was taken off. */
  left: readonly string[];
  /** Rungs of ladders that were taken with the present agent, and how often. */
  taken: { readonly [step in Step]?: number };
  /** What was wrong with the last reply, for the next attempt to mend. */
  hint?: string;
  /** How its newest attempt failed. */
  failed?: { readonly failure: Failure; readonly reason: string };
  /** Whom its newest attempt has passed the task on to, while that one is still ending. */
  heir?: string;
  /** What the last agent said that passed it on. */
  handed?: Handed;
  /** How often it was passed on. */
  handoffs?: number;
}

/** What a task replans that is about no failure: the plan as a whole, by what somebody said. */
export const WHOLE = "*";

/** An attempt that ended like this did nothing wrong. */
const LEFT_OFF: readonly Failure[] = ["stopped", "budget"];

interface Wait {
  readonly task: string;
  readonly at: number;
}

export interface Recovery {
  readonly tries: Map<string, Tries>;
  /** Tasks that wait for a retry, with the time; they leave by being invoked. */
  readonly waiting: Map<string, number>;
  /** The same by time; entries that `waiting` no longer confirms are dropped when they come up. */
  readonly queue: Heap<Wait>;
  /** Tasks whose attempt died with its host and has not been begun again, in order. */
  readonly parked: Set<string>;
  /** The task that is being tried alone. */
  alone?: string;
  /** How often somebody was asked to change the plan. */
  replans: number;
  /** The task that is to look at the plan as a whole, until it has begun. */
  looking?: string;
}

export function createRecovery(): Recovery {
  return {
    tries: new Map(),
    waiting: new Map(),
    queue: new Heap<Wait>((a, b) => a.at < b.at),
    parked: new Set(),
    replans: 0,
  };
}

export function evolveRecovery(recovery: Recovery, event: RunEvent): void {
  switch (event.type) {
    case "agent:invoke": {
      const tries = triesOf(recovery, event.taskId, event.agentName);
      tries.attempt = event.attempt;
      tries.restart = event.restart ?? 0;
      tries.inFlight = true;
      tries.startedAt = event.at;
      tries.model = event.model;
      if (event.downgradedFrom === undefined) delete tries.from;
      else tries.from = event.downgradedFrom;
      recovery.waiting.delete(event.taskId);
      recovery.parked.delete(event.taskId);
      if (tries.restart > 1) recovery.alone = event.taskId;
      if (recovery.looking === event.taskId) delete recovery.looking;
      return;
    }
    case "gate:opened": {
      const tries = event.attempt === undefined ? undefined : recovery.tries.get(event.taskId);
      if (tries) tries.asks = [...(tries.asks ?? []), event.gate];
      return;
    }
    case "gate:decided": {
      const tries = recovery.tries.get(event.taskId);
      if (tries?.asks) tries.asks = tries.asks.filter((gate) => gate !== event.gate);
      return;
    }
    case "workflow:resumed":
      if (event.recovered) park(recovery);
      return;
    case "task:retry": {
      const tries = triesOf(recovery, event.taskId, event.agentName);
      if (event.counts) tries.failures++;
      if (LEFT_OFF.includes(event.failure)) tries.continues = [...(tries.continues ?? []), event.attempt];
      else delete tries.continues;
      leave(recovery, event.taskId);
      if (event.step !== undefined) take(tries, event.step, event);
      if (event.handedTo !== undefined) pass(tries, event.handedTo);
      // A person decides when it goes on, or whether; a change of the plan takes its place.
      return event.step === "person" || event.step === "replan"
        ? undefined
        : wait(recovery, event.taskId, event.resumeAt);
    }
    case "task:added":
      if (event.replans !== undefined) recovery.replans++;
      if (event.replans === WHOLE) recovery.looking = event.taskId;
      return;
    case "handoff": {
      const tries = triesOf(recovery, event.taskId, event.agentName);
      tries.heir = event.to;
      const { agentName: from, attempt, package: handoff } = event;
      const files = defined({ files: tries.continues?.[0] });
      tries.handed = { from, attempt, ...files, package: handoff };
      tries.handoffs = (tries.handoffs ?? 0) + 1;
      return;
    }
    case "task:fallback": {
      const tries = triesOf(recovery, event.taskId, event.agentName);
      pass(tries, event.to);
      tries.fallback++;
      return wait(recovery, event.taskId, event.at);
    }
    case "task:complete":
    case "task:error":
    case "task:cancelled":
    case "task:skipped":
      recovery.waiting.delete(event.taskId);
      if (recovery.looking === event.taskId) delete recovery.looking;
      return leave(recovery, event.taskId);
    default:
      return;
  }
}

/** Another agent begins afresh with the task. */
function pass(tries: Tries, to: string): void {
  tries.agentName = to;
  tries.failures = 0;
  tries.left = [];
  tries.taken = {};
  delete tries.hint;
  delete tries.continues;
  delete tries.heir;
}

/** What the next attempt is told beyond its task: part of what its result is made from (I11). */
export function toldTo(tries: Tries | undefined): string | undefined {
  if (tries?.handed === undefined) return tries?.hint;
  return canonical([tries.hint ?? null, tries.handed as unknown as Json]);
}

function take(tries: Tries, step: Step, { failure, reason, hint }: EventOf<"task:retry">): void {
  tries.taken = { ...tries.taken, [step]: (tries.taken[step] ?? 0) + 1 };
  tries.failed = { failure, reason };
  const mend = step === "repair" ? reason : hint;
  if (mend !== undefined) tries.hint = mend;
  if (step === "switch-model") tries.left = [...tries.left, tries.model];
}

/** The host died: nothing is in flight any more. */
function park(recovery: Recovery): void {
  delete recovery.alone;
  for (const [task, tries] of recovery.tries) {
    if (!tries.inFlight) continue;
    tries.inFlight = false;
    // What waits for a person kills no host: whoever leaves a run at its gate may come back as often as they like.
    if (tries.asks && tries.asks.length > 0) tries.restart = 0;
    recovery.parked.add(task);
  }
}

function leave(recovery: Recovery, task: string): void {
  const tries = recovery.tries.get(task);
  if (tries) {
    tries.inFlight = false;
    tries.restart = 0;
    delete tries.asks;
  }
  recovery.parked.delete(task);
  if (recovery.alone === task) delete recovery.alone;
}

function triesOf(recovery: Recovery, task: string, agentName: string): Tries {
  let tries = recovery.tries.get(task);
  if (!tries) {
    const none = { attempt: 0, restart: 0, failures: 0, fallback: 0, inFlight: false, startedAt: 0 };
    tries = { agentName, ...none, model: "", left: [], taken: {} };
    recovery.tries.set(task, tries);
  }
  return tries;
}

function wait(recovery: Recovery, task: string, at: number): void {
  recovery.waiting.set(task, at);
  recovery.queue.push({ task, at });
}

/** The tasks whose wait is over; each is told once. */
export function takeDue(recovery: Recovery, now: number): readonly string[] {
  const due: string[] = [];
  for (let first = nextWait(recovery); first && first.at <= now; first = nextWait(recovery)) {
    recovery.queue.pop();
    due.push(first.task);
  }
  return due;
}

function nextWait(recovery: Recovery): Wait | undefined {
  for (let first = recovery.queue.peek(); first; first = recovery.queue.peek()) {
    if (recovery.waiting.get(first.task) === first.at) return first;
    recovery.queue.pop();
  }
  return undefined;
}

/** When the next wait is over. */
export function nextRetry(recovery: Recovery): number | undefined {
  return nextWait(recovery)?.at;
}

/** An attempt whose host died under it once too often is a dead letter; why, or undefined. */
export function deadLetter(tries: Tries, most: number): string | undefined {
  if (tries.restart < most) return undefined;
  return `its host died ${most + 1} times while this attempt was under way; it is not begun again`;
}
