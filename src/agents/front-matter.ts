/**
 * Front matter: what stands between two lines of --- at the top of a file. Our own splitter and plain YAML, so that no
 * file can run code. Files of other products often hold what YAML refuses (`description: Use when: …`); for them there
 * is a lenient way that reads such a key as the text it is meant to be.
 */
import { parseDocument } from "yaml";
import { reasonOf } from "../domain/error.ts";
import { isRecord } from "../domain/shape.ts";
import { readPlainYaml } from "./plain-yaml.ts";

export interface FileFault {
  readonly line: number;
  readonly message: string;
}
export interface Matter {
  readonly value: { readonly [key: string]: unknown };
  readonly body: string;
  /** What the lenient way made of keys that YAML refuses. */
  readonly warnings: readonly FileFault[];
  /** The line of the file on which a key stands. */
  readonly lineOf: (key: string) => number;
}
export type Split = Matter | { readonly fault: FileFault };

export const AGENT_FILE_LIMIT = 256 * 1024;
const BEGIN = /^\uFEFF?---[ \t]*\r?\n([\s\S]*?)^---[ \t]*(?:\r?\n|$)/m;

export function sizeFault(source: string): FileFault | undefined {
  if (source.length > AGENT_FILE_LIMIT)
    return { line: 1, message: `the file has ${source.length} characters; the limit is ${AGENT_FILE_LIMIT}` };
  const zero = source.indexOf("\0");
  if (zero < 0) return undefined;
  return { line: source.slice(0, zero).split("\n").length, message: "it holds a NUL character: it is no text" };
}

export function splitFrontMatter(source: string, isLenient: boolean): Split {
  const fault = (message: string, line = 1): Split => ({ fault: { line, message } });
  const large = sizeFault(source);
  if (large) return { fault: large };
  const match = BEGIN.exec(source);
  if (match?.index !== 0) return fault("it must begin with front matter between two lines of ---");
  const head = (match[1] ?? "").replaceAll("\r\n", "\n");
  const body = source.slice(match[0].length).replaceAll("\r\n", "\n").trim();
  const lineOf = (key: string) => {
    const at = head.split("\n").findIndex((line) => line.trimStart().replace(/^["']/, "").startsWith(key));
    return at === -1 ? 1 : at + 2;
  };
  const strict = readYaml(head);
  if ("value" in strict) return { value: strict.value, body, warnings: [], lineOf };
  if (!isLenient) return fault(strict.message, strict.line + 1);
  const { value, lines } = keyByKey(head);
  if (Object.keys(value).length === 0) return fault(strict.message, strict.line + 1);
  const warnings = lines.map((line) => ({ line: line + 1, message: `read as plain text: ${strict.message}` }));
  return { value, body, warnings, lineOf };
}

type Yaml =
  | { readonly value: { readonly [key: string]: unknown } }
  | { readonly line: number; readonly message: string };

function readYaml(text: string): Yaml {
  const plain = readPlainYaml(text);
  if (plain) return { value: plain };
  const document = parseDocument(text, { uniqueKeys: true });
  const [error] = document.errors;
  if (error) return { line: error.linePos?.[0].line ?? 1, message: firstLine(error.message) };
  try {
    const value: unknown = document.toJS({ maxAliasCount: 10 });
    if (isRecord(value)) return { value };
    return { line: 0, message: "its front matter must be a list of 'key: value' lines" };
  } catch (error) {
    return { line: 0, message: firstLine(reasonOf(error)) };
  }
}

/** Each key by itself: what YAML takes as YAML, the rest as the words after its colon. */
function keyByKey(head: string): { readonly value: { readonly [key: string]: unknown }; readonly lines: number[] } {
  const value: Record<string, unknown> = Object.create(null);
  const lines: number[] = [];
  const all = head.split("\n");
  for (let i = 0; i < all.length; ) {
    const [, key, rest = ""] = /^["']?([A-Za-z_][\w.-]*)["']?:(?:[ \t]+(.*)|[ \t]*)$/.exec(all[i] ?? "") ?? [];
    let next = i + 1;
    while (next < all.length && /^(?:[ \t]|-[ \t]|$)/.test(all[next] ?? "")) next++;
    if (key !== undefined && !Object.hasOwn(value, key)) {
      const read = readYaml(all.slice(i, next).join("\n"));
      if ("value" in read) value[key] = read.value[key];
      else {
        value[key] = [rest, ...all.slice(i + 1, next)].join(" ").replace(/\s+/g, " ").trim();
        lines.push(i + 1);
      }
    }
    i = next;
  }
  return { value, lines };
}

/** Without the line that the parser counts, which is not the file's. */
const firstLine = (message: string) => (message.split("\n")[0] ?? message).replace(/ at line \d+, column \d+:?$/, "");
