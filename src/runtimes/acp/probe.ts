/** What a coding agent that is installed says of itself: it is begun, lets itself be greeted, and is ended. Nothing is asked and nothing paid. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { reasonOf } from "../../domain/error.ts";
import { childEnvironment } from "../../process/environment.ts";
import { type CodingAgentSettings, codingAgent, codingAgentNames, wayOf } from "./agents.ts";
import type { Preset, Way } from "./presets.ts";
import type { Introduction } from "./protocol.ts";
import { AgentSession } from "./session.ts";

export interface Probed {
  readonly name: string;
  readonly preset: Preset;
  readonly way: Way;
  /** Absent: it is driven without the protocol, or `fault` says why it did not answer. */
  readonly introduction?: Introduction;
  readonly fault?: string;
}
export interface ProbeOptions {
  readonly env: { readonly [name: string]: string | undefined };
  readonly codingAgents?: CodingAgentSettings;
  /** Milliseconds for each. */
  readonly patience?: number;
}

const PATIENCE = 10_000;
/** At once: some take hundreds of megabytes to begin. */
const AT_ONCE = 2;

/** All that are installed, in the order of their names. */
export async function probeAgents(options: ProbeOptions): Promise<readonly Probed[]> {
  const { env, codingAgents = {} } = options;
  const installed = codingAgentNames(codingAgents).flatMap((name) => {
    const preset = codingAgent(name, codingAgents);
    const found = preset && wayOf(preset, env["PATH"]);
    return preset && found ? [{ name, preset, ...found }] : [];
  });
  const queue = [...installed];
  const probed: Probed[] = [];
  const work = async () => {
    for (let next = queue.shift(); next; next = queue.shift()) probed.push(await probe(next, options));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return probed.sort((a, b) => (a.name < b.name ? -1 : 1));
}

async function probe(
  {
    name,
    preset,
    way,
    file,
  }: { readonly name: string; readonly preset: Preset; readonly way: Way; readonly file: string },
  { env, patience = PATIENCE }: ProbeOptions,
): Promise<Probed> {
  const about = { name, preset, way };
  if (way.native !== undefined) return about;
  const cwd = await mkdtemp(join(tmpdir(), "tutti-probe-"));
  const given = childEnvironment(env, preset.env, preset.set);
  const program = { who: preset.who, file, args: way.args, env: given, advice: preset.login };
  const surroundings = { updated: () => {}, answer: () => Promise.reject(new Error("nothing is asked here")) };
  try {
    const timers = { hello: patience, grace: 500 };
    await using session = await AgentSession.begin(program, { cwd, surroundings, timers });
    return { ...about, introduction: session.introduction };
  } catch (error) {
    return { ...about, fault: reasonOf(error) };
  } finally {
    await rm(cwd, { recursive: true, force: true, maxRetries: 3 });
  }
}
