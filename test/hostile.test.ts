import { expect, test } from "vitest";
import { VirtualClock } from "../src/app/virtual-clock.ts";
import { AgentOrchestrator, type FunctionContext, type People, type RunHandle, run, task } from "../src/index.ts";
import { eventsOf, finish } from "./support/finish.ts";
import { begin, chain, plain } from "./support/held.ts";

/** Whatever is there, of whatever type. */
type Wild = never;

test.each<[string, (context: FunctionContext) => Promise<unknown>, string]>([
  ["a key that is none", ({ board }) => board.set(undefined as Wild, 1), "a key of the board has 1 to 200 characters"],
  ["a key of another type", ({ board }) => board.set({} as Wild, 1), "a key of the board has 1 to 200 characters"],
  ["a version that is none", ({ board }) => board.set("k", 1, "0" as Wild), "a version of the board is a whole number"],
  ["a value that is not JSON", ({ board }) => board.set("k", 1n as Wild), "BigInt"],
  ["an addressee that is none", ({ send }) => send(undefined as Wild, 1), "there is no agent 'undefined' in this run"],
  [
    "a kind that there is not",
    ({ send }) => send("*", 1, "shout" as Wild),
    "a message is one of data, request, response, broadcast",
  ],
  ["an entry that is none", ({ log }) => log.append(null as Wild), "null"],
  ["an entry of another type", ({ log }) => log.append({ type: "garbage" as Wild, entry: 1 }), "garbage"],
  [
    "a forged end of the run",
    ({ log }) => log.append({ type: "workflow:complete" as Wild, entry: 1 }),
    "workflow:complete",
  ],
  ["a forged result", ({ log }) => log.append({ type: "task:complete" as Wild, entry: 1 }), "task:complete"],
])("an agent that hands in %s is refused, and fails alone", async (_what, act, reason) => {
  const handle = run([
    task("a", { retries: 0, agent: async (_t, context) => void (await act(context)) }),
    task("b", { agent: () => new Promise((resolve) => setImmediate(resolve, "fine")) }),
  ]);
  const results = await handle;
  expect(results.tasks.a).toMatchObject({ status: "failed", reason: expect.stringContaining(reason) });
  expect(results.tasks.b).toMatchObject({ status: "complete", output: "fine" });
  const types = (await eventsOf(handle)).map(({ type }) => type);
  expect(types.filter((type) => type === "task:complete" || type === "workflow:complete")).toHaveLength(2);
});

test.each<[string, (handle: RunHandle) => Promise<unknown>, string]>([
  ["a change of nothing readable", (handle) => handle.change({ add: null as Wild }), "'add' must be a list"],
  ["removals that are no list", (handle) => handle.change({ remove: 7 as Wild }), "'remove' must be a list"],
  [
    "a change with a slip",
    (handle) => handle.change({ ad: [] } as Wild),
    "'ad' is not a known field: did you mean 'add'?",
  ],
  [
    "a budget in words",
    (handle) => handle.change({ budget: { usd: "x" as Wild } }),
    "'budget.usd' must be a number from 0",
  ],
  ["a negative budget", (handle) => handle.resume({ budget: { usd: -1 } }), "'budget.usd' must be a number from 0"],
  ["no time", (handle) => handle.resume({ globalTimeout: Number.NaN }), "'globalTimeout' must be a whole number"],
  ["a message of nothing", (handle) => handle.message("*", undefined as Wild), "'content' is missing"],
  ["a message that is not JSON", (handle) => handle.message("*", 1n as Wild), "'content' must be JSON, not a bigint"],
  ["a reason that is no text", (handle) => handle.cancel(Symbol("x") as Wild), "'reason' must be a string"],
  ["a gate that is none", (handle) => handle.approve(undefined as Wild), "'gate' is missing"],
  ["a checkpoint without a name", (handle) => handle.checkpoint(undefined as Wild), "'name' is missing"],
])("a handle that is given %s refuses it, and the run goes on", async (_what, act, message) => {
  const { clock, held, handle } = begin(chain);
  await expect(act(handle)).rejects.toMatchObject({ code: "BAD_INPUT", message: expect.stringContaining(message) });
  await clock.pass(1);
  await held.end("a");
  await held.end("b");
  expect((await finish(clock, handle)).status).toBe("complete");
  expect((await eventsOf(handle)).filter(({ type }) => type === "fact:refused")).toEqual([]);
});

test.each<[string, unknown]>([
  ["an unknown decision", { decision: "yes" }],
  ["a bare word", "approve"],
  ["a note that is no text", { decision: "approve", note: {} }],
  ["a prompt that is no text", { decision: "approve", edited: 5 }],
])("people who answer with %s have not answered: the gate stays open", async (_what, answer) => {
  const people: People = { ask: async () => answer as Wild };
  const { clock, held, handle } = begin([plain("a", { gate: true })], { people });
  await clock.pass(1);
  expect(handle.status).toBe("waiting");
  await handle.approve("a");
  await held.end("a");
  expect((await finish(clock, handle)).status).toBe("complete");
});

test("people who throw at once, or give no promise, leave the gate open too", async () => {
  const throws = () => {
    throw new Error("no");
  };
  for (const ask of [throws, () => undefined as Wild]) {
    const { clock, held, handle } = begin([plain("a", { gate: true })], { people: { ask } });
    await clock.pass(1);
    expect(handle.status).toBe("waiting");
    await handle.approve("a");
    await held.end("a");
    expect((await finish(clock, handle)).status).toBe("complete");
  }
});

test("tasks and agents may have names that objects know already", async () => {
  const names = ["constructor", "toString", "hasOwnProperty", "valueOf"];
  const clock = new VirtualClock();
  const agents = Object.fromEntries(
    names.map((name) => [name, async (t: { results: object }) => Object.keys(t.results)]),
  );
  await using orchestrator = new AgentOrchestrator({ clock, agents });
  const tasks = names.map((name, i) => plain(name, { agentName: name, phase: name, dependencies: names.slice(0, i) }));
  const results = await finish(clock, orchestrator.execute({ tasks }));
  expect(results.status).toBe("complete");
  expect(results.tasks["valueOf"]?.output).toEqual(names.slice(0, 3));
});
