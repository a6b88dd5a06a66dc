/** Two and three terminals on one home: what one process conducts, others see and steer. */
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, test } from "vitest";
import { Cli, eventsIn, runIn, type Started, type Terminal } from "./support/cli-kit.ts";
import { HeldProvider } from "./support/held-provider.ts";

const cli = new Cli();
const task = (id: string, description: string, more: object = {}) => ({
  ...{ id, agentName: "builder", description, prompt: `Do ${id}` },
  ...more,
});
/** One after another: `first`, `second` behind a gate, `third`. */
const PLAN = JSON.stringify({
  tasks: [
    task("a", "first"),
    task("b", "second", { dependencies: ["a"], gate: true }),
    task("c", "third", { dependencies: ["b"] }),
  ],
});

interface Owned {
  readonly provider: HeldProvider;
  readonly terminal: Terminal;
  readonly owner: Started;
  readonly run: string;
}
/** A run that a process of its own conducts, its first task under way. */
async function owned(env: { readonly [name: string]: string } = {}): Promise<Owned> {
  const provider = await HeldProvider.start(["first", "second", "third"]);
  const terminal = cli.terminal({ "plan.json": PLAN }, { ...provider.env, ...env });
  const owner = terminal.start("run", "plan.json", "--model", "anthropic/claude-sonnet-4-5", "--yes");
  const [line] = await owner.says(/^run .*$/m);
  await provider.asked({ first: 1 });
  return { provider, terminal, owner, run: runIn(line) };
}

async function served(terminal: Terminal) {
  const [line] = await terminal.start("serve", "--port", "0", "--json").says(/^\{.*\}$/m);
  const { url, token } = JSON.parse(line);
  const value = token === "$TUTTI_TOKEN" ? "a-token-of-the-environment" : readFileSync(token, "utf8").trim();
  const ask = async (path: string, body?: object) => {
    const response = await fetch(`${url}/api/${path}`, {
      headers: { Authorization: `Bearer ${value}`, "Content-Type": "application/json" },
      ...(body && { method: "POST", body: JSON.stringify(body) }),
    });
    return { status: response.status, body: await response.json() };
  };
  return { ask, url, token };
}

const HANDED = { status: 202, body: { command: "handed-over" } };

describe("[bar:two-terminals] what `tutti run` owns", () => {
  test("is seen, paused, resumed, approved and cancelled by `tutti serve` in another process", async () => {
    const { provider, terminal, owner, run } = await owned();
    const { ask, token } = await served(terminal);
    expect(token).toBe(join(terminal.home, "token"));
    expect(statSync(token).mode & 0o777).toBe(0o600);
    expect(await ask("runs")).toMatchObject({ body: { runs: [{ run, status: "running", workflow: "plan" }] } });

    expect(await ask(`runs/${run}/pause`, { reason: "lunch" })).toMatchObject(HANDED);
    await owner.says(/is stopping \(pause\): lunch/);
    expect(await ask(`runs/${run}/resume`, {})).toMatchObject(HANDED);
    await owner.says(/ resumed$/m);

    provider.release("first");
    await owner.says(/ b waits at gate 'b'/);
    expect(await ask("gates")).toMatchObject({ body: { gates: [{ run, gate: "b", taskId: "b" }] } });
    expect(await ask(`runs/${run}/gates/b`, { decision: "approve", note: "ship it" })).toMatchObject(HANDED);
    await owner.says(/gate 'b': approved by http: ship it/);

    await provider.asked({ first: 1, second: 1 });
    expect(await ask(`runs/${run}/cancel`, { reason: "enough" })).toMatchObject(HANDED);
    const { code, out } = await owner.ended;
    expect(code).toBe(1);
    expect(out).toMatch(/cancelled: 1 of 3 tasks.*\(enough\)/);
    expect(await ask(`runs/${run}`)).toMatchObject({
      body: { status: "cancelled", tasks: { a: { status: "complete" } } },
    });
  });

  test("is paused, resumed, approved and cancelled by commands of a third process", async () => {
    const { provider, terminal, owner, run } = await owned();
    expect(await terminal.tutti("pause", run.slice(-8), "--reason", "lunch")).toMatchObject({ code: 0 });
    await owner.says(/is stopping \(pause\): lunch/);
    expect(await terminal.tutti("resume", "last")).toMatchObject({ code: 0, out: `run ${run} resumed\n` });
    await owner.says(/ resumed$/m);
    provider.release("first");
    await owner.says(/waits for a person: [\s\S]* approve/);
    const approved = await terminal.tutti("approve", "last", "--note", "ship it", "--json");
    expect(approved.code).toBe(0);
    expect(JSON.parse(approved.out)).toMatchObject({
      ...{ run, outcome: "obeyed" },
      event: { type: "gate:decided", gate: "b", decision: "approve", note: "ship it", by: "command line" },
    });
    await owner.says(/gate 'b': approved by command line: ship it/);
    await provider.asked({ first: 1, second: 1 });
    const said = await terminal.tutti("message", run, "builder", "Use PostgreSQL");
    expect(said).toMatchObject({ code: 0, out: expect.stringMatching(/message from user to builder/) });
    expect(await terminal.tutti("cancel", "last", "--reason", "enough")).toMatchObject({ code: 0 });
    expect(await owner.ended).toMatchObject({ code: 1, out: expect.stringMatching(/cancelled: 1 of 3 tasks/) });
  });

  test("ends there with 3 when it is paused, and goes on where it is resumed", async () => {
    const { provider, terminal, owner, run } = await owned({ TUTTI_TOKEN: "a-token-of-the-environment" });
    const { ask, token } = await served(terminal);
    expect(token).toBe("$TUTTI_TOKEN");
    await ask(`runs/${run}/pause`, {});
    await owner.says(/is stopping/);
    provider.release("first", "second", "third");
    expect((await owner.ended).code).toBe(3);
    expect(await ask(`runs/${run}/resume`, {})).toMatchObject({ status: 202, body: { command: "obeyed" } });
    const follow = terminal.start("events", run, "--follow");
    await follow.says(/b waits at gate/);
    expect(await terminal.tutti("approve", run)).toMatchObject({ code: 0 });
    expect(await follow.ended).toMatchObject({ code: 0, out: expect.stringMatching(/complete: 3 of 3 tasks/) });
    expect(provider.counts()).toEqual({ first: 1, second: 1, third: 1 });
  });
});

