/** The agents of a run that its journal holds, so that it can go on, be done again, or only be ended. */

import { isPerson } from "../agents/definition.ts";
import { CONDUCTOR } from "../conductor/agent.ts";
import type { RunState } from "../core/state.ts";
import { CHECKER } from "../domain/check-result.ts";
import { TuttiError } from "../domain/error.ts";
import type { AgentTask } from "../domain/plan.ts";
import type { Runtime } from "../domain/ports.ts";
import { hasOutput, isSettled, type Node } from "../graph/dag.ts";
import { taskOf } from "../graph/expand.ts";
import type { AgentDefinition } from "./agents.ts";
import { checkerFor } from "./checker.ts";
import { conductorAgent } from "./conductor-agent.ts";
import { callable, definitionOf, type Known } from "./crew-of-files.ts";
import { namesIn } from "./names-in.ts";
import { ownAgent } from "./own-agents.ts";
import { isReal, performerOf } from "./performers.ts";
import { personOf } from "./persons.ts";
import { REPLANNER, replannerAgent } from "./replanner.ts";

/** Which tasks are still to be done: by a resume, by a retry or fork, and by one that begins further up. */
export const TO_DO = {
  rest: (node: Node) => !isSettled(node),
  unfinished: (node: Node) => !hasOutput(node),
  all: () => true,
} as const;
export type ToDo = (typeof TO_DO)[keyof typeof TO_DO];

type Agents = { readonly [name: string]: AgentDefinition };

/**
 * With the models that the run began with. Throws BAD_INPUT where an agent is gone, or where a model that is still
 * needed cannot be called now: the run would go on only to fail for good.
 */
export function crewOfRun(state: RunState, known: Known, toDo: ToDo): Agents {
  const { files, settings } = known;
  const agents = new Map<string, AgentDefinition>();
  for (const [name, { runtime, model, choices }] of Object.entries(state.places.agents)) {
    const ours = ownAgent(name);
    if (ours && runtime === ours.runtime) {
      agents.set(name, ours);
      continue;
    }
    if (name === CHECKER) {
      agents.set(name, checkerFor(runtime === "rehearsal"));
      continue;
    }
    if (name === REPLANNER && runtime === REPLANNER) {
      const by = model === undefined ? {} : { model, provider: performerOf(model, "model", settings).provider };
      agents.set(name, replannerAgent(by));
      continue;
    }
    const person = runtime === "human" ? files.get(name) : undefined;
    if (person && isPerson(person)) {
      agents.set(name, personOf(person));
      continue;
    }
    if ((!isReal(runtime) && runtime !== "rehearsal") || model === undefined)
      throw new TuttiError(
        "BAD_INPUT",
        `run ${state.run} was begun by a program: its agent '${name}' is a ${runtime} of that program`,
        { path: "run", hint: "resume it with the program that began it" },
      );
    if (runtime === CONDUCTOR) {
      agents.set(name, conductorAgent(model, performerOf(model, "model", settings).provider));
      continue;
    }
    const file = files.get(name);
    // Of a rehearsed conversation: the conductor is nobody's file.
    if (file === undefined && name === CONDUCTOR && runtime === "rehearsal") {
      agents.set(name, { ...conductorAgent(model, performerOf(model, "model", settings).provider), runtime });
      continue;
    }
    if (file === undefined)
      throw new TuttiError("BAD_INPUT", `run ${state.run} needs agent '${name}', which is no longer in the library`, {
        path: `agents.${name}`,
        hint: "put its file back, or cancel the run",
      });
    const of = { rehearse: runtime === "rehearsal", settings, ...(choices && { choices }) };
    agents.set(name, definitionOf(file, model, of));
  }
  for (const { model, by } of modelsNeeded(state, toDo)) callable(model, `agents.${by}`, settings);
  return Object.fromEntries(agents);
}

/** The real models that these tasks call, each with an agent that needs it. */
export function modelsNeeded(state: RunState, toDo: ToDo): readonly { readonly model: string; readonly by: string }[] {
  const needed = new Map<string, string>();
  for (const node of state.graph.nodes.values()) {
    if (!node.spec || node.removed || !toDo(node)) continue;
    for (const name of namesIn(node.spec)) {
      const card = state.places.agents[name];
      const several = card?.choices?.map((one) => one.model) ?? [card?.model];
      for (const model of node.spec.model === undefined ? several : [node.spec.model])
        if (isReal(card?.runtime) && model !== undefined && !needed.has(model)) needed.set(model, name);
    }
  }
  return [...needed].map(([model, by]) => ({ model, by }));
}

/** Stand-ins for a run that is only ended: nobody is asked anything. */
export function standIns(state: RunState): { agents: Agents; runtimes: { readonly [name: string]: Runtime } } {
  const agents = Object.keys(state.places.agents).map((name) => [name, { runtime: "none" }] as const);
  const reason = "the run was only taken up to be ended";
  const none: Runtime = { perform: async () => ({ ok: false, failure: "bug", reason, retry: "never" }) };
  return { agents: Object.fromEntries(agents), runtimes: { none } };
}

export function tasksOf(state: RunState): readonly AgentTask[] {
  return [...state.graph.nodes.values()].flatMap(({ spec }) => (spec ? [taskOf(spec)] : []));
}
