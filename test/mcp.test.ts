/** Tools of MCP servers, over real processes and sockets. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { systemClock } from "../src/app/system.ts";
import { loadSettings } from "../src/library/settings.ts";
import { type McpServer, mcpTools } from "../src/runtimes/mcp/servers.ts";
import { type ModelSettings, modelRuntime } from "../src/runtimes/model/runtime.ts";
import type { FakeReply } from "./support/fake-protocols.ts";
import { FakeProvider } from "./support/fake-provider.ts";
import { Homes } from "./support/homes.ts";
import { attemptOf, heldWorld } from "./support/model-attempt.ts";

const SERVER = join(import.meta.dirname, "support/mcp-server.mjs");
const stdio = (...args: readonly string[]): McpServer => ({
  ...{ command: process.execPath, args: [SERVER, ...args], env: ["MARK"] },
});

const homes = new Homes();
let fake: FakeProvider;
beforeAll(async () => {
  fake = await FakeProvider.start();
});
afterAll(() => fake[Symbol.asyncDispose]());

const MARK = `mark-${process.pid}-${performance.now()}`;
const env = { PATH: process.env["PATH"], MARK, TOKEN: "t0ken", SECRET: "canary" };

async function work(
  servers: { readonly [name: string]: McpServer },
  calls: FakeReply["calls"],
  more: ModelSettings = {},
) {
  const world = heldWorld();
  fake.script({ calls: calls ?? [] }, { text: ["Done"] });
  const runtime = modelRuntime({
    clock: systemClock,
    providers: { anthropic: { apiKey: "k", baseUrl: fake.url } },
    instructionsOf: () => ({ mcpServers: Object.keys(servers), ...more }),
    source: mcpTools({ servers, env }),
  });
  const outcome = await runtime.perform(attemptOf("anthropic/claude-sonnet-4-5"), world);
  const told = world.entries.filter(({ type }) => type === "tool:result").map(({ entry }) => entry);
  // A call that waits for consent stands there as undone before.
  const results = told.filter((entry) => !JSON.stringify(entry).includes('"undone":true'));
  return { outcome, results: results as { readonly text: string; readonly fault?: string }[] };
}
/** Processes that carry the mark, wherever they went. */
const left = () =>
  readdirSync("/proc").filter((pid) => {
    try {
      return (
        /^\d+$/.test(pid) &&
        Number(pid) !== process.pid &&
        readFileSync(`/proc/${pid}/environ`, "latin1").includes(MARK)
      );
    } catch {
      return false;
    }
  });

test("an agent uses the tools of the servers that it names; each lives as long as the attempt and leaves nothing", async () => {
  const calls = [
    { name: "mcp__sums__add", input: { a: 2, b: 3 }, id: "1" },
    { name: "mcp__sums__add", input: { a: "two" }, id: "2" },
    { name: "mcp__sums__env", input: {}, id: "3" },
  ];
  const { outcome, results } = await work({ sums: stdio() }, calls);
  expect(outcome).toMatchObject({ ok: true, output: "Done" });
  expect(fake.calls[0]?.body.tools.map(({ name }: { name: string }) => name)).toEqual([
    ...["mcp__sums__add", "mcp__sums__drop", "mcp__sums__env"],
  ]);
  expect(results.map(({ text, fault }) => fault ?? text).slice(0, 2)).toEqual(["5", "failed"]);
  expect(results[1]?.text).toContain("'a' must be a number");
  expect(results[2]?.text).toContain(MARK);
  expect(results[2]?.text).not.toContain("canary");
  expect(left()).toEqual([]);
});

test("[A1] what does not say that it only looks is asked about; what is denied is not even told of", async () => {
  const drop = [{ name: "mcp__sums__drop", input: {} }];
  expect((await work({ sums: stdio() }, drop)).results).toMatchObject([{ fault: "refused" }]);
  const rule = { action: "mcp__sums__drop", resource: "*", effect: "allow" as const };
  expect((await work({ sums: stdio() }, drop, { permissions: [rule] })).results).toMatchObject([{ text: "dropped" }]);
  await work({ sums: stdio() }, drop, { deniedTools: ["mcp__sums__drop"] });
  expect(JSON.stringify(fake.calls[0]?.body.tools)).not.toContain("drop");
});

test("over HTTP too, with the token that the configuration names", async () => {
  const server = spawn(process.execPath, [SERVER, "http"], { stdio: ["ignore", "pipe", "inherit"] });
  const [port] = await once(server.stdout, "data");
  const url = `http://127.0.0.1:${String(port).trim()}/mcp`;
  const add = [{ name: "mcp__web__add", input: { a: 20, b: 22 } }];
  expect((await work({ web: { url, tokenEnv: "TOKEN" } }, add)).results).toMatchObject([{ text: "42" }]);
  const { outcome } = await work({ web: { url } }, add);
  expect(outcome).toMatchObject({ ok: false, reason: expect.stringMatching(/MCP server 'web' cannot be used/) });
  server.kill();
});

test("a server that is not there, or dies, is told by name", async () => {
  const { outcome } = await work({ gone: { command: "no-such-program" } }, []);
  expect(outcome).toMatchObject({
    ok: false,
    reason: expect.stringMatching(/'gone' .*'no-such-program' is not installed/),
  });
  const { results } = await work({ sums: stdio("dies") }, [{ name: "mcp__sums__add", input: { a: 1, b: 1 } }]);
  expect(results).toMatchObject([{ fault: "failed" }]);
  expect(left()).toEqual([]);
});

test("servers come from the user's own configuration, checked by field", async () => {
  const home = (text: string) => homes.path({ "config.yaml": text });
  const good = home("mcpServers:\n  sums: { command: node, args: [x.mjs], env: [TOKEN] }\n  web: { url: http://h/ }\n");
  expect((await loadSettings(good, {})).mcpServers).toEqual({
    sums: { command: "node", args: ["x.mjs"], env: ["TOKEN"] },
    web: { url: "http://h/" },
  });
  await expect(loadSettings(home("mcpServers: { sums: { comand: node } }\n"), {})).rejects.toThrow(/mcpServers\.sums/);
});
