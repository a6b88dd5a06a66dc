/** The wire types of the HTTP surface. Types only: a browser imports them without any code of the server. */

import type { RunEvent, RunResults, RunStatus, Summary, TaskResult } from "../domain/events.ts";
import type { EvidenceSet } from "../domain/evidence.ts";
import type { Json } from "../domain/json.ts";
import type { AgentTask, Budget, Condition, Parent } from "../domain/plan.ts";

export interface ApiError {
  readonly error: {
    readonly code: string;
    readonly message: string;
    /** What to do next. */
    readonly hint?: string;
    /** The field of the body or query that is wrong. */
    readonly path?: string;
  };
}

/** Lets one browser in, once: at `<server>/#code=<code>`. */
export interface Code {
  readonly code: string;
  /** Milliseconds. */
  readonly expiresIn: number;
}

export type Accepted = { readonly run: string };
/** `obeyed` here, or `handed-over` to the process that conducts the run. */
export interface Steered extends Accepted {
  readonly command: "obeyed" | "handed-over";
}

export interface WorkflowListed {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly category: string;
  readonly tags: readonly string[];
  /** Seconds. */
  readonly estimatedDuration: number;
  readonly complexity: "simple" | "moderate" | "complex";
}
export interface WorkflowList {
  readonly workflows: readonly WorkflowListed[];
  /** Files of workflows that cannot be run: faulty, not trusted, changed since, or programs. Absent: none. */
  readonly notUsed?: readonly WorkflowNotUsed[];
}
export interface WorkflowNotUsed {
  readonly id?: string;
  readonly file: string;
  readonly not: "faulty" | "not-trusted" | "changed" | "program";
  readonly why: string;
}

export interface RunListed {
  readonly run: string;
  readonly status: RunStatus;
  readonly workflow: string;
  readonly startedAt: number;
  readonly endedAt?: number;
  readonly taskCount: number;
  readonly summary?: Summary;
  readonly parent?: Parent;
  readonly reason?: string;
  readonly rehearsed?: true;
}
export interface RunList {
  readonly runs: readonly RunListed[];
  /** Asks for the runs before these; absent at the end. */
  readonly cursor?: string;
}

export type RunShown = Omit<RunResults, "tasks"> & {
  readonly tasks: { readonly [id: string]: Omit<TaskResult, "output"> & { readonly output?: Json } };
  readonly workflow: string;
  readonly startedAt: number;
  readonly parent?: Parent;
  /** What programs found in the repository; no agent said it. */
  readonly evidence?: EvidenceSet;
};

export interface EventPage {
  readonly events: readonly RunEvent[];
  /** Where the next page begins; absent where this one reaches the newest event. */
  readonly next?: number;
}

export type Pause = { readonly reason?: string };

export type Resume = { readonly budget?: Budget; readonly globalTimeout?: number };
export type Retry = { readonly task?: string; readonly set?: Partial<AgentTask> };
export type Fork = { readonly from?: string; readonly set?: Partial<AgentTask> };
export type Say = { readonly agent: string; readonly text: string };

export interface GateListed {
  readonly run: string;
  readonly gate: string;
  readonly taskId: string;
  readonly agentName: string;
  readonly question: string;
  /** Of an attempt that asks: exactly what it would do then. */
  readonly subject?: Json;
  readonly expiresAt?: number;
  readonly at: number;
}
export type GateList = { readonly gates: readonly GateListed[] };
export interface Decide {
  readonly decision: "approve" | "reject";
  readonly note?: string;
  /** A new prompt for the task behind the gate. */
  readonly edited?: string;
}

export interface ProcessStep {
  readonly id: string;
  readonly input?: Json;
  readonly instructions?: string;
  /** The agent must have all of them, spelt exactly so. Without any, the agent of the step before goes on. */
  readonly capabilities?: readonly string[];
  /** All must hold of earlier steps, or the step is skipped. */
  readonly conditions?: Condition | readonly Condition[];
}
export interface ProcessResult {
  readonly processId: string;
  readonly status: RunStatus;
  readonly reason?: string;
  readonly rehearsed?: true;
  /** In the order of the steps. */
  readonly results: readonly (RunShown["tasks"][string] & { readonly id: string; readonly agentName: string })[];
}

