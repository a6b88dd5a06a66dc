/** A coding agent that speaks version 1 of the Agent Client Protocol and does what its script says, also what it should not. */
import { spawn } from "node:child_process";
import { appendFileSync, closeSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";

interface ToolStep {
  readonly id: string;
  readonly kind?: string;
  readonly title?: string;
  readonly rawInput?: unknown;
  readonly locations?: readonly { readonly path: string }[];
}
export interface Step {
  readonly say?: string;
  readonly tool?: ToolStep;
  /** How the tool ends, with what it answers. */
  readonly ends?: { readonly id: string; readonly status: "completed" | "failed"; readonly text?: string };
  /** Asks for leave, and does `granted` where it is given. */
  readonly ask?: ToolStep;
  readonly kinds?: readonly string[];
  readonly granted?: readonly Step[];
  /** Writes without asking anybody, relative to its folder. */
  readonly write?: { readonly path: string; readonly text: string };
  /** Starts the server of that name, which it was given, and calls a tool of it; what comes back is said as JSON. */
  readonly call?: { readonly server: string; readonly name: string; readonly arguments: object };
  /** Any request of the client; what comes back is said as JSON. */
  readonly request?: { readonly method: string; readonly params: object };
  readonly used?: object;
  readonly stop?: string;
  readonly usage?: object;
  readonly error?: { readonly code: number; readonly message: string };
  readonly exit?: number;
  readonly kill?: NodeJS.Signals;
  /** For ever, unless it is cancelled. */
  readonly hang?: true;
  /** A child in a session of its own, its number in that file. */
  readonly leave?: string;
  readonly flood?: number;
  readonly line?: string;
  readonly complain?: string;
  readonly closeOutput?: true;
}
export interface Script {
  readonly version?: number;
  readonly capabilities?: object;
  readonly greeting?: readonly string[];
  readonly silent?: true;
  /** Ignores being cancelled and being asked to end. */
  readonly deaf?: true;
  /** Sessions that it still knows. */
  readonly sessions?: readonly string[];
  readonly configOptions?: readonly object[];
  readonly loginNeeded?: true;
  /** Everything that it hears goes there, a line each, and what it sees of its environment first. */
  readonly log?: string;
  readonly turns?: readonly (readonly Step[])[];
}

const script = JSON.parse(process.argv[2] ?? "{}") as Script;
const note = (what: object) => script.log && appendFileSync(script.log, `${JSON.stringify(what)}\n`);
const write = (message: object) => process.stdout.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);
const waiting = new Map<number, (answer: Record<string, unknown>) => void>();
let last = 0;
let cwd = process.cwd();
let session = "s-1";
let turn = 0;
let opened = 0;
let cancelled: (() => void) | undefined;

const ask = (method: string, params: object) =>
  new Promise<Record<string, unknown>>((resolve) => {
    waiting.set(++last, resolve);
    write({ id: last, method, params: { sessionId: session, ...params } });
  });
const update = (told: object) => write({ method: "session/update", params: { sessionId: session, update: told } });

interface Server {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: readonly { readonly name: string; readonly value: string }[];
}
let servers: readonly Server[] = [];

/** As the Model Context Protocol has it: introduced, asked what there is, then called. */
async function callTool(call: NonNullable<Step["call"]>): Promise<unknown> {
  const server = servers.find(({ name }) => name === call.server);
  if (!server) return `there is no server ${call.server} among ${servers.map(({ name }) => name).join(", ") || "none"}`;
  const env = Object.fromEntries(server.env.map(({ name, value }) => [name, value]));
  const child = spawn(server.command, server.args, {
    env: { ...process.env, ...env },
    stdio: ["pipe", "pipe", "inherit"],
  });
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const request = async (id: number, method: string, params: object) => {
    child.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", id, method, params })}\n`);
    const { value } = (await answers.next()) as { value?: string };
    return (JSON.parse(value ?? '{"error":"it has gone"}') as Record<string, unknown>)["result"];
  };
  const clientInfo = { name: "fake", version: "1" };
  await request(1, "initialize", { protocolVersion: "2025-06-18", capabilities: {}, clientInfo });
  child.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", method: "notifications/initialized" })}\n`);
  note({ tools: await request(2, "tools/list", {}) });
  const answer = await request(3, "tools/call", { name: call.name, arguments: call.arguments });
  child.stdin.end();
  return answer;
}

