/** Tasks with equal content are different samples: N voters stay N, in one run and in the next (I11). */
import type { RunEvent } from "../domain/events.ts";
import { canonical, sha256 } from "../domain/json.ts";
import type { AgentCards } from "../domain/plan.ts";

export interface Samples {
  agents: AgentCards;
  readonly counts: Map<string, number>;
  /** Only those that are not the first of their kind. */
  readonly of: Map<string, number>;
}

export function createSamples(): Samples {
  return { agents: {}, counts: new Map(), of: new Map() };
}

export function evolveSamples(samples: Samples, event: RunEvent): void {
  if (event.type === "workflow:start") samples.agents = event.agents;
  if (event.type === "plan:changed" && event.agents) samples.agents = { ...samples.agents, ...event.agents };
  if (event.type !== "task:added" || samples.agents[event.agentName]?.hash === undefined) return;
  const { agentName, description, prompt, context, item, model, dependencies } = event;
  const given = context === undefined && item === undefined ? null : canonical([context, item]);
  const text = JSON.stringify([agentName, description, prompt, model, dependencies, given]);
  const kind = text.length > 200 ? sha256(text) : text;
  const before = samples.counts.get(kind) ?? 0;
  samples.counts.set(kind, before + 1);
  if (before > 0) samples.of.set(event.taskId, before);
}
