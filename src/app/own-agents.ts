/** Agents that a run has of Tutti itself: nobody's files can name them. */
import type { AgentDefinition } from "./agents.ts";
import { LANE, laneAgent } from "./landing.ts";
import type { Branch } from "./lineage.ts";
import { POSTER, posterAgent } from "./posting.ts";

const OWN: { readonly [name: string]: AgentDefinition } = { [LANE]: laneAgent, [POSTER]: posterAgent };

export const ownAgent = (name: string): AgentDefinition | undefined =>
  Object.hasOwn(OWN, name) ? OWN[name] : undefined;

/** Those that a branch of a run needs beside its crew. */
export const addedBy = ({ land, post }: Branch): { readonly [name: string]: AgentDefinition } => ({
  ...(land && { [LANE]: laneAgent }),
  ...(post && { [POSTER]: posterAgent }),
});
