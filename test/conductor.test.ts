/** What a conductor can do with the fleet of a home, and what it cannot. Models are faked by a local server. */
import { afterEach, describe, expect, test } from "vitest";
import { conductObjective, fleetOf } from "../src/app/conducting.ts";
import type { HomeFleet } from "../src/app/fleet.ts";
import type { Host } from "../src/app/host.ts";
import { viewRun } from "../src/cli/run-view.ts";
import { CONDUCTOR_SETTINGS } from "../src/conductor/agent.ts";
import { CONDUCTOR_TOOLS } from "../src/conductor/tools/all.ts";
import { fits } from "../src/conductor/tools/runs.ts";
import { performTool } from "../src/conductor/tools/tool.ts";
import { Toolbox } from "../src/runtimes/tools/toolbox.ts";
import type { FakeReply } from "./support/fake-protocols.ts";
import { FakeProvider, type SeenCall } from "./support/fake-provider.ts";
import { eventsOf, Homes, work } from "./support/homes.ts";

const homes = new Homes();
const fakes: FakeProvider[] = [];
afterEach(async () => {
  for (const fake of fakes.splice(0)) await fake[Symbol.asyncDispose]();
});
async function provider(): Promise<FakeProvider> {
  const fake = await FakeProvider.start();
  fakes.push(fake);
  return fake;
}
const envOf = ({ url }: FakeProvider) => ({ ANTHROPIC_API_KEY: "sk-a", ANTHROPIC_BASE_URL: url });

/** Answers as JSON, or the words of what went wrong. */
function callerOf(fleet: HomeFleet) {
  const { signal } = new AbortController();
  // biome-ignore lint/suspicious/noExplicitAny: tests look at whatever comes
  const call = async (name: string, given: unknown = {}): Promise<any> => {
    const { text, isError } = await performTool(CONDUCTOR_TOOLS, name, given, fleet, { signal });
    return isError ? { error: text } : JSON.parse(text);
  };
  return call;
}
const on = (host: Host) => callerOf(fleetOf(host, { by: "test" }));
const clerk = { name: "clerk", description: "Reads invoices", instructions: "You read invoices." };
const REHEARSED = { rehearse: true, wait: 60 };

