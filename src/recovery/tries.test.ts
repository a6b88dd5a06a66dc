import * as fc from "fast-check";
import { expect, test } from "vitest";
import { told, who } from "../../test/support/told.ts";
import type { EventOf, RunEvent } from "../domain/events.ts";
import { afterFailure, type FailedAttempt } from "./ladders.ts";
import { createRecovery, deadLetter, evolveRecovery, nextRetry, type Recovery, type Tries, takeDue } from "./tries.ts";

const spec = (more: object = {}) => told("task:added", { ...who("x"), ...more }) as EventOf<"task:added">;
const tries = (more: Partial<Tries> = {}): Tries => ({
  agentName: "a",
  attempt: 1,
  restart: 0,
  failures: 0,
  fallback: 0,
  inFlight: true,
  startedAt: 0,
  model: "m",
  left: [],
  taken: {},
  ...more,
});
const failed = (more: Partial<FailedAttempt> = {}): FailedAttempt => ({
  failure: "error",
  reason: "no",
  retry: "safe",
  ...more,
});
const options = { seed: 1, retryDelay: 1000 };

function recoveryAfter(...events: RunEvent[]): Recovery {
  const recovery = createRecovery();
  for (const event of events) evolveRecovery(recovery, event);
  return recovery;
}
const invoke = (id: string, more: object = {}) => told("agent:invoke", { ...who(id), attempt: 1, ...more });
const died = told("workflow:resumed", { recovered: true });

test("waits double around the delay, never beyond a minute, and are the same for the same seed", async () => {
  await fc.assert(
    fc.property(
      fc.nat(2 ** 32 - 1),
      fc.integer({ min: 1, max: 60 }),
      fc.nat(20),
      fc.nat(60_000),
      (seed, attempt, failures, retryDelay) => {
        const of = () =>
          afterFailure(tries({ attempt, failures }), spec({ retries: 100 }), failed(), { seed, retryDelay });
        const next = of();
        expect(of()).toEqual(next);
        const delay = next.step === "back-off" ? next.delay : Number.NaN;
        expect(Number.isInteger(delay)).toBe(true);
        expect(delay).toBeGreaterThanOrEqual(Math.min(60_000, retryDelay * 2 ** failures * 0.5));
        expect(delay).toBeLessThanOrEqual(Math.min(60_000, Math.ceil(retryDelay * 2 ** failures * 1.5)));
      },
    ),
  );
});

test("the jitter of tasks that failed together keeps them apart", () => {
  const delays = ["a", "b", "c", "d", "e"].map((id) => {
    const next = afterFailure(tries(), spec({ taskId: id }), failed(), options);
    return next.step === "back-off" ? next.delay : 0;
  });
  expect(new Set(delays).size).toBe(5);
});

test.each([
  [0, 0, 0],
  [90_000, 90_000, 90_000],
  [1e9, 3_600_000, 3_600_000],
])("a server that asks for %i ms gets between %i and %i, or the backoff", (retryAfter, least, most) => {
  const next = afterFailure(tries(), spec(), failed({ retryAfter }), options);
  const delay = next.step === "back-off" ? next.delay : -1;
  expect(delay).toBeGreaterThanOrEqual(least);
  expect(delay).toBeLessThanOrEqual(Math.max(most, 1500));
});

test.each<[string, object, Partial<Tries>, Partial<FailedAttempt>, string | undefined]>([
  ["two retries by default", {}, { failures: 1 }, {}, "back-off"],
  ["no third one", {}, { failures: 2 }, {}, undefined],
  ["none where there are to be none", { retries: 0 }, {}, {}, undefined],
  ["none of what can never work", { retries: 9 }, {}, { retry: "never" }, undefined],
  ["the first fallback next", { retries: 0, fallbacks: ["b", "c"] }, {}, {}, "b"],
  ["the second one after it", { retries: 0, fallbacks: ["b", "c"] }, { fallback: 1 }, {}, "c"],
  ["an end after the last one", { retries: 0, fallbacks: ["b", "c"] }, { fallback: 2 }, {}, undefined],
  ["a fallback for what this agent can never do", { fallbacks: ["b"] }, {}, { retry: "never" }, "b"],
])("after a failure there are %s", (_what, more, had, fault, step) => {
  const next = afterFailure(tries(had), spec(more), failed(fault), options);
  expect(next.to ?? next.step).toBe(step);
});

test("waits are over in the order of their times, each told once, and not after the task has begun or ended", () => {
  const retry = (id: string, resumeAt: number) =>
    told("task:retry", { ...who(id), attempt: 1, resumeAt, counts: true });
  const recovery = recoveryAfter(
    ...["a", "b", "c", "d"].map((id) => invoke(id)),
    retry("a", 30),
    retry("b", 10),
    retry("c", 20),
    retry("d", 5),
  );
  evolveRecovery(recovery, told("task:cancelled", who("d")));
  expect(nextRetry(recovery)).toBe(10);
  expect(takeDue(recovery, 9)).toEqual([]);
  expect(takeDue(recovery, 20)).toEqual(["b", "c"]);
  expect(takeDue(recovery, 20)).toEqual([]);
  expect([...recovery.waiting.keys()]).toEqual(["a", "b", "c"]);
  evolveRecovery(recovery, invoke("a", { attempt: 2 }));
  expect(takeDue(recovery, 99)).toEqual([]);
  expect(nextRetry(recovery)).toBeUndefined();
});