export interface AgentListed {
  readonly name: string;
  readonly description: string;
  readonly category?: string;
  readonly capabilities: readonly string[];
  readonly tags: readonly string[];
  readonly tier?: string;
  readonly model?: string;
}
export type AgentList = { readonly agents: readonly AgentListed[] };
/** Its whole definition, where that lies, and how it fares. */
export type AgentShown = AgentListed & {
  readonly instructions: string;
  readonly tools?: readonly string[];
  readonly file?: string;
  readonly state: {
    readonly stage: "idle" | "executing" | "errored" | "recovered";
    readonly busy: number;
    readonly lastError?: string;
    /** The run that it ends with. */
    readonly run?: string;
  };
};

/** With `wait`, how it ended; otherwise that it has begun. */
export interface AgentCommanded {
  readonly run: string;
  readonly status: string;
  readonly tasks?: readonly { readonly id: string; readonly status: string; readonly output?: string }[];
}
export interface AgentInterrupted {
  readonly interrupted: readonly {
    readonly run: string;
    readonly order: "pause" | "cancel";
    readonly command: string;
  }[];
  /** Why it is nothing. */
  readonly note?: string;
}
export interface AgentLogs {
  readonly run: string;
  readonly lines: readonly {
    readonly seq: number;
    readonly at: number;
    readonly type: string;
    readonly taskId: string;
    readonly text: string;
  }[];
  /** Where the next page begins; absent at the newest event. */
  readonly next?: number;
}

export interface Routing {
  /** Null where nobody fits. */
  readonly agent: string | null;
  readonly confidence: number;
  readonly reasoning: string;
  /** Best first. */
  readonly alternatives: readonly { readonly agent: string; readonly confidence: number }[];
  /** Where a model was asked: which, what it took, and why nothing of it counts. */
  readonly rerank?: {
    readonly model: string;
    readonly cached: boolean;
    readonly tokensUsed: number;
    readonly costUsd: number | null;
    readonly failed?: string;
  };
}

export interface Health {
  readonly status: "ok";
  /** The rest is there for whoever has the token. */
  readonly agents?: number;
  readonly workflows?: number;
  /** Runs that this process conducts. */
  readonly conducted?: number;
  readonly streams?: number;
  readonly providers?: readonly string[];
  /** Agent files that could not be read. */
  readonly warnings?: number;
}

export interface AgentMetric {
  readonly agentId: string;
  /** 0 to 1; null before its first task. */
  readonly successRate: number | null;
  /** Milliseconds; null before its first task. */
  readonly averageResponseTime: number | null;
  readonly totalTasks: number;
  readonly currentLoad: number;
  /** Of real runs that ended, where there are any: by model, workflow and kind of work, those with most attempts. */
  readonly byModel?: Measures;
  readonly byWorkflow?: Measures;
  readonly byKind?: Measures;
}
export type Measures = { readonly [name: string]: Measure };
export interface Measure {
  readonly attempts: number;
  /** 0 to 1. */
  readonly success: number;
  readonly firstApproval: number;
  readonly quality?: number;
  /** Milliseconds; of nine in ten attempts at most the second. */
  readonly duration: { readonly p50: number; readonly p90: number };
  readonly tokens: number;
  readonly costUsd: number | null;
}
export interface Conducting {
  readonly runs: number;
  readonly delegated: number;
  /** Tasks that named nobody and got an agent. */
  readonly routed: number;
  /** Tasks that came after the start. */
  readonly added: number;
  readonly retried: number;
  readonly handedOver: number;
  readonly messages: number;
  readonly gates: number;
  readonly planChanges: number;
  /** Milliseconds from a start to its first task. */
  readonly decomposition: number;
}
/** What real runs say, put together by what was asked for; those with most attempts first. */
export interface AgentStatistics {
  readonly runs: number;
  readonly by: string;
  readonly statistics: Measures;
  readonly conducting: Conducting;
}
export interface Metrics {
  readonly totalAgents: number;
  /** Tasks of live runs that have not begun. */
  readonly queueLength: number;
  readonly activeJobs: number;
  readonly agentMetrics: readonly AgentMetric[];
  /** What conducting real runs came to. */
  readonly conducting: Conducting;
  /** Models that were asked who does a task. */
  readonly reranking: { readonly calls: number; readonly tokensUsed: number; readonly costUsd: number | null };
}
