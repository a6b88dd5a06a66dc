/** Budgets that hold between two turns of an attempt, and attempts that go on where they left off. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Begun, Host } from "../src/app/host.ts";
import { createLedger, evolveLedger } from "../src/budget/ledger.ts";
import { Story } from "../src/cli/story.ts";
import type { LogEntry } from "../src/domain/facts.ts";
import { spentOf as spentIn } from "../src/drivers/local/outputs.ts";
import type { RunEvent } from "../src/index.ts";
import { Dialogue } from "../src/runtimes/model/dialogue.ts";
import { keptTurns } from "../src/runtimes/model/replies.ts";
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

test("[I7] what all tasks of an agent together may use is held before each turn, and other agents are none the worse", async () => {
  const capped = AGENT.replace("tools:", "budget: { tokens: 2500 }\ntools:");
  const other = AGENT.replace("name: worker", "name: other");
  const { host: opening } = open(homes.path({ "agents/worker.md": capped, "agents/other.md": other }));
  fake.script({ text: ["Done"], usage: TURN });
  await using host = await opening;
  const tasks = ["a", "b", "c", "d"].map((id, i, all) => ({
    ...{ id, agentName: id === "d" ? "other" : "worker", description: id, prompt: `Do ${id}`, retries: 0 },
    ...(i > 0 && id !== "d" ? { dependencies: [all[i - 1]], onFailure: "continue" } : {}),
  }));
  const handle = host.start(host.prepare({ tasks, config: { model: "anthropic/claude-sonnet-4-5" } }));
  const { tasks: done } = await handle;
  expect(done).toMatchObject({ a: { status: "complete" }, d: { status: "complete" } });
  const failed = Object.values(done).filter(({ status }) => status === "failed");
  expect(failed.map(({ reason }) => reason)).toEqual([
    expect.stringMatching(/the budget of agent 'worker' in this run, of 2500 tokens has no room: \d+ used/),
  ]);
  expect(Object.values(done).reduce((sum, one) => sum + one.tokensUsed, 0)).toBeLessThanOrEqual(2500 + 1000);
});

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

test("[I3] what an attempt does that the one before was still asked for is found again by the next", async () => {
  const usage = { input: 1, output: 1, costUsd: 0, finishReason: "tool-calls" };
  const reply = (...ids: string[]): LogEntry => ({
    type: "turn:complete",
    entry: { usage, reply: "", calls: ids.map((id) => ({ id, name: "bash", input: {} })), said: [] },
  });
  const call = (id: string): LogEntry => ({ type: "tool:call", entry: { id, name: "bash", input: {} } });
  const result = (id: string): LogEntry => ({ type: "tool:result", entry: { id, name: "bash", text: id } });
  // The first was stopped between two calls; the second performed the other one before its own first turn.
  const logs = new Map<number | undefined, LogEntry[]>([
    [1, [reply("x", "y"), call("x"), result("x")]],
    [2, [call("y"), result("y"), reply("z")]],
    [undefined, []],
  ]);
  const log = { read: async (of?: number) => logs.get(of) ?? [], append: async () => {} };
  const [first, second] = await keptTurns(log, [1, 2]);
  expect([...(first?.begun ?? [])]).toEqual(["x", "y"]);
  expect([...(first?.results.keys() ?? [])]).toEqual(["x", "y"]);
  expect(second?.reply.calls).toMatchObject([{ id: "z" }]);
  // So it is too where the second is begun again after a crash.
  logs.set(undefined, logs.get(2) ?? []);
  const again = await keptTurns(log, [1]);
  expect(again.map(({ results, isCounted }) => [[...results.keys()], isCounted])).toEqual([
    [["x", "y"], true],
    [[], false],
  ]);
});

test("[I7] what is known to have been paid counts, also where the cost of the last call is unknown", () => {
  const dialogue = new Dialogue([{ text: "Do" }]);
  const none = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 };
  dialogue.take({ text: "a", finishReason: "stop", usage: none, costUsd: 4, calls: [], said: [] });
  const usage = dialogue.used({ tokensUsed: 0, costUsd: null, turns: 1 });
  const spent = spentIn(1, { ok: false, failure: "timeout", reason: "", retry: "safe", ...(usage && { usage }) });
  expect(spent.costUsd).toBeNull();
  const ledger = createLedger();
  const event = { type: "task:error", run: "r", seq: 1, at: 1, taskId: "a", agentName: "x", attempt: 1, ...spent };
  evolveLedger(ledger, event as unknown as RunEvent);
  expect(ledger).toMatchObject({ knownUsd: 4, total: { costUsd: null } });
});

test("[I7] an attempt that left off waits for the others, instead of being begun again and again", async () => {
  await using host = await open().host;
  const isSlow = Promise.withResolvers<void>();
  const go = Promise.withResolvers<void>();
  const used = { fresh: 2900, output: 100 };
  let turnsOfB = 0;
  fake.answer = async (call) => {
    if (!JSON.stringify(call.body).includes("Do b")) {
      await isSlow.promise;
      return { ...writes("a"), usage: used };
    }
    if (++turnsOfB === 1) return { ...writes("b"), usage: used };
    isSlow.resolve();
    await go.promise;
    return { text: ["Done"], usage: TURN };
  };
  const handle = host.start(host.prepare(order({ tokens: 9000 }, ["a", "b"])));
  for await (const event of handle) if (event.type === "task:retry") break;
  for (let i = 0; i < 30; i++) await handle.message("worker", `${i}`);
  go.resolve();
  const results = await handle;
  fake.answer = undefined;
  expect(results).toMatchObject({ status: "paused", summary: { totalTokens: 7000 } });
  const invoked = (await eventsOf(handle)).filter((one) => one.type === "agent:invoke" && one.taskId === "a");
  expect(invoked).toHaveLength(1);
});

test("[I3] a pause while a person is asked ends, and what was asked about is asked again, not taken for done", async () => {
  const cautious = AGENT.replace("tools:", "permissions: [{ action: write, resource: '*', effect: ask }]\ntools:");
  await using host = await open(homes.path({ "agents/worker.md": cautious })).host;
  fake.script(writes("1"), { text: ["Done"], usage: TURN });
  const handle = host.start(host.prepare(order({ tokens: 90_000 })));
  for await (const event of handle) if (event.type === "gate:opened") break;
  await handle.pause();
  expect(await handle).toMatchObject({ status: "paused" });
  await handle.resume();
  const gates = new Set<string>();
  for await (const event of handle) {
    if (event.type === "gate:opened") gates.add(event.gate);
    if (gates.size === 2) break;
  }
  await handle.approve([...gates][1] ?? "");
  expect(await handle).toMatchObject({ status: "complete", tasks: { a: { changes: { files: [{ path: "b.txt" }] } } } });
  expect(fake.calls).toHaveLength(2);
  expect(JSON.stringify(fake.calls[1]?.body)).not.toContain("outcome unknown");
});

test("[I3] what waited for a person's consent when its host died is asked about again at the same gate, and not taken for done", async () => {
  const cautious = AGENT.replace("tools:", "permissions: [{ action: write, resource: '*', effect: ask }]\ntools:");
  const home = homes.path({ "agents/worker.md": cautious });
  const { repository, host: first } = open(home);
  fake.calls.length = 0;
  fake.script(writes("1"), { text: ["Done"], usage: TURN });
  let [run, gate] = ["", ""];
  {
    await using host = await first;
    const handle = host.start(host.prepare(order({ tokens: 90_000 })));
    // Its end is the host's: nobody is told.
    handle.then(
      () => {},
      () => {},
    );
    for await (const event of handle) {
      if (event.type !== "gate:opened") continue;
      [run, gate] = [handle.id, event.gate];
      break;
    }
  }
  await using host = await open(home, repository).host;
  const { handle }: Begun = await host.resume(run);
  // Only when it has come that far again: an answer from before would prove nothing.
  let asked = 0;
  for await (const event of handle) {
    if (event.type === "tool:result" && JSON.stringify(event.entry).includes('"asks":true')) asked++;
    if (asked === 2) break;
  }
  await handle.approve(gate);
  expect(await handle).toMatchObject({ status: "complete", tasks: { a: { changes: { files: [{ path: "b.txt" }] } } } });
  expect(fake.calls).toHaveLength(2);
  expect(JSON.stringify(fake.calls[1]?.body)).not.toContain("outcome unknown");
  const events = await eventsOf(handle);
  expect(events.filter(({ type }) => type === "gate:opened")).toHaveLength(1);
  const story = new Story("a");
  for (const event of events) story.note(event);
  const told = story.lines().map(({ text }) => text);
  expect(told.filter((text) => text === "write b.txt: a person is asked first")).toHaveLength(2);
  expect(told).toContain("write b.txt: done");
});
