/** What an attempt made is checked before it counts, and whoever does it again is told what was wrong. */
import { expect, test } from "vitest";
import { VirtualClock } from "../src/app/virtual-clock.ts";
import {
  AgentOrchestrator,
  type AgentTask,
  createLimits,
  createMemoryJournal,
  type OrchestratorConfig,
  type Outcome,
  type Runtime,
} from "../src/index.ts";
import { modelRuntime } from "../src/runtimes/model/runtime.ts";
import { FakeProvider } from "./support/fake-provider.ts";
import { eventsOf, finish } from "./support/finish.ts";

const plain = (more: Partial<AgentTask> = {}): AgentTask => ({
  id: "a",
  agentName: "agent",
  description: "a letter",
  prompt: "Write it",
  ...more,
});

async function play(
  task: Partial<AgentTask>,
  agents: OrchestratorConfig["agents"] & object,
  more: OrchestratorConfig = {},
) {
  const clock = new VirtualClock();
  await using orchestrator = new AgentOrchestrator({ agents, clock, seed: 1, ...more });
  const handle = orchestrator.execute({ tasks: [plain(task)] });
  const results = await finish(clock, handle);
  const events = await finish(clock, eventsOf(handle));
  const retries = events.filter((event) => event.type === "task:retry");
  return { result: results.tasks["a"], summary: results.summary, retries, events };
}
const schema = { type: "object", required: ["n"], properties: { n: { type: "integer" } } };

test("a result that does not fit its schema is asked for again with the validator's words", async () => {
  const { result, retries } = await play(
    { validate: [{ schema }] },
    { agent: (t) => (t.hint === undefined ? { output: { n: "one" }, tokensUsed: 5 } : { n: 1, said: t.hint }) },
  );
  expect(result).toMatchObject({
    status: "complete",
    attempts: 2,
    tokensUsed: 5,
    output: { n: 1, said: expect.stringContaining("/n:") },
  });
  expect(retries).toMatchObject([{ failure: "invalid-output", step: "repair", tokensUsed: 5 }]);
});

test("files that are missing among its changes are named", async () => {
  const changes = (...paths: string[]) => ({
    ...{ ref: "refs/tutti/r/a", base: "b", commit: "c" },
    files: paths.map((path) => ({ path, added: 1, removed: 0 })),
  });
  const outputs: Outcome[] = [
    { ok: true, output: "none" },
    { ok: true, output: "one", changes: changes("a.md") },
    { ok: true, output: "both", changes: changes("a.md", "b.md") },
  ];
  const writer: Runtime = { perform: async ({ attempt }) => outputs[attempt - 1] as Outcome };
  const { result, retries } = await play(
    { validate: [{ files: ["a.md", "b.md"] }] },
    { agent: { runtime: "writer" } },
    { runtimes: { writer } },
  );
  expect(result).toMatchObject({ output: "both", attempts: 3 });
  expect(retries.map(({ reason }) => reason)).toEqual([
    "it was to write or change a.md, b.md, and changed no file",
    "it was to write or change b.md, and changed a.md",
  ]);
});

test("a reviewer's verdict counts, what it used is paid, and its words reach the next attempt", async () => {
  const seen: string[] = [];
  const { result, retries, summary } = await play(
    { validate: [{ agent: "critic" }] },
    {
      agent: (t) => ({
        output: t.hint === undefined ? "Dear Bob" : `Dear Ann (${t.hint})`,
        tokensUsed: 10,
        costUsd: 1,
      }),
      critic: (t) => {
        seen.push(t.prompt);
        const approved = t.prompt.includes("Dear Ann");
        return { output: { approved, reason: approved ? "" : "her name is Ann" }, tokensUsed: 3, costUsd: 0.5 };
      },
    },
  );
  expect(result).toMatchObject({
    output: "Dear Ann (its reviewer 'critic' does not accept it: her name is Ann)",
    attempts: 2,
  });
  expect(retries[0]).toMatchObject({ agentName: "agent", failure: "invalid-output", tokensUsed: 13, costUsd: 1.5 });
  expect(summary).toMatchObject({ totalTokens: 26, totalCostUsd: 3 });
  expect(seen[0]).toContain("## The task\n\na letter\n\nWrite it");
  expect(seen[0]).toContain("## Its result\n\nDear Bob");
});

test("validators come in their order, and what is refused by one is not shown to the next", async () => {
  let reviews = 0;
  const critic = () => {
    reviews++;
    return true;
  };
  const task = { validate: [{ schema }, { agent: "critic" }], retries: 0 };
  expect((await play(task, { agent: () => "text", critic })).result).toMatchObject({ status: "failed", attempts: 1 });
  expect(reviews).toBe(0);
  expect((await play(task, { agent: () => ({ n: 1 }), critic })).result).toMatchObject({ status: "complete" });
  expect(reviews).toBe(1);
});

