/** Runs whose attempts end when the test says so. */

import { settled, VirtualClock } from "../../src/app/virtual-clock.ts";
import { AgentOrchestrator, type AgentTask, type FunctionContext, type OrchestratorConfig } from "../../src/index.ts";

export const plain = (id: string, more: Partial<AgentTask> = {}): AgentTask => ({
  id,
  agentName: "agent",
  description: id,
  prompt: "",
  ...more,
});
export const chain = [plain("a"), plain("b", { dependencies: ["a"] })];

/** Its agent takes tasks and keeps them. */
export class Held {
  readonly under = new Map<string, (output: unknown) => void>();
  readonly begun: string[] = [];
  readonly agent = (t: { id: string }, { signal }: FunctionContext) =>
    new Promise((resolve, reject) => {
      this.begun.push(t.id);
      this.under.set(t.id, resolve);
      signal.addEventListener("abort", () => reject(signal.reason));
    });
  async end(id: string, output: unknown = `${id} done`): Promise<void> {
    this.under.get(id)?.(output);
    this.under.delete(id);
    await settled();
  }
}

export function begin(tasks: readonly AgentTask[], config: OrchestratorConfig = {}) {
  const clock = new VirtualClock();
  const held = new Held();
  const orchestrator = new AgentOrchestrator({ clock, agents: { agent: held.agent }, ...config });
  const handle = orchestrator.execute({ tasks });
  return { clock, held, orchestrator, handle };
}
