/** Results that must pass a command of the user's settings before they count. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Host } from "../src/app/host.ts";
import { Story } from "../src/cli/story.ts";
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
/** Tells what stands there, and whether it may; and leaves something behind that belongs to nobody. */
const LINT = `evidenceCommands: { lint: ["sh", "-c", "echo found $(cat b.txt); echo made > made.txt; grep -q good b.txt"] }\n`;
const usage = { fresh: 90, output: 10 };
const writes = (text: string): FakeReply => ({ calls: [{ name: "write", input: { path: "b.txt", text } }], usage });
const done: FakeReply = { text: ["Done"], usage };

async function open(config = LINT, agent = AGENT) {
  const home = homes.path({ "agents/worker.md": agent, "config.yaml": config });
  const env = { PATH: process.env["PATH"], SECRET: "hidden", ANTHROPIC_API_KEY: "k", ANTHROPIC_BASE_URL: fake.url };
  const repository = repositoryIn(homes.path({ "a.txt": "one\n" }));
  return { home, repository, host: await Host.open({ home, env, repository }) };
}
const order = (validate: readonly unknown[], more: object = {}) => ({
  tasks: [{ id: "a", agentName: "worker", description: "a", prompt: "Do a", retries: 1, validate, ...more }],
  config: { model: "anthropic/claude-sonnet-4-5" },
});

test("what a command refuses is done again with the words that it printed, and what it left behind is nobody's", async () => {
  const { home, repository, host: opened } = await open();
  await using host = opened;
  fake.script(writes("bad"), done, writes("good"), done);
  const handle = host.start(host.prepare(order([{ command: "lint" }])));
  const results = await handle;
  expect(results.tasks["a"]).toMatchObject({ status: "complete", attempts: 2, output: "Done" });
  const events = await eventsOf(handle);
  const retry = events.find(({ type }) => type === "task:retry");
  expect(retry).toMatchObject({ failure: "invalid-output", step: "repair" });
  expect(retry && "reason" in retry && retry.reason).toMatch(
    /^the check 'lint' \(sh -c .*\) failed: it ended with code 1\nfound bad$/,
  );
  expect(JSON.stringify(fake.calls[2]?.body)).toContain("found bad");
  // Of the commit that counts, and of the user's own files, the check has changed nothing.
  expect(results.tasks["a"]?.changes?.files.map(({ path }) => path)).toEqual(["b.txt"]);
  expect(git(repository, "status", "--porcelain")).toBe("");
  expect(existsSync(join(home, "worktrees", handle.id)) ? readdirSync(join(home, "worktrees", handle.id)) : []).toEqual(
    [],
  );
  const story = new Story("a");
  for (const event of events) story.note(event);
  const told = story.lines().map(({ text }) => text);
  expect(told).toContainEqual(expect.stringMatching(/^check lint: failed: the check 'lint'/));
  expect(told).toContain("check lint: done");
});

test("[I10] no plan says what is run: only names of the settings count, and an unknown one is refused before anything is paid", async () => {
  const { host: opened } = await open();
  await using host = opened;
  expect(() => host.prepare(order([{ command: "lnit" }]))).toThrow(
    "task 'a' is checked by the command 'lnit', and your settings name none such: did you mean 'lint'?",
  );
  expect(() => host.prepare(order([{ command: ["rm", "-rf", "."] }]))).toThrow(
    /validate\[0\]\.command' must be the name/,
  );
  expect(() => host.prepare(order([{ command: "lint", agent: "worker" }]))).toThrow(
    /one of schema, files, agent, command, tests, coverage/,
  );
});

/** Reaches as many of ten lines as b.txt says. */
const MEASURE = `mkdir coverage; printf 'SF:b.txt\\nLF:10\\nLH:%s\\nend_of_record\\n' "$(cat b.txt)" > coverage/lcov.info`;

test("files, tests and coverage are what a result may be expected to have, and what is missing is told to the next attempt", async () => {
  const config = `evidenceCommands: { test: [grep, -q, "[0-9]", b.txt], coverage: [sh, -c, ${JSON.stringify(MEASURE)}] }\n`;
  const { host: opened } = await open(config);
  await using host = opened;
  fake.script(writes("many"), done, writes("7"), done, writes("9"), done);
  const expected = [{ files: ["b.txt"] }, { tests: "passing" }, { coverage: 80 }];
  const handle = host.start(host.prepare(order(expected, { retries: 2 })));
  expect((await handle).tasks["a"]).toMatchObject({ status: "complete", attempts: 3 });
  const told = (await eventsOf(handle)).flatMap((event) => (event.type === "task:retry" ? [event.reason] : []));
  expect(told).toEqual([
    expect.stringMatching(/^the check 'test' \(grep -q \[0-9\] b\.txt\) failed/),
    "its tests reach 70.0 % of 10 lines, and 80 % are wanted\nb.txt: 3 of 10 lines are not reached by a test",
  ]);
});

