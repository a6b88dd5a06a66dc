import { expect, test } from "vitest";
import type { RunEvent } from "../domain/events.ts";
import { eventLine, eventWords } from "./plain.ts";
import { Calls } from "./story.ts";
import { moneyText } from "./units.ts";

const of = (type: string, fields: object) =>
  eventWords({ type, run: "01k0000000000000000abcdefg", seq: 1, at: 0, ...fields } as unknown as RunEvent);
const retry = {
  taskId: "a",
  agentName: "x",
  attempt: 1,
  duration: 0,
  tokensUsed: 0,
  costUsd: 0,
  delay: 0,
  resumeAt: 0,
};

test("an attempt that left off for want of budget has not failed: what was kept is said, and how it goes on", () => {
  const left = { ...retry, failure: "budget", counts: false, reason: "the budget of 1 usd does not allow task 'a'" };
  expect(of("task:retry", { ...left, turns: 3 })).toBe(
    "attempt 1 left off at the limit: the budget of 1 usd does not allow task 'a'; 3 turns kept, it goes on after them",
  );
  expect(of("task:retry", { ...left, turns: 1 })).toMatch(/; 1 turn kept, it goes on after it$/);
  expect(of("task:retry", { ...left, failure: "stopped", reason: "lunch", turns: 0 })).toBe(
    "attempt 1 left off: lunch; nothing is lost",
  );
  expect(of("workflow:paused", { cause: "budget", reason: "it is spent" })).toBe(
    "paused (budget): it is spent; go on with: tutti resume 0abcdefg --budget AMOUNT",
  );
  expect(of("workflow:paused", { cause: "user", reason: "lunch" })).toBe("paused (user): lunch");
  expect(
    of("task:retry", { ...retry, failure: "error", counts: true, reason: "no", delay: 500, step: "back-off" }),
  ).toBe("attempt 1 failed (error): no; again in 500ms");
});

test("what was left out is counted, and not told twice", () => {
  const skipped = { taskId: "a", agentName: "x", how: "replaced", reason: "another does it" };
  const line = (fields: object) =>
    eventLine({ type: "task:skipped", run: "r", seq: 1, at: 0, ...fields } as unknown as RunEvent, 0);
  expect(line(skipped)).toMatch(/a skipped: the changed plan goes around it$/);
  expect(line({ ...skipped, how: "failure" })).toMatch(/a skipped: another does it$/);
  const summary = { totalTasks: 9, successfulTasks: 4, skippedTasks: 5, totalDuration: 1000 };
  expect(of("workflow:complete", { status: "complete", summary })).toBe("complete: 4 of 9 tasks, 5 skipped in 1.0s");
  expect(of("task:reused", { reason: "kept as it was", tokensSaved: 0 })).toBe("reused: kept as it was");
});

test("each call of a tool is one line, when it ends: what was called, and how that went", () => {
  const calls = new Calls();
  const line = (type: string, entry: object) =>
    eventLine(
      { type, run: "01k0000000000000000abcdefg", seq: 1, at: 0, taskId: "a", attempt: 1, entry } as unknown as RunEvent,
      0,
      calls,
    )?.replace(/ +/g, " ");
  expect(line("tool:call", { id: "1", name: "bash", input: { command: "npm test\n\u001b[31m" } })).toBeUndefined();
  expect(line("tool:result", { id: "1", name: "bash", undone: true, asks: true })).toBe(
    "0abcdefg +0ms a bash npm test: a person is asked first",
  );
  expect(line("tool:result", { id: "1", name: "bash", text: "all well" })).toBe("0abcdefg +0ms a bash npm test: done");
  expect(line("tool:call", { id: "3", name: "prove", input: { gates: ["npm test", "lint"] } })).toBeUndefined();
  expect(line("tool:result", { id: "3", name: "prove", text: "" })).toBe(
    "0abcdefg +0ms a prove 'npm test' and 'lint': done",
  );
  expect(line("tool:result", { id: "2", name: "read", text: "no such file", fault: "failed" })).toBe(
    "0abcdefg +0ms a read: failed: no such file",
  );
});

test("an amount that is too small to be shown is not shown as nothing", () => {
  expect([0, 0.00004, 0.0001, 0.02, 3].map(moneyText)).toEqual(["$0", "<$0.0001", "$0.0001", "$0.020", "$3.00"]);
  expect(moneyText(null)).toBe("unknown");
});
