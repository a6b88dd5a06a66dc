/** What the workflows of a repository would have done, for whoever is asked to trust them: their tasks, and by whom. */
import type { TrustState } from "../library/trust.ts";
import type { WorkflowOnDisk } from "../library/workflow-files.ts";
import type { Io } from "./io.ts";
import { oneLine, painter, wrap } from "./text.ts";

/** Tasks that are shown of one. */
const MOST = 30;

export async function showWorkflows(io: Io, found: readonly WorkflowOnDisk[], state: TrustState): Promise<void> {
  if (found.length === 0) return;
  const { templateFrom } = await import("../workflows/template-file.ts");
  const paint = painter(io.isColoured);
  const count = `${found.length} workflow${found.length === 1 ? "" : "s"}`;
  io.out(`and brings ${count}${state.is === "trusted" ? ", all trusted" : ""}:`);
  for (const { file, path, text, isProgram, fault } of found) {
    io.out(`\n${paint("bold", oneLine(file))}${paint("yellow", markOf(state, file))}`);
    if (text === undefined) {
      io.out(
        wrap(isProgram ? "a program, which Tutti does not run" : oneLine(fault ?? "unreadable"), io.columns, "  "),
      );
      continue;
    }
    // Somebody will be found: who it is does not matter here.
    const read = templateFrom(text, path, { agentFor: () => ({ agentName: "whoever fits best", agentReason: "" }) });
    if (!read.ok) {
      const [first] = read.faults;
      io.out(wrap(oneLine(`faulty, ${first?.line}:${first?.column}: ${first?.message}`), io.columns, "  "));
      continue;
    }
    io.out(wrap(oneLine(read.template.description), io.columns, "  "));
    const tasks = read.template.buildTasks({});
    for (const { id, agentName, reads = [], model } of tasks.slice(0, MOST)) {
      const more = [...reads.map((glob) => `reads ${glob}`), ...(model === undefined ? [] : [`model ${model}`])];
      io.out(wrap(oneLine(`${id}: ${[agentName, ...more].join(", ")}`), io.columns, "  "));
    }
    if (tasks.length > MOST) io.out(`  and ${tasks.length - MOST} more tasks`);
  }
  io.out("");
}

function markOf(state: TrustState, file: string): string {
  if (state.is !== "changed") return "";
  return state.added.includes(file) ? "  new" : state.changed.includes(file) ? "  changed" : "";
}
