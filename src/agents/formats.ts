/** Which format a file is in, by where it lies and what it holds, and its agents. */
import { reasonOf } from "../domain/error.ts";
import { isRecord } from "../domain/shape.ts";
import { parseAgentFile } from "./agent-text.ts";
import { fromClaude, toClaude } from "./claude.ts";
import { fromCodex, toCodex } from "./codex.ts";
import type { AgentFile } from "./definition.ts";
import type { Exported } from "./foreign.ts";
import { type FileFault, sizeFault } from "./front-matter.ts";
import { fromOpenCode, fromOpenCodeObject } from "./opencode.ts";
import { toOpenCode } from "./opencode-export.ts";

export type Format = "tutti" | "claude" | "opencode" | "codex";
export const EXPORTS: { readonly [format in Exclude<Format, "tutti">]: (agent: AgentFile) => Exported } = {
  claude: toClaude,
  opencode: toOpenCode,
  codex: toCodex,
};

export interface Parsing {
  readonly agents: readonly AgentFile[];
  readonly warnings: readonly FileFault[];
}
/** A prompt that stands in a file of its own, `{file:./prompts/a.md}`; undefined where it may not be read. */
export type ReadBeside = (path: string) => string | undefined;

export function parseAgents(
  source: string,
  path: string,
  format: Format | undefined,
  beside: ReadBeside = () => undefined,
): Parsing {
  const file = path.split("/").at(-1) ?? path;
  if (/\.jsonc?$/.test(file)) return fromJson(source, file, beside);
  const head = headOf(source);
  const line = head.split(/\r?\n/).findIndex((one) => /^runtime\s*:/.test(one) && !PERSON.test(one)) + 2;
  if (line > 1) return { agents: [], warnings: [{ line, message: NO_RUNTIME }] };
  // With a fault it is no agent at all: read in another format it would be a model.
  const isPerson = head.split(/\r?\n/).some((one) => PERSON.test(one));
  const isOurs = format === undefined && OURS.test(head);
  if (format === "tutti" || isOurs || isPerson) {
    const parsed = parseAgentFile(source);
    if (parsed.faults === undefined) return { agents: [parsed.agent], warnings: [] };
    if (!isOurs || isPerson) return { agents: [], warnings: parsed.faults };
  }
  switch (format ?? formatOf(head, path)) {
    case "codex":
      return one(fromCodex(source, file));
    case "opencode":
      return one(fromOpenCode(source, file));
    default:
      return one(fromClaude(source, file));
  }
}

/** Only we have these; a file without them is read as Claude Code's, which says the rest in nearly the same words. */
const OURS =
  /^(?:capabilities|category|tier|deniedTools|permissions|models|downgrade|budget|places|runtime|deadline|escalate):/m;
const PERSON = /^runtime\s*:\s*["']?human["']?\s*(?:#.*)?$/;
const THEIRS = /^(?:mode|permission|steps|maxSteps):|^tools:\s*\n\s+\S+: (?:true|false)/m;

/** Left out it would be a model that is called and paid in somebody's name. */
const NO_RUNTIME =
  "'runtime' can only be human in a file: for anything else name a model instead, such as acp/opencode";

const headOf = (source: string) => /^\uFEFF?---\r?\n([\s\S]*?)\n---/.exec(source.slice(0, 20_000))?.[1] ?? "";

/** Of a file that could be anybody's: by where it lies, or by words that only one of them has. */
function formatOf(head: string, path: string): Exclude<Format, "tutti"> {
  if (path.endsWith(".toml")) return "codex";
  if (/(?:^|\/)\.opencode\//.test(path)) return "opencode";
  return !/(?:^|\/)\.claude\//.test(path) && THEIRS.test(head) ? "opencode" : "claude";
}

const one = ({
  agent,
  warnings,
}: {
  readonly agent?: AgentFile;
  readonly warnings: readonly FileFault[];
}): Parsing => ({
  agents: agent ? [agent] : [],
  warnings,
});

/** `opencode.json` with its agents, or one agent as an object. */
function fromJson(source: string, file: string, beside: ReadBeside): Parsing {
  const large = sizeFault(source);
  if (large) return { agents: [], warnings: [large] };
  let value: unknown;
  try {
    value = JSON.parse(withoutComments(source.replace(/^\uFEFF/, "")));
  } catch (error) {
    return { agents: [], warnings: [{ line: lineOf(source, error), message: `it is no JSON: ${reasonOf(error)}` }] };
  }
  const name = file.replace(/\.jsonc?$/, "");
  const many = isRecord(value) ? [value["agent"], value["agents"]].find(isRecord) : undefined;
  const isWhole = many !== undefined;
  const entries: readonly (readonly [string, unknown])[] = isWhole
    ? Object.entries(many)
    : name === "opencode"
      ? []
      : [[name, value]];
  const all = entries.map(([id, entry]) => {
    const { agent, warnings } = fromOpenCodeObject(withPrompt(entry, beside), id);
    const said = isWhole ? warnings.map((one) => ({ ...one, message: `agent '${id}': ${one.message}` })) : warnings;
    return { agents: agent ? [agent] : [], warnings: said };
  });
  return { agents: all.flatMap(({ agents }) => agents), warnings: all.flatMap(({ warnings }) => warnings) };
}

function withPrompt(entry: unknown, beside: ReadBeside): unknown {
  if (!isRecord(entry) || typeof entry["prompt"] !== "string") return entry;
  const [, path] = /^\{file:([^}]+)\}$/.exec(entry["prompt"].trim()) ?? [];
  if (path === undefined) return entry;
  const { prompt, ...rest } = entry;
  const text = beside(path.trim());
  return text === undefined ? rest : { ...rest, prompt: text };
}

/** Comments and commas before an end, which OpenCode allows; what is inside strings stays. */
function withoutComments(text: string): string {
  const bare = text.replace(/"(?:\\.|[^"\\])*"|\/\/[^\n]*|\/\*[\s\S]*?\*\//g, (part) =>
    part.startsWith('"') ? part : part.replace(/[^\n]/g, " "),
  );
  return bare.replace(/"(?:\\.|[^"\\])*"|,(?=\s*[}\]])/g, (part) => (part === "," ? " " : part));
}

function lineOf(source: string, error: unknown): number {
  const [, at] = /position (\d+)/.exec(reasonOf(error)) ?? [];
  return at === undefined ? 1 : source.slice(0, Number(at)).split("\n").length;
}
