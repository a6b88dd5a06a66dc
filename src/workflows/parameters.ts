/** Parameters as people type them (`-p key=value`), read and described by the schema of the workflow. */
import { isRecord } from "../domain/shape.ts";
import {
  childOf,
  knownNames,
  type ParameterFault,
  pathText,
  propertiesOf,
  refuse,
  type SchemaNode,
  schemaNode,
} from "./faults.ts";
import type { WorkflowTemplate } from "./template.ts";

export interface ParameterDescription {
  /** As it is typed: `techStack.frontend`. */
  readonly name: string;
  /** `text`, `number`, `whole number`, `true or false`, `list of text`, or the words that are allowed. */
  readonly type: string;
  /** Absent: none, and `required` says whether it must be given. */
  readonly default?: unknown;
  readonly required: boolean;
  readonly description: string;
}

/** Every parameter that can be typed; objects appear as their fields. */
export function describeParameters(template: WorkflowTemplate): readonly ParameterDescription[] {
  return described(schemaNode(template.parameters), "");
}

function described(node: SchemaNode, prefix: string): ParameterDescription[] {
  return Object.entries(node.properties ?? {}).flatMap(([key, child]) => {
    const name = `${prefix}${key}`;
    if (child.properties) return described(child, `${name}.`);
    const required = child.default === undefined && (node.required?.includes(key) ?? false);
    const known = child.default === undefined ? {} : { default: child.default };
    return [{ name, type: typeOf(child), ...known, required, description: child.description ?? "" }];
  });
}

const TYPES: { readonly [type: string]: string } = {
  string: "text",
  number: "number",
  integer: "whole number",
  boolean: "true or false",
  object: "object",
};

function typeOf(node: SchemaNode): string {
  if (node.enum) return node.enum.map(String).join(" | ");
  if (node.type === "array") return `list of ${node.items ? typeOf(node.items) : "anything"}`;
  return TYPES[node.type ?? ""] ?? "anything";
}

/**
 * Parameters out of `key=value` texts. The schema decides how a value is read; whether the whole fits is for
 * `WorkflowRegistry.plan` to say. Throws BAD_INPUT with every fault.
 */
export function parseParameters(pairs: readonly string[], template: WorkflowTemplate): Record<string, unknown> {
  const root = schemaNode(template.parameters);
  const faults: ParameterFault[] = [];
  const seen = new Map<string, unknown>();
  for (const pair of pairs) {
    const at = pair.indexOf("=");
    const key = pair.slice(0, Math.max(at, 0)).trim();
    if (key === "") {
      faults.push({ path: "", message: `'${pair.slice(0, 80)}' is not of the form key=value` });
      continue;
    }
    const place = placeOf(root, key);
    if ("message" in place) {
      faults.push(place);
      continue;
    }
    const read = readValue(pair.slice(at + 1), place.node, key);
    if ("fault" in read) faults.push({ path: key, message: `parameter '${key}' ${read.fault}` });
    else put(seen, key, read.value, place.node, faults);
  }
  if (faults.length > 0) refuse(template.id, faults);
  const result: Record<string, unknown> = {};
  for (const [key, value] of seen) assign(result, key.split("."), value);
  return result;
}

const POISON = new Set(["__proto__", "constructor", "prototype"]);

/** Where a dotted key leads, or the first part of it that is not known. */
function placeOf(root: SchemaNode, key: string): { readonly node: SchemaNode | undefined } | ParameterFault {
  let node: SchemaNode | undefined = root;
  const path: string[] = [];
  for (const part of key.split(".")) {
    const child: SchemaNode | undefined = childOf(node, part);
    const open: boolean = node === undefined || (node.additionalProperties !== false && isOpen(node));
    path.push(part);
    if (POISON.has(part) || part === "" || (!child && !open)) {
      const before = pathText(path.slice(0, -1));
      const names = propertiesOf(node);
      const hint =
        names.length === 0 && before !== "" ? `; '${before}' is ${typeOf(node ?? {})}` : knownNames(part, names);
      return { path: pathText(path), message: `parameter '${pathText(path)}' is not known${hint}` };
    }
    node = child;
  }
  return { node };
}

const isOpen = (node: SchemaNode): boolean => node.type === "object" || node.type === undefined;

type Read = { readonly value: unknown } | { readonly fault: string };

function readValue(text: string, node: SchemaNode | undefined, key: string): Read {
  const trimmed = text.trim();
  const jsonLike = trimmed.startsWith("{") || trimmed.startsWith("[");
  if (jsonLike && node?.type !== "string") return jsonOf(trimmed);
  if (node?.enum) return wordOf(trimmed, node.enum.map(String));
  switch (node?.type) {
    case "number":
    case "integer":
      return numberOf(trimmed, node.type === "integer");
    case "boolean":
      return booleanOf(trimmed);
    case "array":
      return listOf(trimmed, node.items, key);
    case "object":
      return { fault: `is an object: give its fields, such as '${key}.${propertiesOf(node)[0] ?? "name"}=…', or JSON` };
    default:
      return { value: text };
  }
}

function jsonOf(text: string): Read {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch (cause) {
    return { fault: `starts like JSON and is not: ${cause instanceof Error ? cause.message : "unreadable"}` };
  }
}

function wordOf(word: string, names: readonly string[]): Read {
  return names.includes(word)
    ? { value: word }
    : { fault: `must be one of ${names.join(", ")}, not '${word.slice(0, 80)}'${near(word, names)}` };
}

const near = (word: string, names: readonly string[]): string => {
  const hint = knownNames(word, names);
  return hint.startsWith(":") ? hint : "";
};

function numberOf(text: string, whole: boolean): Read {
  const value = text === "" ? Number.NaN : Number(text);
  const kind = whole ? "a whole number" : "a number";
  if (!Number.isFinite(value) || (whole && !Number.isInteger(value)))
    return { fault: `must be ${kind}, not '${text.slice(0, 80)}'` };
  return { value };
}

function booleanOf(text: string): Read {
  const word = text.toLowerCase();
  if (["true", "yes", "on", "1"].includes(word)) return { value: true };
  if (["false", "no", "off", "0"].includes(word)) return { value: false };
  return { fault: `must be true or false, not '${text.slice(0, 80)}'` };
}

function listOf(text: string, items: SchemaNode | undefined, key: string): Read {
  const values: unknown[] = [];
  for (const part of text.split(",").map((one) => one.trim())) {
    if (part === "") continue;
    const read = readValue(part, items, key);
    if ("fault" in read) return read;
    values.push(read.value);
  }
  return { value: values };
}

/** Lists grow by repetition, objects by their fields; any other parameter is given once. */
function put(
  seen: Map<string, unknown>,
  key: string,
  value: unknown,
  node: SchemaNode | undefined,
  faults: ParameterFault[],
): void {
  const before = seen.get(key);
  if (before === undefined) seen.set(key, value);
  else if (Array.isArray(before) && Array.isArray(value)) seen.set(key, [...(before as unknown[]), ...value]);
  else if (node?.type === "object" && isRecord(before) && isRecord(value)) seen.set(key, { ...before, ...value });
  else faults.push({ path: key, message: `parameter '${key}' is given twice` });
}

function assign(target: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const [key = "", ...rest] = path;
  const inner = target[key];
  if (rest.length > 0) {
    const next = isRecord(inner) ? inner : {};
    target[key] = next;
    assign(next, rest, value);
  } else target[key] = isRecord(inner) && isRecord(value) ? { ...value, ...inner } : value;
}
