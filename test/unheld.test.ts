/** A machine without a sandbox: what runs a command says so, and where the settings require one it does not run. */
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Host } from "../src/app/host.ts";
import { examineAgents } from "../src/cli/examine-agents.ts";
import { landedLines } from "../src/cli/landed-text.ts";
import { findProgram } from "../src/process/find.ts";
import { repositoryEvidence } from "../src/workspace/evidence/repository.ts";
import { FakeProvider } from "./support/fake-provider.ts";
import { Homes } from "./support/homes.ts";
import { git, repositoryIn } from "./support/repository.ts";

// Whoever looks for bubblewrap looks in the PATH of this process, once.
const programs = mkdtempSync(join(tmpdir(), "tutti-programs-"));
for (const name of ["git", "bash", "sh", "cat", "test", "npm", "node", "env"]) {
  const found = findProgram(name);
  if (found !== undefined) symlinkSync(found, join(programs, name));
}
const PATH = process.env["PATH"];
process.env["PATH"] = programs;

const homes = new Homes();
let fake: FakeProvider;
beforeAll(async () => {
  fake = await FakeProvider.start();
});
afterAll(async () => {
  process.env["PATH"] = PATH;
  rmSync(programs, { recursive: true });
  await fake[Symbol.asyncDispose]();
});

const AGENT = "---\nname: worker\ndescription: works\ntools: [read, write, bash]\n---\nWork.\n";
const COMMANDS = "evidenceCommands: { lint: [cat, b.txt] }\n";
async function open(config: string) {
  const home = homes.path({ "agents/worker.md": AGENT, "config.yaml": `${COMMANDS}${config}` });
  const repository = repositoryIn(homes.path({ "a.txt": "one\n" }));
  const env = { PATH: programs, ANTHROPIC_API_KEY: "k", ANTHROPIC_BASE_URL: fake.url };
  const host = await Host.open({ home, env, repository });
  return { host, repository, env };
}
const order = (config: object, more: object = {}) => ({
  tasks: [{ id: "a", agentName: "worker", description: "a", prompt: "Do a", retries: 0, ...more }],
  config: { model: "anthropic/claude-sonnet-4-5", ...config },
});
const gates = ["test -f b.txt"];
const deliver = { delivery: { as: "branch", name: "landed" }, gates };

test("where a sandbox is required no command runs: none is offered, none is asked about, and plans that need one are refused first", async () => {
  const { host: opened, repository, env } = await open("sandbox: required\n");
  await using host = opened;
  const admitted = (config: object, more?: object) => host.admit(host.prepare(order(config, more)));
  await expect(admitted({ deliver })).rejects.toMatchObject({
    code: "BAD_INPUT",
    message: expect.stringMatching(/^the work cannot be proven: your settings let no command run without a sandbox/),
    hint: expect.stringContaining("install bubblewrap"),
  });
  await expect(admitted({}, { validate: [{ command: "lint" }] })).rejects.toMatchObject({
    code: "BAD_INPUT",
    path: "tasks[0].validate",
  });
  expect(await host.journal.list()).toHaveLength(0);

  fake.script({ calls: [{ name: "bash", input: { command: "echo no > b.txt" } }] }, { text: ["Done"] });
  const results = await host.start(await admitted({}));
  expect(results.tasks["a"]).toMatchObject({ status: "complete", output: "Done" });
  expect(results.tasks["a"]?.changes).toBeUndefined();
  const [first, second] = fake.calls.slice(-2);
  expect(first?.body["tools"].map(({ name }: { name: string }) => name)).not.toContain("bash");
  expect(JSON.stringify(second?.body)).toContain("your settings let no command run without a sandbox");

  const commands = { env, hidden: [], areAllowed: true, mustHold: true, named: { lint: ["cat", "a.txt"] } };
  const seen = await repositoryEvidence(repository, commands).collect(["command:lint"]);
  expect(seen.findings).toEqual([]);
  expect(JSON.stringify(seen.notes)).toContain("not run: your settings let no command run without a sandbox");
  const told = await examineAgents(host.settings, env);
  expect(told).toContainEqual(expect.objectContaining({ what: "sandbox", state: "wrong" }));
});

test("elsewhere a person is asked about each command, and a proof that ran without a sandbox says so", async () => {
  const { host: opened, repository } = await open("");
  await using host = opened;
  fake.script({ calls: [{ name: "bash", input: { command: "echo yes > b.txt" } }] }, { text: ["Done"] });
  const handle = host.start(await host.admit(host.prepare(order({ deliver }))));
  const asked: unknown[] = [];
  for await (const event of handle)
    if (event.type === "gate:opened") {
      asked.push(event.subject);
      await handle.approve(event.gate);
    }
  const results = await handle;
  expect(asked).toMatchObject([{ tool: "bash", argv: ["bash", "-c", "echo yes > b.txt"], how: "unsandboxed" }]);
  expect(results.tasks["land"]).toMatchObject({ status: "complete", output: { unsandboxed: true } });
  expect(landedLines(results.tasks["land"]?.output).join("\n")).toContain("proven without a sandbox");
  expect(git(repository, "show", "landed:b.txt")).toBe("yes");
});

test("a check is asked about with exactly what would run, and is red where that was refused", async () => {
  const { host: opened } = await open("");
  await using host = opened;
  const task = {
    id: "a",
    agentName: "check-runner",
    description: "a",
    prompt: "a",
    evidence: ["command:lint"],
    retries: 0,
  };
  const handle = host.start(await host.admit(host.prepare({ tasks: [task], config: { replan: false } })));
  for await (const event of handle)
    if (event.type === "gate:opened") {
      expect(event.subject).toMatchObject({ argv: ["cat", "b.txt"], how: "unsandboxed" });
      await handle.reject(event.gate);
    }
  expect((await host.show(handle.id)).checks).toMatchObject({ verdict: "red", checks: [{ state: "not run" }] });
  const { host: strict } = await open("sandbox: required\n");
  await using held = strict;
  await expect(held.admit(held.prepare({ tasks: [task] }))).rejects.toMatchObject({ path: "tasks[0].evidence" });
});