test("a run that another process conducts is not taken from it, and what can be done is said", async () => {
  const { terminal, run } = await owned();
  const { code, err } = await terminal.tutti("resume", run);
  expect(code).toBe(2);
  expect(err).toMatch(new RegExp(`run ${run} is running already, in another process`));
  expect(err.replace(/\s+/g, " ")).toMatch(/events \w+ --follow, or stop it with .* pause/);
});

test("--no-wait ends with 4 at a gate, and the word of a person counts when the run is taken up again", async () => {
  const { provider, terminal } = await owned().then(async (one) => {
    one.owner.child.kill("SIGKILL");
    await one.owner.ended;
    return one;
  });
  provider.release("first", "second", "third");
  const waiting = await terminal.tutti("resume", "last", "--no-wait");
  expect(waiting.code).toBe(4);
  expect(waiting.out).toMatch(/ b waits at gate 'b': Shall 'b' go ahead\? second/);
  expect(waiting.out).toMatch(/at gate +b +builder a person decides/);
  expect(waiting.out).toMatch(/approve \w{8} b +# or reject/);
  expect((await terminal.tutti("gates")).out).toMatch(/◆ b {2}task b, builder/);
  const wrong = await terminal.tutti("approve", "last", "bb");
  expect(wrong).toMatchObject({ code: 2, err: expect.stringMatching(/no gate 'bb': did you mean 'b'\?/) });
  const noted = await terminal.tutti("reject", "last", "--note", "not yet");
  expect(noted).toMatchObject({ code: 0, out: expect.stringMatching(/noted, and not obeyed yet/) });
  expect(noted.err).toMatch(/resume/);
  const rejected = await terminal.tutti("resume", "last");
  expect(rejected.code).toBe(1);
  expect(rejected.out).toMatch(/gate 'b': rejected by command line: not yet/);
  expect((await terminal.tutti("gates")).out).toBe("No gate is open.\n");
  const none = await terminal.tutti("approve", "last");
  expect(none).toMatchObject({ code: 2, err: expect.stringMatching(/waits at no gate/) });
});

test("what a person decided while nobody conducted the run counts before it is let go again", async () => {
  const { provider, terminal, owner } = await owned();
  owner.child.kill("SIGKILL");
  await owner.ended;
  provider.release("first", "second", "third");
  expect((await terminal.tutti("resume", "last", "--no-wait")).code).toBe(4);
  // Still running: how far it is stands in the list.
  expect((await terminal.tutti("runs")).out).toMatch(/waiting +\w{26} .* 1\/3 +\$/);
  expect(await terminal.tutti("approve", "last")).toMatchObject({ out: expect.stringMatching(/not obeyed yet/) });
  expect(await terminal.tutti("resume", "last", "--no-wait")).toMatchObject({
    code: 0,
    out: expect.stringMatching(/gate 'b': approved by command line/),
  });
});

test("[bar:cli-workflows] a run whose stored result is lost ends with workflow:error, the reason and code 1", async () => {
  const { provider, terminal, owner, run } = await owned();
  provider.more = "A long answer is kept beside the events. ".repeat(1000);
  provider.release("first", "second", "third");
  await owner.says(/b waits at gate/);
  owner.child.kill("SIGKILL");
  await owner.ended;
  const file = new DatabaseSync(join(terminal.home, "runs", `${run}.db`));
  expect(file.prepare(`update blob set body = 'damaged' where body like '"**HIGH%'`).run().changes).toBe(1);
  file.close();
  expect(await terminal.tutti("approve", run)).toMatchObject({ code: 0 });
  const { code, out } = await terminal.tutti("resume", run, "--json");
  expect(code).toBe(1);
  expect(eventsIn(out).at(-1)).toMatchObject({
    ...{ type: "workflow:error", reason: expect.stringMatching(/a result that task 'b' needs cannot be read/) },
    summary: { totalTasks: 3, successfulTasks: 1 },
  });
});

test("what does not fit a run's state or its agents is refused with the reason", async () => {
  const terminal = cli.terminal({ "plan.json": JSON.stringify({ tasks: [task("a", "first")] }) });
  await terminal.tutti("run", "plan.json", "--rehearse", "--speed", "max");
  for (const order of ["pause", "cancel"]) {
    const { code, err } = await terminal.tutti(order, "last");
    expect({ code, err }).toMatchObject({ code: 2, err: expect.stringMatching(/has ended: it is complete/) });
  }
  const said = await terminal.tutti("message", "last", "bilder", "hi");
  expect(said).toMatchObject({ code: 2, err: expect.stringMatching(/no agent 'bilder'.*did you mean 'builder'/) });
});
