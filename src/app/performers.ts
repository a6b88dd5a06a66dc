/** Who a model's name means: a model behind an API, or an agent that is a program or service of others. */

import { CONDUCTOR } from "../conductor/agent.ts";
import { TuttiError } from "../domain/error.ts";
import type { Settings } from "../library/settings.ts";
import { agentFault, codingAgent } from "../runtimes/acp/agents.ts";
import { type ModelRef, parseModelRef } from "../runtimes/model/model-ref.ts";
import { baseUrlOf, configFault } from "../runtimes/model/providers.ts";
import { outsidersOf } from "../runtimes/outside-runtime.ts";
import { commandFault } from "../runtimes/programs/commands.ts";
import { remoteFault } from "../runtimes/remote/runtime.ts";
import { OUTSIDE, parseRuntimeRef, type RuntimeRef } from "../runtimes/runtime-ref.ts";

export interface Performer {
  readonly runtime: "model" | RuntimeRef["runtime"];
  /** Its name, in the long form. */
  readonly text: string;
  /** With whom it takes a place. */
  readonly provider: string;
  readonly model?: ModelRef;
  readonly outside?: RuntimeRef;
}

/** Of runs that a journal holds: those that this program can go on with. */
export const isReal = (runtime: string | undefined): boolean =>
  runtime === "model" || runtime === CONDUCTOR || OUTSIDE.some((one) => one === runtime);

/** Throws BAD_INPUT that names who named it. */
export function performerOf(name: string, path: string, settings: Settings): Performer {
  try {
    const outside = parseRuntimeRef(name, outsidersOf(settings));
    if (outside) {
      const { runtime, text, name: who } = outside;
      return { runtime, text, provider: `${runtime}/${who}`, outside };
    }
    const model = parseModelRef(name, Object.keys(settings.providers.compatible));
    const provider = model.name === undefined ? model.provider : `${model.provider}/${model.name}`;
    return { runtime: "model", text: model.text, provider, model };
  } catch (error) {
    if (!(error instanceof TuttiError)) throw error;
    const { code, message, hint } = error;
    throw new TuttiError(code, message, { path, ...(hint === undefined ? {} : { hint }) });
  }
}

/** Why it cannot be called as things are configured now. */
export function performerFault({ model, outside }: Performer, settings: Settings): string | undefined {
  if (model) return configFault(model, settings.providers);
  const { codingAgents = {}, commands = {}, remotes = {}, path } = settings;
  if (outside?.runtime === "acp") return agentFault(outside.name, codingAgents, path);
  if (outside?.runtime === "command") return commandFault(outside.name, commands, path);
  return outside && remoteFault(outside.name, remotes);
}

/** Whether it says itself what it costs, so that a limit of money can hold it. */
export const tellsPrice = ({ outside }: Performer, { codingAgents = {} }: Settings): boolean =>
  outside?.runtime === "acp" && codingAgent(outside.name, codingAgents)?.tellsUsd === true;

/** Where a compatible server is: well-known ones have known prices. */
export const addressOf = ({ model }: Performer, { providers }: Settings): string | undefined =>
  model && baseUrlOf(model, providers);
