/** Coding agents in runs of a host, over a real repository and a real child. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { examineAgents } from "../src/cli/examine-agents.ts";
import { loadSettings } from "../src/library/settings.ts";
import { AGENT } from "./support/acp-attempt.ts";
import type { Script } from "./support/fake-acp-agent.ts";
import { eventsOf, Homes, work } from "./support/homes.ts";

const homes = new Homes();
const ENV = { PATH: process.env["PATH"] ?? "" };
const git = (cwd: string, ...args: readonly string[]) =>
  execFileSync("git", ["-c", "user.name=a", "-c", "user.email=a@localhost", ...args], { cwd, encoding: "utf8" }).trim();

function repository(): string {
  const folder = homes.path({ "a.txt": "one\n" });
  git(folder, "init", "--quiet", "--initial-branch=main");
  git(folder, "add", "--all");
  git(folder, "commit", "--quiet", "--message", "first");
  return folder;
}
/** A home whose user has set these agents, each with its script. */
const homeWith = (agents: { readonly [name: string]: Script }, more = "") =>
  homes.path({
    "config.yaml": `codingAgents:\n${Object.entries(agents)
      .map(
        ([name, script]) =>
          `  ${name}: ${JSON.stringify({ command: process.execPath, args: [AGENT, JSON.stringify(script)] })}\n`,
      )
      .join("")}${more}`,
  });

test("[I12] what a coding agent wrote without asking is kept under its task, and the next one builds on it", async () => {
  const folder = repository();
  const home = homeWith({
    first: { turns: [[{ write: { path: "new/b.txt", text: "b\n" } }, { say: "Wrote b" }]] },
    second: {
      turns: [
        [
          { request: { method: "fs/read_text_file", params: { path: "b" } } },
          { write: { path: "a.txt", text: "two\n" } },
          { say: "Wrote a" },
        ],
      ],
    },
  });
  const host = await homes.open({ home, repository: folder, env: ENV });
  const tasks = [work("one"), work("two", { dependencies: ["one"], model: "acp/second" })];
  const prepared = host.prepare({ tasks, config: { model: "acp/first" } });
  await host.admit(prepared);
  const handle = host.start(prepared);
  const { status, tasks: done, summary } = await handle;
  expect(status).toBe("complete");
  expect(done).toMatchObject({ one: { output: "Wrote b", costUsd: null }, two: { status: "complete" } });
  expect(summary.totalCostUsd).toBeNull();
  expect(git(folder, "show", `refs/tutti/${handle.id}/two:new/b.txt`)).toBe("b");
  expect(git(folder, "show", `refs/tutti/${handle.id}/two:a.txt`)).toBe("two");
  expect(git(folder, "status", "--porcelain")).toBe("");
  const events = await eventsOf(host.journal, handle.id);
  const invoked = events.filter(({ type }) => type === "agent:invoke");
  expect(invoked).toMatchObject([{ model: "acp/first" }, { model: "acp/second" }]);
  expect(existsSync(join(home, "worktrees", handle.id, "one.1"))).toBe(false);
});

test("a person decides at a gate of the run what a coding agent may do", async () => {
  const folder = repository();
  const ask = {
    ask: { id: "1", kind: "execute", rawInput: { command: "make" } },
    granted: [{ write: { path: "made", text: "m" } }],
  };
  const home = homeWith({ maker: { turns: [[ask, { say: "Made" }]] } });
  const host = await homes.open({ home, repository: folder, env: ENV });
  const handle = host.start(
    host.prepare({ tasks: [work("one", { agentName: "builder" })], config: { model: "acp/maker" } }),
  );
  await expect.poll(async () => (await host.gates(handle.id)).length).toBe(1);
  const [gate] = await host.gates(handle.id);
  const opened = (await eventsOf(host.journal, handle.id)).find(({ type }) => type === "gate:opened");
  expect(opened).toMatchObject({ question: "May maker run: make", subject: { input: { command: "make" } } });
  await host.command(handle.id, { type: "decide", gate: gate?.gate ?? "", decision: "approve" });
  expect((await handle).status).toBe("complete");
  expect(git(folder, "show", `refs/tutti/${handle.id}/one:made`)).toBe("m");
});