describe("agents", () => {
  test("one is made, given work, looked into, paid for and taken away again", async () => {
    const fake = await provider();
    fake.script({ text: ["The sum is 7."], usage: { fresh: 100, output: 20 } });
    const call = on(await homes.open({ env: envOf(fake) }));
    expect(await call("create_agent", clerk)).toMatchObject({
      name: "clerk",
      stage: "idle",
      created: "for this session",
    });
    expect((await call("list_agents", { created: true })).agents).toMatchObject([{ name: "clerk" }]);
    const done = await call("command_agent", { name: "clerk", command: "Add it up", budget: { usd: 1 }, wait: 60 });
    expect(done).toMatchObject({ status: "complete", tasks: [{ agentName: "clerk", output: "The sum is 7." }] });
    expect(JSON.stringify(fake.calls[0]?.body)).toContain("You read invoices.");
    const status = await call("check_agent_status", { name: "clerk", run: done.run });
    expect(status).toMatchObject({ agent: { stage: "idle" }, newestRuns: [done.run], run: { tokensUsed: 120 } });
    const { lines, next } = await call("read_agent_logs", { name: "clerk" });
    expect(next).toBeUndefined();
    expect(lines.map(({ type }: { type: string }) => type)).toEqual(["agent:invoke", "turn:complete", "task:complete"]);
    const page = await call("read_agent_logs", { name: "clerk", run: done.run, limit: 1 });
    expect(page.lines).toEqual(lines.slice(0, 1));
    expect((await call("read_agent_logs", { name: "clerk", from: page.next })).lines).toEqual(lines.slice(1));
    const cost = await call("report_cost", { agent: "clerk" });
    expect(cost.byAgent).toMatchObject({ clerk: { tokensUsed: 120, attempts: 1 } });
    expect(await call("report_cost")).toMatchObject({
      total: { tokensUsed: 120, costUsd: cost.byAgent.clerk.costUsd },
    });
    expect(await call("delete_agent", { name: "clerk" })).toEqual({ deleted: "clerk" });
    expect((await call("check_agent_status", { name: "clerk" })).error).toContain("there is no agent 'clerk'");
  });

  test("what is not kept ends with its session, what is kept is known to the next, and nobody else's is deleted", async () => {
    const host = await homes.open();
    {
      using fleet = fleetOf(host, { by: "test" });
      const call = callerOf(fleet);
      await call("create_agent", clerk);
      await call("create_agent", { ...clerk, name: "keeper", keep: true });
      expect(await on(host)("delete_agent", { name: "clerk" })).toMatchObject({
        error: expect.stringContaining("not made"),
      });
    }
    const call = on(host);
    expect((await call("list_agents", { created: true })).agents).toMatchObject([{ name: "keeper", created: "kept" }]);
    expect((await call("delete_agent", { name: "code-reviewer" })).error).toContain("not made by a conductor");
    expect(await call("delete_agent", { name: "keeper" })).toEqual({ deleted: "keeper" });
    expect(host.agency.registry.has("clerk")).toBe(false);
  });

  test("one begins as a copy of another, but with no rule that nobody gave that one", async () => {
    const host = await homes.open();
    const call = on(host);
    await call("create_agent", { ...clerk, like: "code-reviewer" });
    const { tools, permissions } = host.agency.registry.find("code-reviewer");
    expect(host.agency.registry.find("clerk")).toMatchObject({ instructions: "You read invoices.", tools });
    expect(host.agency.registry.find("clerk").permissions).toEqual(permissions);
    for (const more of ["permissions", "mcpServers", "runtime"])
      expect((await call("create_agent", { ...clerk, name: "other", [more]: [] })).error).toContain(more);
  });

  test("interrupted, a run of its own is cancelled and a shared one paused", async () => {
    const fake = await provider();
    fake.script({ silent: true });
    const host = await homes.open({ env: envOf(fake) });
    const call = on(host);
    const own = await call("command_agent", { name: "builder", command: "Go on for ever" });
    await expect.poll(() => fake.calls.length).toBe(1);
    expect(await call("check_agent_status", { name: "builder" })).toMatchObject({
      agent: { stage: "executing", busy: 1 },
      working: [{ run: own.run, taskId: "command" }],
    });
    const other = on(host);
    expect((await other("interrupt_agent", { name: "builder", how: "cancel" })).error).toContain("only be paused");
    expect(await call("interrupt_agent", { name: "builder" })).toEqual({
      interrupted: [{ run: own.run, order: "cancel", command: "obeyed" }],
    });
    await expect.poll(async () => (await call("check_agent_status", { run: own.run })).run.status).toBe("cancelled");
    const tasks = [work("a"), work("b", { agentName: "code-reviewer" })];
    const { run } = await call("run_workflow", { tasks });
    await expect.poll(() => fake.calls.length).toBe(3);
    expect((await call("interrupt_agent", { name: "builder" })).interrupted).toMatchObject([{ run, order: "pause" }]);
    expect((await call("interrupt_agent", { name: "builder", run, how: "cancel" })).interrupted).toMatchObject([
      { run },
    ]);
    await expect
      .poll(async () => (await call("interrupt_agent", { name: "builder" })).note)
      .toBe("'builder' has nothing under way");
  });
});

