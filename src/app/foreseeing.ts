/**
 * While agents of a run are still at work whose work is to land: whoever is just writing where another has written
 * something else is told at once, and need not find out when it lands.
 */
import type { Changes } from "../domain/workspace.ts";
import { clashes } from "../workspace/lane/foresight.ts";
import type { WorktreeOptions } from "../workspace/worktrees.ts";
import type { RunHandle } from "./handle.ts";
import type { AgentOrchestrator } from "./orchestrator.ts";

interface AtWork {
  readonly taskId: string;
  readonly attempt: number;
  readonly agentName: string;
}
interface Done {
  readonly taskId: string;
  readonly agentName: string;
  readonly changes: Changes;
}

const MOST_NAMED = 10;
const OVER = ["task:complete", "task:error", "task:retry", "task:cancelled"] as const;

export function foresee(orchestrator: AgentOrchestrator, handle: RunHandle, where: WorktreeOptions): void {
  const atWork = new Map<string, AtWork>();
  const told = new Set<string>();
  orchestrator.on("agent:invoke", ({ taskId, attempt, agentName }) => {
    atWork.set(taskId, { taskId, attempt, agentName });
  });
  for (const type of OVER) orchestrator.on(type, ({ taskId }) => void atWork.delete(taskId));
  orchestrator.on("task:complete", ({ taskId, agentName, changes }) => {
    if (changes === undefined) return;
    for (const one of atWork.values()) void tell({ taskId, agentName, changes }, one);
  });

  async function tell(done: Done, one: AtWork): Promise<void> {
    // To look is a favour: whatever is wrong with it shows when the work lands.
    const files = await clashes(where, done.changes, { run: handle.id, ...one }).catch(() => []);
    const key = `${done.taskId} ${one.taskId} ${one.attempt}`;
    if (files.length === 0 || told.has(key) || atWork.get(one.taskId) !== one) return;
    told.add(key);
    const named = files.slice(0, MOST_NAMED).join(", ");
    const text = `What you are changing for task '${one.taskId}' conflicts with what '${done.agentName}' has finished for task '${done.taskId}', in ${named}. It lands before yours (git show ${done.changes.commit.slice(0, 12)} has it): change these places so that both fit, or leave them alone.`;
    await handle.command({ type: "message", to: one.agentName, content: text, from: "merge-lane" }).catch(() => {});
  }
}
