/** A run as far as its events tell it, folded for showing: one row a task. Pure, so that views are tested with values. */

import type { EventOf, RunEvent, RunStatus, Spent, Summary, TaskStatus } from "../domain/events.ts";
import type { Json } from "../domain/json.ts";
import { LANE } from "../domain/landing.ts";
import { isBlobRef } from "../domain/plan.ts";
import type { Changes } from "../domain/workspace.ts";
import { criticalPath } from "../graph/critical-path.ts";
import { progressWords } from "./plain.ts";
import { isChange, type PlanChange } from "./plan-changes.ts";

export interface TaskRow {
  readonly id: string;
  agent: string;
  readonly description: string;
  dependencies: readonly string[];
  /** Milliseconds that its author expects. */
  readonly estimate: number;
  status: TaskStatus;
  startedAt?: number;
  /** Of all its attempts that ended. */
  duration: number;
  tokens: number;
  costUsd: number | null;
  attempt: number;
  /** Until when it rests before its next attempt. */
  resumeAt?: number;
  gate?: string;
  reason?: string;
  /** Of its newest attempt, and why where its agent may use several. */
  model?: string;
  modelReason?: string;
  changes?: Changes;
  /** Of the merge lane: what became of the work. */
  landed?: Json;
  /** How far its attempt under way says it is. */
  says?: string;
}

export interface Progress {
  run: string;
  workflow: string;
  isRehearsed: boolean;
  startedAt: number;
  /** Of the last event. */
  at: number;
  seq: number;
  status: RunStatus;
  reason?: string;
  summary?: Summary;
  /** What paused it last. */
  cause?: "user" | "time" | "budget";
  /** Ordered to stop, and attempts are still ending. */
  isStopping: boolean;
  readonly tasks: Map<string, TaskRow>;
  /** Open gates and their questions. */
  readonly gates: Map<string, string>;
  /** How its plan was changed, in order: the newest of them. */
  readonly planChanges: (PlanChange & { readonly at: number })[];
}

const MOST_CHANGES = 50;
const USUAL = 60_000;
/** The agent that brings the work of the others together. */
const SETTLED: ReadonlySet<TaskStatus> = new Set(["complete", "reused", "failed", "skipped", "cancelled"]);
export const isSettled = ({ status }: Pick<TaskRow, "status">): boolean => SETTLED.has(status);

export function createProgress(): Progress {
  const [tasks, gates] = [new Map<string, TaskRow>(), new Map<string, string>()];
  const none = { run: "", workflow: "", isRehearsed: false, startedAt: 0, at: 0, seq: 0, isStopping: false };
  return { ...none, status: "running", tasks, gates, planChanges: [] };
}

export function fold(progress: Progress, event: RunEvent): void {
  progress.seq = event.seq;
  progress.at = event.at;
  switch (event.type) {
    case "workflow:start":
      progress.run = event.run;
      progress.workflow = event.workflow;
      progress.isRehearsed = event.rehearsed === true;
      progress.startedAt = event.at;
      return;
    case "task:added":
      progress.tasks.set(event.taskId, {
        id: event.taskId,
        agent: event.agentName,
        description: event.description,
        dependencies: event.dependencies,
        estimate: event.estimatedDuration ?? USUAL,
        ...{ status: "pending", duration: 0, tokens: 0, costUsd: 0, attempt: 0 },
      });
      return;
    case "plan:changed":
      return replan(progress, event);
    case "gate:opened":
      progress.gates.set(event.gate, event.question);
      return;
    case "gate:decided":
      progress.gates.delete(event.gate);
      return;
    case "workflow:stopping":
      progress.isStopping = true;
      return;
    case "workflow:resumed":
      return turn(progress, event.recovered ? progress.status : "running");
    case "workflow:paused":
      progress.cause = event.cause;
      return turn(progress, "paused", event.reason);
    case "workflow:complete":
      progress.summary = event.summary;
      return turn(progress, event.status);
    case "workflow:error":
    case "workflow:cancelled":
      progress.summary = event.summary;
      return turn(progress, event.type === "workflow:error" ? "failed" : "cancelled", event.reason);
    default:
      return foldTask(progress, event);
  }
}

function replan({ tasks, planChanges }: Progress, event: EventOf<"plan:changed">): void {
  for (const id of event.removed) tasks.delete(id);
  for (const { task, dependencies } of event.changed ?? []) {
    const row = tasks.get(task);
    if (row) row.dependencies = dependencies;
  }
  if (!isChange(event)) return;
  const { at, added, removed, changed = [], reason } = event;
  planChanges.push({ at, added, removed, changed, reason });
  if (planChanges.length > MOST_CHANGES) planChanges.shift();
}

