/** What becomes of a task whose dependencies have all settled. */
import { holds, inWords } from "./condition.ts";
import { type Graph, hasOutput, type Node, readOutput } from "./dag.ts";

export type Verdict =
  | { readonly go: true }
  | { readonly go: false; readonly how: "condition" | "failure"; readonly reason: string; readonly because?: string };

/** Of a long chain the beginning is named, not each link: what lies between says nothing that could be acted on. */
function whatOf(node: Node): string {
  const { status, root, reason = "no reason given" } = node;
  if (status === "skipped" && root) return `was skipped because '${root.id}' ${whatOf(root)}`;
  return `${status === "failed" ? "failed" : status === "skipped" ? "was skipped" : "was cancelled"}: ${reason}`;
}

/**
 * A failed, cancelled or for-failure skipped dependency holds a task back unless that dependency says `continue` (I5).
 * A dependency skipped by its condition counts as done without a result; if all were, so is this task.
 */
export function verdictOf(graph: Graph, node: Node): Verdict {
  let bypassed = 0;
  for (const before of node.dependsOn) {
    if (hasOutput(before)) continue;
    if (before.status === "skipped" && before.how === "condition") {
      bypassed++;
      continue;
    }
    if (before.spec?.onFailure === "continue") continue;
    return { go: false, how: "failure", because: before.id, reason: `needs '${before.id}', which ${whatOf(before)}` };
  }
  if (bypassed > 0 && bypassed === node.dependsOn.length)
    return { go: false, how: "condition", reason: "all that it depends on was skipped by a condition" };
  const when = node.spec?.when;
  if (when && !holds(when, (task, path) => readOutput(graph, task, path)))
    return { go: false, how: "condition", reason: `its condition does not hold: ${inWords(when)}` };
  return { go: true };
}
