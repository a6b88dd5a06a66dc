/**
 * What an agent may do, by its definition. Deny comes before ask, and ask before allow.
 *
 * A1. What its definition does not name it may not do; a tool without a rule of its own is as its kind is by default.
 * A2. A denied tool is denied whatever the rules say; of several rules that fit, the last counts.
 */
import { matchesGlob } from "node:path";
import type { PermissionRule } from "../../agents/definition.ts";
import { isLike } from "../../domain/like.ts";
import type { Tool } from "./tool.ts";

export interface Powers {
  /** Absent: no tool at all. `bash(git *)` is a tool for what fits the pattern. */
  readonly tools?: readonly string[];
  readonly deniedTools?: readonly string[];
  readonly permissions?: readonly PermissionRule[];
  /** All tools of these servers, where no rule says otherwise. */
  readonly mcpServers?: readonly string[];
}

export type Judgement =
  | { readonly effect: "allow" | "ask" }
  /** Why, in words for the agent. */
  | { readonly effect: "deny"; readonly reason: string };

/** The tools that an agent is told of: what it can never use only wastes its turns. */
export function toolsFor<Named extends Pick<Tool, "name">>(powers: Powers, all: readonly Named[]): readonly Named[] {
  const named = (list: readonly string[] | undefined, name: string) => list?.some((one) => nameOf(one) === name);
  return all.filter(({ name }) => named(powers.tools, name) && !powers.deniedTools?.includes(name));
}

/** `usual`: what holds where no rule speaks of it. */
export function judge(powers: Powers, name: string, resource: string, usual: "allow" | "ask"): Judgement {
  const fits = (one: string) => nameOf(one) === name && matches(patternOf(one), resource);
  if (powers.deniedTools?.some(fits)) return deny(`'${name}' is denied to this agent for '${short(resource)}'`);
  const isServed = powers.mcpServers?.some((server) => name.startsWith(`mcp__${server}__`));
  if (!isServed && !powers.tools?.some(fits)) return deny(`this agent may not use '${name}' for '${short(resource)}'`);
  const rule = powers.permissions?.findLast(
    (one) => (one.action === name || one.action === "*") && matches(one.resource, resource),
  );
  if (rule?.effect === "deny") return deny(`a rule of this agent denies '${name}' for '${rule.resource}'`);
  return { effect: rule?.effect ?? usual };
}

const deny = (reason: string): Judgement => ({ effect: "deny", reason });
const short = (text: string) => (text.length > 200 ? `${text.slice(0, 200)}…` : text);
const nameOf = (tool: string) => tool.replace(/\(.*$/s, "");
const patternOf = (tool: string) => /\((.*)\)$/s.exec(tool)?.[1];

/** A path by its glob; of a command or an address `*` stands for anything. */
function matches(pattern: string | undefined, resource: string): boolean {
  if (pattern === undefined || pattern === "*" || pattern === "**" || pattern === resource) return true;
  return matchesGlob(resource, pattern) || isLike(resource, pattern);
}
