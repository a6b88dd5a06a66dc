/** What the world tells a run. A fact that does not fit is refused into the journal, never thrown over. */
import type { BreakerNews } from "./breaker.ts";
import type { Failure, MessageKind, Needs, Spent } from "./events.ts";
import type { Advice } from "./failures.ts";
import type { Handoff } from "./handoff.ts";
import type { Json } from "./json.ts";
import type { AgentCards, AgentTask, BlobRef, Budget, Inherited, Parent, RunOptions } from "./plan.ts";
import type { Changes } from "./workspace.ts";

/** How an attempt ended, as its runtime saw it. `stopped`: it ended because it was asked to. */
export type Ending =
  | {
      readonly outcome: "ok";
      readonly output: Json;
      readonly changes?: Changes;
      /** Set where the output is too large to lie in an event; the blob goes into the same commit. */
      readonly blob?: BlobRef;
    }
  | {
      readonly outcome: "failed";
      readonly failure: Failure;
      readonly reason: string;
      readonly retry: "never" | "safe";
      /** Milliseconds that the other side asked us to wait. */
      readonly retryAfter?: number;
      readonly needs?: Needs;
      /** What the agent said that was asked about it. */
      readonly advice?: Advice;
    }
  | { readonly outcome: "stopped"; readonly reason: string };

/** What somebody else may ask of a run; these also come through the command inbox. */
export type Command =
  | { readonly type: "pause"; readonly reason?: string }
  | { readonly type: "resume"; readonly budget?: Budget; readonly globalTimeout?: number }
  | { readonly type: "cancel"; readonly reason?: string }
  | {
      readonly type: "decide";
      readonly gate: string;
      readonly decision: "approve" | "reject";
      readonly note?: string;
      /** A new prompt for the task behind the gate. */
      readonly edited?: string;
      readonly by?: string;
    }
  | {
      readonly type: "change";
      readonly add?: readonly AgentTask[];
      readonly agents?: AgentCards;
      readonly remove?: readonly string[];
      /** Tasks that give way, each with those that its dependents wait for in its stead: none where it is left out. */
      readonly instead?: { readonly [task: string]: readonly string[] };
      readonly budget?: Budget;
      readonly reason?: string;
    }
  | {
      readonly type: "message";
      readonly from: string;
      readonly to: string;
      readonly kind?: MessageKind;
      readonly content: Json;
    }
  | { readonly type: "checkpoint"; readonly name: string };
export const COMMANDS: readonly Command["type"][] = [
  "pause",
  "resume",
  "cancel",
  "decide",
  "change",
  "message",
  "checkpoint",
];

export interface LogEntry {
  readonly type:
    | "context:shown"
    | "turn:complete"
    | "tool:call"
    | "tool:result"
    | "agent:progress"
    | "workspace:opened"
    | "workspace:committed"
    | "workspace:conflict"
    | "workspace:merged";
  readonly entry: Json;
}

export type Fact =
  | {
      readonly type: "submitted";
      readonly workflow: string;
      readonly tasks: readonly AgentTask[];
      readonly agents: AgentCards;
      readonly options: RunOptions;
      readonly parent?: Parent;
      readonly inherited?: readonly Inherited[];
    }
  /** A new owner has loaded the run; whatever was in flight died with the last one. */
  | { readonly type: "recovered" }
  | ({ readonly type: "ended"; readonly taskId: string; readonly attempt: number; readonly spent: Spent } & Ending)
  | {
      readonly type: "logged";
      readonly taskId: string;
      readonly attempt: number;
      readonly entries: readonly LogEntry[];
    }
  | {
      readonly type: "sent";
      readonly taskId: string;
      readonly attempt: number;
      readonly to: string;
      readonly kind: MessageKind;
      readonly content: Json;
    }
  | {
      /** An attempt under way asks a person; how it is decided comes as a `decide`. */
      readonly type: "asked";
      readonly taskId: string;
      readonly attempt: number;
      readonly gate: string;
      readonly question: string;
      readonly subject?: Json;
      readonly expiresAt?: number;
    }
  /** An attempt under way passes its task on to another agent. */
  | {
      readonly type: "handed";
      readonly taskId: string;
      readonly attempt: number;
      readonly to: string;
      readonly package: Handoff;
    }
  | {
      readonly type: "board";
      readonly key: string;
      readonly value: Json;
      /** Set only if the key is at this version (0: not there yet). */
      readonly expect?: number;
      readonly by: string;
    }
  /** A provider's model is held, or no more, for all runs of the host. */
  | ({ readonly type: "breaker" } & BreakerNews)
  | { readonly type: "timer" }
  /** Something came that is no fact at all. */
  | { readonly type: "unfit"; readonly what: string; readonly reason: string }
  /** The run itself cannot go on, such as when a stored result can no longer be read. */
  | { readonly type: "broken"; readonly reason: string }
  | Command;
