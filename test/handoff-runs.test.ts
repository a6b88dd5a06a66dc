/** Agents of a host that hand over, ask each other and say how far they are: models, coding agents, and kill -9 in between. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Host } from "../src/app/host.ts";
import { Story } from "../src/cli/story.ts";
import { AGENT } from "./support/acp-attempt.ts";
import { Cli } from "./support/cli-kit.ts";
import type { Step } from "./support/fake-acp-agent.ts";
import type { FakeReply } from "./support/fake-protocols.ts";
import { FakeProvider, type SeenCall } from "./support/fake-provider.ts";
import { eventsOf } from "./support/homes.ts";
import { git, repositoryIn } from "./support/repository.ts";

const cli = new Cli();
let fake: FakeProvider;
beforeAll(async () => {
  fake = await FakeProvider.start();
});
afterAll(() => fake[Symbol.asyncDispose]());

const agent = (name: string, tools: string, more = "") =>
  `---\nname: ${name}\ndescription: ${name} works at letters\ntools: [${tools}]\n${more}---\nYou are the ${name}.\n`;
const AGENTS = {
  scout: agent("scout", "read, write, handoff, request_help, report_progress"),
  writer: agent("writer", "read, write, handoff"),
  sage: agent("sage", "read", "capabilities: [wisdom]\n"),
};
const PLAN = { tasks: [{ id: "a", agentName: "scout", description: "a letter", prompt: "Write it", retries: 0 }] };
const PACKAGE = { to: "writer", summary: "Half is written", left: ["the end"], decisions: ["in English"] };
const USED = { fresh: 10, output: 5 };
const says = (...text: string[]): FakeReply => ({ text, usage: USED });
const asks = (name: string, input: object, id = name): FakeReply => ({ calls: [{ name, input, id }], usage: USED });

/** A home and a repository, and whoever works there: the program, to be killed, or a host of the test's own. */
function place(config = "") {
  const files = { "plan.json": JSON.stringify(PLAN), "a.txt": "x\n" };
  const env = { ANTHROPIC_API_KEY: "k", ANTHROPIC_BASE_URL: fake.url };
  const terminal = cli.terminal(files, env);
  const { home, cwd } = terminal;
  repositoryIn(cwd);
  mkdirSync(join(home, "agents"), { recursive: true });
  for (const [name, text] of Object.entries(AGENTS)) writeFileSync(join(home, `agents/${name}.md`), text);
  if (config !== "") writeFileSync(join(home, "config.yaml"), config);
  fake.script();
  const host = () => cli.homes.open({ home, repository: cwd, env: { PATH: process.env["PATH"], ...env } });
  return { terminal, host, home, cwd };
}
const MODEL = "anthropic/claude-sonnet-4-5";
const RUN = ["run", "plan.json", "--model", MODEL, "--yes", "--json"];
async function told(host: Host, run: string) {
  const events = await eventsOf(host.journal, run);
  const story = new Story("a");
  for (const event of events) story.note(event);
  const lines = story.lines().map(({ text }) => text);
  return { lines: lines.join("\n"), of: (type: string) => events.filter((event) => event.type === type) };
}
/** Goes on with the only run that there is, to its end. */
async function resumed(host: Host) {
  const [entry] = await host.list();
  const { handle } = await host.resume(entry?.run ?? "");
  expect((await handle).status).toBe("complete");
  return { run: handle.id, ...(await told(host, handle.id)) };
}
const whoIn = ({ body }: SeenCall): string => /You are the (\w+)\./.exec(JSON.stringify(body.system ?? ""))?.[1] ?? "?";
const turnOf = ({ body }: SeenCall): number =>
  body.messages.filter(({ role }: { role: string }) => role === "assistant").length;

/** Writes half, hands over, and the writer, who was not of the plan, ends it. */
function half(call: SeenCall): FakeReply {
  const turn = turnOf(call);
  if (whoIn(call) === "scout")
    return turn === 0 ? asks("write", { path: "letter.txt", text: "Dear Ann,\n" }) : asks("handoff", PACKAGE);
  if (turn === 0) return asks("read", { path: "letter.txt" });
  return says("Dear Ann, it is done");
}

