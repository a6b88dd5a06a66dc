/** What the formats of other products share: their names for our tools, and values taken only as far as they are right. */
import { type AgentFile, isAgentName, KEYS } from "./definition.ts";
import type { FileFault } from "./front-matter.ts";

export interface Imported {
  readonly agent?: AgentFile;
  readonly warnings: readonly FileFault[];
}
export interface Exported {
  /** Where it belongs below a repository. */
  readonly file: string;
  readonly text: string;
  /** What that format cannot say. */
  readonly lost: readonly string[];
}

/** Ours, and what Claude Code and OpenCode call it. The first name is the one that is written. */
const TOOLS: readonly (readonly [ours: string, claude: readonly string[], opencode: readonly string[]])[] = [
  ["read", ["Read", "NotebookRead"], ["read"]],
  ["search", ["Grep"], ["grep"]],
  ["list", ["Glob", "LS"], ["glob", "list"]],
  ["edit", ["Edit", "MultiEdit", "NotebookEdit"], ["edit", "patch"]],
  ["write", ["Write"], ["write"]],
  ["bash", ["Bash"], ["bash", "shell"]],
  ["fetch", ["WebFetch"], ["webfetch"]],
  ["web_search", ["WebSearch"], ["websearch"]],
  ["ask_person", ["AskUserQuestion"], ["question"]],
];
type Dialect = "claude" | "opencode";
const column = { claude: 1, opencode: 2 } as const;

/** What is no tool of ours keeps its name: an MCP server's, or one that only that product has. `Bash(git *)` keeps its pattern. */
export function toolFrom(dialect: Dialect, name: string): string {
  const [, head = name, pattern = ""] = /^([^(]+)(\(.*\))?$/.exec(name) ?? [];
  const lower = head.toLowerCase();
  const known = TOOLS.find((row) => row[column[dialect]].some((one) => one.toLowerCase() === lower));
  return (known?.[0] ?? head) + pattern;
}

export function toolTo(dialect: Dialect, name: string): string {
  const [, head = name, pattern = ""] = /^([^(]+)(\(.*\))?$/.exec(name) ?? [];
  return (TOOLS.find(([ours]) => ours === head)?.[column[dialect]][0] ?? head) + pattern;
}

/** Says nothing about what an agent does. */
const SILENT = new Set(["version", "author", "license", "metadata", "$schema", "id", "mode", "nickname_candidates"]);

/** Gathers an agent out of values that may be anything: what is wrong is left out, with a warning. */
export class Gathering {
  readonly #agent: Record<string, unknown> = {};
  readonly #warnings: FileFault[];
  readonly #lineOf: (key: string) => number;

  constructor(warnings: readonly FileFault[] = [], lineOf: (key: string) => number = () => 1) {
    this.#warnings = [...warnings];
    this.#lineOf = lineOf;
  }

  warn(message: string, key?: string): void {
    this.#warnings.push({ line: key === undefined ? 1 : this.#lineOf(key), message });
  }

  /** `from`: the key of the file that says it. */
  put(key: keyof AgentFile & string, value: unknown, from: string = key): void {
    if (value === undefined || value === null || value === "") return;
    if (Array.isArray(value) && value.length === 0 && key !== "tools") return;
    const found = KEYS[key]?.(value);
    if (found) this.warn(`'${from}' is left out: it${found.at} ${found.fault}`, from);
    else this.#agent[key] = value;
  }

  /** Names that are none of ours are made into one, so that a person recognises them. */
  name(value: unknown, file: string): void {
    const given = typeof value === "string" && value.trim() !== "" ? value.trim() : undefined;
    const base = given ?? file.replace(/\.[^.]+$/, "");
    const made = isAgentName(base) ? base : named(base);
    if (!isAgentName(made)) return this.warn(`'${base}' cannot be made into a name`, "name");
    if (given === undefined) this.warn(`it has no 'name': it is called '${made}' after its file`);
    else if (made !== given) this.warn(`'${given}' is called '${made}' here`, "name");
    this.#agent["name"] = made;
  }

  description(value: unknown, instructions: string): void {
    const given = typeof value === "string" ? value.trim() : "";
    if (given.length > 10_000) this.warn("'description' is cut at 10000 characters", "description");
    if (given !== "") this.put("description", given.slice(0, 10_000));
    else {
      const [first = ""] = instructions.replace(/^#+\s*/, "").split(/\n\s*\n|\n#/);
      this.warn("it has no 'description': the beginning of its instructions stands for it");
      this.put("description", first.replace(/\s+/g, " ").slice(0, 300));
    }
  }

  /** Keys that were not taken: those that the product knows and those that nobody does. */
  leftOver(keys: readonly string[], taken: ReadonlySet<string>, known: ReadonlySet<string>): void {
    for (const key of keys)
      if (!taken.has(key) && !SILENT.has(key))
        this.warn(`'${key.slice(0, 60)}' ${known.has(key) ? "has no meaning" : "is not known"} here`, key);
  }

  /** An agent, if what every agent needs is there. */
  done(instructions: string): Imported {
    const warnings = this.#warnings;
    if (instructions === "") this.warn("it has no instructions, so it is no agent");
    const { name, description } = this.#agent;
    if (instructions === "" || name === undefined || description === undefined) return { warnings };
    return { agent: { ...this.#agent, instructions } as unknown as AgentFile, warnings };
  }
}

const named = (text: string) =>
  text
    .normalize("NFKD")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+/, "")
    .slice(0, 64)
    .replace(/-+$/, "");

/** `a, b` or a list; anything else is nothing. Commas inside parentheses belong to a pattern. */
export function words(value: unknown): readonly string[] | undefined {
  if (Array.isArray(value)) return value.filter((one) => typeof one === "string").map((one) => one.trim());
  if (typeof value !== "string") return undefined;
  return value
    .split(/,(?![^(]*\))/)
    .map((one) => one.trim())
    .filter((one) => one !== "");
}

/** Numbers that were written as text. */
export const numeric = (value: unknown): unknown =>
  typeof value === "string" && /^\d+(\.\d+)?$/.test(value) ? Number(value) : value;

const SAID_BY_ALL = new Set(["name", "description", "instructions"]);

/** What an agent says and a format cannot. */
export const lostIn = (agent: AgentFile, said: readonly string[]): readonly string[] =>
  Object.keys(agent).filter((key) => !SAID_BY_ALL.has(key) && !said.includes(key));
