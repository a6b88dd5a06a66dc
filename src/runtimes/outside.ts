/** What all runtimes share whose agents are programs or services of others: the files, the prompt, the verdict, the price. */
import { reasonOf } from "../domain/error.ts";
import type { Needs } from "../domain/events.ts";
import type { Json } from "../domain/json.ts";
import type { Attempt, AttemptWorld, Clock, Outcome, Usage } from "../domain/ports.ts";
import { isRecord } from "../domain/shape.ts";
import type { Workspaces } from "../domain/workspace.ts";
import type { Fault } from "./model/faults.ts";
import { promptFor } from "./model/prompt.ts";
import type { Delta, ModelSettings } from "./model/runtime.ts";
import { type JsonSchema, type ReadReply, readerOf } from "./model/schema.ts";
import { type Prices, priceOf, type TokenUsage } from "./prices.ts";
import { Ground } from "./tools/ground.ts";

export interface OutsideOptions {
  /** Ours: what a program may know of it is picked out. */
  readonly env: { readonly [name: string]: string | undefined };
  /** Absent: there are no files to work on. */
  readonly workspaces?: Workspaces;
  readonly prices?: Prices;
  readonly clock: Clock;
  readonly instructionsOf: (agentName: string) => ModelSettings | undefined;
  readonly onDelta?: (delta: Delta) => void;
}

export const never = (reason: string): Outcome => ({ ok: false, failure: "error", retry: "never", reason });
export const failed = (fault: Fault, usage?: Usage): Outcome => ({ ok: false, ...fault, ...(usage && { usage }) });
export const stopped = (signal: AbortSignal, usage?: Usage): Outcome =>
  failed({ failure: "stopped", reason: reasonOf(signal.reason), retry: "safe" }, usage);

/** Opens the files for an attempt, lets it work there, and keeps what it wrote before its outcome is told. */
export async function onGround(
  workspaces: Workspaces,
  attempt: Attempt,
  world: AttemptWorld,
  work: (ground: Ground) => Promise<Outcome>,
): Promise<Outcome> {
  // Whoever goes on with an attempt goes on in its files.
  const of = {
    run: attempt.run,
    taskId: attempt.task.id,
    attempt: attempt.continues?.[0] ?? attempt.attempt,
    after: world.before(),
    ...(attempt.handed && { from: attempt.handed.files ?? attempt.handed.attempt }),
  };
  let opened: Ground;
  try {
    opened = await Ground.open(workspaces, of, world, true);
  } catch (error) {
    const reason = `the files that it works on cannot be had: ${reasonOf(error)}`;
    return { ok: false, failure: "error", retry: "safe", reason };
  }
  await using ground = opened;
  // Awaited here: the files must stand until all is kept.
  return await ground.kept(await work(ground));
}

/** Said to whoever goes on in a session of before. */
export const GO_ON =
  "The machine stopped while you were at work, and you were begun again. Look what has been done already, do nothing twice, and go on with your task to its end.";

/** What is asked of one attempt. */
export interface Task {
  readonly prompt: string;
  /** Where the output has a schema. */
  readonly read?: ReadReply;
}

/** Throws where the output's schema cannot be used. */
export async function taskFor(attempt: Attempt, settings: ModelSettings, notes: readonly string[]): Promise<Task> {
  const { output } = attempt.task as { readonly output?: unknown };
  const schema = isRecord(output) ? (output as JsonSchema) : settings.output;
  const read = schema === undefined ? undefined : await readerOf(schema);
  const parts = [
    ...(settings.instructions === undefined ? [] : [`## Who you are\n\n${settings.instructions}`]),
    ...promptFor(attempt).map(({ text }) => text),
    ...notes,
    ...(schema === undefined ? [] : [`${SHAPED}\n\n${JSON.stringify(schema)}`]),
  ];
  return { prompt: parts.join("\n\n"), ...(read && { read }) };
}

const SHAPED = "Your last reply must be JSON alone, without any other words, and fit this JSON Schema:";

/** What it said, as the output that was asked for. */
export function outputOf(who: string, text: string, { read }: Task): Fault | { readonly output: Json } {
  if (text.trim() === "")
    return { failure: "invalid-output", retry: "safe", reason: `${who} ended without a word of result` };
  if (!read) return { output: text };
  const got = read(text);
  return got.ok ? { output: got.value } : { failure: "invalid-output", retry: "safe", reason: `${who}: ${got.reason}` };
}

/** Under the first of these names whose price is known; null is not known. */
export async function costOf(
  names: readonly (string | undefined)[],
  tokens: TokenUsage,
  prices: Prices = {},
): Promise<number | null> {
  for (const name of names) {
    const cost = name === undefined ? null : await priceOf(name, tokens, { prices });
    if (cost !== null) return cost;
  }
  return null;
}

/** Whoever watches must not be able to fail what is watched. */
export function tellDelta(
  { onDelta }: Pick<OutsideOptions, "onDelta">,
  { run, task, attempt }: Attempt,
  text: string,
): void {
  try {
    onDelta?.({ run, taskId: task.id, attempt, text });
  } catch {
    // Nobody to tell: it is a signal that nobody waits for.
  }
}

export const NOTHING: Usage = { tokensUsed: 0, costUsd: 0 };

/**
 * How an attempt leaves off that is begun again after it had passed its task on: it has worked, and nobody knows what
 * that took.
 */
export function passedOn(world: AttemptWorld): Outcome | undefined {
  const leave = world.heir?.() === undefined ? undefined : world.turn(NOTHING, needsOf(""));
  return leave && { ...leave, usage: { tokensUsed: 0, costUsd: null } };
}

/** The least that a turn takes: what is said to it. How much more it takes nobody knows before. */
export const needsOf = (prompt: string): Needs => ({ tokens: Math.ceil(prompt.length / 3.5), usd: 0 });