function turn(progress: Progress, status: RunStatus, reason?: string): void {
  progress.status = status;
  progress.isStopping = false;
  if (reason === undefined) delete progress.reason;
  else progress.reason = reason;
}

function foldTask(progress: Progress, event: RunEvent): void {
  const row = "taskId" in event ? progress.tasks.get(event.taskId ?? "") : undefined;
  if (!row) return;
  if ("agentName" in event) row.agent = event.agentName;
  switch (event.type) {
    case "task:start":
      row.status = "running";
      row.startedAt = event.at;
      return;
    case "agent:invoke":
      row.status = "running";
      row.attempt = event.attempt;
      row.model = event.model;
      if (event.modelReason === undefined) delete row.modelReason;
      else row.modelReason = event.modelReason;
      delete row.resumeAt;
      delete row.says;
      return;
    case "agent:progress": {
      const says = progressWords(event.entry);
      if (says !== undefined) row.says = says;
      return;
    }
    case "task:retry":
      delete row.says;
      row.resumeAt = event.resumeAt;
      row.reason = event.reason;
      return spend(row, event);
    case "task:complete":
      delete row.reason;
      if (event.changes) row.changes = event.changes;
      if (event.agentName === LANE && !isBlobRef(event.output)) row.landed = event.output;
      return settle(row, "complete", event);
    case "task:error":
      row.reason = event.reason;
      return settle(row, "failed", event);
    case "task:skipped":
    case "task:reused":
      row.reason = event.reason;
      row.status = event.type === "task:skipped" ? "skipped" : "reused";
      if (event.type === "task:reused" && event.changes) row.changes = event.changes;
      return;
    case "task:cancelled": {
      const { duration = 0, tokensUsed = 0, costUsd = 0 } = event;
      row.reason = event.reason;
      return settle(row, "cancelled", { duration, tokensUsed, costUsd });
    }
    default:
      return;
  }
}

function settle(row: TaskRow, status: TaskStatus, spent: Spent): void {
  row.status = status;
  delete row.resumeAt;
  delete row.says;
  spend(row, spent);
}

function spend(row: TaskRow, { duration, tokensUsed, costUsd }: Spent): void {
  row.duration += duration;
  row.tokens += tokensUsed;
  row.costUsd = row.costUsd === null || costUsd === null ? null : row.costUsd + costUsd;
}

/** The gate before a task is the one with its id. */
export const isAtGate = (progress: Progress, { id, status }: TaskRow): boolean =>
  status === "pending" && progress.gates.has(id);

export interface Totals {
  readonly settled: number;
  readonly tokens: number;
  readonly costUsd: number | null;
}
export function totalsOf({ tasks }: Progress): Totals {
  let [settled, tokens] = [0, 0];
  let costUsd: number | null = 0;
  for (const row of tasks.values()) {
    if (isSettled(row)) settled++;
    tokens += row.tokens;
    costUsd = costUsd === null || row.costUsd === null ? null : costUsd + row.costUsd;
  }
  return { settled, tokens, costUsd };
}

/**
 * Milliseconds until the end with enough places: the longest way through what is left, in the authors' estimates,
 * corrected by how the finished tasks compared with theirs. `pace` is the correction before anything has finished.
 */
export function timeLeft({ tasks }: Progress, now: number, pace: number): number {
  const rows = [...tasks.values()];
  const done = rows.filter((row) => row.status === "complete" && row.duration > 0);
  const prior = rows.reduce((sum, { estimate }) => sum + estimate, 0) / Math.max(1, rows.length);
  const expected = prior + done.reduce((sum, { estimate }) => sum + estimate, 0);
  const took = prior * pace + done.reduce((sum, { duration }) => sum + duration, 0);
  const correction = took / Math.max(1, expected);
  const open = rows.filter((row) => !isSettled(row));
  return criticalPath(open, ({ estimate, startedAt }) => {
    const whole = estimate * correction;
    return startedAt === undefined ? whole : Math.max(whole * 0.1, whole - (now - startedAt));
  }).length;
}

/** How much shorter than its estimates a run is expected to be. */
export function paceOf(expected: number, tasks: readonly { id: string; estimatedDuration?: number }[]): number {
  const { length } = criticalPath(tasks, ({ estimatedDuration }) => estimatedDuration ?? USUAL);
  return length > 0 ? expected / length : 1;
}
