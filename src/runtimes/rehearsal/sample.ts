/** A value that fits a JSON Schema, as far as a rehearsal needs it: the common keywords, the first of several ways. */

import type { Json } from "../../domain/json.ts";
import type { Random } from "../../domain/random.ts";
import { isRecord } from "../../domain/shape.ts";

type Schema = { readonly [key: string]: unknown };

/** Schemas may hold themselves; below this only what they require is filled in, and then nothing. */
const DEEPEST = 8;

export function sampleOf(schema: unknown, random: Random, root: unknown = schema, depth = 0): Json {
  if (!isRecord(schema) || depth > DEEPEST) return "rehearsed";
  const again = (inner: unknown) => sampleOf(inner, random, root, depth + 1);
  if ("const" in schema) return schema["const"] as Json;
  if (Array.isArray(schema["enum"])) return pick(schema["enum"] as readonly Json[], random);
  if (typeof schema["$ref"] === "string") return again(resolve(root, schema["$ref"]));
  for (const way of ["anyOf", "oneOf"]) if (Array.isArray(schema[way])) return again(schema[way][0]);
  if (Array.isArray(schema["allOf"])) return again(Object.assign({}, ...(schema["allOf"] as object[])));
  switch (typeOf(schema)) {
    case "object":
      return objectOf(schema, again, depth);
    case "array":
      return listOf(schema, again);
    case "integer":
    case "number":
      return numberOf(schema, random);
    case "boolean":
      return random() < 0.5;
    case "null":
      return null;
    default:
      return textOf(schema);
  }
}

function typeOf(schema: Schema): unknown {
  const { type } = schema;
  if (Array.isArray(type)) return type[0];
  return type ?? (isRecord(schema["properties"]) ? "object" : "items" in schema ? "array" : "string");
}

function objectOf(schema: Schema, again: (inner: unknown) => Json, depth: number): Json {
  const properties = isRecord(schema["properties"]) ? schema["properties"] : {};
  const required = Array.isArray(schema["required"]) ? schema["required"].map(String) : [];
  const names = depth < DEEPEST / 2 ? new Set([...Object.keys(properties), ...required]) : new Set(required);
  return Object.fromEntries(
    [...names].map((name) => [name, again(Object.hasOwn(properties, name) ? properties[name] : {})]),
  );
}

function listOf(schema: Schema, again: (inner: unknown) => Json): Json {
  const least = amount(schema["minItems"]) ?? 0;
  const most = amount(schema["maxItems"]) ?? Number.POSITIVE_INFINITY;
  return Array.from({ length: Math.min(most, Math.max(2, least)) }, () => again(schema["items"] ?? {}));
}

function numberOf(schema: Schema, random: Random): number {
  const low = amount(schema["minimum"]) ?? (amount(schema["exclusiveMinimum"]) ?? -1) + 1;
  const high = amount(schema["maximum"]) ?? (amount(schema["exclusiveMaximum"]) ?? low + 11) - 1;
  return Math.max(low, Math.floor(low + random() * (high - low + 1)));
}

const FORMATS: { readonly [format: string]: string } = {
  "date-time": "2026-01-01T00:00:00Z",
  date: "2026-01-01",
  email: "rehearsed@example.com",
  uri: "https://example.com/rehearsed",
  uuid: "00000000-0000-4000-8000-000000000000",
};

function textOf({ format, minLength, maxLength }: Schema): string {
  const text = FORMATS[String(format)] ?? "rehearsed";
  return text.padEnd(amount(minLength) ?? 0, ".").slice(0, amount(maxLength) ?? Number.POSITIVE_INFINITY);
}

function resolve(root: unknown, ref: string): unknown {
  if (!ref.startsWith("#/")) return {};
  const steps = ref.slice(2).split("/");
  return steps.reduce<unknown>((here, step) => (isRecord(here) && Object.hasOwn(here, step) ? here[step] : {}), root);
}

const amount = (value: unknown): number | undefined => (typeof value === "number" ? value : undefined);

const pick = (values: readonly Json[], random: Random): Json => values[Math.floor(random() * values.length)] ?? null;
