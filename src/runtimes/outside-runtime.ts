/** Performs what is named in the place of a model and is none: a coding agent, a command, a remote agent. */
import { reasonOf } from "../domain/error.ts";
import type { Runtime } from "../domain/ports.ts";
import { codingAgentNames } from "./acp/agents.ts";
import { type AcpOptions, performAcp } from "./acp/runtime.ts";
import { never, type OutsideOptions } from "./outside.ts";
import { type CommandSettings, performCommand } from "./programs/commands.ts";
import { performRemote, type RemoteSettings } from "./remote/runtime.ts";
import { type Outsiders, parseRuntimeRef, type RuntimeRef } from "./runtime-ref.ts";

export interface OutsideSettings {
  readonly codingAgents?: AcpOptions["codingAgents"];
  readonly commands?: CommandSettings;
  readonly remotes?: RemoteSettings;
}
export interface OutsideRuntimeOptions extends OutsideOptions {
  readonly settings: OutsideSettings;
  readonly agents?: AcpOptions["agents"];
}

export const outsidersOf = ({ codingAgents = {}, commands = {}, remotes = {} }: OutsideSettings): Outsiders => ({
  acp: codingAgentNames(codingAgents),
  command: Object.keys(commands),
  http: Object.keys(remotes),
});

export function outsideRuntime({ settings, agents, ...options }: OutsideRuntimeOptions): Runtime {
  const { codingAgents = {}, commands = {}, remotes = {} } = settings;
  return {
    converses: true,
    async perform(attempt, world) {
      const model = attempt.task.model ?? attempt.agent.model ?? "";
      let ref: RuntimeRef | undefined;
      try {
        ref = parseRuntimeRef(model, outsidersOf(settings));
      } catch (error) {
        return never(reasonOf(error));
      }
      if (!ref) return never(`'${model}' names no agent of others`);
      if (ref.runtime === "acp")
        return performAcp(ref, attempt, world, { ...options, codingAgents, ...(agents && { agents }) });
      if (ref.runtime === "command") return performCommand(ref, attempt, world, { ...options, commands });
      return performRemote(ref, attempt, world, { ...options, remotes });
    },
  };
}
