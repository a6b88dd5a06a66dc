/**
 * What a coding agent asks leave for, in the words in which agents' definitions say what they may.
 *
 * A1. What a definition does not name is not allowed, whatever the agent calls it.
 * A2. What would change something outside of the workspace is never allowed.
 */
import { isAbsolute, relative, resolve, sep } from "node:path";
import { type Json, sha256 } from "../../domain/json.ts";
import { isSecretPath } from "../../domain/secret-path.ts";
import { isRecord } from "../../domain/shape.ts";
import { type Judgement, judge, type Powers } from "../tools/permission.ts";
import type { ToolNews } from "./protocol.ts";

/** Tools of ours that do the same; one of them must be named, and none of those named may be denied. */
const SAME: { readonly [kind: string]: readonly string[] } = {
  read: ["read"],
  search: ["search", "list", "read"],
  edit: ["edit", "write"],
  delete: ["edit", "write"],
  move: ["edit", "write"],
  execute: ["bash"],
  fetch: ["fetch"],
};
const CHANGES = new Set(["edit", "delete", "move"]);
/** Kinds that touch nothing. */
const INNER = new Set(["think"]);

export function judgeClaim(powers: Powers, claim: ToolNews, root: string): Judgement {
  const kind = claim.kind ?? "other";
  if (INNER.has(kind)) return { effect: "allow" };
  const tools = SAME[kind] ?? [claim.name ?? kind];
  const resources = resourcesOf(claim, root);
  const found = resources.map((resource): Judgement => {
    const fault = FILES.has(kind) ? faultOf(kind, resource) : undefined;
    return fault === undefined ? judgeTools(powers, tools, resource) : { effect: "deny", reason: fault };
  });
  return strictest(found);
}

/** As coding agents name a tool of a server: `mcp__tutti_team__handoff`, `tutti_team_handoff`, `tutti_team.handoff`, `handoff (tutti_team MCP Server)`. */
const OURS = /^(?:tool: ?)?(?:mcp__|mcp\.)?tutti_team(?:__|_|\.|\/|:| - )(\w+)$|^(\w+) \(tutti_team MCP Server\)$/i;

/** A tool that we gave it ourselves; what acts on the machine is none, whatever it is called. */
export function isOurs({ kind = "other", name, title }: ToolNews, team: readonly string[]): boolean {
  if (kind !== "other" || team.length === 0) return false;
  const [, one, other = ""] = OURS.exec(name ?? title ?? "") ?? [];
  return team.includes(one ?? other);
}

const FILES = new Set(["read", ...CHANGES]);

/** For a file that it wants read or written by us. */
export function judgeFile(powers: Powers, kind: "read" | "edit", path: string, root: string): Judgement {
  return judgeClaim(powers, { id: "", kind, paths: [path] }, root);
}

/** A denial of any of the names, or a rule against it, counts; else one of them must be allowed. */
function judgeTools(powers: Powers, tools: readonly string[], resource: string): Judgement {
  // Nothing holds a coding agent but its own settings: what is more than a matter of files is asked about.
  const usualOf = (name: string) => (PLAIN.has(name) ? "allow" : "ask");
  for (const name of tools) {
    const judgement = judge({ ...powers, tools: [name] }, name, resource, usualOf(name));
    if (judgement.effect === "deny") return judgement;
  }
  const all = tools.map((name) => judge(powers, name, resource, usualOf(name)));
  const open = all.filter(({ effect }) => effect !== "deny");
  if (open.length === 0) return strictest(all);
  const judgement = strictest(open);
  return judgement.effect === "allow" && isWider(powers, tools, resource) ? { effect: "ask" } : judgement;
}

const PLAIN = new Set(["read", "list", "search", "edit", "write"]);

/** A pattern for one command says nothing of what a shell makes of several, and here no sandbox holds it. */
function isWider(powers: Powers, tools: readonly string[], resource: string): boolean {
  if (!tools.includes("bash") || !/[;&|`$<>()\n\\]/.test(resource)) return false;
  return judge(powers, "bash", "\0", "ask").effect !== "allow";
}

function strictest(all: readonly Judgement[]): Judgement {
  const found = all.find(({ effect }) => effect === "deny") ?? all.find(({ effect }) => effect === "ask");
  return found ?? { effect: "allow" };
}

function faultOf(kind: string, path: string): string | undefined {
  const isOut = path === ".." || path.startsWith("../") || isAbsolute(path);
  if (isOut && CHANGES.has(kind)) return `'${path}' lies outside of the workspace`;
  const parts = path.split("/");
  if (CHANGES.has(kind) && parts.some((part) => part.toLowerCase() === ".git")) return `'${path}' belongs to git`;
  return isSecretPath(path) ? `'${path}' may hold secrets` : undefined;
}

const PATHS = ["path", "file_path", "filePath", "filepath", "abs_path"];
const COMMANDS = ["command", "cmd", "script"];

/** Everything that it is about: all paths, or the command, the address, the words searched for; else its title. */
function resourcesOf({ kind = "other", input, paths = [], title, name }: ToolNews, root: string): readonly string[] {
  const given = isRecord(input) ? input : {};
  const textIn = (names: readonly string[]) =>
    names.flatMap((one) => (typeof given[one] === "string" ? [given[one]] : []));
  if (FILES.has(kind) || kind === "search") {
    const all = [...paths, ...textIn(PATHS)].map((path) => inside(root, path));
    if (all.length > 0) return [...new Set(all)];
  }
  if (kind === "execute") {
    const list = COMMANDS.flatMap((one) => (Array.isArray(given[one]) ? [given[one].map(String).join(" ")] : []));
    const commands = [...textIn(COMMANDS), ...list];
    if (commands.length > 0) return commands;
  }
  if (kind === "fetch" && textIn(["url"]).length > 0) return textIn(["url"]);
  return [title ?? name ?? kind];
}

function inside(root: string, path: string): string {
  return relative(root, resolve(root, path)).split(sep).join("/") || ".";
}

/** Beyond this nobody reads it; the hash still binds the answer to all of it. */
const LONGEST_SHOWN = 8000;

/** Exactly what a person is asked about. */
export function subjectOf(agent: string, claim: ToolNews, root: string): Json {
  const { kind = "other", title, name, input, paths = [] } = claim;
  return {
    agent,
    tool: name ?? kind,
    kind,
    ...(title !== undefined && { title }),
    ...(input !== undefined && { input: shownOf(input) }),
    ...(paths.length > 0 && { paths: [...paths] }),
    cwd: root,
  };
}

function shownOf(input: Json): Json {
  const text = JSON.stringify(input);
  if (text.length <= LONGEST_SHOWN) return input;
  return { sha256: sha256(text), characters: text.length, beginning: text.slice(0, LONGEST_SHOWN / 2) };
}

export function questionOf(agent: string, claim: ToolNews, root: string): string {
  const about = resourcesOf(claim, root).join(", ");
  return `May ${agent} ${VERBS[claim.kind ?? ""] ?? "use a tool for"}: ${about.length > 300 ? `${about.slice(0, 300)}…` : about}`;
}

const VERBS: { readonly [kind: string]: string } = {
  read: "read",
  search: "search",
  edit: "change",
  delete: "delete",
  move: "move",
  execute: "run",
  fetch: "fetch",
};
