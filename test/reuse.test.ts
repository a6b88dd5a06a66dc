/** Programs that several attempts have one after the other, over real processes. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { systemClock } from "../src/app/system.ts";
import { loadSettings } from "../src/library/settings.ts";
import { agentFault } from "../src/runtimes/acp/agents.ts";
import type { Agents } from "../src/runtimes/acp/lending.ts";
import { performAcp } from "../src/runtimes/acp/runtime.ts";
import type { Connection } from "../src/runtimes/mcp/connection.ts";
import { mcpTools } from "../src/runtimes/mcp/servers.ts";
import { Pool } from "../src/runtimes/pool.ts";
import { folderWorkspace } from "../src/workspace/folder.ts";
import { AGENT } from "./support/acp-attempt.ts";
import type { Script } from "./support/fake-acp-agent.ts";
import { Homes } from "./support/homes.ts";
import { attemptOf, heldWorld } from "./support/model-attempt.ts";

const SERVER = join(import.meta.dirname, "support/mcp-server.mjs");
const homes = new Homes();
let count = 0;
const until = async (isSo: () => boolean) => {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 10));
};
const markOf = () => `mark-${process.pid}-${++count}-${performance.now()}`;
/** Numbers of the processes that carry the mark, wherever they went. */
const carriers = (mark: string) =>
  readdirSync("/proc").filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/environ`, "latin1").includes(mark);
    } catch {
      return false;
    }
  });

describe("servers of the user", () => {
  function over(how: string, { isLasting = true, reuse = true } = {}) {
    const mark = markOf();
    const pool = new Pool<Connection>();
    const server = { command: process.execPath, args: [SERVER, how], env: ["MARK"], reuse };
    const env = { PATH: process.env["PATH"], MARK: mark };
    const source = mcpTools({ servers: { sums: server }, env, pool });
    const attempt = async (cwd = import.meta.dirname, act: (stop: AbortController) => void = () => {}) => {
      const stop = new AbortController();
      const opened = await source.open(["sums"], { cwd, isLasting, signal: stop.signal });
      const add = opened.tools.find(({ name }) => name === "mcp__sums__add");
      const text = await add?.perform({ a: 1, b: 2 }, { world: heldWorld(), clock: systemClock });
      act(stop);
      const [first = "none"] = carriers(mark);
      await opened.close();
      return { text, first };
    };
    return { mark, pool, attempt, left: () => carriers(mark) };
  }

  test("one that may be reused serves the next attempt in the same folder, and ends with its host", async () => {
    const { pool, attempt, left } = over("");
    const { first } = await attempt();
    expect(await attempt()).toEqual({ text: "3", first });
    const before = left();
    await attempt(homes.path({ "a.txt": "" }));
    expect(left().length).toBe(2 * before.length);
    await pool[Symbol.asyncDispose]();
    expect(left()).toEqual([]);
    // Whoever is late finds nobody to take it back.
    await attempt();
    await pool[Symbol.asyncDispose]();
    expect(left()).toEqual([]);
  });

  test.each([["deaf"], ["grows"], ["leaves"]])(
    "one that proves to be another than before is ended (%s)",
    async (how) => {
      const { pool, attempt, left } = over(how);
      const { first } = await attempt();
      const { first: second } = await attempt();
      expect(second).not.toBe(first);
      await pool[Symbol.asyncDispose]();
      expect(left()).toEqual([]);
    },
  );

  test("it is not kept where nobody said so, where its folder goes, or after an attempt that was stopped", async () => {
    for (const [how, act] of [
      [{ reuse: false }, undefined],
      [{ isLasting: false }, undefined],
      [{}, (stop: AbortController) => stop.abort()],
    ] as const) {
      const { attempt, left } = over("", how);
      await attempt(undefined, act);
      expect(left()).toEqual([]);
    }
  });

  test("no more are kept than fit, and none longer than its time", async () => {
    const ended: string[] = [];
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const one = (name: string) => ({
      isAsNew: async () => true,
      hold: () => {},
      close: async () => {
        ended.push(name);
        if (name === "c") resolve();
      },
    });
    const pool = new Pool({ most: 2, idle: 20 });
    for (const name of ["a", "b", "c"]) pool.give(name, one(name));
    expect(ended).toEqual(["a"]);
    await late;
    expect(ended).toEqual(["a", "b", "c"]);
    expect(await pool.take("c")).toBeUndefined();
  });

  test("one that lies idle keeps no process alive, and ends with it", async () => {
    const mark = markOf();
    const program = fileURLToPath(new URL("./support/reuse-program.ts", import.meta.url));
    const child = spawn(process.execPath, [program, SERVER, mark], { stdio: ["ignore", "pipe", "inherit"] });
    const [said] = await once(child.stdout, "data");
    expect(String(said)).toBe("1 idle\n");
    const [code] = await once(child, "exit");
    expect(code).toBe(0);
    const isServer = (pid: string) => {
      const path = `/proc/${pid}/cmdline`;
      return existsSync(path) && readFileSync(path, "utf8").includes(SERVER);
    };
    // It was ended before; the system may take a moment to forget it.
    for (let looks = 0; looks < 50 && carriers(mark).some(isServer); looks++)
      await new Promise((resolve) => setTimeout(resolve, 5));
    expect(carriers(mark).filter(isServer)).toEqual([]);
    // What left its group is swept by whoever begins a program next.
    for (const pid of carriers(mark)) process.kill(Number(pid), "SIGKILL");
  });

  test("settings say what may be reused", async () => {
    const home = (text: string) => homes.path({ "config.yaml": text });
    const good = home(
      "mcpServers:\n  sums: { command: node, reuse: true }\ncodingAgents: { opencode: { reuse: true } }\n",
    );
    expect(await loadSettings(good, {})).toMatchObject({
      mcpServers: { sums: { command: "node", reuse: true } },
      codingAgents: { opencode: { reuse: true } },
    });
    const web = home("mcpServers: { web: { url: http://h/, reuse: true } }\n");
    await expect(loadSettings(web, {})).rejects.toThrow(/mcpServers\.web\.reuse/);
    const path = process.env["PATH"];
    expect(agentFault("gemini", { gemini: { reuse: true } }, path)).toMatch(/codingAgents\.gemini\.reuse must go/);
    expect(agentFault("mine", { mine: { reuse: true } }, path)).toMatch(/codingAgents\.mine must say its 'command'/);
  });
});

describe("coding agents", () => {
  const CLOSES = { capabilities: { sessionCapabilities: { close: {} } } };
  function over(script: Script, { reuse = true } = {}) {
    const agents: Agents = new Pool({ most: 2 });
    const log = join(homes.path({ ".keep": "" }), "log");
    const attempt = async (tools: readonly string[] = ["edit"]) => {
      const root = homes.path({ "a.txt": "one\n" });
      const files = await folderWorkspace(root, true);
      const outcome = await performAcp(
        { runtime: "acp", name: "claude-code", text: "acp/claude-code" },
        attemptOf("acp/claude-code"),
        heldWorld(),
        {
          ...{
            timers: { settle: 400 },
            clock: systemClock,
            env: { PATH: process.env["PATH"] },
            agents,
            instructionsOf: () => ({ tools }),
          },
          workspaces: {
            open: () => ({ ...files, ready: async () => [], keep: async () => undefined, close: async () => {} }),
          },
          codingAgents: {
            "claude-code": { command: process.execPath, args: [AGENT, JSON.stringify({ log, ...script })], reuse },
          },
        },
      );
      return { outcome, root };
    };
    const heard = (method: string) =>
      readFileSync(log, "utf8")
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as Record<string, never>)
        .filter((one) => one["method"] === method);
    /** It has come to rest after its session. */
    const settled = () => until(() => agents.ready === 1);
    return { agents, attempt, heard, settled };
  }
  const TURNS = { turns: [[{ say: "One" }], [{ say: "Two" }]] };

  test("one program does several tasks, each in a session and a folder of its own, where the user wants it", async () => {
    const { agents, attempt, heard, settled } = over({ ...CLOSES, ...TURNS });
    const first = await attempt();
    await settled();
    const second = await attempt();
    expect([first, second].map(({ outcome }) => outcome)).toMatchObject([{ output: "One" }, { output: "Two" }]);
    expect(heard("initialize")).toHaveLength(1);
    expect(heard("session/new").map(({ params }) => params)).toMatchObject([{ cwd: first.root }, { cwd: second.root }]);
    expect(heard("session/close").map(({ params }) => params)).toEqual([{ sessionId: "s-1" }, { sessionId: "s-2" }]);
    await agents[Symbol.asyncDispose]();
  });

  test.each([
    ["by default", {}, { reuse: false }, ["edit"]],
    ["after a turn that failed", { turns: [[{ error: { code: -32_603, message: "no" } }]] }, {}, ["edit"]],
    ["where it cannot close a session", { capabilities: {} }, {}, ["edit"]],
    ["for whoever may do other things", {}, {}, ["edit", "bash"]],
  ] as const)("it is begun anew %s", async (_, script, how, tools) => {
    const { agents, attempt, heard } = over({ ...CLOSES, ...TURNS, ...script }, how);
    await attempt();
    await attempt(tools);
    expect(heard("initialize")).toHaveLength(2);
    await agents[Symbol.asyncDispose]();
  });

  test("one that leaves a process behind serves nobody else", async () => {
    const left = join(homes.path({ ".keep": "" }), "pid");
    const { agents, attempt, heard } = over({ ...CLOSES, turns: [[{ leave: left }, { say: "One" }]] });
    await attempt();
    const isThere = () => existsSync(`/proc/${readFileSync(left, "utf8")}/exe`);
    // It is waited for a while to go by itself, and then ended with its program.
    await until(() => !isThere());
    expect(heard("_tutti/well")).toEqual([]);
    await attempt();
    expect(heard("initialize")).toHaveLength(2);
    await agents[Symbol.asyncDispose]();
    expect(isThere()).toBe(false);
  });
});
