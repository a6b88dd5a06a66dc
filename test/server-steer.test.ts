/** Steering runs over HTTP: one that this process conducts, one of another process, and one that nobody conducts. */
import { afterAll, describe, expect, test } from "vitest";
import type { RunEvent } from "../src/index.ts";
import { program } from "./support/host-program.ts";
import { AT_ONCE, approve, gated, numbers, opened, REHEARSED, SOON, started, upTo } from "./support/server-kit.ts";

const api = await started();
const { get, post, begin, stream } = api;
afterAll(() => api[Symbol.asyncDispose]());

const plain = (id: string, more: object = {}) => ({
  ...{ id, agentName: "builder", description: id, prompt: `Do ${id}` },
  ...more,
});
const chain = [plain("a"), plain("b", { dependencies: ["a"] }), plain("c", { dependencies: ["b"] })];
const order = (run: string, what: string, body: object = {}) => post(`/api/runs/${run}/${what}`, body);
const steer = async (run: string, what: string, body: object = {}) => {
  const answer = await order(run, what, body);
  expect([answer.status, answer.body.run]).toEqual([202, run]);
  return answer.body.command;
};
const refused = async (run: string, what: string, body: object = {}) => {
  const { status, body: told } = await order(run, what, body);
  return [status, told.error?.code, told.error?.path];
};
const all = async (run: string): Promise<RunEvent[]> => (await stream(`/api/runs/${run}/events`)).events;
const show = async (run: string) => (await get(`/api/runs/${run}`)).body;
const status = async (run: string) => (await show(run)).status;
const until = (run: string, type: RunEvent["type"]) =>
  stream(`/api/runs/${run}/events`, (event) => event.type === type);