async function act(step: Step): Promise<object | undefined> {
  if (step.say !== undefined)
    update({ sessionUpdate: "agent_message_chunk", content: { type: "text", text: step.say } });
  if (step.tool) {
    const { id, ...rest } = step.tool;
    update({
      sessionUpdate: "tool_call",
      toolCallId: id,
      status: "in_progress",
      title: rest.title ?? "a tool",
      ...rest,
    });
  }
  if (step.ends) {
    const { id, status, text = "" } = step.ends;
    const content = [{ type: "content", content: { type: "text", text } }];
    update({ sessionUpdate: "tool_call_update", toolCallId: id, status, content });
  }
  if (step.ask) {
    const { id, ...rest } = step.ask;
    const kinds = step.kinds ?? ["allow_always", "allow_once", "reject_once"];
    const options = kinds.map((kind) => ({ optionId: `o-${kind}`, name: kind, kind }));
    const answer = await ask("session/request_permission", {
      toolCall: { toolCallId: id, title: "?", ...rest },
      options,
    });
    note({ permission: answer["result"] });
    const { outcome } = (answer["result"] ?? {}) as { outcome?: { optionId?: string } };
    if (outcome?.optionId?.startsWith("o-allow")) for (const one of step.granted ?? []) await act(one);
  }
  if (step.write) {
    const path = join(cwd, step.write.path);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, step.write.text);
  }
  if (step.call) {
    const answer = await callTool(step.call);
    update({ sessionUpdate: "agent_message_chunk", content: { type: "text", text: JSON.stringify(answer) } });
  }
  if (step.request) {
    const { result, error } = await ask(step.request.method, step.request.params);
    update({ sessionUpdate: "agent_message_chunk", content: { type: "text", text: JSON.stringify(error ?? result) } });
  }
  if (step.used) update({ sessionUpdate: "usage_update", size: 200_000, ...step.used });
  if (step.complain !== undefined) process.stderr.write(`${step.complain}\n`);
  if (step.line !== undefined) process.stdout.write(`${step.line}\n`);
  if (step.leave !== undefined) {
    const child = spawn("sleep", ["1000"], { detached: true, stdio: "ignore" });
    child.unref();
    writeFileSync(step.leave, String(child.pid));
  }
  if (step.flood !== undefined) {
    const block = "x".repeat(1024 * 1024);
    for (let i = 0; i < step.flood; i++)
      if (!process.stdout.write(block)) await new Promise((go) => process.stdout.once("drain", go));
  }
  if (step.closeOutput) closeSync(1);
  if (step.exit !== undefined) process.exit(step.exit);
  if (step.kill) process.kill(process.pid, step.kill);
  if (step.hang)
    return new Promise((resolve) => {
      cancelled = () => resolve({ result: { stopReason: "cancelled" } });
    });
  if (step.error) return { error: step.error };
  if (step.stop !== undefined) return { result: { stopReason: step.stop, ...(step.usage && { usage: step.usage }) } };
  return undefined;
}

async function prompt(): Promise<object> {
  for (const step of script.turns?.[turn++] ?? []) {
    const end = await act(step);
    if (end) return end;
  }
  return { result: { stopReason: "end_turn" } };
}

async function answer(method: string, params: Record<string, unknown>): Promise<object> {
  if (method === "initialize") {
    const agentInfo = { name: "fake", title: "Fake", version: "1.2.3" };
    const { version = 1, capabilities = {} } = script;
    const authMethods = [{ id: "key", name: "An API key" }];
    return { result: { protocolVersion: version, agentCapabilities: capabilities, agentInfo, authMethods } };
  }
  if (method.startsWith("session/") && Array.isArray(params["mcpServers"])) servers = params["mcpServers"] as Server[];
  if (method === "session/new") {
    if (script.loginNeeded) return { error: { code: -32_000, message: "Authentication required" } };
    cwd = String(params["cwd"]);
    if (opened++ > 0) session = `s-${opened}`;
    return { result: { sessionId: session, configOptions: script.configOptions ?? null } };
  }
  if (method === "session/load" || method === "session/resume") {
    const id = String(params["sessionId"]);
    if (!script.sessions?.includes(id)) return { error: { code: -32_002, message: `no session ${id}` } };
    session = id;
    cwd = String(params["cwd"]);
    if (method === "session/load")
      update({ sessionUpdate: "agent_message_chunk", content: { type: "text", text: "words of before" } });
    return { result: {} };
  }
  if (method === "session/prompt") return prompt();
  if (method === "session/set_config_option" || method === "session/close") return { result: {} };
  return { error: { code: -32_601, message: "no such method" } };
}

note({ env: process.env, pid: process.pid });
for (const line of script.greeting ?? []) process.stdout.write(`${line}\n`);
if (script.deaf) process.on("SIGTERM", () => {});
const lines = createInterface({ input: process.stdin });
lines.on("line", (line) => {
  const message = JSON.parse(line) as Record<string, unknown>;
  note(message);
  const { id, method, params } = message;
  if (typeof method !== "string") return waiting.get(id as number)?.(message);
  if (method === "session/cancel" && !script.deaf) cancelled?.();
  if (id === undefined || script.silent) return;
  void answer(method, (params ?? {}) as Record<string, unknown>).then((told) => write({ id, ...told }));
});
lines.on("close", () => {
  if (!script.deaf) process.exit(0);
  setInterval(() => {}, 1000);
});
