/** How an order is to be conducted: one shape, whether it comes over HTTP, in a file or from flags. */

import type { Ladders } from "../domain/failures.ts";
import type { Posting } from "../domain/issues.ts";
import type { Landing } from "../domain/landing.ts";
import { type Budget, CONTEXT_STRATEGIES, type ContextStrategy, type ListOf } from "../domain/plan.ts";
import { fields, isRecord, listOf, oneOf, type Shape, text, whole, wrong } from "../domain/shape.ts";
import { ladders } from "../graph/fields.ts";

export interface OrderConfig {
  readonly maxParallelAgents?: number;
  readonly contextStrategy?: ContextStrategy;
  readonly enableCommunication?: boolean;
  /** Milliseconds. Default: none. */
  readonly globalTimeout?: number;
  readonly pruningThreshold?: number;
  /** `provider/id`, for every agent that has no other. */
  readonly model?: string;
  readonly agentModels?: { readonly [agent: string]: string };
  readonly rehearse?: boolean;
  readonly speed?: number | "max";
  readonly seed?: number;
  /** Where an agent has several models, those that are little known get their chance. */
  readonly explore?: boolean;
  readonly chaos?: number;
  readonly budget?: Budget;
  /** What is done about failed attempts, by the class of their failure. */
  readonly recovery?: Ladders;
  /** Somebody answers gates, so that a refused key or a used-up quota is asked about instead of failing its task. */
  readonly attended?: boolean;
  /**
   * Where a task fails for good, or too little is left, the plan may change: by the model, or by `patterns` without one.
   * Default: where its tasks say in `brief` what they need and make.
   */
  readonly replan?: boolean | "patterns";
  /** Files of the repository for every task, as globs. */
  readonly reads?: readonly string[];
  /** Where its tasks come from a list that somebody keeps, so that the list can be shown and ticked by the run. */
  readonly list?: ListOf;
  /** What becomes of what the tasks write. */
  readonly deliver?: Landing;
  /** Where the reply to an issue is posted, if a person allows it. */
  readonly post?: Posting;
}

const number =
  (from: number, to: number): Shape =>
  (value) =>
    typeof value === "number" && value >= from && value <= to
      ? undefined
      : wrong(`must be a number from ${from} to ${to}`);
const flag: Shape = (value) => (typeof value === "boolean" ? undefined : wrong("must be true or false"));
const models: Shape = (value) => {
  if (!isRecord(value)) return wrong("must be an object");
  const bad = Object.entries(value).find(([, one]) => text(200, 1)(one));
  return bad === undefined ? undefined : wrong("must be a model such as anthropic/claude-sonnet-5", `.${bad[0]}`);
};
const amount = number(0, Number.MAX_SAFE_INTEGER);
const DELIVERIES = ["branch", "fast-forward", "patches"] as const;
const landing = fields(
  {
    delivery: fields({ as: oneOf(DELIVERIES), name: text(200, 1), folder: text(4000, 1) }, ["as"]),
    gates: listOf(text(10_000, 1)),
    timeout: whole(1, 2 ** 31 - 1),
    mediator: text(200, 1),
  },
  ["delivery", "gates"],
);

const posting = fields(
  {
    at: (value) =>
      isRecord(value) && value["from"] === "folder"
        ? fields({ from: text(10), folder: text(4000, 1) }, ["folder"])(value)
        : fields({ from: oneOf(["folder", "github"]), repository: text(201, 3) }, ["from", "repository"])(value),
    issue: text(200, 1),
    as: oneOf(["comment", "pull-request"]),
    title: text(2000),
    base: text(250, 1),
  },
  ["at", "issue", "as"],
);

/** Each way has what it needs, and nothing else. */
function deliveryFault({ delivery }: Landing): ReturnType<Shape> {
  const { as, name, folder } = delivery as { as: string; name?: string; folder?: string };
  if (as !== "branch" && name !== undefined) return wrong("is what only a branch has", ".delivery.name");
  if ((as === "patches") !== (folder !== undefined)) return wrong("is what patches have, and need", ".delivery.folder");
  return undefined;
}

export const CONFIG: { readonly [K in keyof Required<OrderConfig>]: Shape } = {
  maxParallelAgents: whole(1, 1000),
  contextStrategy: oneOf(CONTEXT_STRATEGIES),
  enableCommunication: flag,
  globalTimeout: whole(1, Number.MAX_SAFE_INTEGER),
  pruningThreshold: whole(1, 1e9),
  model: text(200, 1),
  agentModels: models,
  rehearse: flag,
  speed: (value) => (value === "max" ? undefined : number(0.01, 1e6)(value) && wrong("must be a number or 'max'")),
  seed: whole(0, 2 ** 32 - 1),
  explore: flag,
  chaos: number(0, 1),
  budget: fields({ usd: amount, tokens: amount, turns: amount, spawns: amount }),
  recovery: ladders,
  attended: flag,
  replan: (value) =>
    typeof value === "boolean" || value === "patterns" ? undefined : wrong("must be true, false or 'patterns'"),
  reads: listOf(text(2000, 1)),
  list: fields({ file: text(4000, 1), hash: text(64, 64) }, ["file", "hash"]),
  deliver: (value) => landing(value) ?? deliveryFault(value as Landing),
  post: posting,
};

/** A file may write its budget as a person says it, `2usd`. */
export const FILE_CONFIG = {
  ...CONFIG,
  // It names commands that would be run; a file may be anybody's.
  list: () => wrong("cannot stand in a file: a run of a list notes it by itself"),
  deliver: () => wrong("cannot stand in a file: say --deliver and --prove when you run it"),
  // Whoever wrote it would have us speak in the user's name.
  post: () => wrong("cannot stand in a file: say --post when you run it"),
  budget: (value: unknown) => (typeof value === "string" ? text(100, 1)(value) : CONFIG.budget(value)),
} satisfies { readonly [name: string]: Shape };
