/** What an agent is, and what each of its fields must look like, wherever it is written. */
import { durationIn } from "../domain/duration.ts";
import { few, fields, listOf, oneOf, type Shape, text, whole, wrong } from "../domain/shape.ts";

export const TIERS = ["fast", "balanced", "strong"] as const;
export type Tier = (typeof TIERS)[number];
export const EFFECTS = ["allow", "ask", "deny"] as const;

/** What an agent may do with one kind of thing; of several that fit, the last counts. */
export interface PermissionRule {
  readonly action: string;
  readonly resource: string;
  readonly effect: (typeof EFFECTS)[number];
}

export interface AgentFile {
  readonly name: string;
  /** When to use it and when not. */
  readonly description: string;
  readonly instructions: string;
  readonly category?: string;
  readonly capabilities?: readonly string[];
  readonly tags?: readonly string[];
  /** What people say who need it, in their words: a task is matched with them. */
  readonly asks?: readonly string[];
  /** Words that betray who needs it, apart by blanks. */
  readonly words?: string;
  /** How much of a model it needs. */
  readonly tier?: Tier;
  /** `bash(git *)` is a tool for what fits the pattern. */
  readonly tools?: readonly string[];
  readonly deniedTools?: readonly string[];
  readonly permissions?: readonly PermissionRule[];
  readonly model?: string;
  /** Further models that do as well: each attempt gets the one that promises most just then. */
  readonly models?: readonly string[];
  /** Cheaper models, in order, to go on with where the budget has no room for its own. */
  readonly downgrade?: readonly string[];
  /** At most this many of it at once. */
  readonly places?: number;
  readonly temperature?: number;
  readonly effort?: string;
  readonly maxTurns?: number;
  /** What all its tasks of a run together may use. */
  readonly budget?: { readonly usd?: number; readonly tokens?: number; readonly turns?: number };
  readonly mcpServers?: readonly string[];
  readonly skills?: readonly string[];
  readonly color?: string;
  /** A person: whoever performs its tasks is asked at a gate, and what is answered is the output. */
  readonly runtime?: "human";
  /** Who that is, in words for whoever sees the gate. */
  readonly person?: string;
  /** How long an answer is waited for: milliseconds, or such as `2h`. Absent: as long as it takes. */
  readonly deadline?: number | string;
  /** What nobody having answered means: a yes, a no, or that others are asked. */
  readonly otherwise?: (typeof OTHERWISE)[number];
  /** Those others, in order: persons, or any agents. */
  readonly escalate?: readonly string[];
}
export const OTHERWISE = ["approve", "reject", "escalate"] as const;
export const isPerson = (file: Pick<AgentFile, "runtime"> | undefined): boolean => file?.runtime === "human";

/** Milliseconds. */
const LONGEST_DEADLINE = 366 * 86_400_000;
const temperature: Shape = (value) =>
  typeof value === "number" && value >= 0 && value <= 2 ? undefined : wrong("must be a number from 0 to 2");
const amount: Shape = (value) =>
  typeof value === "number" && Number.isFinite(value) && value > 0 ? undefined : wrong("must be a number above 0");
const rule = fields({ action: text(100, 1), resource: text(1000, 1), effect: oneOf(EFFECTS) }, [
  ...["action", "resource", "effect"],
]);
export const KEYS: { readonly [key: string]: Shape } = {
  name: text(64, 1),
  description: text(10_000, 1),
  category: text(64, 1),
  capabilities: listOf(text(100, 1)),
  tags: listOf(text(100, 1)),
  asks: listOf(text(300, 1)),
  words: text(5000, 1),
  tier: oneOf(TIERS),
  tools: listOf(text(200, 1)),
  deniedTools: listOf(text(200, 1)),
  permissions: listOf(rule),
  model: text(200, 1),
  models: few(10, listOf(text(200, 1))),
  downgrade: few(10, listOf(text(200, 1))),
  places: whole(1, 1000),
  temperature,
  effort: text(20, 1),
  maxTurns: whole(1, 10_000),
  budget: fields({ usd: amount, tokens: amount, turns: amount }),
  mcpServers: listOf(text(100, 1)),
  skills: listOf(text(100, 1)),
  color: text(40, 1),
  runtime: (value) =>
    value === "human" ? undefined : wrong("must be human, or be left out: name a model instead, such as acp/opencode"),
  person: text(200, 1),
  deadline: (value) =>
    typeof value === "string" && durationIn(value) !== undefined && !whole(1, LONGEST_DEADLINE)(durationIn(value))
      ? undefined
      : whole(1, LONGEST_DEADLINE)(value) && wrong("must be a time such as 30m or 2h, of at most a year"),
  otherwise: oneOf(OTHERWISE),
  escalate: few(10, listOf(text(64, 1))),
};
const OF_PERSONS = ["person", "deadline", "otherwise", "escalate"] as const;
/** What is for models only. */
const OF_MODELS = [
  ...(["tools", "deniedTools", "permissions", "model", "models", "downgrade", "temperature", "effort"] as const),
  ...(["maxTurns", "budget", "mcpServers", "skills"] as const),
];

/** Fields that do not go together, though each is right by itself. */
export function personFault(agent: Partial<AgentFile>): { readonly key: string; readonly message: string } | undefined {
  const found = (keys: readonly (keyof AgentFile)[]) => keys.find((key) => agent[key] !== undefined);
  const key = isPerson(agent) ? found(OF_MODELS) : found(OF_PERSONS);
  if (key !== undefined)
    return isPerson(agent)
      ? { key, message: `'${key}' is for models, and a person is none` }
      : { key, message: `'${key}' is for persons: say 'runtime: human'` };
  const { deadline, otherwise, escalate } = agent;
  if (deadline === undefined && (otherwise !== undefined || escalate !== undefined))
    return {
      key: "deadline",
      message: "'deadline' is missing: without one an answer is waited for as long as it takes",
    };
  if (escalate !== undefined && otherwise !== undefined && otherwise !== "escalate")
    return { key: "escalate", message: `'escalate' and 'otherwise: ${otherwise}' cannot both be: leave one out` };
  return undefined;
}
/** Not the one name that every object has already. */
const NAME = /^(?!constructor$)[a-z0-9][a-z0-9-]{0,63}$/;
export const isAgentName = (name: string): boolean => NAME.test(name);
