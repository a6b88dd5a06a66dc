/** The coding agents that may be begun here: those known by name, and those that the user has set. */
import { findProgram } from "../../process/find.ts";
import { PRESETS, type Preset, type Way } from "./presets.ts";

/** As the user's `config.yaml` says it. */
export interface CodingAgentSetting {
  readonly command: string;
  readonly args?: readonly string[];
  /** Names of ours that it may see too. */
  readonly env?: readonly string[];
}
export type CodingAgentSettings = { readonly [name: string]: CodingAgentSetting };

export const codingAgentNames = (own: CodingAgentSettings = {}): readonly string[] => [
  ...new Set([...Object.keys(own), ...Object.keys(PRESETS)]),
];

/** What the user has set wins over what is known by that name. */
export function codingAgent(name: string, own: CodingAgentSettings = {}): Preset | undefined {
  const preset = Object.hasOwn(PRESETS, name) ? PRESETS[name] : undefined;
  const setting = Object.hasOwn(own, name) ? own[name] : undefined;
  if (!setting) return preset;
  const { command, args = [], env = [] } = setting;
  const ways = [{ command, args }];
  if (preset) return { ...preset, ways, env: [...preset.env, ...env] };
  const limits =
    "whether it asks before it acts is up to its own settings: what it does without asking is not held back";
  return { who: name, ways, env, limits, login: "see its own manual" };
}

/** The first way whose program is installed. */
export function wayOf(
  { ways }: Preset,
  path: string | undefined,
): { readonly way: Way; readonly file: string } | undefined {
  for (const way of ways) {
    const file = findProgram(way.command, path);
    if (file !== undefined) return { way, file };
  }
  return undefined;
}

/** Why it cannot be begun here. */
export function agentFault(name: string, own: CodingAgentSettings, path: string | undefined): string | undefined {
  const preset = codingAgent(name, own);
  if (!preset) return `there is no coding agent '${name}'`;
  if (wayOf(preset, path)) return undefined;
  const names = preset.ways.map(({ command }) => `'${command}'`);
  return `${preset.who} is not installed, or not where PATH says: ${names.join(" or ")} is not there`;
}
