/** A plan in the words of DESIGN: plain JSON that anybody may write. */
import type { Ladders } from "./failures.ts";
import type { Posting } from "./issues.ts";
import type { Json } from "./json.ts";
import type { Landing } from "./landing.ts";
import type { Changes } from "./workspace.ts";

export type FailurePolicy = "skip-dependents" | "continue" | "fail-fast";
export const FAILURE_POLICIES: readonly FailurePolicy[] = ["skip-dependents", "continue", "fail-fast"];

export const OPERATORS = ["eq", "ne", "lt", "lte", "gt", "gte", "in", "contains", "exists"] as const;
export type Operator = (typeof OPERATORS)[number];

/** A question about a finished task's output. `path` is a JSON Pointer; absent means the whole output. */
export interface Test {
  readonly task: string;
  readonly path?: string;
  readonly op: Operator;
  readonly value?: Json;
}
export type Condition =
  | Test
  | { readonly all: readonly Condition[] }
  | { readonly any: readonly Condition[] }
  | { readonly not: Condition };

export interface ForEach {
  /** The task whose output holds the list. */
  readonly task: string;
  readonly path?: string;
  /** At most this many items; more is a failure, never a silent cut. Default and limit: 1,000. */
  readonly max?: number;
  /** Who puts the items' outputs together. Without it the result is the list of outputs, in order. */
  readonly reduce?: { readonly agentName: string; readonly prompt: string };
}

export interface Gate {
  readonly question?: string;
}

/**
 * What a result must pass before it counts: a schema, files among its changes, the verdict of another agent; or on the files
 * as they are then a command of the user's settings, by its name, that ends with 0, the tests, or how many of a hundred
 * lines they reach.
 */
export type Validator =
  | { readonly schema: { readonly [key: string]: Json } }
  | { readonly files: readonly string[] }
  | { readonly agent: string }
  | Check;
/** What runs a command. */
export type Check = { readonly command: string } | { readonly tests: "passing" } | { readonly coverage: number };

/** Under which name the settings, or the repository itself, say what is run. */
export const checkName = (check: Check): string =>
  "command" in check ? check.command : "tests" in check ? "test" : "coverage";
export const isCheck = (one: Validator): one is Check => "command" in one || "tests" in one || "coverage" in one;

export const KINDS = ["design", "build", "verify", "document", "release"] as const;
export type Kind = (typeof KINDS)[number];

/** What whoever planned a task knows of it beyond how to perform it: what it stands on, what it yields, how to tell. */
export interface Brief {
  readonly kind?: Kind;
  /** Names of what it needs and what it makes: each is made by one task, or is there already. */
  readonly inputs?: readonly string[];
  readonly outputs?: readonly string[];
  /** Files that it will write, as globs: two that may touch the same file do not run side by side. */
  readonly touches?: readonly string[];
  /** Requirements of the plan that it meets, by their ids. */
  readonly covers?: readonly string[];
  /** How one sees that it is done. */
  readonly criteria?: readonly string[];
  /** Left out first where time is short. */
  readonly optional?: boolean;
}
export interface Requirement {
  readonly id: string;
  readonly text: string;
}

export interface AgentTask {
  readonly id: string;
  readonly agentName: string;
  /** Why this agent, where somebody chose it. */
  readonly agentReason?: string;
  readonly description: string;
  readonly prompt: string;
  readonly dependencies?: readonly string[];
  /** 1–10, higher first. Default 5. */
  readonly priority?: number;
  readonly phase?: string;
  readonly maxTokens?: number;
  /** What all its attempts together may use; before a turn that has no room in it the task fails. */
  readonly budget?: Omit<Budget, "spawns">;
  readonly model?: string;
  /** Cheaper models, in order, to go on with where the budget has no room for its own; in the place of its agent's. */
  readonly downgrade?: readonly string[];
  readonly context?: { readonly [key: string]: Json };
  /** Milliseconds one attempt may take. */
  readonly timeout?: number;
  /** Further attempts after the first, per agent. Default 2. */
  readonly retries?: number;
  readonly onFailure?: FailurePolicy;
  /** Agents to try, in order, when this one has used up its attempts. */
  readonly fallbacks?: readonly string[];
  /** What is done about a failed attempt, by the class of its failure; in the place of the run's ladder for it. */
  readonly recovery?: Ladders;
  /** Runs only if this holds; otherwise it is skipped. */
  readonly when?: Condition;
  /** Repeats until this holds of its own output; every repetition is a task of its own, `id.2`, `id.3`, … */
  readonly until?: Condition;
  /** Tasks that repeat together with an `until`, such as the build before a review. */
  readonly repeats?: readonly string[];
  /** Default 5, at most 100. */
  readonly maxIterations?: number;
  readonly forEach?: ForEach;
  /** A person decides before the task starts. */
  readonly gate?: boolean | Gate;
  /** Files of the repository that its prompt is to hold, as globs. */
  readonly reads?: readonly string[];
  /** Programs that look at the repository first, and whose findings its prompt is to hold: names of `domain/evidence.ts`. */
  readonly evidence?: readonly string[];
  /** What its output must look like, as a JSON Schema. */
  readonly output?: { readonly [key: string]: Json };
  /** Checked in this order after each attempt; what does not pass is `invalid-output`, with the words of whoever refused it. */
  readonly validate?: readonly Validator[];
  /**
   * For agents that change nothing: a second try beside an attempt that takes longer than so many milliseconds, or than
   * all but the slowest of this agent's tasks in the run. Whoever is done first counts; both are paid for.
   */
  readonly hedge?: number | "p95";
  /** Milliseconds it is expected to take, for the critical path. */
  readonly estimatedDuration?: number;
  readonly brief?: Brief;
}

