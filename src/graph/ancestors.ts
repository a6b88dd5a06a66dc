/** What a task comes after, and what it is shown of it. */
import { canonical, type Json, sha256 } from "../domain/json.ts";
import { isBlobRef } from "../domain/plan.ts";
import type { Node } from "./dag.ts";

/** Hash of each output that a task is shown, by the id of the task that made it; `all`: of its further ancestors too. */
export function shownHashes(node: Node, all = false): { readonly [task: string]: string } {
  const shown: Record<string, string> = {};
  for (const before of all ? ancestorsOf(node).keys() : node.dependsOn) {
    const { output, id, status } = before;
    if (output === undefined || (status !== "complete" && status !== "reused")) continue;
    shown[id] = isBlobRef(output) ? output.$blob : hashOf(before, output);
  }
  return shown;
}

/** Many tasks are shown one output, which never changes (G2). */
const hashes = new WeakMap<Node, string>();

function hashOf(node: Node, output: Json): string {
  const hash = hashes.get(node) ?? sha256(canonical(output));
  hashes.set(node, hash);
  return hash;
}

/** No prompt has room for more of them. */
const MOST_ANCESTORS = 500;

/** What a task comes after, nearest first, with how many steps away it is: its dependencies, and so many in all. */
export function ancestorsOf(node: Node): ReadonlyMap<Node, number> {
  const found = new Map(node.dependsOn.map((one) => [one, 1]));
  for (const [before, distance] of found) {
    for (const further of before.dependsOn) {
      if (found.size >= MOST_ANCESTORS) return found;
      if (!found.has(further)) found.set(further, distance + 1);
    }
  }
  return found;
}
