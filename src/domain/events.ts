/**
 * The event list: what became true in a run, numbered, never changed afterwards. The wire names are
 * DESIGN's. Additions of ours: `workflow:stopping` (a stop was ordered, attempts are still ending),
 * `fact:refused` (the world told something that does not fit; kept so that it can be explained), `context:shown`
 * (what an attempt by a model is shown, and why) and `agent:progress` (how far an agent says it is).
 */
import type { Failure, Step } from "./failures.ts";
import type { Handoff } from "./handoff.ts";
import type { Json } from "./json.ts";
import type { AgentCards, BlobRef, Budget, Inherited, Parent, PlannedTask, RunOptions, Selected } from "./plan.ts";
import type { Changes } from "./workspace.ts";

export type RunStatus = "running" | "waiting" | "paused" | "complete" | "failed" | "cancelled";
export type TaskStatus = "pending" | "running" | "waiting" | "complete" | "reused" | "failed" | "skipped" | "cancelled";

export { FAILURES, type Failure, type Step } from "./failures.ts";

/** How a run is being stopped while attempts are still ending. */
export type Stop = "pause" | "time" | "cancel" | "fail-fast" | "broken";

interface Stamp {
  readonly run: string;
  readonly seq: number;
  readonly at: number;
  readonly rehearsed?: true;
}
interface OfTask {
  readonly taskId: string;
  readonly agentName: string;
}
/** What an attempt used; I6 sums these. */
export interface Spent {
  readonly duration: number;
  readonly tokensUsed: number;
  readonly costUsd: number | null;
  readonly turns?: number;
  /** Of an unknown cost, the part that is known: it counts against a cap. */
  readonly knownUsd?: number;
}
/** What a turn may take, before it is known. */
export interface Needs {
  readonly tokens: number;
  readonly usd: number;
}
export interface Summary {
  readonly totalTasks: number;
  readonly successfulTasks: number;
  readonly failedTasks: number;
  readonly skippedTasks: number;
  readonly totalTokens: number;
  readonly totalCostUsd: number | null;
  /** Wall time in milliseconds. */
  readonly totalDuration: number;
}
export interface TaskResult {
  readonly status: TaskStatus;
  readonly output?: Json | BlobRef;
  /** Files that it wrote, and where they are kept. */
  readonly changes?: Changes;
  readonly tokensUsed: number;
  readonly costUsd: number | null;
  readonly duration: number;
  readonly attempts: number;
  readonly reason?: string;
}
export interface RunResults {
  readonly run: string;
  readonly status: RunStatus;
  readonly tasks: { readonly [id: string]: TaskResult };
  readonly summary: Summary;
  readonly reason?: string;
  /** No model was called: the results are invented by a rehearsal (I13). */
  readonly rehearsed?: true;
}
export const MESSAGE_KINDS = ["data", "request", "response", "broadcast"] as const;
export type MessageKind = (typeof MESSAGE_KINDS)[number];

