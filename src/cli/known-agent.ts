/** An agent by its name, or the error that proposes the right one. */
import type { Host } from "../app/host.ts";
import { TuttiError } from "../domain/error.ts";
import { didYouMean } from "../domain/nearest.ts";

export function agentOf({ library }: Host, name: string) {
  const agent = library.agents.get(name);
  if (agent) return agent;
  throw new TuttiError("NOT_FOUND", `there is no agent '${name}'${didYouMean(name, library.agents.keys())}`, {
    path: "agent",
    hint: "tutti agents lists them",
  });
}
