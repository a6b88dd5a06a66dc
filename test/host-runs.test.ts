/** A home and its runs: conducted here, by another process, or by nobody. */
import { expect, test } from "vitest";
import { AgentOrchestrator, createSqliteJournal, type RunEvent } from "../src/index.ts";
import { eventsOf, Homes, work } from "./support/homes.ts";
import { program } from "./support/host-program.ts";

const homes = new Homes();
const FAST = { rehearse: true, speed: "max" as const };
/** In real time, so that nobody answers gates; but without waiting. */
const AT_ONCE = { rehearse: true, speed: 1e6 };
const GATED = [work("a"), work("b", { dependencies: ["a"], gate: { question: "ship?" } })];

test("[I13] every event, result and entry of a rehearsal says that it is one", async () => {
  const host = await homes.open();
  const handle = host.start(host.prepare({ workflowId: "review-assembly-line", config: { ...FAST, chaos: 0.3 } }));
  const events: RunEvent[] = [];
  for await (const event of handle) events.push(event);
  expect(events.at(-1)?.type).toBe("workflow:complete");
  expect(new Set(events.map(({ type }) => type)).size).toBeGreaterThan(10);
  expect(events.filter(({ rehearsed }) => rehearsed !== true)).toEqual([]);
  expect(await handle).toMatchObject({ rehearsed: true });
  expect(await host.show(handle.id)).toMatchObject({ rehearsed: true, workflow: "review-assembly-line" });
  expect(await host.list()).toMatchObject([{ run: handle.id, rehearsed: true }]);
  await host.journal.rebuild();
  expect(await host.list()).toMatchObject([{ run: handle.id, rehearsed: true }]);
});

test("a rehearsal takes the time that it says in no time, and is let go at its end", async () => {
  const host = await homes.open();
  const began = Date.now();
  const handle = host.start(host.prepare({ workflowId: "fullstack-dev", config: FAST }));
  const { status, summary } = await handle;
  expect(status).toBe("complete");
  expect(summary.totalDuration).toBeGreaterThan(Date.now() - began);
  await expect.poll(() => host.conducted).toEqual([]);
});

test("[I7] a rehearsal that pauses at its budget goes on when it is raised, and time passes again", async () => {
  const host = await homes.open();
  const tasks = [work("a"), work("b", { dependencies: ["a"] }), work("c", { dependencies: ["b"] })];
  const handle = host.start(host.prepare({ tasks, config: { ...FAST, budget: { turns: 1 } } }));
  expect((await handle).status).toBe("paused");
  expect(host.conducted).toEqual([handle.id]);
  expect(await host.command(handle.id, { type: "resume", budget: { turns: 2 } })).toBe("obeyed");
  expect((await handle).status).toBe("paused");
  expect(await host.command(handle.id, { type: "resume", budget: { turns: 9 } })).toBe("obeyed");
  expect(await handle).toMatchObject({ status: "complete", tasks: { c: { status: "complete" } } });
  await expect.poll(() => host.conducted).toEqual([]);
  await expect(host.command(handle.id, { type: "cancel" })).rejects.toMatchObject({ code: "WRONG_STATE" });
});

test("an ended run gives its results again; a retry keeps what was done, a fork does the rest anew", async () => {
  const host = await homes.open();
  const tasks = [work("a"), work("b", { dependencies: ["a"] })];
  const first = host.start(host.prepare({ tasks, config: FAST }));
  const results = await first;
  await homes.close(host);
  const later = await homes.open({ home: host.home });
  const { handle: again } = await later.resume(first.id);
  expect(await again).toEqual(results);
  const { handle: retried } = await later.retry(first.id, { from: "b", set: { prompt: "Do it better" } });
  const { tasks: done, rehearsed } = await retried;
  expect(done).toMatchObject({ a: { status: "reused" }, b: { status: "complete" } });
  expect(rehearsed).toBe(true);
  expect(await later.show(retried.id)).toMatchObject({ parent: { run: first.id, how: "retry" } });
  const end = (await eventsOf(later.journal, first.id)).find((event) => event.type === "task:complete");
  const { handle: forked } = await later.fork(`${first.id}@${end?.seq}`);
  expect((await forked).tasks).toMatchObject({ a: { status: "reused" }, b: { status: "complete" } });
  await expect(later.retry(first.id, { from: "bb" })).rejects.toMatchObject({ code: "BAD_INPUT", path: "from" });
});

