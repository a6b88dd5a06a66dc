/** Budgets that hold between two turns of an attempt, and attempts that go on where they left off. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Begun, Host } from "../src/app/host.ts";
import type { RunEvent } from "../src/index.ts";
import type { FakeReply } from "./support/fake-protocols.ts";
import { FakeProvider } from "./support/fake-provider.ts";
import { eventsOf } from "./support/finish.ts";
import { Homes } from "./support/homes.ts";
import { git, repositoryIn } from "./support/repository.ts";

const homes = new Homes();
let fake: FakeProvider;
beforeAll(async () => {
  fake = await FakeProvider.start();
});
afterAll(() => fake[Symbol.asyncDispose]());

const AGENT = "---\nname: worker\ndescription: works\ntools: [read, write]\n---\nWork.\n";
const TURN = { fresh: 900, output: 100 };

function open(
  home = homes.path({ "agents/worker.md": AGENT }),
  repository = repositoryIn(homes.path({ "a.txt": "one\n" })),
) {
  const env = { PATH: process.env["PATH"], ANTHROPIC_API_KEY: "k", ANTHROPIC_BASE_URL: fake.url };
  return { home, repository, host: Host.open({ home, env, repository }) };
}
const order = (budget: object, tasks = ["a"]) => ({
  tasks: tasks.map((id) => ({ id, agentName: "worker", description: id, prompt: `Do ${id}`, retries: 0 })),
  config: { model: "anthropic/claude-sonnet-4-5", budget },
});
const writes = (text: string): FakeReply => ({
  calls: [{ name: "write", input: { path: "b.txt", text } }],
  usage: TURN,
});
const spentOf = (events: readonly RunEvent[]) =>
  events.reduce((sum, event) => sum + ("tokensUsed" in event && event.tokensUsed ? event.tokensUsed : 0), 0);

test("[I7] an attempt leaves off before the turn that the budget has no room for, and goes on there when it is raised", async () => {
  const { home, repository, host: opening } = open();
  fake.script(writes("1"), writes("2"), writes("3"), { text: ["Done"], usage: TURN });
  let run = "";
  {
    await using host = await opening;
    const handle = host.start(host.prepare(order({ tokens: 3000 })));
    run = handle.id;
    expect(await handle).toMatchObject({ status: "paused", summary: { totalTokens: 2000 } });
    expect(fake.calls).toHaveLength(2);
  }
  // Another process, later, begun in another folder: the run goes on in its own.
  await using host = await open(home, homes.path({ other: "x" })).host;
  const { handle }: Begun = await host.resume(run, { type: "resume", budget: { tokens: 50_000 } });
  const results = await handle;
  expect(results).toMatchObject({ status: "complete", tasks: { a: { output: "Done", attempts: 2 } } });
  // Four turns in all, each paid once, and the files are those of both attempts.
  expect(fake.calls).toHaveLength(4);
  expect(results.summary.totalTokens).toBe(4000);
  expect(results.tasks["a"]?.changes?.files).toEqual([{ path: "b.txt", added: 1, removed: 0 }]);
  expect(git(repository, "for-each-ref", "--format=%(refname)", "refs/tutti")).toContain(`refs/tutti/${run}/a`);
  const events = await eventsOf(handle);
  expect(spentOf(events.filter(({ type }) => type === "task:retry" || type === "task:complete"))).toBe(4000);
  expect(events.find(({ type }) => type === "task:retry")).toMatchObject({ failure: "budget", counts: false });
});

test("[I7] several attempts at once never go beyond the budget by more than a turn each", async () => {
  await using host = await open().host;
  fake.script(writes("x"));
  const results = await host.start(host.prepare(order({ tokens: 9000 }, ["a", "b", "c"])));
  expect(results.status).toBe("paused");
  expect(results.summary.totalTokens).toBeLessThanOrEqual(9000 + 3 * 1000);
  expect(results.summary.totalTokens).toBeGreaterThan(4000);
});

test("[I7] a task's own budget fails it before the turn that has no room, and leaves the others be", async () => {
  await using host = await open().host;
  fake.script(writes("x"), { text: ["Done"], usage: TURN });
  fake.answer = (call) => (JSON.stringify(call.body).includes("Do b") ? { text: ["Fine"], usage: TURN } : writes("x"));
  const { tasks, config } = order({ tokens: 90_000 }, ["a", "b"]);
  const [a, b] = tasks;
  const results = await host.start(host.prepare({ tasks: [{ ...a, budget: { tokens: 3000 } }, b], config }));
  fake.answer = undefined;
  expect(results.tasks["b"]).toMatchObject({ status: "complete", output: "Fine" });
  expect(results.tasks["a"]).toMatchObject({ status: "failed", tokensUsed: 2000, attempts: 1 });
  expect(results.tasks["a"]?.reason).toMatch(/its own budget of 3000 tokens has no room: 2000 used/);
});

test("a cap of turns counts every turn", async () => {
  await using host = await open().host;
  fake.script(writes("1"), writes("2"), writes("3"), writes("4"));
  const results = await host.start(host.prepare(order({ turns: 3 })));
  expect(results).toMatchObject({ status: "paused" });
  expect(fake.calls).toHaveLength(3);
});

test("a pause is obeyed between two turns, and the next attempt goes on in the same files", async () => {
  const { host: opening, repository } = open();
  mkdirSync(join(repository, "sub"));
  writeFileSync(join(repository, "sub/x"), "x");
  await using host = await opening;
  const handles: { pause(): Promise<void> }[] = [];
  fake.script(writes("1"), { text: ["Done"], usage: TURN });
  fake.answer = async () => {
    if (fake.calls.length === 1) await handles[0]?.pause();
    return undefined;
  };
  const handle = host.start(host.prepare(order({ tokens: 90_000 })));
  handles.push(handle);
  expect(await handle).toMatchObject({ status: "paused" });
  expect(fake.calls).toHaveLength(1);
  fake.answer = undefined;
  const { handle: again } = await host.resume(handle.id, { type: "resume" });
  expect(await again).toMatchObject({ status: "complete", tasks: { a: { changes: { files: [{ path: "b.txt" }] } } } });
  expect(fake.calls).toHaveLength(2);
});
