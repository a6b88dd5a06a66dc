/** What the checks of a run found, as its journal has it. */
import type { RunState } from "../core/state.ts";
import { CHECKER, type CheckReport, type CheckResult, type CheckRow, reportOfChecks } from "../domain/check-result.ts";
import { isBlobRef } from "../domain/plan.ts";
import type { Journal } from "../domain/ports.ts";
import { isRecord } from "../domain/shape.ts";
import { isSettled, type Node } from "../graph/dag.ts";
import type { Results } from "./whole.ts";

/** Undefined where none of its tasks is a check. */
export async function checksOf(
  journal: Journal,
  state: RunState,
  { tasks }: Results,
): Promise<CheckReport | undefined> {
  const nodes = [...state.graph.nodes.values()].filter(({ spec, removed }) => spec?.agentName === CHECKER && !removed);
  if (nodes.length === 0) return undefined;
  const rows = await Promise.all(nodes.map((node) => rowOf(journal, state, node, tasks[node.id])));
  return reportOfChecks(rows);
}

async function rowOf(
  journal: Journal,
  state: RunState,
  node: Node,
  told: Results["tasks"][string] | undefined,
): Promise<CheckRow> {
  const { id } = node;
  if (state.start?.rehearsed) return { task: id, state: "not run", reason: "a rehearsal runs no check" };
  // Of one that was taken over from an earlier run, only the output is here.
  const result = isResult(told?.output) ? told.output : await loggedOf(journal, state, id);
  if (!isSettled(node)) return { task: id, state: "under way" };
  if (result !== undefined && node.status === "reused")
    return { task: id, state: "green", result, reason: "taken over from the run before" };
  if (result !== undefined) return { task: id, state: result.isGreen ? "green" : "red", result };
  return { task: id, state: "not run", reason: told?.reason ?? `it is ${node.status}` };
}

/** Written by this program, and protected by the journal's checksums. */
const isResult = (value: unknown): value is CheckResult => isRecord(value) && "isGreen" in value && "findings" in value;

async function loggedOf(
  journal: Journal,
  { run, recovery }: RunState,
  taskId: string,
): Promise<CheckResult | undefined> {
  const attempt = recovery.tries.get(taskId)?.attempt;
  if (!attempt) return undefined;
  let found: CheckResult | undefined;
  for await (const page of journal.read(run, { attempt: { taskId, attempt } }))
    for (const event of page) {
      const kept = event.type === "tool:result" && isRecord(event.entry) ? event.entry["result"] : undefined;
      const value: unknown = isBlobRef(kept) ? JSON.parse(await journal.blob(run, kept.$blob)) : kept;
      if (isResult(value)) found = value;
    }
  return found;
}
