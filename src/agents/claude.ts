/** Claude Code: `.claude/agents/**\/*.md`, and `agents/` of its plugins. A bad value is left out and said, as it does there. */
import { stringify } from "yaml";
import { isRecord } from "../domain/shape.ts";
import type { AgentFile, Tier } from "./definition.ts";
import { type Exported, Gathering, type Imported, lostIn, numeric, toolFrom, toolTo, words } from "./foreign.ts";
import { splitFrontMatter } from "./front-matter.ts";

/** Names for the newest model of a kind; which that is, the settings say. */
const ALIASES: { readonly [alias: string]: Tier | undefined } = {
  haiku: "fast",
  sonnet: "balanced",
  opus: "strong",
  fable: "strong",
  inherit: undefined,
};
const NAMED: { readonly [tier in Tier]: string } = { fast: "haiku", balanced: "sonnet", strong: "opus" };
/** Known there, without a meaning here. */
const KNOWN = new Set([
  ...["permissionMode", "hooks", "autoCompactWindow", "initialPrompt", "memory", "background", "omitClaudeMd"],
  ...["isolation", "observer", "observerMessage", "observeSubagents", "observeToolResults", "experimental"],
]);
const OWN = ["tags", "category", "capabilities"] as const;
const TAKEN = new Set([
  ...["name", "description", "tools", "allowed-tools", "disallowedTools", "model", "effort", "maxTurns"],
  ...["mcpServers", "skills", "color", "temperature", ...OWN],
]);

export function fromClaude(source: string, file: string): Imported {
  const split = splitFrontMatter(source, true);
  if ("fault" in split) return { warnings: [split.fault] };
  const { value, body, warnings, lineOf } = split;
  const agent = new Gathering(warnings, lineOf);
  agent.name(value["name"], file);
  agent.description(value["description"], body);
  const tools = words(value["tools"] ?? value["allowed-tools"]);
  // A star is what leaving it out means: whatever the session has.
  if (tools && !tools.includes("*")) agent.put("tools", unique(tools.map((tool) => toolFrom("claude", tool))));
  agent.put(
    "deniedTools",
    words(value["disallowedTools"])?.map((tool) => toolFrom("claude", tool)),
    "disallowedTools",
  );
  putModel(agent, value["model"]);
  agent.put("effort", typeof value["effort"] === "number" ? String(value["effort"]) : value["effort"]);
  agent.put("maxTurns", numeric(value["maxTurns"]));
  agent.put("temperature", numeric(value["temperature"]));
  putServers(agent, value["mcpServers"]);
  agent.put("skills", words(value["skills"]));
  agent.put("color", value["color"]);
  agent.put("category", value["category"]);
  for (const key of ["tags", "capabilities"] as const) agent.put(key, words(value[key]));
  agent.leftOver(Object.keys(value), TAKEN, KNOWN);
  return agent.done(body);
}

export function toClaude(agent: AgentFile): Exported {
  const { name, description, tools, deniedTools, tier, effort, maxTurns, mcpServers, skills, color, model } = agent;
  const isTheirs = model?.startsWith("anthropic/") === true;
  const named = isTheirs ? model.slice("anthropic/".length) : tier && NAMED[tier];
  const head = {
    ...{ name, description },
    ...(tools && { tools: tools.map((tool) => toolTo("claude", tool)).join(", ") }),
    ...(deniedTools && { disallowedTools: deniedTools.map((tool) => toolTo("claude", tool)).join(", ") }),
    ...(named !== undefined && { model: named }),
    ...(effort !== undefined && { effort }),
    ...(maxTurns !== undefined && { maxTurns }),
    ...(mcpServers && { mcpServers }),
    ...(skills && { skills }),
    ...(color !== undefined && { color }),
  };
  const said = [
    ...["tools", "deniedTools", "effort", "maxTurns", "mcpServers", "skills", "color"],
    ...(isTheirs ? ["model"] : ["tier"]),
  ];
  return {
    file: `.claude/agents/${name}.md`,
    text: `---\n${stringify(head, { lineWidth: 0 })}---\n\n${agent.instructions}\n`,
    lost: lostIn(agent, said),
  };
}

function putModel(agent: Gathering, value: unknown): void {
  if (value === undefined || value === null) return;
  const model = String(value).trim();
  const alias = model.toLowerCase();
  if (Object.hasOwn(ALIASES, alias)) agent.put("tier", ALIASES[alias], "model");
  else if (/^claude-[\w.@-]+$/i.test(model)) agent.put("model", `anthropic/${model}`);
  else if (/^[\w.-]+\/\S+$/.test(model)) agent.put("model", model);
  else agent.warn(`model '${model.slice(0, 60)}' is not known here; the default is taken`, "model");
}

function putServers(agent: Gathering, value: unknown): void {
  if (value === undefined) return;
  const all: readonly unknown[] = Array.isArray(value) ? value : isRecord(value) ? Object.keys(value) : [value];
  const names = all.filter((one) => typeof one === "string");
  if (names.length < all.length || isRecord(value))
    agent.warn("servers that are defined inside an agent are taken by name only", "mcpServers");
  agent.put("mcpServers", names);
}

const unique = (all: readonly string[]): readonly string[] => [...new Set(all)];