describe("a run that this process conducts", () => {
  test("pauses, resumes and is cancelled, each in the state where it can", async () => {
    const run = await begin({ tasks: gated(2), config: AT_ONCE });
    await opened(api, run, "t0");
    expect(await refused(run, "resume")).toEqual([409, "WRONG_STATE", undefined]);
    expect(await steer(run, "pause", { reason: "lunch" })).toBe("obeyed");
    await until(run, "workflow:paused");
    expect(await show(run)).toMatchObject({ status: "paused", reason: "lunch" });
    expect(await refused(run, "pause")).toEqual([409, "WRONG_STATE", undefined]);
    expect(await steer(run, "resume")).toBe("obeyed");
    expect((await approve(api, run, "t0")).body.command).toBe("obeyed");
    await opened(api, run, "t1");
    expect(await steer(run, "cancel", { reason: "enough" })).toBe("obeyed");
    const events = await all(run);
    expect(events.at(-1)).toMatchObject({ type: "workflow:cancelled", reason: "enough" });
    expect(await show(run)).toMatchObject({ status: "cancelled", tasks: { t0: { status: "complete" } } });
    for (const late of ["pause", "resume", "cancel"])
      expect(await refused(run, late)).toEqual([409, "WRONG_STATE", undefined]);
    expect(await refused(run, "messages", { agent: "builder", text: "late" })).toEqual([409, "WRONG_STATE", undefined]);
  });

  test("an ordering stream ends at the pause, and the run's events go on after it", async () => {
    const tasks = chain;
    const body = JSON.stringify({ tasks, config: { ...REHEARSED, budget: { turns: 1 } } });
    const { events } = await stream("/api/workflows/execute", undefined, { method: "POST", body });
    expect(events.at(-1)).toMatchObject({ type: "workflow:paused", cause: "budget" });
    const run = events[0]?.run ?? "";
    expect(await refused(run, "resume", { budget: { turns: -1 } })).toEqual([422, "BAD_INPUT", "budget.turns"]);
    expect(await steer(run, "resume", { budget: { turns: 9 } })).toBe("obeyed");
    const rest = await stream(`/api/runs/${run}/events?from=${events.length + 1}`);
    expect(rest.events[0]).toMatchObject({ type: "workflow:resumed", budget: { turns: 9 } });
    expect(rest.events.at(-1)).toMatchObject({ type: "workflow:complete", status: "complete" });
    expect([...numbers(events), ...numbers(rest.events)]).toEqual(upTo(events.length + rest.events.length));
  });

  test("hears messages: to one agent, to all, and never to one that it has not", async () => {
    const run = await begin({ tasks: gated(1), config: AT_ONCE });
    await opened(api, run, "t0");
    expect(await steer(run, "messages", { agent: "builder", text: "use tabs" })).toBe("obeyed");
    expect(await steer(run, "messages", { agent: "*", text: "and hurry" })).toBe("obeyed");
    const wrong = await order(run, "messages", { agent: "bilder", text: "x" });
    expect([wrong.status, wrong.body.error.path]).toEqual([422, "agent"]);
    expect(wrong.body.error.message).toContain("did you mean 'builder'?");
    expect(await steer(run, "messages", { agent: "builder", text: "x".repeat(65_536) })).toBe("obeyed");
    const long = { agent: "builder", text: "x".repeat(65_537) };
    expect(await refused(run, "messages", long)).toEqual([422, "BAD_INPUT", "text"]);
    await approve(api, run, "t0");
    const events = await all(run);
    const sent = events.filter(({ type }) => type === "message:sent");
    expect(sent.slice(0, 2)).toMatchObject([
      { from: "user", to: "builder", content: "use tabs" },
      { from: "user", to: "*", content: "and hurry" },
    ]);
    expect(events.find(({ type }) => type === "message:delivered")).toMatchObject({ messages: numbers(sent) });
    expect(events.filter(({ type }) => type === "fact:refused")).toEqual([]);
  });

  test("its gates are listed, decided once, and an edited prompt is what its task gets", async () => {
    const run = await begin({ tasks: gated(3), config: AT_ONCE });
    await opened(api, run, "t0");
    const { gates } = (await get("/api/gates")).body;
    expect(gates.find((gate: { run: string }) => gate.run === run)).toEqual({
      ...{ run, gate: "t0", taskId: "t0", agentName: "builder" },
      ...{ question: expect.any(String), at: expect.any(Number) },
    });
    const decide = (gate: string, body: object) => order(run, `gates/${gate}`, body);
    const wrong = await decide("to", { decision: "approve" });
    expect([wrong.status, wrong.body.error.path]).toEqual([404, "gate"]);
    expect(wrong.body.error.message).toContain("did you mean 't0'?");
    expect((await decide("constructor", { decision: "approve" })).status).toBe(404);
    const edited = "Do it, but better";
    expect((await decide("t0", { decision: "approve", note: "go", edited })).status).toBe(202);
    expect((await decide("t0", { decision: "reject" })).body.error.code).toBe("WRONG_STATE");
    await opened(api, run, "t1");
    expect((await decide("t1", { decision: "reject", note: "no" })).status).toBe(202);
    const events = await all(run);
    expect(events.filter(({ type }) => type === "gate:decided")).toMatchObject([
      { gate: "t0", decision: "approve", note: "go", edited, by: "http" },
      { gate: "t1", decision: "reject", note: "no", by: "http" },
    ]);
    expect(await show(run)).toMatchObject({
      status: "failed",
      tasks: { t0: { status: "complete" }, t1: { status: "failed" }, t2: { status: "skipped" } },
    });
    expect((await get("/api/gates")).body.gates.filter((gate: { run: string }) => gate.run === run)).toEqual([]);
  });

  test("two who decide one gate at once: one is obeyed, the other is told", async () => {
    const run = await begin({ tasks: gated(1), config: AT_ONCE });
    await opened(api, run, "t0");
    const answers = await Promise.all(
      ["approve", "reject", "approve", "reject"].map((decision) => order(run, "gates/t0", { decision })),
    );
    expect(answers.filter((answer) => answer.status === 202)).toHaveLength(1);
    for (const { status, body } of answers) if (status !== 202) expect([409, 422]).toContain(status ?? body);
    expect((await all(run)).filter(({ type }) => type === "gate:decided")).toHaveLength(1);
  });
});

