/**
 * OpenCode: `.opencode/agent(s)/**\/*.md`, the entries under `agent` of `opencode.json`, version 1 and 2, and the JSON files
 * of no fixed shape that people keep in `.opencode/agents`.
 */
import { isRecord } from "../domain/shape.ts";
import { EFFECTS, type PermissionRule } from "./definition.ts";
import { Gathering, type Imported, numeric, toolFrom, words } from "./foreign.ts";
import { splitFrontMatter } from "./front-matter.ts";

type Values = { readonly [key: string]: unknown };

/** Known there, without a meaning here. */
const KNOWN = new Set([
  ...["variant", "top_p", "topP", "hidden", "options", "default_agent", "rules"],
  ...["maxTokens", "max_tokens", "type", "role", "enabled"],
]);
const TAKEN = new Set([
  ...["name", "description", "model", "temperature", "prompt", "systemPrompt", "system_prompt", "instructions"],
  ...["system_prompt_extension", "tools", "permission", "permissions", "steps", "maxSteps", "color", "disable"],
  ...["disabled", "capabilities", "tags", "category", "skills", "mcp_servers", "mcpServers"],
]);
/** By which keys the prompt may go, the surest first. */
const PROMPTS = ["prompt", "systemPrompt", "system_prompt", "system_prompt_extension", "instructions"];

export function fromOpenCode(source: string, file: string): Imported {
  const split = splitFrontMatter(source, true);
  if ("fault" in split) return { warnings: [split.fault] };
  const { value, body, warnings, lineOf } = split;
  return gather(value, body, file, new Gathering(warnings, lineOf));
}

/** One agent as an object. `name`: what it goes by if it does not say so itself. */
export function fromOpenCodeObject(value: unknown, name: string): Imported {
  if (!isRecord(value)) return { warnings: [{ line: 1, message: "an agent must be an object" }] };
  const key = PROMPTS.find((one) => typeof value[one] === "string");
  const given = key === undefined ? undefined : value[key];
  return gather({ name, ...value }, typeof given === "string" ? given.trim() : "", name, new Gathering());
}

function gather(value: Values, body: string, file: string, agent: Gathering): Imported {
  if (value["disable"] === true || value["disabled"] === true)
    return { warnings: [{ line: 1, message: "it is disabled" }] };
  const name = value["name"] ?? file.replace(/\.[^.]+$/, "");
  agent.name(name, file);
  agent.description(value["description"], body);
  const { model } = value;
  const inner = isRecord(model) ? model : {};
  const id = typeof model === "string" ? model : (inner["name"] ?? inner["id"] ?? inner["model"]);
  if (typeof id === "string" && id !== "inherit")
    if (/^[\w.-]+\/\S+$/.test(id)) agent.put("model", id);
    else if (/^claude-/.test(id)) agent.put("model", `anthropic/${id}`);
    else if (/^(?:gpt-|o\d)/.test(id)) agent.put("model", `openai/${id}`);
    else agent.warn(`model '${id.slice(0, 60)}' names no provider; the default is taken`, "model");
  agent.put("temperature", numeric(value["temperature"] ?? inner["temperature"]));
  agent.put("maxTurns", numeric(value["steps"] ?? value["maxSteps"]), "steps");
  agent.put("color", value["color"]);
  agent.put("category", value["category"]);
  for (const key of ["capabilities", "tags", "skills"] as const) agent.put(key, words(value[key]));
  const servers = value["mcpServers"] ?? value["mcp_servers"];
  agent.put("mcpServers", isRecord(servers) ? Object.keys(servers) : words(servers), "mcp_servers");
  putTools(agent, value["tools"]);
  const rules = [...rulesOf(value["permission"], agent), ...listed(value["permissions"], agent)];
  agent.put("permissions", rules, "permission");
  agent.leftOver(Object.keys(value), TAKEN, KNOWN);
  return agent.done(body);
}

/** A list of what it has, or a map of what it has and has not. */
function putTools(agent: Gathering, value: unknown): void {
  if (!isRecord(value)) {
    agent.put(
      "tools",
      words(value)?.map((name) => toolFrom("opencode", name)),
    );
    return;
  }
  const named = (on: boolean) => [
    ...new Set(
      Object.entries(value).flatMap(([name, is]) => (is === on && name !== "*" ? [toolFrom("opencode", name)] : [])),
    ),
  ];
  // A map leaves all else as it is, unless it begins with taking everything away.
  if (value["*"] === false) agent.put("tools", named(true));
  agent.put("deniedTools", named(false), "tools");
}

const isEffect = (value: unknown): value is PermissionRule["effect"] => EFFECTS.some((one) => one === value);

/** `"deny"`, `{ edit: "deny" }` or `{ bash: { "git *": "allow" } }`; the last that fits counts. */
function rulesOf(value: unknown, agent: Gathering): readonly PermissionRule[] {
  if (isEffect(value)) return [{ action: "*", resource: "*", effect: value }];
  if (!isRecord(value)) return [];
  return Object.entries(value).flatMap(([name, of]) => {
    const action = toolFrom("opencode", name);
    if (isEffect(of)) return [{ action, resource: "*", effect: of }];
    const inner = isRecord(of) ? Object.entries(of) : [];
    const right = inner.flatMap(([resource, effect]) => (isEffect(effect) ? [{ action, resource, effect }] : []));
    if (right.length < inner.length || !isRecord(of))
      agent.warn(
        `permission '${name.slice(0, 40)}' must be ${EFFECTS.join(", ")}, or one of them by pattern`,
        "permission",
      );
    return right;
  });
}

function listed(value: unknown, agent: Gathering): readonly PermissionRule[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((one: unknown) => {
    if (isRecord(one) && typeof one["action"] === "string" && isEffect(one["effect"])) {
      const { action, resource = "*", effect } = one;
      return [{ action: toolFrom("opencode", String(action)), resource: String(resource), effect }];
    }
    agent.warn(`each of 'permissions' needs an action and an effect: ${EFFECTS.join(", ")}`, "permissions");
    return [];
  });
}
