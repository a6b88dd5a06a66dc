/** Agents at work, as somebody at the command line has them: asked, stopped, and their changes taken over. */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Cli, runIn, type Terminal } from "./support/cli-kit.ts";
import type { FakeReply } from "./support/fake-protocols.ts";
import { FakeProvider } from "./support/fake-provider.ts";
import { git, repositoryIn } from "./support/repository.ts";

const cli = new Cli();
let fake: FakeProvider;
beforeAll(async () => {
  fake = await FakeProvider.start();
});
afterAll(() => fake[Symbol.asyncDispose]());

const MODEL = ["--model", "anthropic/claude-sonnet-4-5", "--yes"] as const;
const TASKS = JSON.stringify({ tasks: [{ id: "a", agentName: "worker", description: "a", prompt: "Do a" }] });
const asks: FakeReply = { calls: [{ name: "ask_person", input: { question: "Blue or green?" } }] };
const writes = (path: string, text: string): FakeReply => ({ calls: [{ name: "write", input: { path, text } }] });
const done: FakeReply = { text: ["Done"] };

function terminal(): Terminal {
  const one = cli.terminal({ "tasks.json": TASKS }, { ANTHROPIC_API_KEY: "k", ANTHROPIC_BASE_URL: fake.url });
  mkdirSync(join(one.home, "agents"), { recursive: true });
  const agent = "---\nname: worker\ndescription: works\ntools: [read, write, ask_person]\n---\nWork.\n";
  writeFileSync(join(one.home, "agents/worker.md"), agent);
  return one;
}

test("Ctrl-C at an attempt that asks a person ends at once with 130, and the answer counts when the run goes on", async () => {
  fake.script(asks, done);
  const one = terminal();
  const run = one.start("run", "tasks.json", ...MODEL);
  await run.says(/waits for a person: .*Blue or green/);
  run.child.kill("SIGINT");
  const { code, out } = await run.ended;
  expect(code).toBe(130);
  expect((await one.tutti("gates")).out).toContain("Blue or green?");
  await one.tutti("approve", "last", "--note", "blue");
  const resumed = await one.tutti("resume", runIn(out));
  expect(resumed).toMatchObject({ code: 0, out: expect.stringMatching(/a ask_person Blue or green\?: done/) });
  // Its first turn was paid before, and is not asked for again.
  expect(fake.calls).toHaveLength(2);
  expect(JSON.stringify(fake.calls[1]?.body)).toContain("blue");
  expect(JSON.parse((await one.tutti("show", "last", "--json")).out).tasks.a).toMatchObject({ attempts: 1 });
});

test("ask --no-wait ends with 4 where its agent asks a person, and says how it goes on", async () => {
  fake.script(asks, done);
  const one = terminal();
  const asked = await one.tutti("ask", "worker", "Do it", "--no-wait", ...MODEL);
  expect(asked).toMatchObject({ code: 4, out: "" });
  const [, run = "", gate = ""] = /it waits for a person: tutti approve (\S+) (\S+) /.exec(asked.err) ?? [];
  await one.tutti("approve", run, gate, "--note", "blue");
  expect((await one.tutti("resume", run)).code).toBe(0);
});

test("what an agent wrote is taken over by the command that is said when the run has ended", async () => {
  fake.script(writes("b.txt", "made\n"), done);
  const one = terminal();
  repositoryIn(one.cwd);
  const { code, out } = await one.tutti("run", "tasks.json", ...MODEL);
  expect(code).toBe(0);
  expect(out).toMatch(/ a write b\.txt: done$/m);
  const [, ref = ""] = /^ {2}git cherry-pick --no-commit (\S+) {3}#/m.exec(out) ?? [];
  expect(existsSync(join(one.cwd, "b.txt"))).toBe(false);
  git(one.cwd, "cherry-pick", "--no-commit", ref);
  expect(git(one.cwd, "status", "--porcelain")).toContain("A  b.txt");
  // Nothing of it is said where the folder has no git.
  fake.script(writes("b.txt", "made\n"), done);
  expect((await terminal().tutti("run", "tasks.json", ...MODEL)).out).not.toContain("cherry-pick");
});