test("[readme:handoff] a model hands over to one that the plan did not name, who goes on in its files; the story tells it", async () => {
  const { host: open, cwd } = place();
  fake.answer = half;
  const host = await open();
  const handle = host.start(host.prepare({ ...PLAN, config: { model: MODEL } }));
  const { tasks, summary } = await handle;
  expect(tasks["a"]).toMatchObject({ status: "complete", output: "Dear Ann, it is done", attempts: 2, tokensUsed: 60 });
  expect(summary.totalTokens).toBe(60);
  const { of, lines } = await told(host, handle.id);
  expect(of("handoff")).toMatchObject([
    { agentName: "scout", attempt: 1, to: "writer", package: { left: ["the end"] } },
  ]);
  expect(of("task:complete")).toMatchObject([{ agentName: "writer", attempt: 2, tokensUsed: 30 }]);
  const asked = JSON.stringify(fake.calls.find((call) => whoIn(call) === "writer")?.body.messages);
  expect(asked).toMatch(/handed it over to you.*--- handed over by scout.*Half is written.*What is left:.*the end/);
  expect(JSON.stringify(fake.calls.at(-1)?.body.messages)).toContain("Dear Ann,");
  expect(git(cwd, "show", `refs/tutti/${handle.id}/a:letter.txt`)).toBe("Dear Ann,");
  expect(lines).toMatch(/scout hands over to writer: Half is written/);
  expect(lines).toMatch(/attempt 1 ended: handed over to 'writer' \(.*30 tokens.*attempt 2 by writer/s);
});

test("[readme:handoff] kill -9 between a handoff and the next attempt: nothing is lost, nothing paid twice", async () => {
  const { terminal, host: open, cwd } = place();
  fake.answer = half;
  const first = terminal.start(...RUN);
  await first.says(/"type":"handoff"/);
  first.child.kill("SIGKILL");
  await first.ended;
  const { run, of } = await resumed(await open());
  expect(of("handoff")).toHaveLength(1);
  expect(of("task:retry")).toMatchObject([{ handedTo: "writer", tokensUsed: 30 }]);
  expect(of("task:complete")).toMatchObject([{ agentName: "writer", attempt: 2 }]);
  expect(fake.calls.filter((call) => whoIn(call) === "scout")).toHaveLength(2);
  expect(git(cwd, "show", `refs/tutti/${run}/a:letter.txt`)).toBe("Dear Ann,");
});

test("[readme:help] an answer that is paid survives kill -9 of its asker, counts once, and progress is told", async () => {
  const { terminal, host: open } = place();
  const answered = Promise.withResolvers<void>();
  let isHeld = true;
  fake.answer = async (call) => {
    if (whoIn(call) === "sage") return says("Because.");
    if (turnOf(call) === 0) return asks("report_progress", { text: "I ask", percent: 30 });
    if (turnOf(call) === 1) return asks("request_help", { capability: "wisdom", question: "Why?" });
    answered.resolve();
    return isHeld ? { silent: true } : says("Done");
  };
  const first = terminal.start(...RUN);
  await answered.promise;
  first.child.kill("SIGKILL");
  expect((await first.ended).out).toMatch(/"text":"I ask","percent":30},"type":"agent:progress"/);
  isHeld = false;
  const { of, lines } = await resumed(await open());
  expect(fake.calls.filter((call) => whoIn(call) === "sage")).toHaveLength(1);
  expect(JSON.stringify(fake.calls.at(-1)?.body.messages)).toContain("sage answers:");
  expect(of("task:complete")).toMatchObject([{ tokensUsed: 4 * 15, turns: 4 }]);
  expect(lines).toMatch(/30 % I ask.*help by sage: turn/s);
});

test("an agent whose host goes while it waits for help goes on with the answer as far as it was paid", async () => {
  const { host: open } = place();
  const asked = Promise.withResolvers<void>();
  let isHeld = true;
  fake.answer = async (call) => {
    const turn = turnOf(call);
    if (whoIn(call) === "sage") {
      if (turn === 0) return asks("read", { path: "a.txt" });
      asked.resolve();
      return isHeld ? { silent: true } : says("Because.");
    }
    return turn === 0 ? asks("request_help", { to: "sage", question: "Why?" }) : says("Done");
  };
  const first = await open();
  const handle = first.start(first.prepare({ ...PLAN, config: { model: MODEL } }));
  handle.then(undefined, () => {});
  await asked.promise;
  await cli.homes.close(first);
  isHeld = false;
  const { of } = await resumed(await open());
  // Its first turn was paid and is not bought again; the second had not come.
  expect(fake.calls.filter((call) => whoIn(call) === "sage").map(turnOf)).toEqual([0, 1, 1]);
  expect(of("task:complete")).toMatchObject([{ tokensUsed: 4 * 15, turns: 4 }]);
});