test("a fallback begins with no failures, at once, and its attempts are numbered on", () => {
  const recovery = recoveryAfter(
    invoke("x", { attempt: 3 }),
    told("task:retry", { ...who("x"), attempt: 3, resumeAt: 70, counts: true }),
    told("task:fallback", { ...who("x"), to: "b", at: 7 }),
  );
  expect(recovery.tries.get("x")).toMatchObject({
    agentName: "b",
    attempt: 3,
    failures: 0,
    fallback: 1,
    inFlight: false,
  });
  expect(takeDue(recovery, 7)).toEqual(["x"]);
});

test("an attempt that was only stopped is no failure of its agent", () => {
  const recovery = recoveryAfter(
    invoke("x"),
    told("task:retry", { ...who("x"), attempt: 1, resumeAt: 0, counts: false }),
  );
  expect(recovery.tries.get("x")).toMatchObject({ failures: 0, inFlight: false });
});

test("[I3] what was under way when the host died is parked in order, and tried alone from the second time on", () => {
  const recovery = recoveryAfter(
    invoke("x"),
    invoke("y"),
    invoke("z"),
    told("task:complete", { ...who("y"), attempt: 1 }),
    died,
  );
  expect([...recovery.parked]).toEqual(["x", "z"]);
  evolveRecovery(recovery, invoke("x", { restart: 1 }));
  expect([[...recovery.parked], recovery.alone]).toEqual([["z"], undefined]);
  evolveRecovery(recovery, died);
  expect([...recovery.parked].sort()).toEqual(["x", "z"]);
  evolveRecovery(recovery, invoke("x", { restart: 2 }));
  expect(recovery.alone).toBe("x");
  evolveRecovery(recovery, told("task:complete", { ...who("x"), attempt: 1 }));
  expect([recovery.alone, recovery.tries.get("x")?.restart]).toEqual([undefined, 0]);
  evolveRecovery(recovery, invoke("z", { restart: 2 }));
  evolveRecovery(recovery, died);
  expect(recovery.alone).toBeUndefined();
});

test("an attempt that waits for a person when its host ends is not blamed, however often", () => {
  const died = told("workflow:resumed", { recovered: true });
  const asked = { ...who("x"), gate: "x#1.a", attempt: 1 };
  const recovery = recoveryAfter(invoke("x"), told("gate:opened", { ...asked, question: "May it?" }));
  for (let visit = 0; visit < 5; visit++) {
    evolveRecovery(recovery, died);
    expect(recovery.tries.get("x")?.restart).toBe(0);
    evolveRecovery(recovery, invoke("x", { restart: 1 }));
  }
  evolveRecovery(recovery, told("gate:decided", { ...asked, decision: "approve" }));
  evolveRecovery(recovery, died);
  expect(recovery.tries.get("x")?.restart).toBe(1);
});

test("[I3] at the limit of restarts an attempt is a dead letter", () => {
  expect([0, 1, 2, 3, 4].map((restart) => deadLetter(tries({ restart }), 3) !== undefined)).toEqual([
    false,
    false,
    false,
    true,
    true,
  ]);
  expect(deadLetter(tries({ restart: 3 }), 3)).toBe(
    "its host died 4 times while this attempt was under way; it is not begun again",
  );
  expect(deadLetter(tries(), 0)).toContain("1 times");
});

test("a task that was passed on after it had been gone on with is passed on with the files of its first attempt", () => {
  const handing = { summary: "half" };
  const recovery = recoveryAfter(
    invoke("x"),
    told("task:retry", {
      ...who("x"),
      attempt: 1,
      failure: "budget",
      reason: "",
      delay: 0,
      counts: false,
      resumeAt: 0,
    }),
    invoke("x", { attempt: 2 }),
    told("handoff", { ...who("x"), attempt: 2, to: "b", package: handing }),
    told("task:retry", {
      ...{ ...who("x"), attempt: 2, failure: "stopped", reason: "", delay: 0, counts: false, resumeAt: 0 },
      handedTo: "b",
    }),
  );
  const { agentName: from } = who("x");
  expect(recovery.tries.get("x")).toMatchObject({
    agentName: "b",
    handoffs: 1,
    handed: { from, attempt: 2, files: 1, package: handing },
  });
  expect(recovery.tries.get("x")).not.toHaveProperty("continues");
  expect(recovery.tries.get("x")).not.toHaveProperty("heir");
});
