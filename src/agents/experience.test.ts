import { describe, expect, test } from "vitest";
import type { RunEvent } from "../domain/events.ts";
import { Lesson } from "./experience.ts";
import { Performance } from "./performance.ts";
import { conductedIn, StatisticsBook } from "./statistics.ts";

let seq = 0;
const at = (type: string, more: object = {}): RunEvent =>
  ({ run: "r", seq: ++seq, at: 100 * seq, type, ...more }) as unknown as RunEvent;
const begin = (more: object = {}) =>
  at("workflow:start", { workflow: "w", options: { maxParallelAgents: 3 }, ...more });
const added = (taskId: string, agentName: string, more: object = {}) =>
  at("task:added", { taskId, agentName, dependencies: [], phase: "build", ...more });
const invoked = (taskId: string, agentName: string) =>
  at("agent:invoke", { taskId, agentName, attempt: 1, model: "a/m" });
const spent = { duration: 2000, tokensUsed: 50, costUsd: 0.02 };
const complete = (taskId: string, agentName: string, output: unknown = "x") =>
  at("task:complete", { taskId, agentName, attempt: 1, success: true, output, ...spent });
const retried = (taskId: string, agentName: string, failure = "error") =>
  at("task:retry", { taskId, agentName, failure, delay: 1, counts: failure !== "budget", ...spent });

function learned(...events: readonly RunEvent[]) {
  const lesson = new Lesson();
  for (const event of events) lesson.note(event);
  return lesson.done();
}

describe("what a run says about its agents", () => {
  test("an observation for each attempt, with model and kind; the first is told from the next", () => {
    const lesson = learned(
      begin(),
      added("a", "x"),
      at("task:start", { taskId: "a", agentName: "x" }),
      invoked("a", "x"),
      retried("a", "x"),
      complete("a", "x"),
    );
    const common = { agent: "x", model: "a/m", kind: "build", duration: 2000, tokens: 50, costUsd: 0.02 };
    expect(lesson?.observations).toEqual([
      { ...common, ok: false, first: true },
      { ...common, ok: true, first: false },
    ]);
    expect(lesson?.conducting).toMatchObject({ delegated: 1, retried: 1, places: 3, decomposition: 200 });
  });

  test("what conducting came to: who was chosen, what was added, said and handed over", () => {
    const one = learned(
      begin({ taskCount: 1 }),
      added("a", "x", { agentReason: "x with 80 %" }),
      added("a.2", "x"),
      at("task:start", { taskId: "a", agentName: "x" }),
      at("message:sent", { from: "x", to: "y", kind: "data", content: "hi", taskId: "a" }),
      at("message:sent", { from: "person", to: "x", kind: "data", content: "hi" }),
      at("task:fallback", { taskId: "a", agentName: "x", to: "y", reason: "it failed" }),
      complete("a", "y"),
    );
    if (one === undefined) throw new Error("nothing was learned");
    const counts = { delegated: 1, routed: 1, added: 1, messages: 1, gates: 0, planChanges: 0, retried: 0 };
    expect(one.conducting).toMatchObject({ ...counts, fellBack: 1 });
    const slow = { ...one, conducting: { ...one.conducting, decomposition: 9000 } };
    expect(conductedIn([one, slow, one])).toEqual({
      ...{ runs: 3, delegated: 3, routed: 3, added: 3, messages: 3, gates: 0, planChanges: 0, retried: 0 },
      ...{ handedOver: 3, decomposition: one.conducting.decomposition },
    });
  });

  test.each<[string, readonly RunEvent[], number]>([
    ["a reviewer who approves", [complete("b", "judge", { approved: true })], 1],
    ["a reviewer who does not", [complete("b", "judge", { approved: false })], 0.25],
    ["a score of ten", [complete("b", "judge", { score: 7 })], 0.7],
    ["a score of a hundred", [complete("b", "judge", { score: 85 })], 0.85],
    [
      "a person at the gate behind it",
      [at("gate:decided", { taskId: "b", agentName: "judge", gate: "b", decision: "reject" })],
      0.25,
    ],
  ])("%s says how good the work before was", (_what, events, quality) => {
    const judged = learned(
      begin(),
      added("a", "x"),
      added("b", "judge", { dependencies: ["a"] }),
      complete("a", "x"),
      ...events,
    );
    expect(judged?.observations[0]).toMatchObject({ agent: "x", quality });
  });

  test("a loop that goes round again says that the last round was not good enough", () => {
    const lesson = learned(begin(), added("a", "x"), complete("a", "x"), added("a.2", "x"), complete("a.2", "x"));
    expect(lesson?.observations.map(({ quality }) => quality)).toEqual([0.5, undefined]);
  });

  test("who was stopped or had to wait for a provider has not failed, and a rehearsal says nothing", () => {
    const events = [added("a", "x"), retried("a", "x", "rate-limit"), complete("a", "x")];
    expect(learned(begin(), ...events)?.observations).toHaveLength(1);
    expect(learned(begin({ rehearsed: true }), ...events)).toBeUndefined();
    const handed = at("task:retry", { taskId: "a", agentName: "x", failure: "stopped", handedTo: "y", ...spent });
    const lesson = learned(begin(), added("a", "x"), handed, complete("a", "y"));
    expect([lesson?.conducting.retried, lesson?.observations.length]).toEqual([0, 1]);
  });

  test("they are put together by agent, model, workflow and kind", () => {
    const book = new StatisticsBook();
    const lesson = learned(
      begin(),
      added("a", "x"),
      added("b", "y"),
      invoked("a", "x"),
      retried("a", "x"),
      complete("a", "x"),
      complete("b", "y"),
    );
    if (lesson) book.add(lesson);
    const { p50, p90 } = { p50: 2000, p90: 2000 };
    expect(Object.fromEntries(book.by("agent"))).toEqual({
      x: { attempts: 2, success: 0.5, firstApproval: 0, duration: { p50, p90 }, tokens: 100, costUsd: 0.04 },
      y: { attempts: 1, success: 1, firstApproval: 1, duration: { p50, p90 }, tokens: 50, costUsd: 0.02 },
    });
    expect([
      ...book.by("model").keys(),
      ...book.by("workflow").keys(),
      ...book.by("kind").keys(),
      ...book.by("agent/model").keys(),
      ...book.by("agent/workflow").keys(),
    ]).toEqual(["a/m", "w", "build", "x → a/m", "x → w", "y → w"]);
  });
});

describe("what may be expected", () => {
  const note = (performance: Performance, ok: boolean, more: object = {}) =>
    performance.note({ agent: "x", kind: "k", ok, duration: 1000, tokens: 1, costUsd: 0.1, ...more });

  test("by kind where that is known, else over all", () => {
    const performance = new Performance();
    note(performance, true);
    note(performance, false, { kind: "other" });
    expect(performance.track("x", "k")).toMatchObject({ attempts: 1, successes: 1 });
    expect(performance.track("x", "unseen")?.attempts).toBeCloseTo(2, 1);
    expect(performance.track("nobody")).toBeUndefined();
  });

  test("what was long ago counts less, and an unknown price never for nothing", () => {
    const performance = new Performance();
    for (let i = 0; i < 200; i++) note(performance, i < 100, i === 0 ? { costUsd: null } : {});
    const track = performance.track("x", "k");
    expect((track?.successes ?? 1) / (track?.attempts ?? 1)).toBeLessThan(0.1);
    expect([track?.attempts ?? 0, track?.costUsd]).toEqual([expect.closeTo(38, -1), expect.closeTo(0.1)]);
  });
});
