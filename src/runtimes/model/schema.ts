/** Replies that must fit a JSON Schema. */
import { reasonOf } from "../../domain/error.ts";
import type { Json } from "../../domain/json.ts";

export type JsonSchema = { readonly [key: string]: Json };
export type Read = { readonly ok: true; readonly value: Json } | { readonly ok: false; readonly reason: string };
export type ReadReply = (text: string) => Read;

/** How many faults of a reply are told; a person or a model mends them from there. */
const MOST_FAULTS = 5;

/** Throws where the schema itself cannot be used. */
export async function readerOf(schema: JsonSchema): Promise<ReadReply> {
  const check = await checkerOf(schema);
  return (text) => {
    const parsed = parse(text);
    const reason = parsed.ok ? check(parsed.value) : undefined;
    // The value as it came: defaults of the schema are the reader's business.
    return reason === undefined ? parsed : { ok: false, reason };
  };
}

/** Why a value does not fit, or undefined. Throws where the schema itself cannot be used. */
export async function checkerOf(schema: JsonSchema): Promise<(value: Json) => string | undefined> {
  const { z } = await import("zod");
  const shape = z.fromJSONSchema(schema as Parameters<typeof z.fromJSONSchema>[0]);
  return (value) => {
    const { success, error } = shape.safeParse(value);
    if (success) return undefined;
    const faults = error.issues
      .slice(0, MOST_FAULTS)
      .map(({ path, message }) => `${path.length === 0 ? "the whole" : `/${path.map(String).join("/")}`}: ${message}`);
    return `the reply does not fit its schema: ${faults.join("; ")}`;
  };
}

/** Models like to wrap JSON into a code block, whatever they are told. */
function parse(text: string): Read {
  const inside = /^\s*```(?:json)?\s*\n([\s\S]*?)\n?\s*```\s*$/.exec(text)?.[1] ?? text;
  try {
    return { ok: true, value: JSON.parse(inside) as Json };
  } catch (error) {
    return { ok: false, reason: `the reply is not JSON: ${reasonOf(error)}` };
  }
}