test("a reviewer that fails is asked twice, and one that gives no verdict is no approval", async () => {
  let asked = 0;
  const agents = (critic: () => unknown) => ({ agent: () => "fine", critic });
  const task = { validate: [{ agent: "critic" }], retries: 0 };
  const flaky = () => {
    if (++asked === 1) throw new Error("a hiccup");
    return true;
  };
  expect((await play(task, agents(flaky))).result).toMatchObject({ status: "complete" });
  const silent = await play(
    task,
    agents(() => "well done"),
  );
  expect(silent.result).toMatchObject({
    status: "failed",
    reason: expect.stringContaining("'approved' must be true or false"),
  });
  const broken = await play(
    task,
    agents(() => {
      throw new Error("no");
    }),
  );
  expect(broken.result).toMatchObject({ status: "failed", reason: "its reviewer 'critic' failed: no" });
});

test("author and reviewer at a provider with one place do not wait for each other", async () => {
  const clock = new VirtualClock();
  const limits = createLimits({ p: 1 }, { clock });
  const run = async () => true;
  const agents = { agent: { run, provider: "p" }, critic: { run, provider: "p" } };
  expect((await play({ validate: [{ agent: "critic" }] }, agents, { limits, clock })).result).toMatchObject({
    status: "complete",
  });
});

test("a plan with a validator that cannot be is refused, with the nearest name", async () => {
  const orchestrator = new AgentOrchestrator({ agents: { agent: () => 1, critic: () => true } });
  const execute = (validate: unknown) => orchestrator.execute({ tasks: [plain({ validate } as Partial<AgentTask>)] });
  await expect(execute([{ agent: "critik" }])).rejects.toThrow("there is no agent 'critik': did you mean 'critic'?");
  await expect(execute([{ shema: {} }])).rejects.toThrow("did you mean 'schema'?");
  await expect(execute([{ agent: "critic", files: [] }])).rejects.toThrow("must have one of schema, files, agent");
});

test("a result that was not checked is not taken over where it is to be checked", async () => {
  await using journal = createMemoryJournal();
  const agents = { agent: { run: () => "text", version: "1" } };
  await using orchestrator = new AgentOrchestrator({ agents, journal });
  const first = await orchestrator.execute({ tasks: [plain()] });
  const again = async (more: Partial<AgentTask>) =>
    (await orchestrator.execute({ tasks: [plain({ retries: 0, ...more })], parent: first.run })).tasks["a"]?.status;
  expect(await again({})).toBe("reused");
  expect(await again({ validate: [{ schema }] })).toBe("failed");
});

test("models review in a part of the log of their own: after a crash neither author nor reviewer is paid again", async () => {
  await using fake = await FakeProvider.start();
  await using journal = createMemoryJournal();
  const clock = new VirtualClock();
  const runtime = modelRuntime({
    clock,
    providers: { openai: { apiKey: "k", baseUrl: fake.url } },
    instructionsOf: () => ({}),
  });
  const held = Promise.withResolvers<void>();
  let isFirst = true;
  const dying: Runtime = {
    converses: true,
    async perform(attempt, world) {
      const got = await runtime.perform(attempt, world);
      // The host dies when the review is paid and nobody has been told of it.
      if (attempt.agentName === "critic" && isFirst) {
        isFirst = false;
        held.resolve();
        await new Promise(() => {});
      }
      return got;
    },
  };
  fake.answer = ({ body }) => ({
    text: [JSON.stringify(body).includes("Judge the result") ? '{"approved":true,"reason":""}' : "Dear Ann"],
  });
  const model = { runtime: "model", model: "openai/gpt-5" };
  const config = { agents: { agent: model, critic: model }, runtimes: { model: dying }, journal, clock, grace: 0 };
  const first = new AgentOrchestrator(config);
  const handle = first.execute({ tasks: [plain({ validate: [{ agent: "critic" }] })] });
  handle.catch(() => {});
  await held.promise;
  const closing = first[Symbol.asyncDispose]();
  await clock.pass(1);
  await closing;
  await using second = new AgentOrchestrator(config);
  const results = await finish(clock, second.resume(handle.id));
  expect(results.tasks["a"]).toMatchObject({ status: "complete", output: "Dear Ann", attempts: 1, tokensUsed: 30 });
  expect(fake.calls).toHaveLength(2);
});