describe("runs", () => {
  test("one that was interrupted goes on where whoever began it wants that, and for nobody else", async () => {
    const fake = await provider();
    const free = Promise.withResolvers<void>();
    fake.answer = async () => {
      await free.promise;
      return { text: ["done"] };
    };
    const host = await homes.open({ env: envOf(fake) });
    const call = on(host);
    const tasks = [work("a"), work("b", { agentName: "code-reviewer", dependencies: ["a"] })];
    const { run } = await call("run_workflow", { tasks });
    await expect.poll(() => fake.calls.length).toBe(1);
    const watching = call("check_agent_status", { run, wait: 60 });
    expect((await call("run_workflow", { run })).error).toContain("not paused");
    await call("interrupt_agent", { name: "builder" });
    free.resolve();
    expect((await watching).run.status).toBe("paused");
    expect((await on(host)("run_workflow", { run })).error).toContain("not begun in this session");
    expect((await call("run_workflow", { run, model: "anthropic/claude-haiku-4-5" })).error).toContain("'model'");
    expect(await call("run_workflow", { run, wait: 60 })).toMatchObject({ run, status: "complete" });
    expect(fake.calls).toHaveLength(2);
  });

  test("a goal is planned, kept, begun by its id and changed while it runs", async () => {
    const host = await homes.open();
    const call = on(host);
    const made = await call("plan", { goal: "Add dark mode to the settings page" });
    expect(made).toMatchObject({ plan: "add-dark-mode-settings", next: expect.stringContaining("run_workflow") });
    expect((await call("plan", { goal: "Add dark mode to the settings page" })).plan).toBe("add-dark-mode-settings-2");
    const done = await call("run_workflow", { plan: made.plan, ...REHEARSED });
    expect([done.status, done.rehearsed, done.tasks.length]).toEqual(["complete", true, made.tasks]);
    expect((await call("run_workflow", { plan: "add-dark-mode-setings" })).error).toContain("did you mean");
    const gated = [work("a", { gate: true }), work("b", { dependencies: ["a"] })];
    const fake = await provider();
    const real = on(await homes.open({ env: envOf(fake) }));
    const { run } = await real("run_workflow", { tasks: gated, wait: 60 });
    const added = { run, add: [work("c", { dependencies: ["a"] })], remove: ["b"], reason: "b is not needed" };
    expect(await real("change_plan", added)).toMatchObject({ command: "obeyed", added: ["c"], removed: ["b"] });
    const stranger = await real("change_plan", {
      ...added,
      add: [work("d", { agentName: "code-reviewer" })],
      remove: [],
    });
    expect(stranger.error).toContain("its agents are builder");
    expect((await real("change_plan", { run, remove: ["a"], reason: "x" })).error).toContain("task 'c' depends on 'a'");
  });

  test("a workflow is begun with its parameters, and one of three must be named", async () => {
    const call = on(await homes.open());
    expect(await call("run_workflow", { workflow: "code-review", ...REHEARSED })).toMatchObject({ status: "complete" });
    expect((await call("run_workflow", { workflow: "code-reviw", rehearse: true })).error).toContain("code-review");
    expect((await call("run_workflow", {})).error).toContain("give one of");
    expect((await call("route", { task: "VoiceOver reads our buttons in the wrong order" })).agent).toEqual(
      expect.any(String),
    );
  });

  test("a gate is decided only where a person left it to conductors, and no question of an attempt ever", async () => {
    const config = { "config.yaml": 'delegate: ["release/ship*"]\n' };
    const fake = await provider();
    const host = await homes.open({ home: homes.path(config), env: envOf(fake) });
    const call = on(host);
    const tasks = [work("ship-it", { gate: true }), work("pay", { gate: true })];
    const { run, gates, status } = await call("run_workflow", { tasks, name: "release", wait: 60 });
    expect([status, gates.length]).toEqual(["waiting", 2]);
    expect((await call("approve", { run, gate: "pay" })).error).toMatch(
      /not left to conductors; .*tutti approve .* pay/,
    );
    expect((await call("approve", { run, gate: "ship" })).error).toContain("open are ship-it, pay");
    expect(await call("approve", { run, gate: "ship-it" })).toMatchObject({ decision: "approve", command: "obeyed" });
    const decided = (await eventsOf(host.journal, run)).find(({ type }) => type === "gate:decided");
    expect(decided).toMatchObject({ gate: "ship-it", by: "test" });
  });

  test("a dear run is not begun where nobody can be asked, and the day's budget holds", async () => {
    const fake = await provider();
    const settings = { "config.yaml": "askAbove: 0.001\ndayBudget: { usd: 1 }\n" };
    const call = on(await homes.open({ home: homes.path(settings), env: envOf(fake) }));
    const order = { name: "builder", command: "Build" };
    expect((await call("command_agent", order)).error).toMatch(/may cost .* more than 0.001/);
    expect((await call("command_agent", { ...order, budget: { usd: 2 } })).error).toContain("at most 0.001 usd");
    expect(await call("command_agent", { ...order, budget: { usd: 0.001 }, wait: 60 })).toMatchObject({
      status: "complete",
    });
    expect((await call("report_cost")).dayBudget).toEqual({ usd: 1 });
  });

  test.each([
    ["release/ship*", "release/ship-it", true],
    ["*/ship", "anything/ship", true],
    ["release/*", "other/ship", false],
    ["release", "release/ship", false],
    ["*", "release/ship", false],
    ["release/s*p", "release/shop/x", false],
  ])("%s stands for %s: %s", (pattern, name, is) => expect(fits(pattern, name)).toBe(is));
});

