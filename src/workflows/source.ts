/** A YAML or JSON text as a value, with the line and column of everything in it. */
import {
  type Document,
  isAlias,
  isCollection,
  isMap,
  isPair,
  isScalar,
  isSeq,
  type Node,
  parseDocument,
  visit,
} from "yaml";
import { jsonSyntaxFault } from "./json-syntax.ts";

export interface PlanFileFault {
  /** Both from 1. */
  readonly line: number;
  readonly column: number;
  /** Such as `tasks.build.dependencies`; empty for the text as a whole. */
  readonly path: string;
  readonly message: string;
}

export type Step = string | number;

export interface Source {
  readonly value: unknown;
  fault(steps: readonly Step[], path: string, message: string, at?: "key" | "value"): PlanFileFault;
  /** At the first place below `steps` where these very characters stand. */
  faultAt(steps: readonly Step[], characters: string, path: string, message: string): PlanFileFault;
}

const MOST_CHARACTERS = 5 * 1024 * 1024;
export const MOST_FAULTS = 100;

/** `.json` must be JSON; anything else is YAML 1.2, which takes JSON too. */
export function readSource(text: string, fileName: string): Source | readonly PlanFileFault[] {
  const body = text.startsWith("\uFEFF") ? text.slice(1) : text;
  const place = placesOf(body);
  const broken = (offset: number, message: string): PlanFileFault => ({ ...place(offset), path: "", message });
  if (body.length > MOST_CHARACTERS)
    return [broken(0, `the file has ${body.length} characters; the limit is ${MOST_CHARACTERS}`)];
  if (body.includes("\0")) return [broken(body.indexOf("\0"), "the file is not text: it holds a NUL character")];
  if (/\.json$/i.test(fileName)) {
    const fault = jsonSyntaxFault(body);
    if (fault) return [broken(fault.offset, fault.message)];
  }
  try {
    return readDocument(body, broken, place);
  } catch (cause) {
    // The composer walks nested collections by recursion.
    if (cause instanceof RangeError) return [broken(0, TOO_DEEP)];
    throw cause;
  }
}

const TOO_DEEP = "the file is nested too deeply";
const SEVERAL = "the file holds several documents; keep one";

type Broken = (offset: number, message: string) => PlanFileFault;
type Place = (offset: number) => { readonly line: number; readonly column: number };

function readDocument(text: string, broken: Broken, place: Place): Source | readonly PlanFileFault[] {
  // Unique keys are checked below: the library compares each key with every other.
  const document = parseDocument(text, { prettyErrors: false, uniqueKeys: false, strict: true, version: "1.2" });
  const told = [...document.errors, ...document.warnings];
  // The library catches its own overflow once for each level.
  if (told.some(({ message }) => message.includes("call stack"))) return [broken(0, TOO_DEEP)];
  const wrong = told.map(({ pos, code, message }) => broken(pos[0], code === "MULTIPLE_DOCS" ? SEVERAL : message));
  if (wrong.length === 0) wrong.push(...twice(document, broken));
  if (wrong.length > 0) return wrong.slice(0, MOST_FAULTS);
  const value = plain(document);
  if (typeof value === "object" && value !== null && "bomb" in value && value.bomb === BOMB)
    return [broken(firstAlias(document), "aliases unfold to too much; write the text out instead")];
  return {
    value: (value as { readonly value: unknown }).value,
    fault: (steps, path, message, at = "value") => ({ ...place(offsetOf(document, steps, at)), path, message }),
    faultAt: (steps, characters, path, message) => {
      const node = find(document, steps).node;
      const [from, to] = node?.range ?? [0, 0];
      const found = text.slice(from, to).indexOf(characters);
      return { ...place(from + Math.max(found, 0)), path, message };
    },
  };
}

const BOMB = Symbol("bomb");

function plain(document: Document): { readonly value: unknown } | { readonly bomb: symbol } {
  try {
    return { value: document.toJS({ maxAliasCount: 100 }) as unknown };
  } catch (cause) {
    if (cause instanceof ReferenceError) return { bomb: BOMB };
    throw cause;
  }
}

function firstAlias(document: Document): number {
  let offset = 0;
  visit(document, {
    Alias(_key, node) {
      offset = node.range?.[0] ?? 0;
      return visit.BREAK;
    },
  });
  return offset;
}

/** Names that stand twice in one mapping: the later one would silently win. */
function twice(document: Document, broken: Broken): PlanFileFault[] {
  const faults: PlanFileFault[] = [];
  const open: unknown[] = [document.contents];
  for (let node = open.pop(); node !== undefined && faults.length < MOST_FAULTS; node = open.pop()) {
    if (!isCollection(node)) continue;
    const seen = new Set<unknown>();
    for (const item of node.items) {
      if (!isPair(item)) {
        open.push(item);
        continue;
      }
      if (item.value !== null) open.push(item.value);
      if (!isScalar(item.key)) continue;
      const name = String(item.key.value);
      if (seen.has(name))
        faults.push(broken(item.key.range?.[0] ?? 0, `the name ${JSON.stringify(name)} is there twice`));
      seen.add(name);
    }
  }
  return faults.sort((a, b) => a.line - b.line || a.column - b.column);
}

interface Found {
  readonly node: Node | undefined;
  /** Of the mapping entry that holds the node. */
  readonly key?: Node | undefined;
}

/** The node at a path, or the deepest one on the way that is there. */
function find(document: Document, steps: readonly Step[]): Found {
  let found: Found = { node: document.contents ?? undefined };
  for (const step of steps) {
    const here = isAlias(found.node) ? found.node.resolve(document) : found.node;
    if (isMap(here)) {
      const pair = here.items.find(({ key }) => String(isScalar(key) ? key.value : key) === String(step));
      if (!pair) break;
      found = { node: (pair.value ?? pair.key) as Node, key: pair.key as Node };
    } else if (isSeq(here) && typeof step === "number" && here.items[step] !== undefined) {
      found = { node: here.items[step] as Node };
    } else break;
  }
  return found;
}

function offsetOf(document: Document, steps: readonly Step[], at: "key" | "value"): number {
  const { node, key } = find(document, steps);
  return (at === "key" ? (key ?? node) : node)?.range?.[0] ?? 0;
}

function placesOf(text: string): Place {
  let starts: number[] | undefined;
  return (offset) => {
    if (!starts) {
      starts = [0];
      for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
    }
    let low = 0;
    let high = starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return { line: low + 1, column: offset - (starts[low] ?? 0) + 1 };
  };
}
