/** An attempt of a model, without a run around it. */
import type { LogEntry } from "../../src/domain/facts.ts";
import type { PlannedTask } from "../../src/domain/plan.ts";
import type { Attempt, AttemptWorld } from "../../src/domain/ports.ts";

type More = Partial<Omit<Attempt, "task">> & { readonly task?: Partial<PlannedTask> };

export function attemptOf(model: string, more: More = {}): Attempt {
  const { task, ...rest } = more;
  const prompt = rest.prompt ?? "Do it";
  return {
    run: "run",
    effectId: "run/t#1",
    agentName: "writer",
    agent: { runtime: "model", model },
    prompt,
    attempt: 1,
    restart: 0,
    results: {},
    messages: [],
    ...rest,
    task: { id: "t", agentName: "writer", description: "a task", prompt, ...task },
  };
}

export interface HeldWorld extends AttemptWorld {
  readonly entries: LogEntry[];
  stop(reason: string): void;
}

export function heldWorld(entries: LogEntry[] = []): HeldWorld {
  const controller = new AbortController();
  return {
    entries,
    signal: controller.signal,
    stop: (reason) => controller.abort(new Error(reason)),
    log: {
      read: async () => entries,
      append: async (...more) => void entries.push(...more),
    },
    board: { get: () => undefined, set: async () => 1 },
    send: async () => {},
    before: () => [],
    turn: () => undefined,
    ask: async () => ({ decision: "reject", note: "nobody is here", by: "test" }),
  };
}
