/** What a run does about attempts that fail, by the class of the failure. */
import { expect, test } from "vitest";
import { settled, VirtualClock } from "../src/app/virtual-clock.ts";
import { AgentOrchestrator, type AgentTask, type OrchestratorConfig } from "../src/index.ts";
import { eventsOf, finish } from "./support/finish.ts";

const plain = (id: string, more: Partial<AgentTask> = {}): AgentTask => ({
  id,
  agentName: "agent",
  description: id,
  prompt: "Do it",
  ...more,
});
const fail = (failure: string, more: object = {}): never => {
  throw Object.assign(new Error(`it was ${failure}`), { failure, ...more });
};
type Agents = OrchestratorConfig["agents"] & object;

async function play(tasks: readonly AgentTask[], agents: Agents, more: OrchestratorConfig = {}) {
  const clock = new VirtualClock();
  await using orchestrator = new AgentOrchestrator({ agents, clock, seed: 1, ...more });
  const handle = orchestrator.execute({ tasks });
  const results = await finish(clock, handle);
  const events = await finish(clock, eventsOf(handle));
  const steps = events.flatMap((event) => (event.type === "task:retry" ? [event.step] : []));
  return { results, events, steps };
}

test("a reply that was not accepted is asked for once more with what was wrong with it", async () => {
  const hints: unknown[] = [];
  const { results, steps } = await play([plain("a")], {
    agent: (t) => {
      hints.push(t.hint);
      return t.hint === undefined ? fail("invalid-output", { message: "'n' is missing" }) : "mended";
    },
  });
  expect(results.tasks["a"]).toMatchObject({ output: "mended", attempts: 2 });
  expect([hints, steps]).toEqual([[undefined, "'n' is missing"], ["repair"]]);
});

test("an agent that goes in circles begins anew once, and then another takes over", async () => {
  const { results, steps } = await play([plain("a", { fallbacks: ["other"] })], {
    agent: () => fail("stalled", { retry: "never" }),
    other: () => "done",
  });
  expect(results.tasks["a"]).toMatchObject({ output: "done", attempts: 3 });
  expect(steps).toEqual(["reset", "fallback"]);
});

test("a ladder of the task goes before the run's, and that before ours", async () => {
  const agent = () => fail("error");
  const recovery = { error: ["reset"] } as const;
  const { steps, results } = await play(
    [plain("own", { recovery: { error: [] } }), plain("run"), plain("ours", { agentName: "slow", retries: 1 })],
    { agent, slow: () => fail("timeout") },
    { recovery },
  );
  expect(steps.sort()).toEqual(["back-off", "reset"]);
  expect(results.tasks).toMatchObject({ own: { attempts: 1 }, run: { attempts: 2 }, ours: { attempts: 2 } });
});

test("a ladder with a word that is none is refused with the nearest one", async () => {
  const orchestrator = new AgentOrchestrator({ agents: { agent: () => 1 } });
  const execute = (recovery: object) => orchestrator.execute({ tasks: [plain("a", { recovery })] });
  await expect(execute({ overlaoded: [] })).rejects.toThrow(
    "task 'a': 'recovery.overlaoded' is not a known field: did you mean 'overloaded'?",
  );
  await expect(execute({ error: ["fallbak"] })).rejects.toThrow("did you mean 'fallback'?");
  expect(() => new AgentOrchestrator({ recovery: { quotas: [] } as object })).toThrow("did you mean 'quota'?");
});

test("a person decides: again with a note, given up, or left out; meanwhile its place is free", async () => {
  const decide = {
    a: ["approve", "use the other key"],
    b: ["reject", undefined],
    c: ["reject", "skip: not needed"],
  } as const;
  const notes: unknown[] = [];
  const asked: string[] = [];
  const people: OrchestratorConfig["people"] = {
    ask: async ({ gate, question }) => {
      asked.push(question);
      const [decision, note] = decide[gate[0] as "a"];
      return note === undefined ? { decision } : { decision, note };
    },
  };
  const agent = (t: { id: string; attempt: number; note?: string }) => {
    if (t.attempt > 1) notes.push(t.note);
    return t.attempt > 1 || t.id === "d" ? "done" : fail("auth", { retry: "never" });
  };
  const tasks = ["a", "b", "c"]
    .map((id) => plain(id))
    .concat(plain("d"), plain("after-c", { dependencies: ["c", "d"], agentName: "last" }));
  const { results, steps } = await play(tasks, { agent, last: () => "last" }, { people, maxParallelAgents: 1 });
  expect(results.tasks).toMatchObject({
    a: { status: "complete", output: "done", attempts: 2 },
    b: {
      status: "failed",
      reason: expect.stringContaining("a person gave it up; its last attempt failed: it was auth"),
    },
    c: { status: "skipped", reason: expect.stringContaining("a person left it out: skip: not needed") },
    "after-c": { status: "complete" },
  });
  expect([steps, notes]).toEqual([["person", "person", "person"], ["use the other key"]]);
  expect(asked.join()).toContain("attempt 1 of 'a' by agent failed (auth): it was auth");
});

test("a run that nobody attends fails instead of waiting for somebody, unless its author wants one asked", async () => {
  const agents = { agent: () => fail("quota", { retry: "never" }) };
  expect((await play([plain("a")], agents)).results.tasks["a"]).toMatchObject({ status: "failed", attempts: 1 });
  const clock = new VirtualClock();
  await using orchestrator = new AgentOrchestrator({ agents, clock });
  const handle = orchestrator.execute({ tasks: [plain("a", { recovery: { quota: ["person"] } })] });
  for (let i = 0; i < 5; i++) await settled();
  expect(handle.status).toBe("waiting");
  await handle.reject("a#1.recovery");
  expect((await finish(clock, handle)).tasks["a"]).toMatchObject({ status: "failed" });
});

test("the agent that knows about failures gets the evidence and says whether to try again, and how", async () => {
  const asked: string[] = [];
  const agents = {
    agent: (t: { attempt: number; hint?: string }) =>
      t.attempt <= 2 ? fail("stalled", { retry: "never" }) : `with ${t.hint}`,
    "error-recovery": (t: { id: string; prompt: string }) => {
      asked.push(t.prompt);
      return { output: { retry: true, hint: "a smaller step" }, tokensUsed: 7, costUsd: 0.25 };
    },
  };
  const { results, steps, events } = await play([plain("a")], agents);
  expect(results.tasks["a"]).toMatchObject({
    output: "with a smaller step",
    attempts: 3,
    tokensUsed: 7,
    costUsd: 0.25,
  });
  expect(steps).toEqual(["reset", "ask-agent"]);
  expect(events.filter(({ type }) => type === "task:retry").at(-1)).toMatchObject({ hint: "a smaller step" });
  expect(asked).toHaveLength(1);
  expect(asked[0]).toContain("Attempt 2 by agent with function (stalled): it was stalled");
});

test.each([
  ["says no", () => ({ retry: false, hint: "hopeless" })],
  ["says nothing of use", () => "perhaps"],
  ["fails itself", () => fail("error")],
])("where it %s the ladder goes on without it", async (_what, helper) => {
  const agents = { agent: () => fail("tool"), other: () => "done", "error-recovery": helper };
  const { results, steps } = await play([plain("a", { fallbacks: ["other"] })], agents);
  expect(results.tasks["a"]).toMatchObject({ output: "done" });
  expect(steps).toEqual(["reset", "fallback"]);
});
