/** How an attempt ended, in the shape that a run keeps it. */
import type { Spent } from "../../domain/events.ts";
import type { Json } from "../../domain/json.ts";
import { type BlobRef, isBlobRef } from "../../domain/plan.ts";
import type { Outcome } from "../../domain/ports.ts";

/** Longer outputs lie in the blob store. */
const LARGEST_INLINE = 8192;

export function spentOf(duration: number, outcome: Outcome | undefined): Spent {
  if (!outcome?.usage) return { duration, tokensUsed: 0, costUsd: 0 };
  const { tokensUsed = 0, costUsd = 0, turns } = outcome.usage;
  return { duration, tokensUsed, costUsd, ...(turns === undefined ? {} : { turns }) };
}

/** The JSON of an output that is too large to lie in an event. */
export function largeText(output: Json): string | undefined {
  if (typeof output === "string") return output.length > LARGEST_INLINE ? JSON.stringify(output) : undefined;
  if (output === null || typeof output !== "object") return undefined;
  // What only looks like a reference must not be taken for one.
  if (holdsBlob(output)) return JSON.stringify(output);
  const text = JSON.stringify(output);
  return text.length > LARGEST_INLINE ? text : undefined;
}

export function holdsBlob(output: Json | BlobRef): boolean {
  return isBlobRef(output) || (Array.isArray(output) && output.some((one) => isBlobRef(one)));
}
