/** What the cases of the journal's contract are made of: sample events, and ways to wait and to be refused. */
import assert from "node:assert/strict";
import { TuttiError } from "../domain/error.ts";
import type { RunEvent, Summary } from "../domain/events.ts";
import type { Batch, InboxCommand, Journal, ReadOptions } from "../domain/ports.ts";

export interface JournalCase {
  readonly name: string;
  run(make: () => Promise<Journal>): Promise<void>;
}

export const T0 = 1_760_000_000_000;
export const ids = (n: number): string => `01k0000000${String(n).padStart(16, "0")}`;
export const RUN = ids(1);
export const SUMMARY: Summary = {
  ...{ totalTasks: 3, successfulTasks: 2, failedTasks: 1, skippedTasks: 0 },
  ...{ totalTokens: 10, totalCostUsd: null, totalDuration: 5 },
};

export function checkpointEvent(run: string, seq: number, name = `c${seq}`): RunEvent {
  return { type: "checkpoint", run, seq, at: T0 + seq, name };
}
export function startEvent(run: string, workflow = "test", at = T0): RunEvent {
  const options = {
    ...{ maxParallelAgents: 3, enableCommunication: true, contextStrategy: "shared" as const },
    ...{ pruningThreshold: 1, retryDelay: 1, maxRestarts: 1, seed: 1 },
  };
  return { type: "workflow:start", run, seq: 1, at, workflow, taskCount: 2, format: 1, agents: {}, options };
}
export function completeEvent(run: string, seq: number, at = T0 + seq): RunEvent {
  return { type: "workflow:complete", run, seq, at, status: "complete", summary: SUMMARY };
}
export function turnEvent(run: string, seq: number, taskId: string, attempt: number): RunEvent {
  const entry = { text: `turn ${seq}` };
  return { type: "turn:complete", run, seq, at: T0 + seq, taskId, agentName: "coder", attempt, entry };
}
/** Checkpoints numbered from `from` to `to`. */
export function batch(run: string, from: number, to: number): Batch {
  const events: RunEvent[] = [];
  for (let seq = from; seq <= to; seq++) events.push(checkpointEvent(run, seq));
  return { expected: from - 1, events };
}
export async function readAll(journal: Journal, run: string, options?: ReadOptions): Promise<RunEvent[]> {
  const events: RunEvent[] = [];
  for await (const page of journal.read(run, options)) events.push(...page);
  return events;
}
export const numbers = (events: readonly RunEvent[]): number[] => events.map((event) => event.seq);
export const count = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);

export async function refused(code: string, work: Promise<unknown>, says?: RegExp): Promise<TuttiError> {
  const thrown = await work.then(
    () => assert.fail(`it should have been refused with ${code}`),
    (error: unknown) => error,
  );
  assert.ok(thrown instanceof TuttiError, `a TuttiError, not ${String(thrown)}`);
  assert.equal(thrown.code, code, thrown.message);
  if (says !== undefined) assert.match(thrown.message, says);
  return thrown;
}

/** Waits for an inbox to have given this many commands. */
export function received(writer: { commands: Awaited<ReturnType<Journal["create"]>>["commands"] }, many: number) {
  const all: InboxCommand[] = [];
  // An unreferenced journal keeps no process alive; whoever waits for it must.
  const alive = setInterval(() => {}, 60_000);
  return new Promise<InboxCommand[]>((resolve) => {
    const end = writer.commands((commands) => {
      all.push(...commands);
      if (all.length < many) return;
      queueMicrotask(() => end());
      clearInterval(alive);
      resolve(all);
    });
  });
}

export async function ended(journal: Journal, run: string, at: number, workflow = "test"): Promise<void> {
  const writer = await journal.create(run);
  await writer.append({ expected: 0, events: [startEvent(run, workflow, at - 1), completeEvent(run, 2, at)] });
  await writer.close();
}

export function test(name: string, run: (journal: Journal) => Promise<void>): JournalCase {
  return {
    name,
    async run(make) {
      const journal = await make();
      try {
        await run(journal);
      } finally {
        await journal[Symbol.asyncDispose]();
      }
    },
  };
}
