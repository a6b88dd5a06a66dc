/** The mission's programs, as its document writes them, against a real server. */
import { readdirSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { afterAll, describe, expect, test } from "vitest";
import { workflowRegistry } from "../src/workflows/built-in.ts";
import { FakeProvider } from "./support/fake-provider.ts";
import { numbers, REHEARSED, started, upTo } from "./support/server-kit.ts";

const api = await started();
afterAll(() => api[Symbol.asyncDispose]());
const EXECUTE = "/api/workflows/execute";

/** Of the document's "Event Types". */
const NAMES = [
  "workflow:start",
  "task:added",
  "task:start",
  "agent:invoke",
  "task:complete",
  "task:error",
  "wave:start",
  "wave:complete",
  "workflow:complete",
  "workflow:results",
  "workflow:error",
];

// biome-ignore lint/suspicious/noExplicitAny: the document's handler takes any, and reads what it finds
type Data = any;

/** The document's `handleWorkflowEvent` and debug listeners: what they print, of whatever has the fields they read. */
function told(event: Data): string | undefined {
  switch (event.type) {
    case "workflow:start":
      return `Starting workflow with ${event.taskCount} tasks`;
    case "task:start":
      return `Task ${event.taskId} starting: ${event.description} by ${event.agentName}`;
    case "agent:invoke":
      return `Invoking ${event.agentName} with ${event.model}, at most ${event.maxTokens} tokens`;
    case "task:complete":
      return `Completed ${event.taskId}: ${event.agentName}, ${event.success} (${event.duration}ms, ${event.tokensUsed} tokens)`;
    case "workflow:complete":
      return [
        `Tasks: ${event.summary.successfulTasks}/${event.summary.totalTasks}`,
        `Tokens: ${event.summary.totalTokens}`,
        `Duration: ${(event.summary.totalDuration / 1000).toFixed(2)}s`,
      ].join(", ");
    default:
      return undefined;
  }
}

/** The document's loop: reader, decoder, lines, `data: `; with host, token and a buffer for the line that is cut. */
async function execute(body: object): Promise<{ readonly events: Data[]; readonly rest: string }> {
  const response = await fetch(`${api.server.url}${EXECUTE}`, {
    method: "POST",
    headers: { "Content-Type": "application/json", ...api.auth },
    body: JSON.stringify(body),
  });
  expect(response.headers.get("content-type")).toContain("text/event-stream");
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  const decoder = new TextDecoder();
  const events: Data[] = [];
  let rest = "";
  while (true) {
    const { done, value } = await reader.read();
    if (done) break;
    const lines = (rest + decoder.decode(value, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      if (line.startsWith("data: ")) {
        const data = JSON.parse(line.slice(6));
        events.push(data);
      }
    }
  }
  return { events, rest };
}

describe("[bar:workflows-http] the eleven workflows", () => {
  const ids = workflowRegistry.list().map(({ id }) => id);

  test("are eleven", () => {
    expect(new Set(ids).size).toBe(11);
  });

  test.each(ids)("%s streams the events with the fields that the document reads", async (workflowId) => {
    const { events, rest } = await execute({ workflowId, config: REHEARSED });
    expect(rest).toBe("");
    expect(numbers(events)).toEqual(upTo(events.length));
    const of = (type: string): Data[] => events.filter((event) => event.type === type);
    const word = expect.stringMatching(/./);
    const added = of("task:added").length;
    expect(of("workflow:start")).toEqual([expect.objectContaining({ seq: 1, taskCount: added, workflow: workflowId })]);
    for (const event of of("task:added")) expect(event).toMatchObject({ taskId: word, agentName: word });
    // Of the ways of an issue one is gone; whoever is left out by a condition never starts.
    const left = of("task:skipped").length;
    expect(left > 0).toBe(workflowId === "issue");
    expect(of("task:start").length).toBeGreaterThanOrEqual(added - left);
    for (const event of of("task:start"))
      expect(event).toMatchObject({
        taskId: word,
        description: word,
        agentName: word,
        dependencies: expect.any(Array),
      });
    for (const event of of("agent:invoke"))
      expect(event).toMatchObject({ agentName: word, model: word, maxTokens: expect.any(Number), attempt: 1 });
    expect(of("task:complete").length).toBe(of("task:start").length);
    for (const event of of("task:complete")) {
      expect(event).toMatchObject({ taskId: word, agentName: word, success: true, duration: expect.any(Number) });
      expect(event.tokensUsed).toBeGreaterThan(0);
    }
    for (const type of ["wave:start", "wave:complete"])
      for (const event of of(type))
        expect(event).toMatchObject({ wave: expect.any(Number), taskIds: expect.any(Array) });
    const [results, complete] = events.slice(-2);
    const total = of("task:complete").length;
    expect(results).toMatchObject({ type: "workflow:results", results: { status: "complete" } });
    expect(complete).toMatchObject({
      ...{ type: "workflow:complete", status: "complete", rehearsed: true },
      summary: { successfulTasks: total, totalTasks: total + left },
    });
    expect(complete.summary.totalTokens).toBe(of("task:complete").reduce((sum, { tokensUsed }) => sum + tokensUsed, 0));
    const lines = events.map(told).filter((line) => line !== undefined);
    expect(lines[0]).toBe(`Starting workflow with ${added} tasks`);
    expect(lines.at(-1)?.replace(`/${total + left},`, `/${total},`)).toMatch(
      /^Tasks: (\d+)\/\1, Tokens: [1-9]\d*, Duration: \d+\.\d\ds$/,
    );
    expect(lines.join("\n")).not.toMatch(/undefined|NaN|null|\[object/);
  });
});

test("[bar:workflows-http] the document's custom workflow and its security audit say what the document prints", async () => {
  const audit = await execute({
    workflowId: "security-audit",
    parameters: { codebasePath: "./src", scope: "full" },
    config: REHEARSED,
  });
  expect(audit.events.filter(({ type }) => type === "task:complete")).toHaveLength(6);
  const design = { id: "design-api", agentName: "backend-architect", description: "Design RESTful API" };
  const tests = { id: "test-api", agentName: "test-automator", description: "Create API tests" };
  const custom = await execute({
    workflowName: "Custom API Development",
    tasks: [
      { ...design, prompt: "Design a RESTful API for a todo application", priority: 10, maxTokens: 8000 },
      { ...tests, prompt: "Create integration tests", dependencies: ["design-api"], priority: 8, maxTokens: 12_000 },
    ],
    config: { maxParallelAgents: 2, contextStrategy: "shared", enableCommunication: true, ...REHEARSED },
  });
  const lines = custom.events.map(told).filter((line) => line !== undefined);
  expect(lines).toEqual([
    "Starting workflow with 2 tasks",
    "Task design-api starting: Design RESTful API by backend-architect",
    expect.stringMatching(/^Invoking backend-architect with \S+, at most 8000 tokens$/),
    expect.stringMatching(/^Completed design-api: backend-architect, true \(\d+ms, \d+ tokens\)$/),
    "Task test-api starting: Create API tests by test-automator",
    expect.stringMatching(/^Invoking test-automator with \S+, at most 12000 tokens$/),
    expect.stringMatching(/^Completed test-api: test-automator, true \(\d+ms, \d+ tokens\)$/),
    expect.stringMatching(/^Tasks: 2\/2, Tokens: \d+, Duration: \d+\.\d\ds$/),
  ]);
  expect(custom.events[0]).toMatchObject({ workflow: "Custom API Development" });
});

test("[bar:workflows-http] all eleven names of the document are told, those of failures too", async () => {
  const seen = new Set<string>();
  const add = (events: readonly { readonly type: string }[]) => {
    for (const { type } of events) seen.add(type);
  };
  add((await execute({ workflowId: "code-review", config: REHEARSED })).events);
  const tasks = [{ id: "a", agentName: "builder", description: "a", prompt: "Do a", retries: 0 }];
  const failing = await execute({ tasks, config: { ...REHEARSED, chaos: 1 } });
  const error = failing.events.find(({ type }) => type === "task:error");
  expect(error).toMatchObject({ taskId: "a", agentName: "builder", success: false, reason: expect.any(String) });
  add(failing.events);
  add(await broken());
  expect(NAMES.filter((name) => !seen.has(name))).toEqual([]);
});

/** A run that cannot go on, because an output that its last task needs was damaged on the disk. */
async function broken(): Promise<Data[]> {
  await using provider = await FakeProvider.start();
  await using own = await started({ env: { ANTHROPIC_API_KEY: "sk-a", ANTHROPIC_BASE_URL: provider.url } });
  provider.answer = () => {
    if (provider.calls.length === 1) return { text: ["long ".repeat(20_000)] };
    const [file = ""] = readdirSync(`${own.home}/runs`).filter((name) => name.endsWith(".db"));
    const db = new DatabaseSync(`${own.home}/runs/${file}`);
    db.exec("update blob set body = zeroblob(8)");
    db.close();
    return undefined;
  };
  const task = (id: string, more: object) => ({ id, agentName: "builder", description: id, prompt: id, ...more });
  const tasks = [task("a", { priority: 9 }), task("b", {}), task("c", { dependencies: ["a", "b"] })];
  const config = { model: "anthropic/claude-sonnet-4-5", maxParallelAgents: 1, contextStrategy: "isolated" };
  const { events } = await own.stream(EXECUTE, undefined, { method: "POST", body: JSON.stringify({ tasks, config }) });
  expect(events.at(-1)).toMatchObject({
    type: "workflow:error",
    reason: expect.stringContaining("'c'"),
    summary: { totalTasks: 3, successfulTasks: 2 },
  });
  return events;
}

test("a model's server that nobody runs: 502 with the next step, and no run", async () => {
  const gone = await FakeProvider.start();
  const { url } = gone;
  await gone[Symbol.asyncDispose]();
  await using own = await started({ env: { OLLAMA_HOST: url } });
  const order = { workflowId: "code-review", config: { model: "ollama/llama3" } };
  const { status, body } = await own.call("POST", "/api/workflows/execute", { body: order });
  expect([status, body.error.code, body.error.path]).toEqual([502, "UNREACHABLE", "config.model"]);
  expect(body.error.message).toContain("nothing answers at 127.0.0.1:");
  expect((await own.call("GET", "/api/runs")).body.runs).toEqual([]);
});