test("a retry keeps what was done before the task, a fork begins anew from it, and both are runs of their own", async () => {
  const run = await begin({ tasks: chain, config: REHEARSED });
  await all(run);
  const retried = await order(run, "retry", { task: "b", set: { prompt: "Do b well" } });
  expect([retried.status, Object.keys(retried.body)]).toEqual([202, ["run"]]);
  expect(retried.headers["location"]).toBe(`/api/runs/${retried.body.run}`);
  await all(retried.body.run);
  expect(await show(retried.body.run)).toMatchObject({
    status: "complete",
    parent: { run, how: "retry" },
    tasks: { a: { status: "reused" }, b: { status: "complete" }, c: { status: "complete" } },
  });
  const forked = await order(run, "fork", { from: "b" });
  const events = await all(forked.body.run);
  expect(events[0]).toMatchObject({ type: "workflow:start", parent: { run, how: "fork" }, rehearsed: true });
  const point = events.find(({ type }) => type === "task:complete")?.seq;
  const checkpoint = await order(`${forked.body.run}@${point}`, "fork");
  expect(checkpoint.status).toBe(202);
  await all(checkpoint.body.run);
  expect(await refused(run, "retry", { task: "bb" })).toEqual([422, "BAD_INPUT", expect.any(String)]);
  expect(await refused(run, "retry", { set: { prompt: "x" } })).toEqual([422, "BAD_INPUT", "task"]);
  expect(await refused(run, "fork", { set: { prompt: "x" } })).toEqual([422, "BAD_INPUT", "from"]);
  expect(await refused(run, "fork", { from: "b", set: { promt: "x" } })).toEqual([
    422,
    "BAD_INPUT",
    expect.any(String),
  ]);
  expect((await order(`${run}@0`, "fork")).status).toBe(404);
  expect(await refused(`${run}@9999`, "fork")).toEqual([422, "BAD_INPUT", "run"]);
});

describe("a run that another process conducts", () => {
  const other = async () => {
    const owner = program(api.home, { tasks: gated(2), config: AT_ONCE });
    return { owner, run: await owner.reached("gate:opened") };
  };

  test("is listed, streamed and steered by handing over what its owner is to do", async () => {
    const { owner, run } = await other();
    const streamed = all(run);
    expect((await get("/api/runs?status=waiting")).body.runs).toMatchObject([{ run }]);
    expect((await get("/api/health")).body.conducted).toBe(0);
    expect(await refused(run, "resume")).toEqual([409, "RUN_OWNED", undefined]);
    expect(await refused(run, "messages", { agent: "bilder", text: "x" })).toEqual([422, "BAD_INPUT", "agent"]);
    expect(await refused(run, "gates/t9", { decision: "approve" })).toEqual([404, "NOT_FOUND", "gate"]);
    expect(await steer(run, "messages", { agent: "builder", text: "hello from HTTP" })).toBe("handed-over");
    for (const gate of ["t0", "t1"]) expect((await approve(api, run, gate)).body.command).toBe("handed-over");
    expect(await owner.ended).toBe("complete");
    const events = await streamed;
    expect(numbers(events)).toEqual(upTo(events.length));
    expect(events.find(({ type }) => type === "message:sent")).toMatchObject({ content: "hello from HTTP" });
    expect(events.at(-1)).toMatchObject({ type: "workflow:complete", status: "complete" });
  });

  test("is paused there, and taken up here when it is to go on, in one stream without a gap", async () => {
    const { owner, run } = await other();
    const streamed = all(run);
    expect(await steer(run, "pause", { reason: "mine now" })).toBe("handed-over");
    expect(await owner.ended).toBe("paused");
    expect(await steer(run, "resume")).toBe("obeyed");
    for (const gate of ["t0", "t1"]) expect((await approve(api, run, gate)).body.command).toBe("obeyed");
    const events = await streamed;
    expect(numbers(events)).toEqual(upTo(events.length));
    expect(events.at(-1)).toMatchObject({ type: "workflow:complete", status: "complete" });
  });

  test("is cancelled there", async () => {
    const { owner, run } = await other();
    expect(await steer(run, "cancel", { reason: "no more" })).toBe("handed-over");
    expect(await owner.ended).toBe("cancelled");
    expect(await show(run)).toMatchObject({ status: "cancelled", reason: "no more" });
  });

  test("is branched off while it lives", async () => {
    const { owner, run } = await other();
    const forked = await order(run, "fork");
    expect(forked.status).toBe(202);
    await steer(forked.body.run, "cancel");
    await steer(run, "cancel");
    expect(await owner.ended).toBe("cancelled");
  });

  test("is taken up here, with a raised budget, when its process was killed", async () => {
    const owner = program(api.home, { tasks: gated(2), config: { ...AT_ONCE, budget: { turns: 1 } } });
    const run = await owner.reached("gate:opened");
    const streamed = all(run);
    owner.child.kill("SIGKILL");
    await owner.ended;
    expect(await steer(run, "resume", { budget: { turns: 5 } })).toBe("obeyed");
    for (const gate of ["t0", "t1"]) await approve(api, run, gate);
    const events = await streamed;
    expect(numbers(events)).toEqual(upTo(events.length));
    expect(events.at(-1)).toMatchObject({ type: "workflow:complete", status: "complete" });
    await expect.poll(() => status(run), SOON).toBe("complete");
  });
});
