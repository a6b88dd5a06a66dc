/**
 * The fleet as whoever conducts sees it: agents, what they do, and what it costs. A port: `app` brings it over a home,
 * bound to one session, whose agents that are not kept end with it.
 */
import type { Json } from "../domain/json.ts";
import type { AgentTask } from "../domain/plan.ts";

export interface AgentRow {
  readonly name: string;
  readonly description: string;
  readonly stage: string;
  /** Attempts under way in this process. */
  readonly busy: number;
  /** Made by a conductor: such may be deleted again. */
  readonly created?: "kept" | "for this session";
}
export interface AgentFacts extends AgentRow {
  readonly model?: string;
  readonly tools?: readonly string[];
  readonly capabilities?: readonly string[];
  readonly lastError?: string;
}
export interface AgentQuery {
  readonly words?: string;
  readonly category?: string;
  readonly capability?: string;
  readonly created?: boolean;
}

/** A task that an agent has under way. */
export interface Work {
  readonly run: string;
  readonly taskId: string;
  readonly agentName: string;
  /** The run has tasks of other agents too. */
  readonly isShared: boolean;
}

export interface TaskDigest {
  readonly id: string;
  readonly agentName: string;
  readonly status: string;
  /** Its beginning, where it is long. */
  readonly output?: string;
  readonly reason?: string;
  /** Files that it wrote. */
  readonly files?: number;
}
export interface GateDigest {
  readonly gate: string;
  readonly taskId: string;
  readonly question: string;
  /** A plan put it before a task; any other asks for leave, or for a person's own answer. */
  readonly isOfPlan: boolean;
}
export interface RunDigest {
  readonly run: string;
  readonly workflow: string;
  readonly status: string;
  /** Since it began, or how long it took. */
  readonly minutes: number;
  readonly reason?: string;
  /** No model was called: what it says is invented. */
  readonly rehearsed?: true;
  readonly tokensUsed: number;
  readonly costUsd: number | null;
  readonly tasks: readonly TaskDigest[];
  readonly gates: readonly GateDigest[];
}
export interface RunRow {
  readonly run: string;
  readonly workflow: string;
  readonly status: string;
  readonly startedAt: number;
  readonly rehearsed?: true;
}

export interface LogLine {
  readonly seq: number;
  readonly at: number;
  readonly type: string;
  readonly taskId: string;
  readonly text: string;
}
export interface Logs {
  readonly run: string;
  readonly lines: readonly LogLine[];
  /** Where to go on; absent at the newest event. */
  readonly next?: number;
}

export interface Spending {
  readonly tokensUsed: number;
  /** Null where a price is not known. */
  readonly costUsd: number | null;
}
export interface RunCost extends Spending {
  readonly run: string;
  readonly workflow: string;
  readonly status: string;
  readonly rehearsed?: true;
  readonly agents: { readonly [name: string]: Spending & { readonly attempts: number } };
}
export interface Costs {
  readonly runs: readonly RunCost[];
  /** Runs of today that were not looked at, because there are so many. */
  readonly leftOut: number;
  /** What all runs of a day together may spend. */
  readonly dayBudget?: { readonly usd?: number; readonly tokens?: number };
  /** Of one run: what its conductor began, which are runs of their own and count in the day by themselves. */
  readonly begun?: Spending & { readonly runs: readonly string[] };
}

export interface PlanWish {
  /** The time that all of it may take. */
  readonly minutes?: number;
  /** Without a model, also where there is one. */
  readonly patterns?: boolean;
  /** Aborted: nobody waits for it any more. */
  readonly signal?: AbortSignal;
  readonly tell?: (told: Told) => void;
}
export interface PlanDigest {
  /** By which it is run. */
  readonly plan: string;
  readonly by: string;
  readonly tasks: number;
  readonly tree: readonly string[];
  readonly minutes: number;
  readonly problems: readonly { readonly severity: string; readonly message: string }[];
  readonly notes: readonly string[];
}

export interface Routed {
  readonly agent: string | null;
  readonly confidence: number;
  readonly reasoning: string;
  readonly alternatives: readonly { readonly agent: string; readonly confidence: number }[];
}

/** How far what was begun is, told while somebody waits for it. */
export interface Told {
  /** Grows with each. */
  readonly seq: number;
  readonly text: string;
}

export interface Fleet {
  /** Best first where words are given. */
  agents(query: AgentQuery): readonly AgentRow[];
  /** Throws NOT_FOUND with the nearest name. */
  agent(name: string): AgentFacts;
  /** A definition as an agent's file has it; `like` names one that it begins as. */
  create(definition: { readonly [field: string]: Json }, how: { readonly keep: boolean; readonly like?: string }): void;
  delete(name: string, force: boolean): void;
  /** Under way now, whoever conducts it. */
  work(): Promise<readonly Work[]>;

  /** As any order: checked, within what is left of the day's budget, and then begun. The id of the run. */
  begin(order: { readonly [field: string]: unknown }): Promise<string>;
  /** Whether this session may end a run or let it go on: those that it began, for somebody else may have a use for others. */
  isOwn(run: string): Promise<boolean>;
  /** With a run that this session began and that is paused, or was left by whoever conducted it. */
  goOn(run: string): Promise<string>;
  /** Until it has ended, is paused or waits for a person, or the time is over. Whether it is still under way. */
  wait(
    run: string,
    how: { readonly seconds: number; readonly signal: AbortSignal; readonly tell?: (told: Told) => void },
  ): Promise<boolean>;
  run(run: string): Promise<RunDigest>;
  runs(limit: number): Promise<readonly RunRow[]>;
  /** Says whether it was obeyed here or handed to whoever conducts the run. */
  stop(run: string, how: "pause" | "cancel", reason: string): Promise<string>;
  change(
    run: string,
    change: {
      readonly add: readonly AgentTask[];
      readonly remove: readonly string[];
      readonly instead?: { readonly [task: string]: readonly string[] };
      readonly reason: string;
    },
  ): Promise<string>;
  /** Newest first. */
  runsOf(agent: string): Promise<readonly string[]>;
  logs(agent: string, of: { readonly run: string; readonly from: number; readonly limit: number }): Promise<Logs>;

  /** Of one run, or of all that began today. */
  costs(run?: string): Promise<Costs>;
  /** By the model that is configured, if any and unless patterns are wanted. */
  plan(goal: string, how: PlanWish): Promise<PlanDigest>;
  /** As it was planned. `toBegin`: checked again, since a person may have edited it; throws BAD_INPUT for a fault. */
  planned(plan: string, toBegin?: boolean): Promise<{ readonly [field: string]: unknown }>;
  plans(): Promise<readonly string[]>;
  route(task: string, exclude: readonly string[]): Promise<Routed>;

  /** Gates that a person has left to conductors, as `workflow/gate` with `*`. */
  readonly delegated: readonly string[];
  decide(
    run: string,
    gate: string,
    decided: { readonly decision: "approve" | "reject"; readonly note?: string },
  ): Promise<string>;
}
