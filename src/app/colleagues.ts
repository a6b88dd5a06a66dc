/** Agents beyond those of a run's plan: whoever is at work there may ask one for help, or hand a task over to one. */
import type { AgentCard } from "../domain/plan.ts";
import type { Colleagues } from "../domain/ports.ts";
import type { AgentDefinition } from "./agents.ts";

/** `agent`: what it is, where the plan does not name it. */
export type Scouting = (
  ...asked: Parameters<Colleagues["find"]>
) => { readonly agentName: string; readonly agent?: AgentDefinition } | { readonly fault: string };

/** What is found joins the crew of the program that conducts the run, so that it can be performed there. */
export const colleaguesBy = (
  scout: Scouting,
  join: (name: string, agent: AgentDefinition) => AgentCard,
): Colleagues => ({
  find(wanted, of) {
    const found = scout(wanted, of);
    if ("fault" in found || found.agent === undefined) return found;
    return { agentName: found.agentName, card: join(found.agentName, found.agent) };
  },
});
