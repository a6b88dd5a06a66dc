/** What an attempt by a model is shown in a real run, and what becomes of its words to others. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { systemClock } from "../src/app/system.ts";
import {
  AgentOrchestrator,
  type AgentTask,
  createMemoryJournal,
  type EventOf,
  type OrchestratorConfig,
  type RunEvent,
  type Runtime,
} from "../src/index.ts";
import { modelRuntime } from "../src/runtimes/model/runtime.ts";
import { repositoryFiles } from "../src/workspace/files.ts";
import { FakeProvider } from "./support/fake-provider.ts";
import { eventsOf } from "./support/homes.ts";
import { agentsOf, say, Talkers } from "./support/talkers.ts";

const folder = mkdtempSync(join(tmpdir(), "tutti-converse-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs the tasks, each by an agent of its own, and gives what was journaled. */
async function converse(talk: Runtime, tasks: readonly AgentTask[], config: Partial<OrchestratorConfig> = {}) {
  await using journal = createMemoryJournal();
  const names = new Set(tasks.map(({ agentName }) => agentName));
  await using orchestrator = new AgentOrchestrator({
    ...{ agents: agentsOf(...names), runtimes: { talk }, journal, maxParallelAgents: 5 },
    ...config,
  });
  const handle = orchestrator.execute({ tasks });
  const results = await handle;
  expect(results.status).toBe("complete");
  return { results, events: await eventsOf(journal, handle.id) };
}
const of = <T extends RunEvent["type"]>(events: readonly RunEvent[], type: T) =>
  events.filter((event) => event.type === type) as unknown as EventOf<T>[];
const to = (name: string, words: string) => `Before.\n<AGENT_MESSAGE to="${name}">${words}</AGENT_MESSAGE>\nAfter.`;

