/** A program that prints what it is told to, after it has read its standard input to the end. */
import { spawn } from "node:child_process";
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";

interface Told {
  /** Lines for its standard output. */
  readonly lines?: readonly (string | object)[];
  readonly errors?: string;
  readonly code?: number;
  readonly log?: string;
  readonly writes?: string;
  readonly hangs?: true;
  /** Calls a tool of the server that it is told of, as Claude Code or Codex are; what comes back goes into the log. */
  readonly calls?: { readonly name: string; readonly arguments: object };
}
const [told = "{}", ...args] = process.argv.slice(2);
const { lines = [], errors, code = 0, log, writes, hangs, calls } = JSON.parse(told) as Told;
const input = readFileSync(0, "utf8");
const files = args.filter((arg) => arg.endsWith("prompt.md")).map((arg) => readFileSync(arg, "utf8"));
if (log) appendFileSync(log, `${JSON.stringify({ args, input, files, env: process.env, cwd: process.cwd() })}\n`);
if (calls) appendFileSync(log ?? "", `${JSON.stringify(await called(calls))}\n`);
if (writes) writeFileSync(writes, "written");
for (const line of lines) process.stdout.write(`${typeof line === "string" ? line : JSON.stringify(line)}\n`);
if (errors) process.stderr.write(errors);
if (hangs) setInterval(() => {}, 1000);
else process.exitCode = code;

interface Server {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Record<string, string>;
}

/** In a file of JSON, or as settings among the arguments. */
function serverTold(): Server {
  const at = args.indexOf("--mcp-config");
  if (at >= 0) {
    const told = JSON.parse(readFileSync(args[at + 1] ?? "", "utf8")) as { mcpServers: Record<string, Server> };
    return Object.values(told.mcpServers)[0] as Server;
  }
  const settings = args.flatMap((arg) => {
    const [, key = "", value = ""] = /^mcp_servers\.\w+\.(\w+)=(.*)$/.exec(arg) ?? [];
    return key === "" ? [] : [[key, JSON.parse(value)] as const];
  });
  const told = Object.fromEntries(settings) as { command: string; args: string[]; env_vars: string[] };
  const env = Object.fromEntries(told.env_vars.map((name) => [name, process.env[name] ?? ""]));
  return { command: told.command, args: told.args, env };
}

async function called(call: object): Promise<unknown> {
  const { command, args: own, env } = serverTold();
  // Of our own environment it gets what it was promised, as real agents have it.
  const child = spawn(command, own, { env: { PATH: process.env["PATH"], ...env }, stdio: ["pipe", "pipe", "inherit"] });
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const request = async (id: number, method: string, params: object) => {
    child.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", id, method, params })}\n`);
    return JSON.parse(String((await answers.next()).value)) as Record<string, unknown>;
  };
  await request(1, "initialize", { protocolVersion: "2025-06-18", capabilities: {} });
  const { result } = await request(2, "tools/call", call);
  child.stdin.end();
  return { called: result };
}
