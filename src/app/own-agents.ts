/** Agents that a run has of Tutti itself: nobody's files can name them. */
import type { RunState } from "../core/state.ts";
import { TuttiError } from "../domain/error.ts";
import type { AgentDefinition } from "./agents.ts";
import { LANE, laneAgent } from "./landing.ts";
import type { Branch } from "./lineage.ts";
import { POSTER, posterAgent } from "./posting.ts";

const OWN: { readonly [name: string]: AgentDefinition } = { [LANE]: laneAgent, [POSTER]: posterAgent };

export const ownAgent = (name: string): AgentDefinition | undefined =>
  Object.hasOwn(OWN, name) ? OWN[name] : undefined;

/** Those that a branch of a run needs beside its crew. */
export function addedBy({ land, post }: Branch, of: RunState): { readonly [name: string]: AgentDefinition } {
  if (land && of.start?.rehearsed)
    throw new TuttiError("WRONG_STATE", `run ${of.run} was a rehearsal: nothing was written that could land`, {
      path: "run",
      hint: "run it for real, with --deliver",
    });
  return { ...(land && { [LANE]: laneAgent }), ...(post && { [POSTER]: posterAgent }) };
}
