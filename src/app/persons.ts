/** Agents of files that are persons: what is asked of them, and who is asked when they do not answer. */
import { type AgentFile, isPerson } from "../agents/definition.ts";
import { durationIn } from "../domain/duration.ts";
import { TuttiError } from "../domain/error.ts";
import { didYouMean } from "../domain/nearest.ts";
import type { AgentTask } from "../domain/plan.ts";
import type { AgentDefinition } from "./agents.ts";
import { powersOf } from "./agents.ts";

type Files = ReadonlyMap<string, AgentFile>;

export function personOf(file: AgentFile): AgentDefinition {
  const { description, instructions, person, deadline, otherwise, places } = file;
  const within = typeof deadline === "string" ? durationIn(deadline) : deadline;
  return {
    runtime: "human",
    ...{ description, instructions, ...powersOf(file) },
    ...(person !== undefined && { person }),
    ...(within !== undefined && { deadline: within }),
    ...(otherwise !== undefined && { otherwise }),
    ...(places !== undefined && { places }),
  };
}

/** Whoever a person's file names for when nobody answers comes right after that person. Throws BAD_INPUT. */
export function escalated(tasks: readonly AgentTask[], files: Files): readonly AgentTask[] {
  return tasks.map((task, i) => {
    const named = [task.agentName, ...(task.fallbacks ?? [])];
    const chain = chainOf(named, files);
    if (task.model !== undefined && isPerson(files.get(task.agentName)))
      throw new TuttiError("BAD_INPUT", `task '${task.id}' names a model, and '${task.agentName}' is a person`, {
        path: `tasks[${i}].model`,
        hint: "leave the model out, or give the task to an agent that is none",
      });
    return chain.length === named.length ? task : { ...task, fallbacks: chain.slice(1) };
  });
}

function chainOf(named: readonly string[], files: Files): readonly string[] {
  const chain = new Set<string>();
  const add = (name: string, by?: string) => {
    if (chain.has(name)) return;
    if (by !== undefined && !files.has(name))
      throw new TuttiError(
        "BAD_INPUT",
        `agent '${by}' escalates to '${name}'${didYouMean(name, files.keys()) || ", who does not exist"}`,
        {
          path: `agents.${by}.escalate`,
        },
      );
    chain.add(name);
    for (const next of files.get(name)?.escalate ?? []) add(next, name);
  };
  for (const name of named) add(name);
  return [...chain];
}
