import { expect, test } from "vitest";
import { told, who } from "../../test/support/told.ts";
import type { EventOf } from "../domain/events.ts";
import type { Failure, Step } from "../domain/failures.ts";
import { afterFailure, type Means, rejected, shownBy } from "./ladders.ts";
import { createRecovery, evolveRecovery, type Recovery, type Tries } from "./tries.ts";

const spec = (more: object = {}) => told("task:added", { ...who("x"), ...more }) as EventOf<"task:added">;
const MEANS: Means = { seed: 1, retryDelay: 1 };

/** The rungs that are taken one after the other while every attempt fails in the same way. */
function climb(failure: Failure, retry: "safe" | "never", task: object = {}, means: Partial<Means> = {}): string[] {
  const recovery = createRecovery();
  const taken: string[] = [];
  for (let attempt = 1; attempt < 20; attempt++) {
    const agentName = recovery.tries.get("x")?.agentName ?? "a";
    const left = recovery.tries.get("x")?.left ?? [];
    const model = (means.choices ?? [{ model: "only" }]).find((one) => !left.includes(one.model))?.model ?? "only";
    evolveRecovery(recovery, told("agent:invoke", { ...who("x"), agentName, attempt, model }));
    const tries = recovery.tries.get("x") as Tries;
    const next = afterFailure(tries, spec(task), { failure, reason: "no", retry }, { ...MEANS, ...means });
    taken.push(next.to ?? next.step ?? "end");
    if (next.step === undefined || next.gate || next.ask) return taken;
    const { step } = next;
    evolveRecovery(
      recovery,
      told("task:retry", { ...who("x"), agentName, attempt, step, failure, reason: "no", counts: true, resumeAt: 0 }),
    );
    if (next.to !== undefined) evolveRecovery(recovery, told("task:fallback", { ...who("x"), agentName, to: next.to }));
  }
  return taken;
}
const asking = { id: "replan-1", agentName: "p", description: "", prompt: "", replans: "x" };
const choices = [{ model: "m1" }, { model: "m2" }, { model: "m3" }];

test.each<[Failure, "safe" | "never", object, Partial<Means>, string[]]>([
  ["error", "safe", { fallbacks: ["b"] }, {}, ["back-off", "back-off", "b", "back-off", "back-off", "end"]],
  ["error", "never", { fallbacks: ["b"] }, {}, ["b", "end"]],
  ["rate-limit", "safe", {}, {}, ["wait", "wait", "end"]],
  ["error", "safe", { fallbacks: ["b"], retries: 0 }, { asking }, ["b", "replan"]],
  ["quota", "never", {}, { asking, attended: true }, ["person"]],
  ["quota", "never", {}, { asking }, ["replan"]],
  ["rejected", "never", {}, { asking }, ["end"]],
  ["timeout", "safe", { recovery: { timeout: ["fallback"] } }, { asking }, ["end"]],
  ["context-window", "never", { fallbacks: ["b"] }, {}, ["reduce-context", "b", "reduce-context", "end"]],
  ["context-window", "never", {}, { choices }, ["reduce-context", "switch-model", "end"]],
  ["context-window", "never", { retries: 0 }, { choices }, ["end"]],
  ["quota", "never", { retries: 5 }, { choices }, ["switch-model", "switch-model", "end"]],
  ["quota", "never", { model: "m1" }, { choices }, ["end"]],
  ["auth", "never", { fallbacks: ["b"] }, { attended: true }, ["b", "person"]],
  ["auth", "never", {}, {}, ["end"]],
  ["auth", "never", { recovery: { auth: ["person"] } }, {}, ["person"]],
  ["invalid-output", "safe", { retries: 3 }, {}, ["repair", "back-off", "back-off", "end"]],
  ["invalid-output", "never", {}, {}, ["end"]],
  ["stalled", "never", { fallbacks: ["b"] }, {}, ["reset", "b", "reset", "end"]],
  ["crash", "safe", {}, {}, ["reset", "end"]],
  ["budget", "safe", { fallbacks: ["b"] }, {}, ["end"]],
  ["bug", "never", {}, {}, ["end"]],
  ["error", "safe", {}, { recovery: { error: [] } }, ["end"]],
  [
    "error",
    "safe",
    { recovery: { error: ["back-off"] } },
    { recovery: { error: [] } },
    ["back-off", "back-off", "end"],
  ],
  ["error", "never", { retries: 9, recovery: { error: ["reset", "reset"] } }, {}, ["reset", "reset", "end"]],
])("after '%s' (%s) with %j and %j comes %j", (failure, retry, task, means, steps) => {
  expect(climb(failure, retry, task, means)).toEqual(steps);
});

const retried = (step: Step, more: object = {}) =>
  told("task:retry", {
    ...who("x"),
    attempt: 1,
    step,
    failure: "error",
    reason: "a dot is missing",
    counts: true,
    resumeAt: 5,
    ...more,
  });
const state = (step: Step): Recovery => {
  const recovery = createRecovery();
  evolveRecovery(recovery, told("agent:invoke", { ...who("x"), attempt: 1, model: "m1" }));
  evolveRecovery(recovery, retried(step));
  return recovery;
};

test("each halving of the context halves the threshold once more, and another agent begins with the whole", () => {
  const options = { contextStrategy: "shared" as const, pruningThreshold: 1001 };
  const recovery = state("reduce-context");
  expect(shownBy(recovery.tries.get("x"), options)?.pruningThreshold).toBe(500);
  evolveRecovery(recovery, retried("reduce-context"));
  expect(shownBy(recovery.tries.get("x"), options)?.pruningThreshold).toBe(250);
  evolveRecovery(recovery, told("task:fallback", { ...who("x"), to: "b" }));
  expect(shownBy(recovery.tries.get("x"), options)).toBe(options);
  expect(shownBy(undefined, options)).toBe(options);
});

test("what is to be mended is kept for the agent that was told, and no longer", () => {
  const recovery = state("repair");
  expect(recovery.tries.get("x")?.hint).toBe("a dot is missing");
  evolveRecovery(recovery, told("task:fallback", { ...who("x"), to: "b" }));
  expect(recovery.tries.get("x")?.hint).toBeUndefined();
});

test("whoever waits for a person waits for no time", () => {
  expect([...state("person").waiting]).toEqual([]);
  expect([...state("back-off").waiting]).toEqual([["x", 5]]);
});

test("a person who does not approve gives it up or leaves it out, and a gate before a task is another one", () => {
  const tries = state("person").tries.get("x");
  const gate = "x#1.recovery";
  expect(rejected(tries, gate, "x", undefined)).toMatchObject({ failure: "error", isSkipped: false });
  expect(rejected(tries, gate, "x", "Skip it, we do not need it")).toMatchObject({ isSkipped: true });
  expect(rejected(tries, gate, "x", "skipping would be wrong").isSkipped).toBe(false);
  expect(rejected(undefined, "x", "x", "skip")).toEqual({
    failure: "rejected",
    reason: "rejected at its gate: skip",
    isSkipped: false,
  });
});