/** Names of the tools that a call to a model offers. */
const offered = ({ body }: SeenCall): string[] => (body.tools ?? []).map(({ name }: { name: string }) => name);
const isConductor = ({ body }: SeenCall) => JSON.stringify(body.system ?? "").includes("You are the conductor");

describe("the conductor agent", () => {
  test("has an objective done by agents, as a run in the journal, with a budget for all of it", async () => {
    const fake = await provider();
    const said: FakeReply[] = [
      { calls: [{ name: "create_agent", input: clerk }] },
      { calls: [{ name: "command_agent", input: { name: "clerk", command: "Add it up", wait: 60 } }] },
      { text: ["The clerk says 7."] },
    ];
    fake.answer = (call) => (isConductor(call) ? said.shift() : { text: ["The sum is 7."] });
    const host = await homes.open({ env: envOf(fake) });
    const { handle } = await conductObjective(host, "Add up the invoices", { budget: { usd: 1 } });
    const { status, tasks } = await handle;
    expect([status, tasks["conduct"]?.output]).toEqual(["complete", "The clerk says 7."]);
    const own = fake.calls.filter(isConductor);
    expect(JSON.stringify(own[0]?.body.messages)).toContain("Add up the invoices");
    expect(JSON.stringify(own[2]?.body.messages)).toContain("The sum is 7.");
    for (const call of own) expect(offered(call)).toEqual(CONDUCTOR_TOOLS.map(({ name }) => name));
    const [command] = (await host.list()).filter(({ workflow }) => workflow === "command clerk");
    const { ledger } = await host.state(command?.run ?? "");
    expect(ledger.caps.usd).toBeLessThan(0.51);
    // What that cost is seen beside the conductor's own, and counts once in the day.
    const cost = await on(host)("report_cost", { run: handle.id });
    expect(cost.begun.runs).toEqual([command?.run]);
    expect(cost.withBegun.tokensUsed).toBe(cost.total.tokensUsed + cost.begun.tokensUsed);
    expect((await on(host)("report_cost")).total).toEqual(cost.withBegun);
    expect((await viewRun(host, handle.id)).begun).toMatchObject({ tokensUsed: cost.begun.tokensUsed });
    expect((await viewRun(host, command?.run ?? "")).begun).toBeUndefined();
    // What it made for this went with its run.
    expect(host.agency.registry.has("clerk")).toBe(false);
  });

  test("no file gives it files, a shell, the network or tools of others", async () => {
    const powers = `tools: [bash, read, write, edit, fetch, web_search, ask_person]
mcpServers: [mine]
permissions: [{ action: "*", resource: "*", effect: allow }]`;
    const file = `---\nname: conductor\ndescription: Conducts\n${powers}\n---\n\nYou have a shell.\n`;
    const config = "mcpServers: { mine: { command: node, args: [-e, 'process.exit(1)'] } }\n";
    const home = homes.path({ "agents/conductor.md": file, "config.yaml": config });
    const fake = await provider();
    const said: FakeReply[] = [
      {
        calls: [
          { name: "bash", input: { command: "id" } },
          { name: "read", input: { path: "a.txt" } },
        ],
      },
      { text: ["I cannot."] },
    ];
    fake.answer = () => said.shift();
    const host = await homes.open({ home, env: envOf(fake), repository: homes.path({ "a.txt": "secret words" }) });
    const { status } = await (await conductObjective(host, "Look into a.txt")).handle;
    expect(status).toBe("complete");
    const names = CONDUCTOR_TOOLS.map(({ name }) => name);
    for (const call of fake.calls) {
      expect(offered(call)).toEqual(names);
      expect(JSON.stringify(call.body)).not.toMatch(/You have a shell|secret words/);
    }
    expect(JSON.stringify(fake.calls[1]?.body.messages)).toContain("there is no tool 'bash'");
    // None of its names is one of ours that touches files or starts programs.
    expect(Toolbox.needs(CONDUCTOR_SETTINGS)).toEqual({ files: false, writing: false, shell: false });
  });

  test("cancelled, all that it began ends with it; where its host goes away in between, all of it goes on", async () => {
    const fake = await provider();
    const order = { name: "command_agent", input: { name: "builder", command: "Build", wait: 600 } };
    fake.answer = (call) => (isConductor(call) ? { calls: [order] } : { silent: true });
    const home = homes.path();
    const first = await homes.open({ home, env: envOf(fake) });
    const { handle } = await conductObjective(first, "Build it");
    await expect.poll(() => fake.calls.length).toBe(2);
    await homes.close(first);
    const host = await homes.open({ home, env: envOf(fake) });
    const [child = ""] = (await host.list()).flatMap(({ run, workflow }) => (workflow === "conduct" ? [] : [run]));
    expect((await host.show(child)).status).toBe("running");
    fake.answer = (call) => (isConductor(call) ? { calls: [{ ...order, id: "again" }] } : { silent: true });
    await host.resume(handle.id);
    await expect.poll(() => fake.calls.length).toBe(4);
    await host.command(handle.id, { type: "cancel" });
    const last = async () => (await host.list()).map(({ status }) => status);
    await expect.poll(last).toEqual(["cancelled", "cancelled", "cancelled"]);
  });

  test("its context stays small: the objective and the last answers stay, older ones are left out", async () => {
    const fake = await provider();
    const turns = 16;
    const look = (limit: number) => ({ id: `l${limit}`, name: "list_agents", input: { limit } });
    fake.answer = () => {
      const { length } = fake.calls;
      return length <= turns ? { calls: [look(100 - 2 * length), look(99 - 2 * length)] } : { text: ["seen"] };
    };
    const host = await homes.open({ env: envOf(fake) });
    expect((await (await conductObjective(host, "Know them all")).handle).status).toBe("complete");
    const sizes = fake.calls.map(({ body }) => JSON.stringify(body.messages).length);
    expect(sizes.length).toBe(turns + 1);
    // Each turn brings about 30,000 characters; four turns always stay.
    expect(Math.max(...sizes)).toBeLessThan(200_000);
    expect(JSON.stringify(fake.calls.at(-1)?.body.messages)).toMatch(/Know them all.*were left out to make room/);
  });

  test("a coding agent cannot be it, and without a model nothing is begun", async () => {
    const host = await homes.open({ env: { PATH: process.env["PATH"] } });
    await expect(conductObjective(host, "x", { model: "acp/opencode" })).rejects.toThrow(/opencode/);
    await expect(conductObjective(host, "x")).rejects.toThrow("no model is configured");
    await expect(conductObjective(host, " ")).rejects.toThrow("an objective has");
    expect(await host.list()).toEqual([]);
  });

  test("what its agents may still take is not there for others, also after its host was let go", async () => {
    const fake = await provider();
    const begin = (id: string, tokens: number) => ({
      id,
      name: "command_agent",
      input: { name: "builder", command: "Build", budget: { tokens } },
    });
    const said: FakeReply[] = [
      { calls: [begin("one", 50_000)] },
      { silent: true },
      { calls: [begin("two", 90_000)] },
      { text: ["done"] },
    ];
    fake.answer = (call) => (isConductor(call) ? said.shift() : { silent: true });
    const home = homes.path();
    const env = envOf(fake);
    const first = await homes.open({ home, env });
    const { handle } = await conductObjective(first, "Build it", { budget: { tokens: 100_000 } });
    await expect.poll(() => said.length).toBe(2);
    await homes.close(first);
    const second = await homes.open({ home, env });
    await (await second.resume(handle.id)).handle;
    const caps: number[] = [];
    for (const { run, workflow } of await second.list())
      if (workflow === "command builder") caps.push((await second.state(run)).ledger.caps.tokens ?? 0);
    const [late = 0, early] = caps;
    expect(early).toBe(50_000);
    // Nine tenths of what is left beside it, and beside the conductor's own turns.
    expect(late).toBeGreaterThan(40_000);
    expect(late).toBeLessThan(45_000);
  });
});
