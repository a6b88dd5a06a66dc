/** Writes an agent as OpenCode reads it. */
import { stringify } from "yaml";
import type { AgentFile, PermissionRule } from "./definition.ts";
import { type Exported, lostIn, toolTo, words } from "./foreign.ts";

export function toOpenCode(agent: AgentFile): Exported {
  const { name, description, model, temperature, maxTurns, color, tools, deniedTools = [], permissions = [] } = agent;
  const isWhole = (tool: string) => !tool.endsWith(")");
  const off = deniedTools.filter(isWhole);
  const on = (tools ?? []).map(withoutPattern).filter((tool) => !off.includes(tool));
  const map = new Map<string, boolean>(tools ? [["*", false]] : []);
  for (const tool of on) map.set(toolTo("opencode", tool), true);
  for (const tool of off) map.set(toolTo("opencode", tool), false);
  const rules = [...patterns(tools ?? [], "allow"), ...permissions, ...patterns(deniedTools, "deny")];
  const permission = permissionMap(rules);
  const head = {
    ...{ description, mode: "subagent" },
    ...(model !== undefined && { model }),
    ...(temperature !== undefined && { temperature }),
    ...(maxTurns !== undefined && { steps: maxTurns }),
    ...(color !== undefined && { color }),
    ...(map.size > 0 && { tools: map }),
    ...(rules.length > 0 && { permission }),
  };
  // Patterns of tools become permissions there, and permissions are kept by action.
  const said = ["model", "temperature", "maxTurns", "color"];
  if (tools?.every(isWhole) && on.length === tools.length) said.push("tools");
  if (deniedTools.every(isWhole)) said.push("deniedTools");
  if (rules.length === permissions.length && isInOrder(rules, permission)) said.push("permissions");
  return {
    file: `.opencode/agents/${name}.md`,
    text: `---\n${stringify(head, { lineWidth: 0 })}---\n\n${agent.instructions}\n`,
    lost: lostIn(agent, said),
  };
}

const withoutPattern = (tool: string) => tool.replace(/\(.*\)$/, "");

/** `bash(git *, ls)`: nothing of bash but these, or these not. */
function patterns(tools: readonly string[], effect: "allow" | "deny"): readonly PermissionRule[] {
  return tools.flatMap((tool) => {
    const [, action = "", inner] = /^([^(]+)\((.*)\)$/.exec(tool) ?? [];
    if (inner === undefined) return [];
    const rules = (words(inner) ?? []).map((resource): PermissionRule => ({ action, resource, effect }));
    return effect === "allow" ? [{ action, resource: "*", effect: "deny" }, ...rules] : rules;
  });
}

/** By action. Maps, because a rule may be for what is called `__proto__`. */
function permissionMap(rules: readonly PermissionRule[]): ReadonlyMap<string, string | ReadonlyMap<string, string>> {
  const map = new Map<string, Map<string, string>>();
  for (const { action, resource, effect } of rules) {
    const name = toolTo("opencode", action);
    const of = map.get(name) ?? new Map<string, string>();
    // Taken out first: the last that fits counts, and a map keeps the place of a key's first coming.
    of.delete(resource);
    map.set(name, of.set(resource, effect));
  }
  return new Map([...map].map(([name, of]) => [name, of.size === 1 ? (of.get("*") ?? of) : of]));
}

function isInOrder(rules: readonly PermissionRule[], map: ReturnType<typeof permissionMap>): boolean {
  const flat = [...map].flatMap(([name, of]) =>
    typeof of === "string" ? [`${name} * ${of}`] : [...of].map(([resource, effect]) => `${name} ${resource} ${effect}`),
  );
  return (
    flat.join("\n") === rules.map((one) => `${toolTo("opencode", one.action)} ${one.resource} ${one.effect}`).join("\n")
  );
}
