/** `tutti mcp` as a program of its own with the official client, and the same behind the guard of `tutti serve`. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fleetOf } from "../src/app/conducting.ts";
import { Host } from "../src/app/host.ts";
import { CONDUCTOR_TOOLS } from "../src/conductor/tools/all.ts";
import { conductOver } from "../src/mcp/http.ts";
import { serve } from "../src/server/serve.ts";
import { BIN } from "./support/cli-kit.ts";
import { FakeProvider } from "./support/fake-provider.ts";
import { Homes, work } from "./support/homes.ts";
import { TOKEN } from "./support/server-kit.ts";

const homes = new Homes();
const home = mkdtempSync(join(tmpdir(), "tutti-mcp-"));
const clerk = { name: "clerk", description: "Reads invoices", instructions: "You read invoices." };
const CODE = join(tmpdir(), "tutti-tests-code");

let fake: FakeProvider;
let client: Client;
let pid = 0;

const envOf = ({ url }: FakeProvider) => ({ ANTHROPIC_API_KEY: "sk-a", ANTHROPIC_BASE_URL: url });
const NEWEST = { versionNegotiation: { mode: "auto" } } as const;

async function connected(at: string, options: object = {}): Promise<{ client: Client; pid: number }> {
  const transport = new StdioClientTransport({
    ...{ command: process.execPath, args: [BIN, "mcp"], cwd: homes.path({ ".keep": "" }), stderr: "pipe" },
    env: { PATH: process.env["PATH"] ?? "", TUTTI_HOME: at, NODE_COMPILE_CACHE: CODE, ...envOf(fake) },
  });
  const made = new Client({ name: "test", version: "0" }, options);
  await made.connect(transport);
  return { client: made, pid: transport.pid ?? 0 };
}

beforeAll(async () => {
  fake = await FakeProvider.start();
  mkdirSync(join(home, "commands"));
  writeFileSync(join(home, "commands", "fix.md"), "---\ndescription: Fix an issue\n---\nFix issue $1 !`git log`");
  ({ client, pid } = await connected(home, NEWEST));
});
afterAll(async () => {
  await client.close();
  await fake[Symbol.asyncDispose]();
  rmSync(home, { recursive: true, force: true });
});

type Options = Parameters<Client["callTool"]>[1];
// biome-ignore lint/suspicious/noExplicitAny: tests look at whatever comes
async function call(name: string, given: object = {}, options?: Options, by = client): Promise<any> {
  const result = await by.callTool({ name, arguments: given as { [key: string]: unknown } }, options);
  const [{ text = "" } = {}] = result.content as readonly { text?: string }[];
  return result.isError ? { error: text } : JSON.parse(text);
}

describe("[bar:mcp] over standard input and output, every tool does what it says", () => {
  test("list, create, command, status, logs, cost, interrupt and delete", async () => {
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toEqual(CONDUCTOR_TOOLS.map(({ name }) => name));
    expect(tools.find(({ name }) => name === "delete_agent")?.annotations).toMatchObject({
      ...{ readOnlyHint: false, destructiveHint: true },
    });
    expect(tools.find(({ name }) => name === "list_agents")?.annotations).toMatchObject({ readOnlyHint: true });
    expect(tools.every(({ inputSchema }) => inputSchema["additionalProperties"] === false)).toBe(true);
    expect((await call("list_agents", { limit: 3 })).agents).toHaveLength(3);
    expect(await call("create_agent", clerk)).toMatchObject({ name: "clerk", stage: "idle" });
    fake.script({ text: ["The sum is 7."], usage: { fresh: 100, output: 20 } });
    const told: string[] = [];
    const order = { name: "clerk", command: "Add it up", wait: 60 };
    const done = await call("command_agent", order, { onprogress: ({ message = "" }) => told.push(message) });
    expect(done).toMatchObject({ status: "complete", tasks: [{ output: "The sum is 7." }] });
    // The last word of how far it is may come with the answer, and is not waited for.
    expect(told.at(-1)).toMatch(/^[01] of 1 done; clerk command: task:/);
    expect(await call("check_agent_status", { run: done.run })).toMatchObject({ run: { status: "complete" } });
    expect((await call("read_agent_logs", { name: "clerk" })).lines.at(-1).text).toContain("The sum is 7.");
    expect((await call("report_cost", { agent: "clerk" })).byAgent.clerk).toMatchObject({ tokensUsed: 120 });
    fake.script({ silent: true });
    const { run } = await call("command_agent", { name: "clerk", command: "Go on for ever" });
    await expect.poll(() => fake.calls.length).toBe(1);
    expect((await call("interrupt_agent", { name: "clerk" })).interrupted).toMatchObject([{ run, order: "cancel" }]);
    await expect.poll(async () => (await call("check_agent_status", { run })).run.status).toBe("cancelled");
    // The journal has its end a moment before the agents hear of it.
    await expect.poll(async () => (await call("check_agent_status", { name: "clerk" })).agent.stage).toBe("idle");
    expect(await call("delete_agent", { name: "clerk" })).toEqual({ deleted: "clerk" });
  });

  test("plan, run_workflow, change_plan, approve and route", async () => {
    const sketch = { phase: "p", description: "dark mode", agentName: "doc-writer", kind: "document" };
    const covers = ["add-dark-mode-settings"];
    const drawn = ["one", "two"].map((id) => ({ ...sketch, id, prompt: `Please write the ${id} part of it.`, covers }));
    fake.script({ text: [JSON.stringify({ tasks: drawn })] });
    const made = await call("plan", { goal: "Add dark mode to the settings page" });
    expect(made).toMatchObject({ by: expect.stringMatching(/^anthropic\//), tasks: 2, problems: [] });
    expect((await call("report_cost")).byAgent.planner.tokensUsed).toBeGreaterThan(0);
    const { plan } = await call("plan", { goal: "Add dark mode to the settings page", patterns: true });
    expect(await call("run_workflow", { plan, rehearse: true, wait: 60 })).toMatchObject({ status: "complete" });
    const tasks = [work("a", { gate: true }), work("b", { dependencies: ["a"] })];
    const { run, status, gates } = await call("run_workflow", { tasks, wait: 60 });
    expect([status, gates]).toMatchObject(["waiting", [{ gate: "a" }]]);
    expect(await call("change_plan", { run, remove: ["b"], reason: "not needed" })).toMatchObject({ removed: ["b"] });
    expect((await call("approve", { run, gate: "a" })).error).toContain("not left to conductors");
    expect((await call("route", { task: "Review this diff for bugs" })).agent).toEqual(expect.any(String));
  });

  test("runs, agents, plans and workflows can be looked at, and prompts begin with what is wanted", async () => {
    const read = async (uri: string) => {
      const { contents } = await client.readResource({ uri });
      return JSON.parse((contents[0] as { text: string }).text);
    };
    const [{ run }] = await read("tutti://runs");
    expect(await read(`tutti://runs/${run}`)).toMatchObject({ run });
    expect(await read("tutti://agents/builder")).toMatchObject({ name: "builder" });
    const [plan] = await read("tutti://plans");
    expect((await read(`tutti://plans/${plan}`)).tasks.length).toBeGreaterThan(1);
    expect((await read("tutti://workflows")).map(({ id }: { id: string }) => id)).toContain("code-review");
    await expect(read("tutti://agents/nobody")).rejects.toThrow("nobody");
    await expect(read("tutti://plans/..%2F..%2Fconfig")).rejects.toThrow("there is no plan");
    const { messages } = await client.getPrompt({ name: "review_run", arguments: { run } });
    expect(JSON.stringify(messages)).toContain(run);
    const kept = await client.getPrompt({ name: "fix", arguments: { arguments: "12" } });
    expect(JSON.stringify(kept.messages)).toMatch(/Fix issue 12 \[the output of .{1,4}git log.{1,4} is not here/);
  });

  test("a call that is taken back has its run cancelled", async () => {
    fake.script({ silent: true });
    const stop = new AbortController();
    const order = { name: "builder", command: "Go on for ever", wait: 600 };
    const asked = call("command_agent", order, { signal: stop.signal }).catch(() => "taken back");
    await expect.poll(() => fake.calls.length).toBe(1);
    const { working } = await call("check_agent_status", { name: "builder" });
    stop.abort();
    expect(await asked).toBe("taken back");
    const status = async () => (await call("check_agent_status", { run: working[0].run })).run.status;
    await expect.poll(status).toBe("cancelled");
  });

  test("what is wrong is said in words, and it goes on", async () => {
    expect((await call("list_agents", { limt: 2 })).error).toContain("limt");
    expect((await call("command_agent", { name: "bilder", command: "x" })).error).toContain("did you mean 'builder'");
    expect((await call("command_agent", { name: "builder" })).error).toContain("command");
    expect((await call("check_agent_status", { run: "../../etc/passwd" })).error).toContain("26 characters");
    expect((await call("create_agent", { ...clerk, instructions: "x".repeat(200_000) })).error).toContain("100000");
    const tasks = [work("a", { context: { long: "x".repeat(600_000) } })];
    expect((await call("run_workflow", { tasks })).error).toContain("500000 characters");
    await expect(call("rm")).rejects.toThrow("rm");
    await expect(client.callTool({ name: "list_agents", arguments: "all" as never })).rejects.toThrow();
    expect(process.kill(pid, 0)).toBe(true);
  });
});

test("nothing but the protocol is on standard output, it ends with its client, and what it conducted can be resumed", async () => {
  fake.script({ silent: true });
  const at = homes.path({ "agents/broken.md": "---\nname: [\n---\n" });
  const child = spawn(process.execPath, [BIN, "mcp", "--verbose"], {
    cwd: homes.path({ ".keep": "" }),
    env: { PATH: process.env["PATH"], NODE_COMPILE_CACHE: CODE, TUTTI_HOME: at, ...envOf(fake) },
    stdio: ["pipe", "pipe", "ignore"],
  });
  let out = "";
  child.stdout.setEncoding("utf8").on("data", (piece: string) => {
    out += piece;
  });
  const ended = once(child, "close");
  const send = (message: object | string) =>
    child.stdin.write(`${typeof message === "string" ? message : JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);
  const clientInfo = { name: "t", version: "0" };
  send("this is no JSON");
  send({ id: 1, method: "initialize", params: { protocolVersion: "2025-06-18", capabilities: {}, clientInfo } });
  await expect.poll(() => out).toContain('"id":1');
  send({ method: "notifications/initialized" });
  const order = { name: "builder", command: "Build" };
  send({ id: 2, method: "tools/call", params: { name: "command_agent", arguments: order } });
  await expect.poll(() => out).toContain('"id":2');
  await expect.poll(() => fake.calls.length).toBe(1);
  child.stdin.end();
  expect((await ended)[0]).toBe(0);
  for (const line of out.trim().split("\n")) expect(JSON.parse(line)).toMatchObject({ jsonrpc: "2.0" });
  const [, run = ""] = /run\W+([0-9a-z]{26})/.exec(out) ?? [];
  fake.script({ text: ["built"] });
  const host = await homes.open({ home: at, env: envOf(fake) });
  const { handle } = await host.resume(run, { type: "resume" });
  expect(await handle).toMatchObject({ status: "complete", tasks: { command: { output: "built" } } });
});

describe("over HTTP", () => {
  let host: Host;
  let url: URL;
  let close = async () => {};
  beforeAll(async () => {
    host = await Host.open({ home: homes.path(), env: envOf(fake) });
    const fleet = fleetOf(host, { by: "mcp" });
    const conduct = conductOver({ fleet, shelf: { workflows: () => [] }, log: () => {} });
    const server = await serve({ host, port: 0, token: TOKEN, conduct });
    url = new URL("/mcp", server.url);
    close = () => server.close();
  });
  afterAll(async () => {
    await close();
    await host[Symbol.asyncDispose]();
  });
  const open = async (token: string, options = {}) => {
    const headers = { Authorization: `Bearer ${token}` };
    const made = new Client({ name: "test", version: "0" }, options);
    const transport = new StreamableHTTPClientTransport(url, { requestInit: { headers } });
    await made.connect(transport as Parameters<Client["connect"]>[0]);
    return made;
  };

  test.each([
    ["of today", NEWEST],
    ["of 2025", {}],
  ])("a client %s conducts, hears how far it is, and takes a call back", async (_, options) => {
    const http = await open(TOKEN, options);
    fake.script({ text: ["built"] });
    const told: string[] = [];
    const order = { name: "builder", command: "Build", wait: 60 };
    const onprogress = ({ message = "" }) => told.push(message);
    expect(await call("command_agent", order, { onprogress }, http)).toMatchObject({ status: "complete" });
    expect(told.length).toBeGreaterThan(1);
    fake.script({ silent: true });
    const stop = new AbortController();
    const asked = call("command_agent", order, { signal: stop.signal }, http).catch(() => "taken back");
    await expect.poll(() => fake.calls.length).toBe(1);
    const { working } = await call("check_agent_status", { name: "builder" }, undefined, http);
    stop.abort();
    expect(await asked).toBe("taken back");
    await http.close();
    await expect.poll(async () => (await host.show(working[0].run)).status).toBe("cancelled");
  });

  test("nobody conducts without the token, from another origin, or with what is no message", async () => {
    await expect(open("wrong")).rejects.toThrow();
    const message = { jsonrpc: "2.0", id: 1, method: "tools/list" };
    const post = (body: unknown, headers = {}) =>
      fetch(url, {
        method: "POST",
        headers: {
          ...{ Authorization: `Bearer ${TOKEN}`, "Content-Type": "application/json" },
          ...{ Accept: "application/json, text/event-stream", ...headers },
        },
        body: JSON.stringify(body),
      });
    expect((await post(message)).status).toBe(200);
    expect((await post(message, { Origin: "http://evil.example" })).status).toBe(403);
    expect((await post([message])).status).toBe(422);
    expect((await post({ ...message, more: 1 })).status).toBe(422);
    expect((await fetch(url, { headers: { Authorization: `Bearer ${TOKEN}` } })).status).toBe(405);
  });
});
