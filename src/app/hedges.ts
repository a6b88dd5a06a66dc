/** A task may only be tried twice at once where its agents change nothing. */
import { TuttiError } from "../domain/error.ts";
import type { AgentTask } from "../domain/plan.ts";
import type { Agents } from "./agents.ts";
import { namesIn } from "./names-in.ts";

/** Tools that only look. */
const LOOKS: readonly string[] = ["read", "list", "search", "fetch"];

/** Throws BAD_INPUT for an agent with a tool that may change something. A function is its author's to vouch for. */
export function checkHedges(tasks: readonly AgentTask[], agents: Agents): void {
  for (const task of tasks) {
    if (task.hedge === undefined) continue;
    for (const name of namesIn(task)) {
      const agent = Object.hasOwn(agents, name) ? agents[name] : undefined;
      if (typeof agent === "object" && agent.runtime === "human")
        throw new TuttiError("BAD_INPUT", `task '${task.id}': 'hedge' would ask '${name}' twice, who is a person`, {
          path: `tasks.${task.id}.hedge`,
        });
      const tools = typeof agent === "object" ? (agent.tools ?? []) : [];
      const acts = tools.find((tool) => !LOOKS.includes(tool.replace(/\(.*$/s, "")));
      if (acts === undefined) continue;
      const message = `task '${task.id}': 'hedge' would let agent '${name}' act twice, and it has the tool '${acts}'`;
      const hint = "leave 'hedge' out, or give the task to an agent that only reads";
      throw new TuttiError("BAD_INPUT", message, { path: `tasks.${task.id}.hedge`, hint });
    }
  }
}
