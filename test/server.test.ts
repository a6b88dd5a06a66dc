/** Runs, workflows and processes over HTTP, as the mission's programs use them. */

import { afterAll, describe, expect, test } from "vitest";
import { byCodeUnit } from "../src/domain/json.ts";
import type { RunEvent } from "../src/index.ts";
import { tasksOf } from "../src/server/process.ts";
import { REHEARSED, started } from "./support/server-kit.ts";

const api = await started();
const { get, post, stream, begin, host } = api;
afterAll(() => api[Symbol.asyncDispose]());

const order = (body: object): RequestInit => ({ method: "POST", body: JSON.stringify(body) });
const EXECUTE = "/api/workflows/execute";
const plain = (id: string, more: object = {}) => ({
  id,
  agentName: "builder",
  description: id,
  prompt: `Do ${id}`,
  ...more,
});

describe("executing a workflow", () => {
  test("a failing task and an unfinished run have their event names too", async () => {
    const tasks = [plain("a", { retries: 0 }), plain("b", { dependencies: ["a"] })];
    const { events } = await stream(EXECUTE, undefined, order({ tasks, config: { ...REHEARSED, chaos: 1 } }));
    const names = events.map(({ type }) => type);
    expect(names).toContain("task:error");
    expect(names).toContain("task:skipped");
    expect(events.at(-1)).toMatchObject({ type: "workflow:complete", status: "failed" });
  });

  test("with Accept: application/json the run is named at once, and goes on by itself", async () => {
    const answer = await post(EXECUTE, { workflowId: "code-review", config: REHEARSED });
    expect(answer.status).toBe(202);
    expect(Object.keys(answer.body)).toEqual(["run"]);
    expect(answer.headers["location"]).toBe(`/api/runs/${answer.body.run}`);
    const { events } = await stream(`/api/runs/${answer.body.run}/events`);
    expect(events.at(-1)?.type).toBe("workflow:complete");
  });

  test("a run survives the client that streams it", async () => {
    const { events } = await stream(
      EXECUTE,
      ({ type }) => type === "workflow:start",
      order({ workflowId: "testing-suite", config: { ...REHEARSED, speed: 1000 } }),
    );
    const run = events[0]?.run ?? "";
    const rest = await stream(`/api/runs/${run}/events?from=2`);
    expect(rest.events.at(-1)).toMatchObject({ type: "workflow:complete", status: "complete" });
  });

  test("the workflows are listed, by category and by tags", async () => {
    const { body } = await get("/api/workflows/list");
    expect(body.workflows).toHaveLength(11);
    for (const one of body.workflows)
      expect(Object.keys(one).sort(byCodeUnit)).toEqual([
        "category",
        "complexity",
        "description",
        "estimatedDuration",
        "id",
        "name",
        "tags",
      ]);
    const security = await get("/api/workflows/list?category=security");
    expect(security.body.workflows.map(({ id }: { id: string }) => id)).toContain("security-audit");
    const [first] = body.workflows;
    const tagged = await get(`/api/workflows/list?tags=${first.tags.slice(0, 2).join(",")}`);
    expect(tagged.body.workflows).toContainEqual(first);
    expect((await get(`/api/workflows/list?tags=${first.tags[0]},nonsense`)).body.workflows).toEqual([]);
  });
});