/** Every event's own fields. */
export interface EventFields {
  "workflow:start": {
    workflow: string;
    taskCount: number;
    format: number;
    agents: AgentCards;
    options: RunOptions;
    parent?: Parent;
    inherited?: readonly Inherited[];
  };
  "task:added": OfTask & Omit<PlannedTask, "id" | "dependencies"> & { dependencies: readonly string[] };
  "wave:start": { wave: number; taskIds: readonly string[] };
  "task:start": OfTask & { description: string; dependencies: readonly string[] };
  "agent:invoke": OfTask & {
    attempt: number;
    model: string;
    /** Why this one, where its agent may use several. */
    modelReason?: string;
    /** The model that the budget had no room for. */
    downgradedFrom?: string;
    maxTokens?: number;
    /** Times this very attempt was begun again after its host died. */
    restart?: number;
    key?: string;
    uncacheable?: string;
  };
  /** What the attempt is shown: its pieces with their tokens, and the text of the prompt. */
  "context:shown": OfTask & { attempt: number; entry: Json };
  "turn:complete": OfTask & { attempt: number; entry: Json };
  "tool:call": OfTask & { attempt: number; entry: Json };
  "tool:result": OfTask & { attempt: number; entry: Json };
  /** How far it is, in its own words: `text`, and `percent` where it said so. */
  "agent:progress": OfTask & { attempt: number; entry: Json };
  /** A folder of its own, and what it begins with. */
  "workspace:opened": OfTask & { attempt: number; entry: Json };
  /** What an attempt wrote, kept under a ref; also of one that failed. */
  "workspace:committed": OfTask & { attempt: number; entry: Json };
  /** Work that does not fit what has landed, and goes back to whoever wrote it. */
  "workspace:conflict": OfTask & { attempt: number; entry: Json };
  /** What was brought together and proven has been delivered. */
  "workspace:merged": OfTask & { attempt: number; entry: Json };
  "task:complete": OfTask &
    Spent & {
      attempt: number;
      success: true;
      output: Json | BlobRef;
      /** Files that it wrote. */
      changes?: Changes;
      selected?: Selected;
    };
  "task:error": OfTask &
    Spent & { attempt: number; success: false; failure: Failure; reason: string; output?: Json | BlobRef };
  /** `needs`: what its next turn may take, where the budget had no room for it. */
  "task:retry": OfTask &
    Spent & {
      attempt: number;
      failure: Failure;
      reason: string;
      delay: number;
      resumeAt: number;
      counts: boolean;
      needs?: Needs;
      /** What is done about it. Absent: it was only stopped, and goes on. */
      step?: Step;
      /** What the agent that was asked about it says to do otherwise. */
      hint?: string;
      /** It handed the task over: this agent goes on with it. */
      handedTo?: string;
    };
  /** An attempt under way passes its task on; the next one is by `to`, as soon as it has ended. */
  handoff: OfTask & { attempt: number; to: string; package: Handoff };
  "task:fallback": OfTask & { to: string; reason: string };
  "task:skipped": OfTask & { how: "condition" | "failure" | "stopped" | "replaced"; reason: string; because?: string };
  "task:reused": OfTask & {
    output: Json | BlobRef;
    /** Files that it wrote in the run where it was done. */
    changes?: Changes;
    key?: string;
    selected?: Selected;
    from: string;
    reason: string;
    tokensSaved: number;
    costSavedUsd: number | null;
  };
  /** With what its last attempt used, where one was under way. */
  "task:cancelled": OfTask & Partial<Spent> & { reason: string; attempt?: number };
  "wave:complete": { wave: number; taskIds: readonly string[] };
  "phase:complete": { phase: string; taskIds: readonly string[] };
  "workflow:stopping": { stop: Stop; reason: string };
  "workflow:paused": { cause: "user" | "time" | "budget"; reason: string };
  /** `recovered`: a new owner goes on after the last one died. */
  "workflow:resumed": { budget?: Budget; globalTimeout?: number; recovered?: true };
  "workflow:results": { results: RunResults };
  "workflow:complete": { status: "complete" | "failed"; summary: Summary };
  "workflow:error": { reason: string; summary: Summary };
  "workflow:cancelled": { reason: string; summary: Summary };
  "message:sent": { from: string; to: string; kind: MessageKind; content: Json; taskId?: string };
  "message:delivered": OfTask & { attempt: number; messages: readonly number[] };
  "board:set": { key: string; value: Json; version: number; by: string };
  /** With an attempt: one that is under way asks; `subject` is exactly what it would do then. */
  "gate:opened": OfTask & { gate: string; question: string; attempt?: number; subject?: Json; expiresAt?: number };
  "gate:decided": OfTask & {
    gate: string;
    attempt?: number;
    decision: "approve" | "reject";
    note?: string;
    edited?: string;
    by?: string;
  };
  "budget:reserved": OfTask & { attempt: number; tokens: number; usd: number };
  /** `late`: what an attempt turned out to have used after it had been given up. */
  "budget:settled": OfTask & Spent & { attempt: number; late?: true };
  "budget:exceeded": { limit: keyof Budget; cap: number; used: number; taskId: string; reason: string };
  /** A provider's model keeps failing: attempts with it wait, or go elsewhere. Told again where the hold is lengthened. */
  "breaker:opened": { provider: string; model: string; until: number; reason: string };
  "breaker:closed": { provider: string; model: string };
  "plan:changed": {
    added: readonly string[];
    removed: readonly string[];
    /** Tasks that wait for others than before, each with all that it waits for now. */
    changed?: readonly { readonly task: string; readonly dependencies: readonly string[] }[];
    reason: string;
    budget?: Budget;
    agents?: AgentCards;
  };
  checkpoint: { name: string };
  "fact:refused": { fact: string; reason: string; taskId?: string };
}

export type EventType = keyof EventFields;
export type EventOf<T extends EventType> = { readonly type: T } & Stamp & Readonly<EventFields[T]>;
export type RunEvent = { [T in EventType]: EventOf<T> }[EventType];

/** `run` is what evolve replays; `attempt` is read by the attempt that resumes; `talk` is messages. */
export type EventClass = "run" | "attempt" | "talk";
export const EVENT_CLASS: { readonly [T in EventType]: EventClass } = {
  "workflow:start": "run",
  "task:added": "run",
  "wave:start": "run",
  "task:start": "run",
  "agent:invoke": "run",
  "context:shown": "attempt",
  "turn:complete": "attempt",
  "tool:call": "attempt",
  "tool:result": "attempt",
  "agent:progress": "attempt",
  "workspace:opened": "attempt",
  "workspace:committed": "attempt",
  "workspace:conflict": "attempt",
  "workspace:merged": "attempt",
  "task:complete": "run",
  "task:error": "run",
  "task:retry": "run",
  handoff: "run",
  "task:fallback": "run",
  "task:skipped": "run",
  "task:reused": "run",
  "task:cancelled": "run",
  "wave:complete": "run",
  "phase:complete": "run",
  "workflow:stopping": "run",
  "workflow:paused": "run",
  "workflow:resumed": "run",
  "workflow:results": "run",
  "workflow:complete": "run",
  "workflow:error": "run",
  "workflow:cancelled": "run",
  "message:sent": "talk",
  "message:delivered": "talk",
  "board:set": "run",
  "gate:opened": "run",
  "gate:decided": "run",
  "budget:reserved": "run",
  "budget:settled": "run",
  "budget:exceeded": "run",
  "breaker:opened": "run",
  "breaker:closed": "run",
  "plan:changed": "run",
  checkpoint: "run",
  "fact:refused": "run",
};
export const EVENT_TYPES = Object.keys(EVENT_CLASS) as readonly EventType[];

/** The version of these fields that this code writes; a journal with a higher one is refused by name. */
export const JOURNAL_FORMAT = 1;

/** Events after which a reader of a run need not wait for more. */
export function isEnd(event: RunEvent): boolean {
  return (
    event.type === "workflow:complete" ||
    event.type === "workflow:error" ||
    event.type === "workflow:paused" ||
    event.type === "workflow:cancelled"
  );
}
