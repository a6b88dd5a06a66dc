/** What an agent is, and what each of its fields must look like, wherever it is written. */
import { fields, listOf, oneOf, type Shape, text, whole, wrong } from "../domain/shape.ts";

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
  /** At most this many of it at once. */
  readonly places?: number;
  readonly temperature?: number;
  readonly effort?: string;
  readonly maxTurns?: number;
  readonly mcpServers?: readonly string[];
  readonly skills?: readonly string[];
  readonly color?: string;
}

const temperature: Shape = (value) =>
  typeof value === "number" && value >= 0 && value <= 2 ? undefined : wrong("must be a number from 0 to 2");
const few =
  (most: number, list: Shape): Shape =>
  (value) =>
    Array.isArray(value) && value.length > most ? wrong(`must have at most ${most} entries`) : list(value);
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
  places: whole(1, 1000),
  temperature,
  effort: text(20, 1),
  maxTurns: whole(1, 10_000),
  mcpServers: listOf(text(100, 1)),
  skills: listOf(text(100, 1)),
  color: text(40, 1),
};
/** Not the one name that every object has already. */
const NAME = /^(?!constructor$)[a-z0-9][a-z0-9-]{0,63}$/;
export const isAgentName = (name: string): boolean => NAME.test(name);
