/** Codex: `.codex/agents/NAME.toml`. */
import { parse, stringify, TomlError } from "smol-toml";
import { reasonOf } from "../domain/error.ts";
import { isRecord } from "../domain/shape.ts";
import type { AgentFile, PermissionRule } from "./definition.ts";
import { type Exported, Gathering, type Imported, lostIn } from "./foreign.ts";
import { sizeFault } from "./front-matter.ts";

const TAKEN = new Set([
  ...["name", "description", "developer_instructions", "model", "model_reasoning_effort", "sandbox_mode"],
  ...["web_search", "mcp_servers", "skills"],
]);
/** What its read-only sandbox stands for. */
const READ_ONLY: readonly PermissionRule[] = [
  { action: "edit", resource: "*", effect: "deny" },
  { action: "write", resource: "*", effect: "deny" },
];

export function fromCodex(source: string, file: string): Imported {
  const large = sizeFault(source);
  if (large) return { warnings: [large] };
  let value: { readonly [key: string]: unknown };
  try {
    value = parse(source.replace(/^\uFEFF/, ""), { maxDepth: 50 });
  } catch (error) {
    const line = error instanceof TomlError ? error.line : 1;
    return { warnings: [{ line, message: reasonOf(error).split("\n")[0] ?? "" }] };
  }
  const lines = source.split("\n");
  const agent = new Gathering([], (key) => lines.findIndex((line) => line.trimStart().startsWith(key)) + 1 || 1);
  const given = value["developer_instructions"];
  const body = typeof given === "string" ? given.replaceAll("\r\n", "\n").trim() : "";
  agent.name(value["name"], file);
  agent.description(value["description"], body);
  const { model, sandbox_mode: sandbox, skills, mcp_servers: servers } = value;
  if (typeof model === "string") agent.put("model", model.includes("/") ? model : `openai/${model}`);
  agent.put("effort", value["model_reasoning_effort"], "model_reasoning_effort");
  if (sandbox === "read-only") agent.put("permissions", READ_ONLY, "sandbox_mode");
  else if (sandbox !== undefined && sandbox !== "workspace-write")
    agent.warn(
      `sandbox_mode '${String(sandbox).slice(0, 40)}' is not taken over: nobody is let out of a sandbox by a file`,
      "sandbox_mode",
    );
  if (servers !== undefined) {
    agent.warn("servers that are defined inside an agent are taken by name only", "mcp_servers");
    if (isRecord(servers)) agent.put("mcpServers", Object.keys(servers), "mcp_servers");
  }
  if (skills !== undefined || value["web_search"] !== undefined)
    agent.warn(
      "'skills' and 'web_search' of Codex have no meaning here",
      skills === undefined ? "web_search" : "skills",
    );
  agent.leftOver(Object.keys(value), TAKEN, new Set());
  return agent.done(body);
}

export function toCodex(agent: AgentFile): Exported {
  const { name, description, instructions, model, effort, tools, permissions = [] } = agent;
  const isTheirs = model?.startsWith("openai/") === true;
  const isDenied = (action: string) => permissions.findLast((one) => one.action === action)?.effect === "deny";
  const writes = tools === undefined || tools.some((tool) => /^(?:edit|write|bash)\b/.test(tool));
  const isReadOnly = !writes || (isDenied("edit") && isDenied("write"));
  const head = {
    ...{ name, description },
    ...(isTheirs && { model: model.slice("openai/".length) }),
    ...(effort !== undefined && { model_reasoning_effort: effort }),
    ...(isReadOnly && { sandbox_mode: "read-only" }),
    developer_instructions: instructions,
  };
  const said = ["effort", ...(isTheirs ? ["model"] : []), ...(isSame(permissions) ? ["permissions"] : [])];
  return { file: `.codex/agents/${name}.toml`, text: `${stringify(head)}\n`, lost: lostIn(agent, said) };
}

const isSame = (rules: readonly PermissionRule[]) => JSON.stringify(rules) === JSON.stringify(READ_ONLY);