test("a gate waits for a person, is listed, and is decided here", async () => {
  const host = await homes.open();
  const handle = host.start(host.prepare({ tasks: GATED, config: AT_ONCE }));
  await expect.poll(() => host.gates()).toMatchObject([{ run: handle.id, gate: "b", question: "ship?" }]);
  expect(await host.list({ status: "waiting" })).toMatchObject([{ run: handle.id, status: "waiting" }]);
  expect(await host.list({ status: "running" })).toEqual([]);
  await expect(host.command(handle.id, { type: "decide", gate: "bb", decision: "approve" })).rejects.toMatchObject({
    message: expect.stringContaining("there is no open gate 'bb'"),
  });
  await expect(host.command(handle.id, { type: "decide" } as never)).rejects.toMatchObject({ code: "BAD_INPUT" });
  expect(await host.command(handle.id, { type: "decide", gate: "b", decision: "approve", by: "me" })).toBe("obeyed");
  expect((await handle).status).toBe("complete");
  expect(await host.gates()).toEqual([]);
  expect(await host.list({ status: "complete", limit: 1 })).toHaveLength(1);
});

test("what another process conducts is seen, and steered through its inbox, also without its keys", async () => {
  const home = homes.path();
  const other = program(home, { tasks: GATED, config: AT_ONCE });
  const run = await other.reached("gate:opened");
  const host = await homes.open({ home });
  expect(await host.list({ status: "waiting" })).toMatchObject([{ run }]);
  await expect(host.resume(run)).rejects.toMatchObject({ code: "RUN_OWNED" });
  await expect(host.command(run, { type: "decide", gate: "x", decision: "approve" })).rejects.toMatchObject({
    path: "gate",
  });
  await expect(host.command(run, { type: "message", from: "me", to: "bilder", content: "x" })).rejects.toMatchObject({
    message: expect.stringContaining("did you mean 'builder'"),
  });
  expect(await host.command(run, { type: "message", from: "me", to: "builder", content: "hurry" })).toBe("handed-over");
  expect(await host.command(run, { type: "decide", gate: "b", decision: "approve" })).toBe("handed-over");
  expect(await other.ended).toBe("complete");
  expect(await host.show(run)).toMatchObject({ status: "complete", tasks: { b: { status: "complete" } } });
  expect(host.conducted).toEqual([]);
});

test("of many who take a run up at once here, all get the one handle", async () => {
  const host = await homes.open();
  const { id } = host.start(host.prepare({ tasks: GATED, config: AT_ONCE }));
  await expect.poll(() => host.gates(id)).toHaveLength(1);
  await homes.close(host);
  const later = await homes.open({ home: host.home });
  const all = await Promise.all([later.resume(id), later.resume(id), later.resume(id)]);
  expect(new Set(all.map(({ handle }) => handle)).size).toBe(1);
  await later.command(id, { type: "decide", gate: "b", decision: "reject" });
  expect((await all[0].handle).status).toBe("failed");
});

test("a run of a program is the program's: it cannot be resumed here, and can be cancelled where it has no owner", async () => {
  const home = homes.path();
  await using journal = createSqliteJournal({ path: `${home}/runs`, index: `${home}/host.db` });
  const asked: string[] = [];
  const agents = { own: (task: { id: string }) => asked.push(task.id) };
  const program = new AgentOrchestrator({ agents, journal });
  const tasks = [work("a", { agentName: "own", gate: true })];
  const { id } = program.execute({ tasks });
  const host = await homes.open({ home });
  await expect.poll(() => host.gates(id)).toHaveLength(1);
  expect(await host.command(id, { type: "pause" }), "its owner lives").toBe("handed-over");
  await expect.poll(async () => (await host.list({ status: "paused" })).length).toBe(1);
  await program[Symbol.asyncDispose]();
  await expect(host.resume(id)).rejects.toMatchObject({ message: expect.stringContaining("begun by a program") });
  await expect(host.command(id, { type: "resume" })).rejects.toMatchObject({ code: "BAD_INPUT" });
  expect(await host.command(id, { type: "cancel", reason: "enough" })).toBe("obeyed");
  expect(await host.show(id)).toMatchObject({ status: "cancelled", reason: "enough" });
  expect(asked).toEqual([]);
});

test.each([
  ["0".repeat(26), "NOT_FOUND"],
  ["nope", "BAD_INPUT"],
  ["../../etc/passwd", "BAD_INPUT"],
])("there is no run %s, whatever is asked of it", async (run, code) => {
  const host = await homes.open();
  await expect(host.show(run)).rejects.toMatchObject({ code });
  await expect(host.resume(run)).rejects.toMatchObject({ code });
  await expect(host.retry(run)).rejects.toMatchObject({ code });
  await expect(host.fork(`${run}@3`)).rejects.toMatchObject({ code });
  await expect(host.command(run, { type: "cancel" })).rejects.toMatchObject({ code });
  await expect(host.gates(run)).rejects.toMatchObject({ code });
  expect(host.conducted).toEqual([]);
});
