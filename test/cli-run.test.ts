/** `tutti run` and `tutti ask`: what they print, what they refuse, and the exit codes that scripts rely on. */
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { RunEvent } from "../src/index.ts";
import { workflowRegistry } from "../src/workflows/built-in.ts";
import { Cli, eventsIn, linesOf, REHEARSED, runIn } from "./support/cli-kit.ts";
import { HeldProvider } from "./support/held-provider.ts";

const cli = new Cli();
const task = (id: string, more: object = {}) => ({
  ...{ id, agentName: "builder", description: `work on ${id}`, prompt: `Do ${id}` },
  ...more,
});
const plan = (...tasks: readonly object[]): string => JSON.stringify({ tasks });
const SONNET = ["--model", "anthropic/claude-sonnet-4-5", "--yes"] as const;

describe("[bar:cli-workflows] run … --rehearse --speed max --json", () => {
  test.each(workflowRegistry.list().map(({ id }) => [id]))(
    "of %s prints the journal's events in order, with the fields that scripts read, and its results last",
    async (workflow) => {
      const terminal = cli.terminal();
      const { code, out, err } = await terminal.tutti("run", workflow, ...REHEARSED, "--json");
      expect({ code, err }).toEqual({ code: 0, err: "" });
      const events = eventsIn(out);
      expect(events.map(({ seq }) => seq)).toEqual(events.map((_, i) => i + 1));
      expect(events.every(({ rehearsed }) => rehearsed)).toBe(true);
      const of = <T extends RunEvent["type"]>(type: T) =>
        events.filter((event): event is Extract<RunEvent, { type: T }> => event.type === type);
      const ids = of("task:added").map(({ taskId }) => taskId);
      expect(events[0]).toMatchObject({ type: "workflow:start", workflow, taskCount: ids.length });
      const text = expect.stringMatching(/./);
      const described = { agentName: text, description: text, dependencies: expect.any(Array) };
      // Of the ways of an issue one is gone; the others are left out by their conditions.
      const left = of("task:skipped").map(({ taskId }) => taskId);
      const done = ids.filter((id) => !left.includes(id)).sort();
      for (const added of of("task:added")) expect(added).toMatchObject(described);
      expect(
        of("task:start")
          .map(({ taskId }) => taskId)
          .sort(),
      ).toEqual(done);
      for (const started of of("task:start")) expect(started).toMatchObject(described);
      for (const invoked of of("agent:invoke"))
        expect(invoked).toMatchObject({ agentName: text, attempt: 1, model: text });
      expect(
        of("task:complete")
          .map(({ taskId }) => taskId)
          .sort(),
      ).toEqual(done);
      const spent = { duration: expect.any(Number), tokensUsed: expect.any(Number), costUsd: expect.any(Number) };
      for (const complete of of("task:complete")) expect(complete).toMatchObject({ success: true, ...spent });
      const waves = of("wave:start").map(({ wave, taskIds }) => ({ wave, taskIds }));
      expect(waves.map(({ wave }) => wave)).toEqual(waves.map((_, i) => i + 1));
      expect(waves.flatMap(({ taskIds }) => taskIds).sort()).toEqual([...ids].sort());
      expect(of("wave:complete")).toHaveLength(waves.length);
      const [results, last] = events.slice(-2);
      expect(results).toMatchObject({ type: "workflow:results", results: { status: "complete" } });
      expect(last).toMatchObject({
        ...{ type: "workflow:complete", status: "complete" },
        summary: {
          ...{ totalTasks: ids.length, successfulTasks: done.length, failedTasks: 0, skippedTasks: left.length },
          ...{ totalTokens: expect.any(Number), totalCostUsd: expect.any(Number), totalDuration: expect.any(Number) },
        },
      });
    },
  );
});

test("[bar:cli-workflows] a task that fails, and a run that breaks off, are told with their reasons", async () => {
  const terminal = cli.terminal();
  const failed = await terminal.tutti("run", "code-review", ...REHEARSED, "--chaos", "1", "--json");
  expect(failed.code).toBe(1);
  const events = eventsIn(failed.out);
  const reasons = events.filter(({ type }) => type === "task:error");
  expect(reasons.length).toBeGreaterThan(0);
  for (const one of reasons)
    expect(one).toMatchObject({
      success: false,
      reason: expect.stringMatching(/rehearsed fault/),
      taskId: expect.any(String),
    });
  expect(events.slice(-2)).toMatchObject([
    { type: "workflow:results" },
    { type: "workflow:complete", status: "failed" },
  ]);
});