describe("strategies", () => {
  const chain = [say("a"), say("b", ["a"]), say("c", ["b"])];
  const shout = ({ task }: { task: { id: string } }) => (task.id === "a" ? to("*", "hear, hear") : undefined);

  test.each([
    ["shared", true],
    ["isolated", false],
    ["hierarchical", false],
  ] as const)("%s shows direct dependencies, and ancestors: %s", async (contextStrategy, ancestors) => {
    const talkers = new Talkers();
    await converse(talkers, chain, { contextStrategy });
    expect(talkers.prompt("c")).toContain("the word of b");
    expect(talkers.prompt("c").includes("the word of a")).toBe(ancestors);
    expect(talkers.prompt("c")).toMatch(/# Your task: task c\n[\s\S]*Say something about c\s*$/);
    expect(talkers.prompt("a")).not.toContain("the word of");
  });

  test("a broadcast reaches every other agent once; under `shared` also whoever starts later", async () => {
    const tasks = [...chain, say("again", ["c"], { agentName: "c" })];
    const shared = new Talkers(shout);
    await converse(shared, tasks);
    for (const id of ["b", "c", "again"]) expect(shared.prompt(id).split("hear, hear"), id).toHaveLength(2);
    const isolated = new Talkers(shout);
    await converse(isolated, tasks, { contextStrategy: "isolated" });
    for (const id of ["b", "c"]) expect(isolated.prompt(id), id).toContain("hear, hear");
    expect(isolated.prompt("again")).not.toContain("hear, hear");
  });

  test("hierarchical: a repetition inherits what its first round saw", async () => {
    const loop = say("b", ["a"], { until: { task: "b", op: "contains", value: "good" }, maxIterations: 3 });
    const talkers = new Talkers(({ task }) => (task.id === "a" ? "the PLAN" : task.id === "b.2" ? "good" : "bad"));
    await converse(talkers, [say("a"), loop], { contextStrategy: "hierarchical" });
    expect(talkers.prompt("b.2")).toContain("what task 'b' was shown");
    expect(talkers.prompt("b.2")).toContain("the PLAN");
  });

  test("no prompt is longer than the threshold, whatever there is to show", async () => {
    const talkers = new Talkers(({ task }) => `${task.id} says: ${"all work and no play. ".repeat(3000)}`);
    const { events } = await converse(talkers, chain, { pruningThreshold: 900 });
    for (const { entry } of of(events, "context:shown")) expect(entry).toMatchObject({ tokens: expect.any(Number) });
    const tokens = of(events, "context:shown").map(({ entry }) => (entry as { tokens: number }).tokens);
    expect(Math.max(...tokens)).toBeLessThanOrEqual(900);
  });
});

test("[I2] what is shown is in the journal, piece by piece, before the runtime is asked", async () => {
  await using journal = createMemoryJournal();
  const before: unknown[] = [];
  const talkers = new Talkers(async ({ run, task, attempt, shown }) => {
    const pages = journal.read(run, { attempt: { taskId: task.id, attempt } });
    for await (const page of pages)
      for (const event of page) before.push([event.type, "entry" in event && event.entry]);
    expect(before.at(-1)).toEqual(["context:shown", shown]);
    return undefined;
  });
  const runtimes = { talk: talkers };
  await using orchestrator = new AgentOrchestrator({ agents: agentsOf("a", "b"), runtimes, journal });
  const long = say("b", ["a"], { context: { tone: "dry" } });
  expect((await orchestrator.execute({ tasks: [say("a"), long] })).status).toBe("complete");
  expect(before).toHaveLength(2);
  expect(before[1]).toMatchObject([
    "context:shown",
    {
      pieces: [
        { kind: "dependency", name: "a", how: "whole", why: expect.any(String), hash: expect.any(String) },
        { kind: "context" },
        { kind: "task", name: "b", tokens: expect.any(Number) },
      ],
    },
  ]);
});

describe("messages in a reply", () => {
  test("reach their addressee's next prompt, are not in the output, and nobody else sees them", async () => {
    const talkers = new Talkers(({ task }) => (task.id === "a" ? to("c", "mind the gap") : undefined));
    const { results, events } = await converse(talkers, [say("a"), say("b", ["a"]), say("c", ["b"])]);
    expect(results.tasks["a"]?.output).toBe("Before.\nAfter.");
    expect(talkers.prompt("c")).toContain("mind the gap");
    expect(talkers.prompt("b")).not.toContain("mind the gap");
    const [sent] = of(events, "message:sent");
    expect(sent).toMatchObject({ from: "a", to: "c", kind: "data", content: "mind the gap", taskId: "a" });
    const done = of(events, "task:complete").find(({ taskId }) => taskId === "a");
    expect(sent?.seq, "sent before the result counts").toBeLessThan(done?.seq ?? 0);
  });

  test("stay in the text where they reach nobody, and the journal says why", async () => {
    const talkers = new Talkers(({ task }) => (task.id === "a" ? to("bb", "lost words") : undefined));
    const { results, events } = await converse(talkers, [say("a"), say("b", ["a"])]);
    expect(results.tasks["a"]?.output).toBe(to("bb", "lost words"));
    expect(of(events, "fact:refused")).toMatchObject([{ reason: expect.stringContaining("did you mean 'b'") }]);
  });

  test("are text like any other where agents may not talk", async () => {
    const talkers = new Talkers(({ task }) => (task.id === "a" ? to("b", "words") : undefined));
    const { results, events } = await converse(talkers, [say("a"), say("b")], { enableCommunication: false });
    expect(results.tasks["a"]?.output).toBe(to("b", "words"));
    expect(of(events, "fact:refused")).toEqual([]);
    expect(of(events, "message:sent")).toEqual([]);
  });

  test("that are malformed are said in the journal", async () => {
    const talkers = new Talkers(() => '<AGENT_MESSAGE to="b">never closed');
    const { events } = await converse(talkers, [say("a")]);
    expect(of(events, "fact:refused")).toMatchObject([{ reason: expect.stringContaining("not closed") }]);
  });

  test("a person's word to an agent is in its next prompt", async () => {
    const talkers = new Talkers();
    await using orchestrator = new AgentOrchestrator({ agents: agentsOf("a"), runtimes: { talk: talkers } });
    const handle = orchestrator.execute({ tasks: [say("a", [], { gate: true })] });
    await handle.message("a", "be short");
    await handle.approve("a", { note: "and kind" });
    await handle;
    expect(talkers.prompt("a")).toContain("be short");
    expect(talkers.prompt("a")).toContain("and kind");
  });
});

describe("[I3] begun again after its host died", () => {
  test("an attempt says to others once what it had said, and is shown the same", async () => {
    await using journal = createMemoryJournal();
    const talkers = new Talkers(({ task }) => (task.id === "a" ? to("b", "once") : undefined));
    const config = { agents: agentsOf("a", "b"), runtimes: { talk: talkers }, journal };
    const first = new AgentOrchestrator(config);
    // The host dies between the message and the result.
    const died = new Promise<void>((resolve) => first.on("message:sent", () => resolve(first[Symbol.asyncDispose]())));
    const handle = first.execute({ tasks: [say("a"), say("b", ["a"])] });
    await died;
    await using second = new AgentOrchestrator(config);
    expect(await second.resume(handle.id)).toMatchObject({ status: "complete", tasks: { a: { attempts: 1 } } });
    const events = await eventsOf(journal, handle.id);
    expect(of(events, "message:sent")).toHaveLength(1);
    expect(of(events, "context:shown").map(({ taskId }) => taskId)).toEqual(["a", "b"]);
    expect(talkers.shown.get("a")).toHaveLength(2);
    expect(new Set(talkers.shown.get("a")).size).toBe(1);
    expect(talkers.prompt("b").split("once")).toHaveLength(2);
  });

  test("what it has been sent since is shown as well", async () => {
    await using journal = createMemoryJournal();
    let held = true;
    const talkers = new Talkers((_, { signal }) =>
      held ? new Promise((resolve) => signal.addEventListener("abort", () => resolve("late"))) : undefined,
    );
    const config = { agents: agentsOf("a"), runtimes: { talk: talkers }, journal };
    const first = new AgentOrchestrator(config);
    const asked = new Promise<void>((resolve) => first.on("context:shown", () => resolve()));
    const handle = first.execute({ tasks: [say("a")] });
    await asked;
    await handle.message("a", "news");
    await first[Symbol.asyncDispose]();
    held = false;
    await using second = new AgentOrchestrator(config);
    await second.resume(handle.id);
    expect(talkers.shown.get("a")?.map((text) => text.includes("news"))).toEqual([false, true]);
  });

  test("a model's reply that is in the journal is not paid again", async () => {
    await using fake = await FakeProvider.start();
    await using journal = createMemoryJournal();
    const providers = { anthropic: { apiKey: "k", baseUrl: fake.url } };
    const model = modelRuntime({ clock: systemClock, providers, instructionsOf: () => undefined });
    /** Ends only when asked to: the host dies while the reply is paid and does not count yet. */
    const slow: Runtime = {
      converses: true,
      async perform(attempt, world) {
        const outcome = await model.perform(attempt, world);
        await new Promise((resolve) => world.signal.addEventListener("abort", resolve));
        return outcome;
      },
    };
    const agents = { a: { runtime: "model", model: "anthropic/claude-sonnet-4-5" } };
    const first = new AgentOrchestrator({ agents, runtimes: { model: slow }, journal, grace: 50 });
    const paid = new Promise<void>((resolve) => first.on("turn:complete", () => resolve()));
    const handle = first.execute({ tasks: [say("a")] });
    await paid;
    await first[Symbol.asyncDispose]();
    await using second = new AgentOrchestrator({ agents, runtimes: { model }, journal });
    expect(await second.resume(handle.id)).toMatchObject({ tasks: { a: { output: "Hello there", tokensUsed: 15 } } });
    expect(fake.calls).toHaveLength(1);
    expect(of(await eventsOf(journal, handle.id), "context:shown")).toHaveLength(1);
  });
});

test("files of the repository are in the prompt of the task that reads them, and what is missing is said", async () => {
  mkdirSync(join(folder, "src"));
  writeFileSync(join(folder, "src/pay.ts"), "export const fee = 7;\n");
  writeFileSync(join(folder, ".env"), "KEY=hush\n");
  const tasks = [say("a", [], { reads: ["src/**", ".env", "docs/**"] }), say("b", ["a"])];
  const talkers = new Talkers();
  const { events } = await converse(talkers, tasks, { files: repositoryFiles(folder) });
  expect(talkers.prompt("a")).toContain("export const fee = 7;");
  expect(talkers.prompt("a")).toContain(".env: it may hold secrets");
  expect(talkers.prompt("a")).toContain("docs/**: no file of the repository matches");
  expect(talkers.prompt("a")).not.toContain("hush");
  expect(talkers.prompt("b")).not.toContain("fee = 7");
  expect(of(events, "agent:invoke").map(({ uncacheable }) => uncacheable)).toEqual([
    "it reads files, which may change",
    undefined,
  ]);
  const nowhere = new Talkers();
  await converse(nowhere, tasks);
  expect(nowhere.prompt("a")).toContain("src/**: this run was given no repository to read from");
});

test("[bar:findings] each of three HIGH findings of each of five long reviews reaches the one who compiles them", async () => {
  const reviewers = ["quality", "security", "speed", "tests", "docs"];
  const filler = "The module was read line by line and nothing else of note was found in this part of it. ";
  const review = (id: string) =>
    [1, 2, 3]
      .map((n) => `${filler.repeat(90)}\n\n- **HIGH**: fault ${id}-${n} in src/${id}${n}.ts:${n}0 loses data.\n`)
      .join("\n");
  const talkers = new Talkers(({ task }) => (task.id === "all" ? undefined : review(task.id)));
  const compile = say("all", reviewers, {
    prompt: "Compile every finding of the reviews. No HIGH finding may be lost.",
  });
  const { events } = await converse(talkers, [...reviewers.map((id) => say(id)), compile]);
  expect(review("docs").length, "longer than what arrives whole, and kept as a blob").toBeGreaterThan(20_000);
  // So that what was shown can be traced to it.
  const pieces = of(events, "context:shown").flatMap(({ entry }) => (entry as { pieces: { name: string }[] }).pieces);
  const { output } = of(events, "task:complete").find(({ taskId }) => taskId === "docs") ?? {};
  expect(pieces).toContainEqual(expect.objectContaining({ name: "docs", hash: (output as { $blob: string }).$blob }));
  for (const id of reviewers) for (const n of [1, 2, 3]) expect(talkers.prompt("all")).toContain(`fault ${id}-${n} in`);
});

test("[I11] the same task is made from something else under another strategy, threshold or schema", async () => {
  const keys = async (config: Partial<OrchestratorConfig>, more: Partial<AgentTask> = {}) => {
    const { events } = await converse(new Talkers(), [say("a"), say("b", ["a"], more)], config);
    return of(events, "agent:invoke").find(({ taskId }) => taskId === "b")?.key;
  };
  const plain = await keys({});
  expect(plain).toMatch(/^[0-9a-f]{64}$/);
  expect(await keys({})).toBe(plain);
  const others = [
    await keys({ contextStrategy: "isolated" }),
    await keys({ pruningThreshold: 500 }),
    await keys({}, { output: { type: "object" } }),
  ];
  expect(new Set([plain, ...others]).size).toBe(4);
});
