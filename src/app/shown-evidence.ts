/** What programs found for the tasks of a run, as its journal has it. */
import type { RunState } from "../core/state.ts";
import { CHECKER } from "../domain/check-result.ts";
import { byWeight, type EvidenceSet, type Finding, placeOf } from "../domain/evidence.ts";
import type { Journal } from "../domain/ports.ts";
import { isRecord } from "../domain/shape.ts";

const MOST = 500;

/** Undefined where no task asked for any. What several tasks were shown is told once. */
export async function evidenceOf(journal: Journal, state: RunState): Promise<EvidenceSet | undefined> {
  const findings = new Map<string, Finding>();
  const notes = new Map<string, EvidenceSet["notes"][number]>();
  let isAsked = false;
  for (const { id, spec } of state.graph.nodes.values()) {
    // A check tells what it found itself.
    if (!spec?.evidence?.length || spec.agentName === CHECKER) continue;
    isAsked = true;
    const attempt = state.recovery.tries.get(id)?.attempt;
    if (!attempt) continue;
    for await (const page of journal.read(state.run, { attempt: { taskId: id, attempt } }))
      for (const event of page) {
        const shown = event.type === "context:shown" && isRecord(event.entry) ? event.entry["evidence"] : undefined;
        // Written by this program, and protected by the journal's checksums.
        const told = shown as EvidenceSet | undefined;
        for (const one of told?.findings ?? []) findings.set(`${placeOf(one)} ${one.collector} ${one.text}`, one);
        for (const one of told?.notes ?? []) notes.set(`${one.collector} ${one.text}`, one);
      }
  }
  if (!isAsked) return undefined;
  return { findings: [...findings.values()].sort(byWeight).slice(0, MOST), notes: [...notes.values()].slice(0, MOST) };
}