describe("looking at runs", () => {
  test("the list has pages, filters and words", async () => {
    await using own = await started();
    const runs: string[] = [];
    for (const workflowName of ["one", "two", "three", "two", "five"]) {
      const run = await own.begin({ workflowName, tasks: [plain("a")], config: REHEARSED });
      await own.stream(`/api/runs/${run}/events`);
      runs.unshift(run);
    }
    const list = async (query: string) => (await own.get(`/api/runs${query}`)).body;
    const ids = ({ runs: found }: { runs: { run: string }[] }) => found.map(({ run }) => run);
    const all = await list("");
    expect([ids(all), "cursor" in all]).toEqual([runs, false]);
    expect(all.runs[0]).toMatchObject({
      status: "complete",
      workflow: "five",
      startedAt: expect.any(Number),
      endedAt: expect.any(Number),
      summary: { totalTasks: 1 },
    });
    const first = await list("?limit=2");
    const second = await list(`?limit=2&cursor=${first.cursor}`);
    const third = await list(`?limit=2&cursor=${second.cursor}`);
    expect([...ids(first), ...ids(second), ...ids(third)]).toEqual(runs);
    expect(third.cursor).toBeUndefined();
    expect(ids(await list("?workflow=two"))).toEqual([runs[1], runs[3]]);
    // No id of a run has an "o" in it, which the words are looked for in too.
    expect(ids(await list("?q=TWO&limit=1"))).toEqual([runs[1]]);
    expect(ids(await list(`?q=two&limit=1&cursor=${runs[1]}`))).toEqual([runs[3]]);
    expect(ids(await list("?status=complete&workflow=one"))).toEqual([runs[4]]);
    expect(ids(await list("?status=running"))).toEqual([]);
  });

  test("one run shows its results, and its events in pages", async () => {
    const run = await begin({ workflowId: "fullstack-dev", config: REHEARSED });
    const { events } = await stream(`/api/runs/${run}/events`);
    const { body } = await get(`/api/runs/${run}`);
    expect(body).toMatchObject({
      run,
      status: "complete",
      workflow: "fullstack-dev",
      rehearsed: true,
      summary: { successfulTasks: 6 },
    });
    expect(body.tasks["backend-architecture"]).toMatchObject({ status: "complete", attempts: 1 });
    const pages: RunEvent[] = [];
    for (let next: number | undefined = 1; next !== undefined; ) {
      const page: { events: RunEvent[]; next?: number } = (await get(`/api/runs/${run}/events?from=${next}&limit=10`))
        .body;
      expect(page.events.length).toBeLessThanOrEqual(10);
      pages.push(...page.events);
      next = page.next;
    }
    expect(pages).toEqual(events);
    expect((await get(`/api/runs/${run}/events?from=${events.length + 1}`)).body).toEqual({ events: [] });
  });

  test("agents, health and metrics", async () => {
    const { agents } = (await get("/api/agents")).body;
    expect(agents.length).toBe(host.library.agents.size);
    expect(agents[0]).not.toHaveProperty("instructions");
    expect((await get("/api/agents/code-reviewer")).body).toMatchObject({
      name: "code-reviewer",
      instructions: expect.any(String),
    });
    expect((await get("/api/health")).body).toMatchObject({ status: "ok", agents: agents.length, workflows: 11 });
    const { body } = await get("/api/metrics");
    expect(body).toMatchObject({
      totalAgents: agents.length,
      queueLength: expect.any(Number),
      activeJobs: expect.any(Number),
    });
    const reviewer = body.agentMetrics.find(({ agentId }: { agentId: string }) => agentId === "code-reviewer");
    expect(Object.keys(reviewer).sort(byCodeUnit)).toEqual([
      "agentId",
      "averageResponseTime",
      "currentLoad",
      "successRate",
      "totalTasks",
    ]);
    expect(reviewer).toMatchObject({ successRate: 1, currentLoad: 0 });
    expect(reviewer.totalTasks).toBeGreaterThan(0);
    const text = await get("/api/metrics", { headers: { Accept: "text/plain" } });
    expect(text.headers["content-type"]).toContain("version=0.0.4");
    expect(text.body).toContain(`tutti_agents ${agents.length}\n`);
    expect(text.body).toMatch(/^tutti_agent_tasks\{agent="code-reviewer"\} [1-9]/m);
    for (const line of text.body.trim().split("\n"))
      expect(line).toMatch(/^(# (HELP|TYPE) |tutti_\w+(\{[^}]*\})? [\d.e+]+$)/);
  });

  test("metrics count what runs now", async () => {
    await using own = await started();
    const tasks = [plain("a"), plain("b"), plain("c", { dependencies: ["a"] })];
    const run = await own.begin({ tasks, config: { rehearse: true, speed: 0.01, maxParallelAgents: 1 } });
    await own.stream(`/api/runs/${run}/events`, ({ type }) => type === "agent:invoke");
    expect((await own.get("/api/metrics")).body).toMatchObject({ queueLength: 2, activeJobs: 1 });
  });
});

describe("a business process", () => {
  const config = REHEARSED;
  const steps = [
    { id: "design", input: { order: 17 }, instructions: "Design it", capabilities: ["api-design"] },
    { id: "escalate", input: "now", conditions: { not: { task: "design", op: "exists" } } },
    {
      id: "report",
      capabilities: ["technical-writing"],
      conditions: [{ task: "design", op: "exists" }, { not: { task: "design", op: "eq", value: 1 } }],
    },
    { id: "archive" },
  ];

  test("its steps are done in order, each by who can, and it can be looked at as a run", async () => {
    const { status, body } = await post("/api/execute", { process: { name: "orders", steps }, config });
    expect([status, body.status]).toEqual([200, "complete"]);
    const told = body.results.map((one: Record<string, unknown>) => [one["id"], one["agentName"], one["status"]]);
    expect(told).toEqual([
      ["design", "backend-architect", "complete"],
      ["escalate", "backend-architect", "skipped"],
      ["report", "docs-architect", "complete"],
      ["archive", "docs-architect", "complete"],
    ]);
    expect(body.results[0].output).toBeDefined();
    const run = (await get(`/api/runs/${body.processId}`)).body;
    expect(run).toMatchObject({ workflow: "orders", status: "complete" });
    const { events } = await stream(`/api/runs/${body.processId}/events`);
    expect(events.find((event) => event.type === "task:added")).toMatchObject({
      context: { order: 17 },
      prompt: "Design it",
    });
    const starts = events.flatMap((event) => (event.type === "task:start" ? [event.taskId] : []));
    expect(starts).toEqual(["design", "report", "archive"]);
  });

  test("what is no object becomes the context's input", () => {
    const [task] = tasksOf([{ id: "a", input: [1, 2] }], host.library.agents);
    expect(task).toMatchObject({ context: { input: [1, 2] }, agentName: "builder" });
  });

  test.each([
    [
      "an unknown capability",
      [{ id: "a", capabilities: ["api-desing"] }],
      "process.steps[0].capabilities[0]",
      "did you mean 'api-design'?",
    ],
    [
      "capabilities that nobody has together",
      [{ id: "a", capabilities: ["api-design", "load-testing"] }],
      "process.steps[0].capabilities",
      "'load-testing' has test-automator",
    ],
    [
      "a condition on a later step",
      [{ id: "a", conditions: { task: "b", op: "exists" } }, { id: "b" }],
      "process.steps[0].conditions",
      "'b'",
    ],
    [
      "a condition that is none",
      [{ id: "a" }, { id: "b", conditions: { task: "a", op: "equals" } }],
      "process.steps[1].conditions.op",
      "eq",
    ],
    ["a step without an id", [{ input: 1 }], "process.steps[0].id", "missing"],
    ["a bad id", [{ id: "../x" }], "process.steps[0].id", "id"],
    ["no step", [], "process.steps", "at least one step"],
    ["an unknown field", [{ id: "a", condition: {} }], "process.steps[0].condition", "did you mean 'conditions'?"],
  ])("%s is refused by name", async (_name, bad, path, words) => {
    const { status, body } = await post("/api/execute", { process: { steps: bad }, config });
    expect([status, body.error.code, body.error.path]).toEqual([422, "BAD_INPUT", path]);
    expect(body.error.message).toContain(words);
  });
});
