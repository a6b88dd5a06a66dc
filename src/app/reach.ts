/** A run whose model cannot be called by anybody is refused before it is stored. */
import { TuttiError } from "../domain/error.ts";
import type { AgentTask } from "../domain/plan.ts";
import type { Settings } from "../library/settings.ts";
import { unreachable } from "../runtimes/model/reachable.ts";
import type { Chosen } from "./crew-of-files.ts";
import type { OrderConfig } from "./order.ts";

interface Plan extends Pick<Chosen, "agents"> {
  readonly tasks: readonly AgentTask[];
  readonly config: OrderConfig;
}
type Environment = { readonly [name: string]: string | undefined };

/** Fall-back agents are not asked about: a plan may well go through without them. */
export async function checkReach({ agents, tasks, config }: Plan, settings: Settings, env: Environment): Promise<void> {
  // Behind a proxy a direct connection tells nothing.
  if (config.rehearse || env["NODE_USE_ENV_PROXY"]) return;
  const models = tasks.flatMap(({ model, agentName }) => model ?? agents[agentName]?.model ?? []);
  const found = await unreachable(models, settings.providers);
  if (found === undefined) return;
  throw new TuttiError("UNREACHABLE", `${found.model} cannot be called: ${found.reason}`, {
    path: "config.model",
    hint: "start it, correct its address, name another model with --model provider/id, or rehearse with --rehearse",
  });
}
