/**
 * An agent as a file says it: Markdown whose front matter describes the agent and whose body are its instructions.
 * The splitter is our own and the front matter is plain YAML, so that no file can run code.
 */
import { parseDocument } from "yaml";
import { reasonOf } from "../domain/error.ts";
import { didYouMean } from "../domain/nearest.ts";
import { fields, isRecord, listOf, oneOf, text } from "../domain/shape.ts";

export const TIERS = ["fast", "balanced", "strong"] as const;
export type Tier = (typeof TIERS)[number];

export interface AgentFile {
  readonly name: string;
  /** When to use it and when not. */
  readonly description: string;
  readonly instructions: string;
  readonly category?: string;
  readonly capabilities?: readonly string[];
  readonly tags?: readonly string[];
  /** How much of a model it needs. */
  readonly tier?: Tier;
  readonly tools?: readonly string[];
  readonly model?: string;
}

export interface FileFault {
  readonly line: number;
  readonly message: string;
}
export type Parsed =
  | { readonly agent: AgentFile; readonly faults?: undefined }
  | { readonly faults: readonly FileFault[] };

export const AGENT_FILE_LIMIT = 256 * 1024;
const KEYS = {
  name: text(64, 1),
  description: text(10_000, 1),
  category: text(64, 1),
  capabilities: listOf(text(100, 1)),
  tags: listOf(text(100, 1)),
  tier: oneOf(TIERS),
  tools: listOf(text(100, 1)),
  model: text(200, 1),
};
const shape = fields(KEYS, ["name", "description"]);
/** Not the one name that every object has already. */
const NAME = /^(?!constructor$)[a-z0-9][a-z0-9-]{0,63}$/;

export function parseAgentFile(source: string): Parsed {
  const fault = (message: string, line = 1): Parsed => ({ faults: [{ line, message }] });
  if (source.length > AGENT_FILE_LIMIT)
    return fault(`the file has ${source.length} characters; the limit is ${AGENT_FILE_LIMIT}`);
  const match = /^\uFEFF?---[ \t]*\r?\n([\s\S]*?)^---[ \t]*\r?\n?/m.exec(source);
  if (match?.index !== 0) return fault("it must begin with front matter between two lines of ---");
  const head = match[1] ?? "";
  const document = parseDocument(head, { uniqueKeys: true });
  const [error] = document.errors;
  if (error) return fault(firstLine(error.message), 1 + (error.linePos?.[0].line ?? 1));
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 10 });
  } catch (error) {
    return fault(firstLine(reasonOf(error)));
  }
  if (!isRecord(value)) return fault("its front matter must be a list of 'key: value' lines");
  for (const key of Object.keys(value))
    if (!Object.hasOwn(KEYS, key))
      return fault(`'${key}' is not a known field${didYouMean(key, Object.keys(KEYS))}`, lineOf(head, key));
  const found = shape(value);
  if (found)
    return fault(`'${found.at.slice(1)}' ${found.fault}`, lineOf(head, found.at.slice(1).split(/[.[]/)[0] ?? ""));
  const agent = value as unknown as Omit<AgentFile, "instructions">;
  if (!NAME.test(agent.name))
    return fault("'name' must be lower-case letters, digits and hyphens, and not 'constructor'", lineOf(head, "name"));
  const instructions = source.slice(match[0].length).trim();
  if (instructions === "") return fault("it has no instructions below its front matter");
  return { agent: { ...agent, instructions } };
}

/** Without the line that the parser counts, which is not the file's. */
const firstLine = (message: string) => (message.split("\n")[0] ?? message).replace(/ at line \d+, column \d+:?$/, "");

/** The line of the file on which a key of the front matter stands. */
function lineOf(head: string, key: string): number {
  const at = head.split("\n").findIndex((line) => line.trimStart().startsWith(`${key}:`));
  return at === -1 ? 1 : at + 2;
}