test("what cannot be begun is refused before anything is stored, with what there is", async () => {
  const host = await homes.open({ home: homeWith({ mine: {} }), repository: repository(), env: ENV });
  const order = (model: string, more: object = {}) =>
    host.prepare({ tasks: [work("one")], config: { model, ...more } });
  expect(() => order("acp/opencod")).toThrow(/unknown agent 'opencod'.*opencode/);
  expect(() => order("command/lint")).toThrow(/unknown agent 'lint'/);
  expect(() => order("acp/mine", { budget: { usd: 1 } })).toThrow(/price of acp\/mine is not known/);
  const missing = await homes.open({
    home: homes.path({ "config.yaml": "codingAgents: { gone: { command: /no/such } }" }),
    env: ENV,
  });
  expect(() => missing.prepare({ tasks: [work("one")], config: { model: "acp/gone" } })).toThrow(
    /gone is not installed/,
  );
  const nowhere = await homes.open({ home: homeWith({ mine: {} }), env: ENV });
  await expect(nowhere.admit(nowhere.prepare({ tasks: [work("one")], config: { model: "acp/mine" } }))).rejects.toThrow(
    /works on files/,
  );
});

test("a rehearsal of a plan for coding agents begins none of them", async () => {
  const host = await homes.open({
    home: homeWith({ mine: { turns: [[{ exit: 1 }]] } }),
    repository: repository(),
    env: ENV,
  });
  const config = { model: "acp/mine", rehearse: true, speed: "max" };
  expect(await host.start(host.prepare({ tasks: [work("one")], config }))).toMatchObject({
    status: "complete",
    rehearsed: true,
  });
});

test("settings take commands and names of variables, and nothing that they should not hold", async () => {
  const read = (text: string, env = {}) => loadSettings(homes.path({ "config.yaml": text }), env);
  const found = await read("remotes: { r: { url: 'https://r.example/', keyEnv: R_KEY } }", { R_KEY: "k-123" });
  expect(found.remotes).toEqual({ r: { url: "https://r.example/", key: "k-123" } });
  await expect(read("codingAgents: { a: { command: x, env: ['KEY=value'] } }")).rejects.toThrow(
    /env\[0\].*name of an environment variable/,
  );
  await expect(read("codingAgents: { a/b: { command: x } }")).rejects.toThrow(/must be named by/);
  await expect(read("commands: { a: { args: [x] } }")).rejects.toThrow(/'commands.a.command' is missing/);
  await expect(read("commands: { a: { command: x, outptu: text } }")).rejects.toThrow(/outptu.*output/);
});

test("doctor greets what is installed, asks it nothing, and says what it found and what cannot be held", async () => {
  const log = join(homes.path({ ".keep": "" }), "log");
  const home = homeWith(
    { fine: { log, capabilities: { loadSession: true } }, old: { version: 7 } },
    "commands: { lint: { command: /no/such } }\n",
  );
  const env = { PATH: "/nowhere" };
  const findings = await examineAgents(await loadSettings(home, env), env);
  const said = findings.map(({ what, state, words }) => `${what} ${state}: ${words}`);
  expect(said[0]).toMatch(
    /^agent ok: acp\/fine: fine 1\.2\.3 .*protocol 1; goes on after a crash: session\/load;.*logins: An API key;.*not held back/,
  );
  expect(said[1]).toMatch(/^agent note: acp\/old: .*does not answer: old speaks version 7/);
  expect(said[2]).toMatch(/^agent wrong: command\/lint: '\/no\/such' is not installed/);
  expect(said.at(-2)).toMatch(/^git note: not found/);
  const heard = readFileSync(log, "utf8").trim().split("\n").slice(1);
  expect(heard.map((line) => JSON.parse(line).method)).toEqual(["initialize"]);
});
