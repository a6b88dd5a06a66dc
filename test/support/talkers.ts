/** Agents that are shown a prompt, remember it, and say what a test wants. */
import type { AgentTask, Attempt, AttemptWorld, Outcome, Runtime } from "../../src/index.ts";

type Say = (attempt: Attempt, world: AttemptWorld) => string | undefined | Promise<string | undefined>;

export class Talkers implements Runtime {
  readonly converses = true;
  /** Prompts, by task, the newest last. */
  readonly shown = new Map<string, string[]>();
  readonly #say: Say;

  constructor(say: Say = () => undefined) {
    this.#say = say;
  }

  async perform(attempt: Attempt, world: AttemptWorld): Promise<Outcome> {
    const { id } = attempt.task;
    this.shown.set(id, [...(this.shown.get(id) ?? []), attempt.shown?.text ?? "NOTHING SHOWN"]);
    const output = (await this.#say(attempt, world)) ?? `the word of ${id}`;
    return { ok: true, output, usage: { tokensUsed: 1, costUsd: 0 } };
  }

  /** What a task's last attempt was shown. */
  prompt(id: string): string {
    return this.shown.get(id)?.at(-1) ?? "";
  }
}

export const agentsOf = (...names: readonly string[]) =>
  Object.fromEntries(names.map((name) => [name, { runtime: "talk" }]));

/** By the agent of its own name, unless another is named. */
export const say = (id: string, dependencies: readonly string[] = [], more: Partial<AgentTask> = {}): AgentTask => ({
  ...{ id, agentName: id, description: `task ${id}`, prompt: `Say something about ${id}`, dependencies },
  ...more,
});