/** A task as it stands in a run: authored, or made by an expander out of an authored one. */
export interface PlannedTask extends AgentTask {
  /** The authored task that this one repeats or is an item of. */
  readonly of?: string;
  /** From 1: which item of a `forEach`, or which repetition. */
  readonly index?: number;
  readonly item?: Json;
  /** The task whose dependents now wait for this one instead. */
  readonly replaces?: string;
  /** The `forEach` task that waits for this item. */
  readonly joins?: string;
  /** The failed task that it looks for a way around; `*`: what was said of the plan as a whole. Its result is a change. */
  readonly replans?: string;
}

export interface Budget {
  readonly usd?: number;
  readonly tokens?: number;
  readonly turns?: number;
  /** Tasks added after the run began. */
  readonly spawns?: number;
}

export type ContextStrategy = "shared" | "isolated" | "hierarchical";
export const CONTEXT_STRATEGIES: readonly ContextStrategy[] = ["shared", "isolated", "hierarchical"];

/** How a run is conducted. Journaled with its start, so that a resume needs no configuration. */
export interface RunOptions {
  readonly maxParallelAgents: number;
  /** Places per provider of models, by its name. */
  readonly providers?: { readonly [name: string]: number };
  /** Milliseconds of working time; it stands still at gates and pauses. Absent: no limit. */
  readonly globalTimeout?: number;
  readonly enableCommunication: boolean;
  readonly contextStrategy: ContextStrategy;
  readonly pruningThreshold: number;
  readonly budget?: Budget;
  /** Milliseconds before the first retry; doubles each time up to a minute, with seeded jitter. */
  readonly retryDelay: number;
  /** How often an attempt may be begun again after its host died. */
  readonly maxRestarts: number;
  /** How often one task may be handed over. Default 3. */
  readonly maxHandoffs?: number;
  /** Ladders of its own, for tasks that bring none. */
  readonly recovery?: Ladders;
  /** Somebody answers gates, and may be asked what to do about a failure where no ladder was written. */
  readonly attended?: boolean;
  /** The plan may be changed where a task fails for good, where something is found out, or where too little is left. */
  readonly replan?: Replanning;
  readonly seed: number;
  /** Prices of models that may take each other's place for want of budget, as they were known at the start. */
  readonly prices?: { readonly [model: string]: ModelPrice };
  /** Of several models of an agent, those that are little known get their chance. */
  readonly explore?: boolean;
  /** Where the run was begun: its files are there, whoever goes on with it and from wherever. */
  readonly folder?: string;
  /** The list that it was begun from, and the hash of its text without ticks. */
  readonly list?: ListOf;
  /** What becomes of what its tasks have written: brought together, proven and delivered by its last task. */
  readonly deliver?: Landing;
  /** What of its reply is to be posted, by its last task and if a person allows it. */
  readonly post?: Posting;
  /** No model is called: agents are simulated, and every event says so (I13). */
  readonly rehearsal?: Rehearsal;
}

export interface ListOf {
  /** Absolute. */
  readonly file: string;
  readonly hash: string;
}

export interface Replanning {
  /** The agent that is asked. */
  readonly by: string;
  /** How often in a run, at most. Default 3; of one task, once. */
  readonly most?: number;
}

export interface Rehearsal {
  /** Times faster than real; `max`: in virtual time. */
  readonly speed: number | "max";
  /** Share of attempts that meet a fault of their provider. */
  readonly chaos: number;
}

/** Dollars for a million tokens. */
export interface ModelPrice {
  readonly input: number;
  readonly output: number;
}

/** A model that an agent may use, and what was known of the two when the run began. */
export interface ModelChoice {
  readonly model: string;
  readonly provider?: string;
  /** Attempts that count, old ones less, and the successes among them. */
  readonly attempts?: number;
  readonly successes?: number;
  /** Milliseconds an attempt. */
  readonly duration?: number;
}

/** What a run must know of an agent: enough to place it, to price it and to know it again. */
export interface AgentCard {
  readonly runtime: string;
  readonly model?: string;
  readonly provider?: string;
  /** At most this many of it at once. */
  readonly places?: number;
  /** Of several models, the first of which is `model`: each attempt gets one. */
  readonly choices?: readonly ModelChoice[];
  /** Cheaper models, in order, to go on with where the budget has no room for the others. */
  readonly downgrade?: readonly string[];
  /** What all its tasks of a run together may use; before a turn that has no room in it the task fails. */
  readonly budget?: Omit<Budget, "spawns">;
  /** Hash of the definition. Absent: results of this agent cannot be reused (I11). */
  readonly hash?: string;
}
export type AgentCards = { readonly [name: string]: AgentCard };

/** A large value that lies in the journal's blob store; its JSON has this SHA-256. */
export interface BlobRef {
  readonly $blob: string;
  readonly bytes: number;
}

export function isBlobRef(value: unknown): value is BlobRef {
  return typeof value === "object" && value !== null && "$blob" in value && "bytes" in value;
}

/** A result of an earlier run of the same lineage that this run may take over. */
export interface Inherited {
  readonly taskId: string;
  readonly key?: string;
  /** Take it by position, as a fork does, whatever its key. */
  readonly keep: boolean;
  readonly output: Json | BlobRef;
  readonly selected?: Selected;
  readonly changes?: Changes;
  readonly tokensUsed: number;
  readonly costUsd: number | null;
}

/** Parts of an output that conditions of the plan read, taken out before a large output became a blob. */
export type Selected = { readonly [path: string]: Json };

export interface Parent {
  readonly run: string;
  readonly seq: number;
  readonly how: "retry" | "fork" | "edit";
}
