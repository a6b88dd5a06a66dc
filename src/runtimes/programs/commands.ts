/** Agents that are programs of the user's own, as `config.yaml` names them. */
import type { Attempt, AttemptWorld, Outcome } from "../../domain/ports.ts";
import { childEnvironment } from "../../process/environment.ts";
import { findProgram } from "../../process/find.ts";
import { scrubber } from "../model/secrets.ts";
import { never, type OutsideOptions, onGround } from "../outside.ts";
import type { RuntimeRef } from "../runtime-ref.ts";
import { jsonLines, plainText } from "./plain.ts";
import { runDialect } from "./runtime.ts";

export interface CommandSetting {
  readonly command: string;
  /** `{promptFile}` among them: the prompt lies there, and does not come on the standard input. */
  readonly args?: readonly string[];
  /** Names of ours that it may see. */
  readonly env?: readonly string[];
  /** `lines`: JSON lines that say more than a text. Default `text`. */
  readonly output?: "text" | "lines";
  /** Milliseconds. */
  readonly timeout?: number;
}
export type CommandSettings = { readonly [name: string]: CommandSetting };
export interface CommandOptions extends OutsideOptions {
  readonly commands?: CommandSettings;
}

/** Why it cannot be begun here. */
export function commandFault(name: string, commands: CommandSettings, path: string | undefined): string | undefined {
  const setting = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (!setting) return `there is no command '${name}' in config.yaml`;
  return findProgram(setting.command, path) === undefined
    ? `'${setting.command}' is not installed, or not where PATH says`
    : undefined;
}

export async function performCommand(
  ref: RuntimeRef,
  attempt: Attempt,
  world: AttemptWorld,
  options: CommandOptions,
): Promise<Outcome> {
  const { commands = {}, env, workspaces } = options;
  const fault = commandFault(ref.name, commands, env["PATH"]);
  const setting = commands[ref.name];
  if (fault !== undefined || !setting) return never(fault ?? "it is not here");
  const { command, args = [], env: names = [], output = "text", timeout } = setting;
  const file = findProgram(command, env["PATH"]) ?? command;
  // What it needs to do the same thing once only, however often it is begun.
  const own = { TUTTI_EFFECT: attempt.effectId, TUTTI_TASK: attempt.task.id };
  const program = { who: ref.text, file, args, env: childEnvironment(env, names, own), advice: "see its own manual" };
  const scrub = scrubber(names.map((name) => env[name]));
  const limits = timeout === undefined ? {} : { limits: { wall: timeout, idle: timeout } };
  const of = { ref, attempt, world, options, program, scrub, ...limits };
  const dialect = output === "lines" ? jsonLines : plainText;
  const outcome = workspaces
    ? await onGround(workspaces, attempt, world, (ground) => runDialect(dialect, of, ground))
    : await runDialect(dialect, of, undefined);
  return outcome.ok ? outcome : { ...outcome, reason: scrub(outcome.reason) };
}
