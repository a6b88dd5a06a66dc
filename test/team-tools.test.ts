/** Tools of ours inside of coding agents: a server of one attempt, over a real socket and real programs. */
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { delimiter, dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { systemClock } from "../src/app/system.ts";
import type { AttemptWorld } from "../src/domain/ports.ts";
import { isOurs } from "../src/runtimes/acp/claim.ts";
import { mcpTools } from "../src/runtimes/mcp/servers.ts";
import { openTeam, type TeamServer } from "../src/runtimes/mcp/team.ts";
import type { ModelSettings } from "../src/runtimes/model/runtime.ts";
import { outsideRuntime } from "../src/runtimes/outside-runtime.ts";
import { folderWorkspace } from "../src/workspace/folder.ts";
import { heardBy, performFake, turn } from "./support/acp-attempt.ts";
import type { Step } from "./support/fake-acp-agent.ts";
import { Homes } from "./support/homes.ts";
import { attemptOf, type HeldWorld, heldWorld } from "./support/model-attempt.ts";
import { stripped } from "./support/stripped.ts";

const homes = new Homes();
const PROGRAM = stripped(new URL("./support/fake-program.ts", import.meta.url));
const TOOLS = ["send_message", "board_get", "board_set", "request_help", "handoff", "report_progress", "ask_person"];
const UNKEPT = { ready: async () => [], keep: async () => undefined, close: async () => {} };

/** A world that writes down what it is asked for. */
function worldOf(): HeldWorld & { readonly told: unknown[] } {
  const told: unknown[] = [];
  const world: AttemptWorld = {
    ...heldWorld(),
    send: async (...said) => void told.push(said),
    ask: async (asking) => {
      told.push(asking);
      return { decision: "approve", note: "blue" };
    },
    help: async (of, question) => {
      told.push([of, question]);
      return { agentName: "sage", text: "Because." };
    },
  };
  return { ...(world as HeldWorld), told };
}
const opened = (world: AttemptWorld, powers: ModelSettings = { tools: TOOLS }, asksPersons = true) =>
  openTeam({ powers, world, clock: systemClock, scrub: (text) => text.replaceAll("canary", "[secret]"), asksPersons });
const there = (team: TeamServer | undefined): TeamServer => {
  if (!team) throw new Error("there is no server");
  return team;
};

describe("the server of an attempt", () => {
  test("is spoken to by a client of the protocol, and offers what the agent's definition names", async () => {
    const world = worldOf();
    await using team = there(await opened(world, { tools: ["request_help", "board_get", "bash", "read"] }));
    expect(team.tools).toEqual(["board_get", "request_help"]);
    const { command, args, env } = team;
    const servers = { ours: { command, args, env: Object.keys(env) } };
    const source = mcpTools({ servers, env: { PATH: process.env["PATH"], ...env } });
    const client = await source.open(["ours"], { cwd: process.cwd(), signal: new AbortController().signal });
    expect(client.tools.map(({ name }) => name)).toEqual(["mcp__ours__board_get", "mcp__ours__request_help"]);
    const help = client.tools.find(({ name }) => name.endsWith("request_help"));
    expect(help?.schema).toMatchObject({ type: "object", required: ["question"] });
    const said = await help?.perform({ to: "sage", question: "Why?" }, { world, clock: systemClock });
    expect(said).toBe("sage answers:\n\nBecause.");
    expect(world.told).toEqual([[{ name: "sage" }, "Why?"]]);
    await expect(help?.perform({ to: "sage" }, { world, clock: systemClock })).rejects.toThrow("'question'");
    await client.close();
  });

  test("is for its attempt alone: who does not say its token hears nothing, and it is gone with the attempt", async () => {
    const team = there(await opened(worldOf()));
    const { TUTTI_TEAM: path = "", TUTTI_TEAM_TOKEN: token = "" } = team.env;
    expect([team.command, ...team.args].join(" ")).not.toMatch(new RegExp(`${token}|${path}`));
    const say = (first: string) =>
      new Promise<string>((resolve) => {
        let heard = "";
        const socket = connect(path, () => socket.write(`${first}\n{"jsonrpc":"2.0","id":1,"method":"ping"}\n`));
        socket.on("data", (piece) => {
          heard += piece;
          socket.end();
        });
        socket.on("close", () => resolve(heard)).on("error", () => {});
      });
    expect(await say("0".repeat(token.length))).toBe("");
    expect(await say(token)).toBe('{"jsonrpc":"2.0","id":1,"result":{}}\n');
    const lasting = connect(path);
    const ended = new Promise((resolve) => lasting.once("close", resolve).once("error", () => {}));
    await new Promise((resolve) => lasting.once("connect", resolve));
    await team[Symbol.asyncDispose]();
    await ended;
    expect(existsSync(dirname(path))).toBe(false);
    const { stderr, status } = await new Promise<{ stderr: string; status: number }>((resolve) => {
      try {
        execFileSync(team.command, [...team.args], { env: { ...team.env }, stdio: ["ignore", "ignore", "pipe"] });
        resolve({ stderr: "", status: 0 });
      } catch (error) {
        const told = error as { stderr: Buffer; status: number };
        resolve({ stderr: String(told.stderr), status: told.status });
      }
    });
    expect([stderr, status]).toEqual([expect.stringContaining("the run that this agent works for"), 1]);
  });

  test("is not there for an agent whose definition names none of its tools", async () => {
    expect(await opened(worldOf(), { tools: ["read", "bash"] })).toBeUndefined();
    expect(await opened(worldOf(), { tools: ["ask_person"] }, false)).toBeUndefined();
  });
});

describe("a coding agent of the Agent Client Protocol", () => {
  const call = (name: string, given: object): Step => ({ call: { server: "tutti_team", name, arguments: given } });
  const settings = { tools: ["read", ...TOOLS] };

  test("[readme:team-tools] calls the tools of its run, each judged by its own definition", async () => {
    const root = homes.path({ a: "x" });
    const world = worldOf();
    const steps = [
      call("send_message", { to: "writer", text: "hello" }),
      call("request_help", { capability: "law", question: "Why?" }),
      call("ask_person", { question: "Which colour?" }),
      call("report_progress", { text: "half of it", percent: 50 }),
      call("board_get", { key: "k" }),
      call("bash", { command: "true" }),
    ];
    const denied = { ...settings, deniedTools: ["board_get"] };
    const outcome = await performFake({ root, world, script: turn(...steps), settings: denied });
    const said = outcome.ok ? String(outcome.output) : outcome.reason;
    expect(said).toContain("sent to writer");
    expect(said).toContain("sage answers:\\n\\nBecause.");
    expect(said).toContain("blue");
    expect(said).toContain("there is no tool 'board_get'");
    expect(said).toContain("there is no tool 'bash'");
    expect(world.told).toEqual([
      ["writer", "hello", undefined],
      [{ capability: "law" }, "Why?"],
      { question: "Which colour?", stays: true },
    ]);
    const progress = world.entries.filter(({ type }) => type === "agent:progress");
    expect(progress).toEqual([{ type: "agent:progress", entry: { text: "half of it", percent: 50 } }]);
    const tools = heardBy(root).flatMap((one) => (one["tools"] ? [JSON.stringify(one["tools"])] : []));
    expect(tools[0]).toContain('"request_help"');
    expect(tools[0]).not.toContain('"board_get"');
  });

  test("is given no server where its definition names no such tool, and the same one for a session of before", async () => {
    const plain = homes.path({ a: "x" });
    await performFake({ root: plain, script: turn({ say: "Done" }) });
    const servers = (root: string) =>
      heardBy(root).flatMap(({ method, params }) =>
        ["session/new", "session/load"].includes(method ?? "")
          ? [[method, (params as { mcpServers?: unknown } | undefined)?.mcpServers]]
          : [],
      );
    expect(servers(plain)).toEqual([["session/new", []]]);
    const root = homes.path({ a: "x" });
    const entries = [{ type: "workspace:opened", entry: { session: { agent: "acp/fake", id: "s-9" } } }] as const;
    const world = { ...worldOf(), ...heldWorld([...entries]) };
    const script = { ...turn({ say: "Done" }), capabilities: { loadSession: true }, sessions: ["s-9"] };
    await performFake({ root, world, script, settings, restart: 1 });
    expect(servers(root)).toMatchObject([
      ["session/load", [{ name: "tutti_team", env: [{ name: "TUTTI_TEAM" }, {}] }]],
    ]);
  });

  test("that had passed its task on before its host died is not begun again, and what it used is unknown", async () => {
    const root = homes.path({ a: "x" });
    const leave = { ok: false, failure: "stopped", reason: "handed over to 'b'", retry: "safe" } as const;
    const world = { ...worldOf(), heir: () => "b", turn: () => leave };
    const outcome = await performFake({ root, world, script: turn({ say: "Done" }), settings, restart: 1 });
    expect(outcome).toEqual({ ...leave, usage: { tokensUsed: 0, costUsd: null } });
    expect(existsSync(`${root}.log`)).toBe(false);
  });

  test("asks leave for one of ours in vain words or not: it is the toolbox that decides, and only for ours", () => {
    const names = [
      "mcp__tutti_team__handoff",
      "tutti_team_handoff",
      "tutti_team.handoff",
      "handoff (tutti_team MCP Server)",
    ];
    for (const title of names) expect(isOurs({ id: "1", kind: "other", title }, TOOLS), title).toBe(true);
    expect(isOurs({ id: "1", kind: "execute", title: "tutti_team_handoff" }, TOOLS)).toBe(false);
    expect(isOurs({ id: "1", title: "tutti_team_handoff; rm -r x" }, TOOLS)).toBe(false);
    expect(isOurs({ id: "1", title: "mcp__tutti_team__handoff" }, ["board_get"])).toBe(false);
    expect(isOurs({ id: "1", name: "bash", title: "tutti_team_handoff" }, TOOLS)).toBe(false);
  });

  test("is granted what it asks leave for where that is one of ours", async () => {
    const root = homes.path({ a: "x" });
    const ask = { id: "1", kind: "other", title: "mcp__tutti_team__board_set" };
    const other = { id: "2", kind: "other", title: "mcp__other__board_set" };
    await performFake({ root, script: turn({ ask }, { ask: other }, { say: "Done" }), settings });
    const asked = heardBy(root).flatMap((one) => (one["permission"] ? [one["permission"]] : []));
    expect(asked).toMatchObject([
      { outcome: { optionId: "o-allow_once" } },
      { outcome: { optionId: "o-reject_once" } },
    ]);
  });
});

describe("a coding agent without that protocol", () => {
  const RESULT = { type: "result", subtype: "success", is_error: false, result: "Done", modelUsage: {} };
  const THREAD = [
    { type: "item.completed", item: { id: "1", type: "agent_message", text: "Done" } },
    { type: "turn.completed", usage: {} },
  ];
  test.each([
    ["claude", "acp/claude-code", [RESULT]],
    ["codex", "acp/codex", THREAD],
  ])("%s starts the server itself, and no secret stands among its arguments", async (name, model, lines) => {
    const root = homes.path({ a: "x" });
    const bin = homes.path({ ".keep": "" });
    const log = join(root, "..", `${root.split("/").at(-1)}.${name}`);
    const calls = { name: "send_message", arguments: { to: "writer", text: "hello" } };
    const said = JSON.stringify({ lines, log, calls });
    writeFileSync(join(bin, name), `#!/bin/sh\nexec '${process.execPath}' '${PROGRAM}' '${said}' "$@"\n`);
    chmodSync(join(bin, name), 0o755);
    const world = worldOf();
    const files = await folderWorkspace(root, true);
    const runtime = outsideRuntime({
      ...{ clock: systemClock, settings: {}, env: { PATH: [bin, "/usr/bin", "/bin"].join(delimiter) } },
      workspaces: { open: () => ({ ...files, ...UNKEPT }) },
      instructionsOf: () => ({ tools: TOOLS }),
    });
    expect(await runtime.perform(attemptOf(model), world)).toMatchObject({ ok: true, output: "Done" });
    expect(world.told).toEqual([["writer", "hello", undefined]]);
    const [first, second] = readFileSync(log, "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(second).toMatchObject({ called: { content: [{ type: "text", text: "sent to writer" }] } });
    expect(first.args.join(" ")).toContain("tutti_team");
    expect(first.args.join(" ")).not.toMatch(/[0-9a-f]{48}/);
    expect(first.args.join(" ")).not.toContain("ask_person");
  });
});