test("0: a plan that completes, as plain lines with the run and the task on each", async () => {
  const terminal = cli.terminal({
    "plan.yaml": "tasks:\n  - {id: a, agentName: builder, description: x, prompt: y}\n",
  });
  const { code, out, err } = await terminal.tutti("run", "plan.yaml", ...REHEARSED);
  expect({ code, err }).toEqual({ code: 0, err: "" });
  const short = runIn(out).slice(-8);
  expect(out).toMatch(
    new RegExp(`^${short} +\\+\\d+ms plan started: 1 task \\(a rehearsal: no model is called\\)$`, "m"),
  );
  expect(out).toMatch(new RegExp(`^${short} +\\+[\\d.ms ]+ a complete in [\\d.]+m?s, .* tokens, \\$`, "m"));
  expect(out).toMatch(/^state +task agent +time tokens +cost\n✔ complete +a +builder/m);
  expect(out).toMatch(/^✔ complete: 1 of 1 task, /m);
  expect(out).toMatch(/This was a rehearsal: no model was called/);
  expect(out).toMatch(/run plan\.yaml --model provider\/id +# for real/);
  expect(out).not.toContain("\u001b");
});

test("0: a list of tasks as other tools and people keep it is a plan, each task for whom its words call", async () => {
  const terminal = cli.terminal({
    "tasks.md":
      "## Build\n- [x] Set up\n- [ ] Write the REST API for users\n## Then\n- [ ] Write the API documentation\n",
    "tasks.json": JSON.stringify({
      tasks: [{ id: 1, title: "Add a PostgreSQL index for slow queries", status: "pending" }],
    }),
    "goal.md": "# Make it fast\nIt is slow.\n",
    "done.md": "- [x] all of it\n",
  });
  const { code, out } = await terminal.tutti("run", "tasks.md", ...REHEARSED, "--json");
  expect(code).toBe(0);
  const added = eventsIn(out).filter((event) => event.type === "task:added");
  expect(added).toMatchObject([
    { taskId: "write-the-rest-api-for", agentName: expect.stringMatching(/./), phase: "Build" },
    { taskId: "write-the-api-documentation", dependencies: ["write-the-rest-api-for"], phase: "Then" },
  ]);
  expect((await terminal.tutti("run", "tasks.json", ...REHEARSED, "--json")).out).toMatch(/"taskId":"task-1"/);
  expect((await terminal.tutti("run", "goal.md", "--rehearse")).err).toMatch(
    /holds no task.*\n {2}.*tutti plan --file goal\.md/,
  );
  expect((await terminal.tutti("run", "done.md", "--rehearse")).err).toMatch(/all 1 tasks of this checklist are done/);
});

/** An address where nobody listens any more. */
async function deserted(): Promise<string> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}`;
}

test("2: a model's server that nobody runs is said at once, and nothing is stored", async () => {
  const env = { OLLAMA_HOST: await deserted() };
  const terminal = cli.terminal({ "plan.json": plan(task("a", { retries: 0 })) }, env);
  const { code, out, err } = await terminal.tutti("run", "plan.json", "--model", "ollama/llama3", "--yes");
  expect({ code, out }).toEqual({ code: 2, out: "" });
  expect(err).toMatch(/ollama\/llama3 cannot be called: nothing answers at 127\.0\.0\.1:\d+, .*; is Ollama running\?/);
  expect(err).toMatch(/start it.*--model.*--rehearse/s);
  expect((await terminal.tutti("runs")).out).toMatch(/There is no run yet/);
});

test("1: a model's server that breaks off fails the task with what to look at, and --out still has a report", async () => {
  const server = createServer((socket) => socket.once("data", () => socket.destroy())).listen(0, "127.0.0.1");
  await once(server, "listening");
  const env = { OLLAMA_HOST: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
  const terminal = cli.terminal({ "plan.json": plan(task("a", { retries: 0 })) }, env);
  const how = ["--model", "ollama/llama3", "--out", "results"];
  const { code, out, err } = await terminal.tutti("run", "plan.json", ...how);
  server.close();
  expect(code).toBe(1);
  expect(out).toMatch(/a failed \(network\): .*the connection was cut/);
  expect(out).toMatch(/retry \w{8} a +# again/);
  expect(err).toMatch(/wrote 1 file to /);
});

test("3: at the budget the run pauses, says how to go on, and goes on with a higher one", async () => {
  const terminal = cli.terminal();
  const paused = await terminal.tutti("run", "code-review", ...REHEARSED, "--budget", "3ktok");
  expect(paused.code).toBe(3);
  expect(paused.out).toMatch(/waits for more budget: .*3000/);
  expect(paused.out).toMatch(/resume \w{8} --budget AMOUNT +# goes on/);
  expect(paused.out).not.toMatch(/for a free place|again in 0ms/);
  expect((await terminal.tutti("resume", "last", "--budget", "500ktok")).code).toBe(0);
});

test("3: at the time limit too, with the last event of --json saying so", async () => {
  const terminal = cli.terminal();
  const { code, out } = await terminal.tutti("run", "code-review", ...REHEARSED, "--timeout", "5s", "--json");
  expect(code).toBe(3);
  expect(eventsIn(out).at(-1)).toMatchObject({ type: "workflow:paused", cause: "time" });
});

const FILES = {
  "bad.yaml":
    "tasks:\n  - {id: a, agentName: bilder, description: x, prompt: y, dependencies: [bb]}\n  - {id: b, agentName: builder, descripton: x, prompt: y}\n",
  "bad.json": '{"tasks": [{"id": "a"},]}',
  "empty.yaml": "",
  "ok.json": plan(task("a")),
  "ok.txt": "x",
};

test.each<[string, readonly string[], ...RegExp[]]>([
  ["an unknown workflow", ["run", "code-reveiw", "--rehearse"], /did you mean 'code-review'\?/, /known are/],
  ["an unknown file", ["run", "okk.json"], /no file okk\.json: did you mean 'ok\.json'\?/],
  ["a file of another kind", ["run", "ok.txt"], /ok\.txt is neither/, /\.json, \.yaml, \.yml or \.md/],
  ["an unknown parameter", ["run", "code-review", "-p", "prurl=x", "--rehearse"], /'prurl'.*did you mean 'prUrl'\?/],
  ["a wrong parameter", ["run", "code-review", "-p", "reviewDepth=deep", "--rehearse"], /'reviewDepth'.*quick.*'deep'/],
  ["an unknown flag", ["run", "code-review", "--rehears"], /'--rehears': did you mean '--rehearse'\?/, /run --help/],
  ["a value that is none of a few", ["run", "ok.json", "--context", "share"], /--context.*did you mean 'shared'\?/],
  ["a budget without a unit", ["run", "ok.json", "--budget", "3"], /--budget.*2\.50usd, 200ktok/],
  ["a time without a unit", ["run", "ok.json", "--timeout", "5"], /--timeout.*90s, 5m or 1h30m/],
  ["a speed without a rehearsal", ["run", "ok.json", "--speed", "9"], /--speed belongs to a rehearsal/, /--rehearse/],
  ["a rate beyond 1", ["run", "ok.json", "--rehearse", "--chaos", "2"], /--chaos.*0 to 1/],
  ["no model", ["run", "ok.json"], /no model is configured.*'builder'/, /ANTHROPIC_API_KEY.*--model.*--rehearse/s],
  ["a model without its key", ["run", "ok.json", "--model", "openai/gpt-5"], /OPENAI_API_KEY/, /--rehearse/],
  ["a model for nobody", ["run", "ok.json", "--rehearse", "--agent-model", "bilder=openai/x"], /agent 'bilder'/],
  [
    "every fault of a file",
    ["run", "bad.yaml"],
    /2:\d+: .*'bilder'.*'builder'/,
    /'bb'.*'b'/,
    /'descripton'.*'description'/,
  ],
  ["a slip of JSON", ["run", "bad.json"], /bad\.json:1:\d+: there is a ',' before '\]'/],
  ["an empty file", ["run", "empty.yaml"], /empty\.yaml:1:1: a plan file is a list of tasks/],
  [
    "an --out that is a file",
    ["run", "ok.json", "--rehearse", "--out", "ok.json"],
    /--out: ok\.json cannot be a folder/,
  ],
  ["no target", ["run"], /missing required argument 'workflow'/, /run --help/],
  ["an unknown command", ["rnu"], /'rnu': did you mean 'run'\?/],
  [
    "an unknown agent",
    ["ask", "bilder", "hi", "--rehearse"],
    /^error: there is no agent 'bilder': did you mean 'builder'\?/,
  ],
])("2: %s is refused with the next step, nothing is stored and no stack is shown", async (_what, args, ...patterns) => {
  const terminal = cli.terminal(FILES);
  const { code, out, err } = await terminal.tutti(...args);
  expect({ code, out }).toEqual({ code: 2, out: "" });
  for (const pattern of patterns) expect(err).toMatch(pattern);
  expect(err).toMatch(/^error: /);
  expect(err).not.toMatch(/\n {4}at /);
  const runs = join(terminal.home, "runs");
  expect(existsSync(runs) ? readdirSync(runs).filter((name) => name.endsWith(".db")) : []).toEqual([]);
});

test("2: with --json an error is one JSON value that names the field, also where the flags cannot be read", async () => {
  const terminal = cli.terminal(FILES);
  const of = async (...args: readonly string[]) => JSON.parse((await terminal.tutti(...args, "--json")).err).error;
  expect(await of("run", "ok.json")).toMatchObject({
    code: "BAD_INPUT",
    path: "config.model",
    hint: expect.any(String),
  });
  expect(await of("run", "ok.json", "--budget", "3")).toMatchObject({ code: "BAD_INPUT", path: "--budget" });
  expect(await of("run", "bad.yaml")).toMatchObject({ faults: [{ line: 2 }, { line: 2 }, { line: 3 }, { line: 3 }] });
});

test("--out writes every task's output and a report", async () => {
  const terminal = cli.terminal();
  const { code, err } = await terminal.tutti("run", "code-review", ...REHEARSED, "--out", "results/of/today");
  expect(code).toBe(0);
  const folder = /wrote 7 files to (.*)\n/.exec(err)?.[1] ?? "";
  expect(readdirSync(folder).sort()).toContain("review-summary.md");
  const report = readFileSync(join(folder, "report.md"), "utf8");
  expect(report).toMatch(/^# code-review: complete\n/);
  expect(report).toMatch(/\*\*A rehearsal\.\*\* No model was called/);
});

test("logs go to standard error, by level, with the run and the task on every line", async () => {
  const terminal = cli.terminal({ "plan.json": plan(task("a")) }, { TUTTI_LOG: "info" });
  const informed = await terminal.tutti("run", "plan.json", ...REHEARSED, "--json");
  const run = eventsIn(informed.out)[0]?.run;
  for (const line of linesOf(informed.err)) expect(line).toMatch(new RegExp(`^\\d{4}-\\S+Z (info|warn) run=${run} `));
  expect(informed.err).toMatch(/ info run=\w+ task=a task:complete complete in /);
  const verbose = await terminal.with({ TUTTI_LOG: "silent" }).tutti("run", "plan.json", ...REHEARSED, "--verbose");
  expect(verbose.err).toMatch(/ debug run=\w+ task=a context:shown/);
  expect((await terminal.with({ TUTTI_LOG: "silent" }).tutti("run", "plan.json", ...REHEARSED)).err).toBe("");
});

test("the first run with a model says the estimate, later ones do not ask again", async () => {
  const provider = await HeldProvider.start(["work on a"]);
  provider.release("work on a");
  const terminal = cli.terminal({ "plan.json": plan(task("a")) }, provider.env);
  const first = await terminal.tutti("run", "plan.json");
  expect(first.code).toBe(0);
  expect(first.err).toMatch(/model: anthropic\/\S+, the default where ANTHROPIC_API_KEY is set/);
  expect(first.err).toMatch(/Forecast for the real run/);
  const second = await terminal.tutti("run", "plan.json");
  expect(second.err).not.toMatch(/Forecast/);
});

test("2: a run that may cost more than askAbove is refused where nobody can be asked, unless --yes or a budget is given", async () => {
  const provider = await HeldProvider.start(["work on a"]);
  provider.release("work on a");
  const terminal = cli.terminal({ "plan.json": plan(task("a")) }, provider.env);
  mkdirSync(terminal.home, { recursive: true });
  writeFileSync(join(terminal.home, "config.yaml"), "askAbove: 0.00001\n");
  const dear = await terminal.tutti("run", "plan.json", ...SONNET.filter((flag) => flag !== "--yes"));
  expect(dear).toMatchObject({ code: 2, out: "" });
  expect(dear.err).toMatch(/Forecast for the real run.*this may cost \$.*askAbove.*--yes/s);
  expect((await terminal.tutti("run", "plan.json", ...SONNET)).code).toBe(0);
});

test("ask prints the answer and nothing else", async () => {
  const provider = await HeldProvider.start(["Say hi"]);
  provider.release("Say hi");
  const terminal = cli.terminal({}, provider.env);
  const { code, out, err } = await terminal.tutti("ask", "builder", "Say hi", ...SONNET);
  expect({ code, out, err }).toEqual({ code: 0, out: "**HIGH**: the answer of Say hi.\n", err: "" });
});
