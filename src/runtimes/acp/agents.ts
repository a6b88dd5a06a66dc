/** The coding agents that may be begun here: those known by name, and those that the user has set. */
import { findProgram } from "../../process/find.ts";
import { PRESETS, type Preset, type Way } from "./presets.ts";

/** As the user's `config.yaml` says it. */
export interface CodingAgentSetting {
  /** Absent: as it is known by that name. */
  readonly command?: string;
  readonly args?: readonly string[];
  /** Names of ours that it may see too. */
  readonly env?: readonly string[];
  /** Its program may serve several attempts, one after the other. */
  readonly reuse?: boolean;
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
  const { command, args = [], env = [], reuse = false } = setting;
  const ways = command === undefined ? undefined : [{ command, args }];
  if (preset)
    return {
      ...{ ...preset, ways: ways ?? preset.ways, env: [...preset.env, ...env] },
      ...(reuse && preset.takesReuse && { reuse }),
    };
  if (!ways) return undefined;
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

/** Those whose program is here, the user's own first. */
export function installedAgents(
  own: CodingAgentSettings | undefined,
  path: string | undefined,
): readonly { readonly name: string; readonly who: string }[] {
  const names = codingAgentNames(own).filter((name) => agentFault(name, own ?? {}, path) === undefined);
  return names.map((name) => ({ name, who: codingAgent(name, own)?.who ?? name }));
}

/** Why it cannot be begun here. */
export function agentFault(name: string, own: CodingAgentSettings, path: string | undefined): string | undefined {
  const preset = codingAgent(name, own);
  const setting = Object.hasOwn(own, name) ? own[name] : undefined;
  if (!preset && setting) return `codingAgents.${name} must say its 'command': no coding agent is known by that name`;
  if (setting?.reuse && !preset?.takesReuse)
    return `codingAgents.${name}.reuse must go: it is not known whether one program of it keeps several tasks apart`;
  if (setting?.args && setting.command === undefined)
    return `codingAgents.${name}.args belong to a 'command', and it says none`;
  if (!preset) return `there is no coding agent '${name}'`;
  if (wayOf(preset, path)) return undefined;
  const names = preset.ways.map(({ command }) => `'${command}'`);
  return `${preset.who} is not installed, or not where PATH says: ${names.join(" or ")} is not there`;
}
