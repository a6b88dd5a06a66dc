/** How an attempt ended, in the shape that a run keeps it. */
import type { Spent } from "../../domain/events.ts";
import { defined, type Json } from "../../domain/json.ts";
import { type BlobRef, isBlobRef } from "../../domain/plan.ts";
import type { Attempt, Outcome } from "../../domain/ports.ts";
import { hasOutput, type Node } from "../../graph/dag.ts";

/** Longer outputs lie in the blob store. */
const LARGEST_INLINE = 8192;

export function spentOf(duration: number, outcome: Outcome | undefined): Spent {
  if (!outcome?.usage) return { duration, tokensUsed: 0, costUsd: 0 };
  const { tokensUsed = 0, costUsd = 0, turns, knownUsd } = outcome.usage;
  return { duration, tokensUsed, costUsd, ...defined({ turns, knownUsd }) };
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

/** The outputs a task depends on, under the names their author knows. A promise only where one lies in the blob store. */
export function resultsFor(
  driver: { resolve(output: Json | BlobRef): Promise<Json> },
  node: Node,
): Attempt["results"] | Promise<Attempt["results"]> {
  const results: Record<string, Json> = {};
  let later: Promise<unknown>[] | undefined;
  for (const before of node.dependsOn) {
    if (!hasOutput(before) || before.output === undefined) continue;
    const name = before.spec?.replaces === undefined ? before.id : (before.spec.of ?? before.spec.replaces);
    if (holdsBlob(before.output)) {
      later ??= [];
      later.push(driver.resolve(before.output).then((value) => Object.assign(results, { [name]: value })));
    } else results[name] = before.output as Json;
  }
  return later === undefined ? results : Promise.all(later).then(() => results);
}