test("at a pause whoever asked and whoever helps leave off, and both go on where they stood", async () => {
  const { host: open } = place();
  const asked = Promise.withResolvers<void>();
  const paused = Promise.withResolvers<void>();
  fake.answer = async (call) => {
    if (whoIn(call) === "scout")
      return turnOf(call) === 0 ? asks("request_help", { to: "sage", question: "Why?" }) : says("Done");
    if (turnOf(call) > 0) return says("Because.");
    asked.resolve();
    await paused.promise;
    return asks("read", { path: "a.txt" });
  };
  const host = await open();
  const handle = host.start(host.prepare({ ...PLAN, config: { model: MODEL } }));
  await asked.promise;
  await host.command(handle.id, { type: "pause" });
  paused.resolve();
  expect((await handle).status).toBe("paused");
  await host.command(handle.id, { type: "resume" });
  expect((await handle).tasks["a"]).toMatchObject({ status: "complete", tokensUsed: 4 * 15, attempts: 2 });
  expect(fake.calls.map((call) => `${whoIn(call)} ${turnOf(call)}`)).toEqual([
    "scout 0",
    "sage 0",
    "sage 1",
    "scout 1",
  ]);
});

test("[I7] what helpers use counts against the run's cap before their next turn, and their asker is told", async () => {
  const { host: open } = place();
  fake.answer = (call) => {
    const turn = turnOf(call);
    if (whoIn(call) === "scout")
      return turn === 0 ? asks("request_help", { to: "sage", question: "Why?" }) : says("Done");
    const reply = turn < 20 ? asks("read", { path: "a.txt", from: turn + 1 }, `r${turn}`) : says("Because.");
    return { ...reply, usage: { fresh: 300, output: 15 } };
  };
  const host = await open();
  const handle = host.start(host.prepare({ ...PLAN, config: { model: MODEL, budget: { tokens: 3000 } } }));
  const { status, summary } = await handle;
  expect([status, summary.totalTokens]).toEqual(["complete", 2 * 15 + 5 * 315]);
  const { lines } = await told(host, handle.id);
  expect(lines).toMatch(/request_help sage: failed: 'sage' could not help: the budget of 3000 tokens does not allow/);
});

test("a coding agent hands over to a model, who goes on in the files that it left", async () => {
  const handsOver: readonly Step[] = [
    { write: { path: "letter.txt", text: "Dear Ann,\n" } },
    { call: { server: "tutti_team", name: "handoff", arguments: PACKAGE } },
    { say: "I have handed over." },
    { stop: "end_turn", usage: { totalTokens: 100, inputTokens: 80, outputTokens: 20 } },
  ];
  const coder = { command: process.execPath, args: [AGENT, JSON.stringify({ turns: [handsOver] })] };
  const { host: open, cwd } = place(`codingAgents:\n  coder: ${JSON.stringify(coder)}\n`);
  fake.answer = half;
  const host = await open();
  const config = { model: MODEL, agentModels: { scout: "acp/coder" } };
  const handle = host.start(host.prepare({ ...PLAN, config }));
  expect((await handle).tasks["a"]).toMatchObject({ status: "complete", attempts: 2, tokensUsed: 130 });
  const { of } = await told(host, handle.id);
  expect(of("task:complete")).toMatchObject([{ agentName: "writer", attempt: 2 }]);
  expect(of("task:retry")).toMatchObject([{ handedTo: "writer", tokensUsed: 100 }]);
  expect(git(cwd, "show", `refs/tutti/${handle.id}/a:letter.txt`)).toBe("Dear Ann,");
  expect(JSON.stringify(fake.calls.at(-1)?.body.messages)).toContain("Dear Ann,");
});
