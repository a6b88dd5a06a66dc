import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Answered, started } from "./support/server-kit.ts";

let server: Awaited<ReturnType<typeof started>>;
let call: (method: string, path: string, body?: unknown) => Promise<Answered>;
beforeAll(async () => {
  server = await started();
  call = (method, path, body) => server.call(method, path, body === undefined ? {} : { body });
});
afterAll(() => server[Symbol.asyncDispose]());

const mine = {
  name: "invoice-clerk",
  description: "Reads invoices",
  instructions: "You read invoices.",
  capabilities: ["invoice-reading"],
};

describe("agents over HTTP", () => {
  test("one is created, seen, edited, used and deleted, and lies in the home meanwhile", async () => {
    const file = join(server.host.home, "agents", "invoice-clerk.md");
    const created = await call("POST", "/api/agents", mine);
    expect([created.status, created.headers["location"]]).toEqual([201, "/api/agents/invoice-clerk"]);
    expect(created.body).toMatchObject({ ...mine, state: { stage: "idle", busy: 0 } });
    expect(readFileSync(file, "utf8")).toContain("You read invoices.");
    expect((await call("GET", "/api/agents?capability=invoice-reading")).body.agents).toMatchObject([
      { name: "invoice-clerk" },
    ]);
    const patched = await call("PATCH", "/api/agents/invoice-clerk", { tier: "fast", capabilities: null });
    expect(patched.body).toMatchObject({ tier: "fast", capabilities: [] });
    const task = { id: "a", agentName: "invoice-clerk", description: "Read it", prompt: "Read" };
    const run = await server.begin({ tasks: [task], config: { rehearse: true, speed: "max" } });
    await server.stream(`/api/runs/${run}/events`);
    expect((await call("DELETE", "/api/agents/invoice-clerk")).status).toBe(204);
    expect([existsSync(file), (await call("GET", "/api/agents/invoice-clerk")).status]).toEqual([false, 404]);
  });

  test("they are found by category, tag and words", async () => {
    const security = await call("GET", "/api/agents?category=security&limit=2");
    expect(security.body.agents).toHaveLength(2);
    const { body } = await call("GET", "/api/agents?q=screen%20reader%20contrast&limit=3");
    expect(body.agents.map(({ name }: { name: string }) => name)).toContain("accessibility-engineer");
  });

  test.each<[string, string, string, unknown, number, string]>([
    ["a name that is taken", "POST", "/api/agents", { ...mine, name: "code-reviewer" }, 409, "name"],
    ["an unknown field", "POST", "/api/agents", { ...mine, tool: 1 }, 422, "tool"],
    ["a run that is not conducted here", "POST", "/api/agents", { ...mine, run: "nosuch" }, 422, "run"],
    ["an agent that is not there", "PATCH", "/api/agents/code-reviwer", {}, 404, "name"],
    ["one of the catalogue", "DELETE", "/api/agents/code-reviewer", undefined, 409, "name"],
    ["a flag that is none", "DELETE", "/api/agents/code-reviewer?force=1", undefined, 422, "force"],
    ["a task without words", "POST", "/api/route", { task: "" }, 422, "task"],
    ["a task of another shape", "POST", "/api/route", { task: { descripton: "x" } }, 422, "task.descripton"],
  ])("%s is refused", async (_what, method, path, body, status, at) => {
    const answer = await call(method, path, body);
    expect([answer.status, answer.body.error.path]).toEqual([status, at]);
  });
});

describe("agents at work", () => {
  test("one is commanded, looked into and interrupted, as by any conductor", async () => {
    const asked = { command: "Build it", rehearse: true };
    const begun = await call("POST", "/api/agents/builder/command", asked);
    expect([begun.status, begun.body.status]).toEqual([202, "running"]);
    expect(begun.headers["location"]).toBe(`/api/runs/${begun.body.run}`);
    const done = await call("POST", "/api/agents/builder/command", { ...asked, wait: 60 });
    expect(done.body).toMatchObject({ status: "complete", rehearsed: true, tasks: [{ agentName: "builder" }] });
    const logs = await call("GET", `/api/agents/builder/logs?run=${done.body.run}&limit=1`);
    expect(logs.body).toMatchObject({
      run: done.body.run,
      lines: [{ type: "agent:invoke" }],
      next: expect.any(Number),
    });
    const stopped = await call("POST", "/api/agents/code-reviewer/interrupt");
    expect([stopped.status, stopped.body]).toEqual([202, { interrupted: [], note: expect.any(String) }]);
  });

  test.each([
    ["POST", "/api/agents/bilder/command", { command: "x" }, 404, "name"],
    ["POST", "/api/agents/builder/command", {}, 422, "command"],
    ["POST", "/api/agents/builder/command", { command: "x", wait: 1e9 }, 422, "wait"],
    ["POST", "/api/agents/builder/interrupt", { how: "kill" }, 422, "how"],
    ["GET", "/api/agents/builder/logs?run=last", undefined, 422, "run"],
    ["GET", "/api/agents/builder/logs?limit=0", undefined, 422, "limit"],
    ["GET", "/api/agents/nobody/logs", undefined, 404, "name"],
  ] as const)("%s %s %j is refused", async (method, path, body, status, at) => {
    const answer = await call(method, path, body);
    expect([answer.status, answer.body.error.path]).toEqual([status, at]);
  });
});

describe("POST /api/route", () => {
  test("says who, how sure, why, and who else", async () => {
    const { status, body } = await call("POST", "/api/route", {
      task: "VoiceOver reads the buttons of our checkout in the wrong order",
    });
    expect(status).toBe(200);
    expect(body).toEqual({
      agent: expect.any(String),
      confidence: expect.any(Number),
      reasoning: expect.stringContaining(body.agent),
      alternatives: expect.arrayContaining([expect.objectContaining({ agent: expect.any(String) })]),
      evidence: expect.arrayContaining([expect.objectContaining({ what: "words" })]),
    });
  });

  test("only those count that have what is asked for, and nobody is an answer", async () => {
    const task = { description: "Look at this change", capabilities: ["code-review"], tools: ["read"] };
    const { body } = await call("POST", "/api/route", { task, context: { exclude: ["code-reviewer"] } });
    expect([body.agent, ...body.alternatives.map((one: { agent: string }) => one.agent)]).not.toContain(
      "code-reviewer",
    );
    const none = await call("POST", "/api/route", { task: { description: "x", capabilities: ["code-reveiw"] } });
    expect(none.body).toMatchObject({ agent: null, reasoning: expect.stringContaining("did you mean 'code-review'?") });
  });

  test("a task that names nobody gets an agent, and its run says why", async () => {
    const task = {
      id: "a",
      description: "VoiceOver reads the buttons of our checkout in the wrong order",
      prompt: "Mend the focus order and the labels for screen readers.",
    };
    const run = await server.begin({ tasks: [task], config: { rehearse: true, speed: "max" } });
    const { events } = await server.stream(`/api/runs/${run}/events`);
    const added = events.find(({ type }) => type === "task:added") as
      | { agentName?: string; agentReason?: string }
      | undefined;
    expect(added?.agentReason).toContain(added?.agentName);
    const lost = await call("POST", "/api/workflows/execute", {
      tasks: [{ id: "a", description: "qqq zzz", prompt: "xyzzy" }],
      config: { rehearse: true },
    });
    expect([lost.status, lost.body.error.path]).toEqual([422, "tasks[0].agentName"]);
  });
});