test("tests of the repository itself run where the user allows it, and a measurement that leaves no report fails at once", async () => {
  const { host: opened, home, repository } = await open("evidenceCommands: { coverage: ['true'] }\n");
  await using host = opened;
  expect(() => host.prepare(order([{ tests: "passing" }]))).toThrow(
    expect.objectContaining({ hint: expect.stringContaining("--evidence-commands") }),
  );
  expect(() => host.prepare(order([{ coverage: 120 }]))).toThrow(/must be a number of percent/);
  fake.script(done);
  const none = await host.start(host.prepare(order([{ coverage: 80 }])));
  expect(none.tasks["a"]).toMatchObject({ status: "failed", attempts: 1 });
  expect(none.tasks["a"]?.reason).toContain("left no report that can be read");

  const env = { PATH: process.env["PATH"], ANTHROPIC_API_KEY: "k", ANTHROPIC_BASE_URL: fake.url };
  await using allowed = await Host.open({ home, env, repository, evidenceCommands: true });
  const script = JSON.stringify({ scripts: { test: "grep -q good b.txt" } });
  const calls = [{ name: "write", input: { path: "package.json", text: script } }];
  fake.script({ calls, usage }, writes("bad"), done, { calls, usage }, writes("good"), done);
  const results = await allowed.start(allowed.prepare(order([{ tests: "passing" }])));
  expect(results.tasks["a"]).toMatchObject({ status: "complete", attempts: 2 });
});

test("a command gets no secret of ours, and one that cannot be run fails the task without another try", async () => {
  const { host: opened } = await open(
    'evidenceCommands: { env: ["sh", "-c", "env; exit 1"], none: ["no-such-program"] }\n',
  );
  await using host = opened;
  fake.script(done);
  const shown = await host.start(host.prepare(order([{ command: "env" }], { retries: 0 })));
  expect(shown.tasks["a"]?.reason).toContain("PATH=");
  expect(shown.tasks["a"]?.reason).not.toMatch(/SECRET|ANTHROPIC/);
  fake.script(done);
  const none = await host.start(host.prepare(order([{ command: "none" }])));
  expect(none.tasks["a"]).toMatchObject({ status: "failed", attempts: 1 });
  expect(none.tasks["a"]?.reason).toMatch(/the check 'none'/);
  const rehearsed = await host.start(
    host.prepare({ ...order([{ command: "none" }]), config: { rehearse: true, speed: "max" } }),
  );
  expect(rehearsed.status).toBe("complete");
});

test("[I12] what was refused lies under the name of a failed attempt, and nobody builds on it", async () => {
  const { repository, host: opened } = await open();
  await using host = opened;
  fake.script(writes("bad"), done);
  const handle = host.start(host.prepare(order([{ command: "lint" }], { retries: 0 })));
  expect((await handle).tasks["a"]).toMatchObject({ status: "failed" });
  expect(git(repository, "for-each-ref", "--format=%(refname)", "refs/tutti").split("\n").toSorted()).toEqual([
    ...[`refs/tutti/${handle.id}.base`, `refs/tutti/${handle.id}.failed/a/1`],
  ]);
  expect(git(repository, "show", `refs/tutti/${handle.id}.failed/a/1:b.txt`)).toBe("bad");
  const kept = (await eventsOf(handle)).filter(({ type }) => type === "workspace:committed");
  expect(kept.map((event) => "entry" in event && event.entry)).toMatchObject([
    { ref: `refs/tutti/${handle.id}/a` },
    { ref: `refs/tutti/${handle.id}.failed/a/1` },
  ]);
});

test("where a server of tools cannot be started no worktree is left behind", async () => {
  const agent = AGENT.replace("tools: [read, write]", "tools: [read, write]\nmcpServers: [gone]");
  const { home, repository, host: opened } = await open("mcpServers: { gone: { command: no-such-program } }\n", agent);
  await using host = opened;
  const tasks = ["a", "b"].map((id) => ({ id, agentName: "worker", description: id, prompt: id, retries: 0 }));
  const [first, second] = tasks.map((task, i) => ({
    ...task,
    dependencies: i === 0 ? [] : ["a"],
    onFailure: "continue",
  }));
  const handle = host.start(host.prepare({ ...order([]), tasks: [first, second] }));
  const place = join(home, "worktrees", handle.id);
  for await (const event of handle) {
    // The run is still under way.
    if (event.type === "task:error") expect(existsSync(place) ? readdirSync(place) : []).not.toContain("a.1");
    if (event.type === "task:error") break;
  }
  expect((await handle).tasks["a"]?.reason).toMatch(/the MCP server 'gone' cannot be used/);
  expect(git(repository, "worktree", "list").split("\n")).toHaveLength(1);
});

test("a host that is let go has tidied up what a cancelled attempt had begun", async () => {
  const { repository, host } = await open(LINT, AGENT.replace("write]", "write, ask_person]"));
  fake.script(writes("half"), { calls: [{ name: "ask_person", input: { question: "On?" } }], usage });
  const handle = host.start(host.prepare(order([])));
  for await (const event of handle) if (event.type === "gate:opened") break;
  await handle.cancel("enough");
  expect((await handle).status).toBe("cancelled");
  await host[Symbol.asyncDispose]();
  expect(git(repository, "worktree", "list").split("\n")).toHaveLength(1);
  expect(git(repository, "show", `refs/tutti/${handle.id}.failed/a/1:b.txt`)).toBe("half");
});
