// Do programs that speak MCP really conduct with Tutti? The official inspector, call by call over both transports, and
// Claude Code as it is shipped, with a model that is faked on this machine. Prints what was measured. Needs the npm
// registry, no key.
//
//   node scripts/test-mcp.mjs [inspector] [claude]     TUTTI_MCP_CLIENTS=FOLDER takes those that are installed there
import { execFile, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { eventsOf } from "../test/support/fake-protocols.ts";

const run = promisify(execFile);
const PACKAGES = ["@modelcontextprotocol/inspector@2.12.0", "@anthropic-ai/claude-code@2.1.330"];
const TOKEN = "a-token-for-this-script-only";
const BIN = join(import.meta.dirname, "..", "src/cli/bin.ts");
const CLERK = { name: "clerk", description: "Reads invoices", instructions: "You read invoices." };

const wanted = process.argv.slice(2);
const own = join(import.meta.dirname, "..", ".tmp");
mkdirSync(own, { recursive: true });
const room = mkdtempSync(join(own, "mcp-"));
const failures = [];
const must = (what, isSo, found) => {
  console.log(`${what}: ${isSo ? "yes" : `NO (${String(JSON.stringify(found)).slice(0, 600)})`}`);
  if (!isSo) failures.push(what);
};

/** Says what a conductor's script says, and answers agents; one that goes on for ever is never answered. */
const model = { script: [], conductor: [], calls: 0 };
const api = createServer(async (request, response) => {
  let text = "";
  for await (const piece of request) text += piece;
  if (!new URL(request.url, "http://localhost").pathname.endsWith("/v1/messages"))
    return response.writeHead(404, { "content-type": "application/json" }).end("{}");
  model.calls++;
  const body = JSON.parse(text);
  const tools = (body.tools ?? []).map(({ name }) => name);
  const isConductor = tools.some((name) => name.startsWith("mcp__tutti__"));
  if (isConductor) model.conductor.push(body);
  if (!isConductor && text.includes("for ever")) return undefined;
  const next = isConductor ? model.script.shift() : undefined;
  const reply = next
    ? { calls: [{ id: `call_${model.calls}`, name: `mcp__tutti__${next[0]}`, input: next[1] }] }
    : { text: [isConductor ? "All is done." : "The sum is 7."] };
  response.writeHead(200, { "content-type": "text/event-stream" });
  for (const event of eventsOf("anthropic", { ...reply, usage: { fresh: 100, output: 20 } })) response.write(event);
  return response.end();
});
api.listen(0, "127.0.0.1");
await once(api, "listening");
const env = (name) => {
  const home = join(room, name);
  mkdirSync(home);
  const keys = { ANTHROPIC_API_KEY: "key-of-nobody", ANTHROPIC_BASE_URL: `http://127.0.0.1:${api.address().port}` };
  return { PATH: process.env.PATH, HOME: home, TUTTI_HOME: join(home, "tutti"), TUTTI_TOKEN: TOKEN, ...keys };
};

const packages = process.env.TUTTI_MCP_CLIENTS ?? install();
try {
  if (wanted.length === 0 || wanted.includes("inspector")) await inspect();
  if (wanted.length === 0 || wanted.includes("claude")) await conduct();
} finally {
  api.closeAllConnections();
  api.close();
  rmSync(room, { recursive: true, force: true, maxRetries: 3 });
}
for (const line of failures) console.error(`✖ ${line}`);
process.exitCode = failures.length > 0 ? 1 : 0;

function install() {
  const folder = join(room, "packages");
  mkdirSync(folder);
  writeFileSync(join(folder, "package.json"), '{"private":true}');
  execFileSync("npm", ["install", "--no-audit", "--no-fund", ...PACKAGES], { cwd: folder, stdio: "inherit" });
  return folder;
}

async function inspect() {
  const own = env("inspector");
  const program = join(packages, "node_modules/.bin/mcp-inspector");
  // The inspector hands on next to nothing of its environment.
  const given = ["TUTTI_HOME", "ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL"].flatMap((name) => [
    "-e",
    `${name}=${own[name]}`,
  ]);
  const over = { stdio: [process.execPath, BIN, "mcp", ...given], http: [] };
  const server = spawn(process.execPath, [BIN, "serve", "--port", "0", "--json"], { env: own, cwd: own.HOME });
  const [line] = await once(createInterface(server.stdout), "line");
  const { url } = JSON.parse(line);
  over.http = [`${url}/mcp`, "--transport", "http", "--header", `Authorization: Bearer ${TOKEN}`];
  const ask = async (way, ...args) => {
    const { stdout } = await run(program, ["--cli", ...over[way], ...args], {
      env: own,
      cwd: own.HOME,
      timeout: 60_000,
    });
    return JSON.parse(stdout);
  };
  const call = async (way, name, given = {}) => {
    const pairs = Object.entries(given).flatMap(([key, value]) => ["--tool-arg", `${key}=${value}`]);
    const answer = await ask(way, "--method", "tools/call", "--tool-name", name, ...pairs).catch((error) =>
      JSON.parse(error.stdout || JSON.stringify({ isError: true, content: [{ text: String(error.message) }] })),
    );
    const [{ text }] = answer.content;
    return answer.isError ? { error: text } : JSON.parse(text);
  };
  try {
    for (const way of ["stdio", "http"]) {
      const began = performance.now();
      const { tools } = await ask(way, "--method", "tools/list", "--strict");
      must(`inspector over ${way}: lists the tools`, tools.length === 13, tools);
      console.log(`inspector over ${way}: ${Math.round(performance.now() - began)} ms with its own start`);
      const agents = await call(way, "list_agents", { limit: 2 });
      must(`inspector over ${way}: list_agents`, agents.agents?.length === 2, agents);
      const name = `clerk-${way}`;
      const made = await call(way, "create_agent", { ...CLERK, name, keep: true });
      must(`inspector over ${way}: create_agent`, made.name === name, made);
      const done = await call(way, "command_agent", { name, command: "Add it up", wait: 50 });
      must(`inspector over ${way}: command_agent`, done.tasks?.[0]?.output === "The sum is 7.", done);
      const status = await call(way, "check_agent_status", { name, run: done.run });
      must(`inspector over ${way}: check_agent_status`, status.run?.status === "complete", status);
      const logs = await call(way, "read_agent_logs", { name, run: done.run });
      must(`inspector over ${way}: read_agent_logs`, logs.lines?.at(-1)?.text.includes("The sum is 7."), logs);
      const cost = await call(way, "report_cost", { agent: name });
      must(`inspector over ${way}: report_cost`, cost.byAgent?.[name]?.tokensUsed === 120, cost);
      // Over standard input and output each call has a server of its own, and its runs pause with it.
      const begun = await call("http", "command_agent", { name: "builder", command: "Go on for ever" });
      const stopped = await call(way, "interrupt_agent", { name: "builder" });
      must(`inspector over ${way}: interrupt_agent`, stopped.interrupted?.[0]?.run === begun.run, stopped);
      const gone = await call(way, "delete_agent", { name });
      must(`inspector over ${way}: delete_agent`, gone.deleted === name, gone);
      const { resources } = await ask(way, "--method", "resources/list");
      must(`inspector over ${way}: resources`, resources.length > 4, resources);
      const { prompts } = await ask(way, "--method", "prompts/list");
      must(`inspector over ${way}: prompts`, prompts.length === 3, prompts);
      const wrong = await call(way, "list_agents", { limt: 2 });
      must(`inspector over ${way}: wrong arguments are named`, wrong.error?.includes("limt"), wrong);
    }
  } finally {
    server.kill("SIGTERM");
    await once(server, "exit");
  }
}

async function conduct() {
  const own = env("claude");
  const { TUTTI_HOME, ANTHROPIC_API_KEY, ANTHROPIC_BASE_URL, PATH } = own;
  const server = {
    command: process.execPath,
    args: [BIN, "mcp"],
    env: { TUTTI_HOME, ANTHROPIC_API_KEY, ANTHROPIC_BASE_URL, PATH },
  };
  const config = join(own.HOME, "mcp.json");
  writeFileSync(config, JSON.stringify({ mcpServers: { tutti: server } }));
  model.script = [
    ["list_agents", { limit: 3 }],
    ["create_agent", CLERK],
    ["command_agent", { name: "clerk", command: "Add it up", wait: 60 }],
    ["check_agent_status", { name: "clerk" }],
    ["read_agent_logs", { name: "clerk" }],
    ["command_agent", { name: "clerk", command: "Go on for ever" }],
    ["interrupt_agent", { name: "clerk" }],
    ["report_cost", {}],
    ["delete_agent", { name: "clerk", force: true }],
  ];
  const asked = model.script.map(([name]) => name);
  const began = performance.now();
  const args = ["-p", "Have the invoices added up.", "--mcp-config", config, "--strict-mcp-config"];
  const { stdout } = await run(join(packages, "node_modules/.bin/claude"), [...args, "--allowedTools", "mcp__tutti"], {
    env: { ...own, IS_SANDBOX: "1", ENABLE_TOOL_SEARCH: "false", DISABLE_TELEMETRY: "1", DISABLE_AUTOUPDATER: "1" },
    cwd: own.HOME,
    timeout: 180_000,
  }).catch((error) => error);
  console.log(`claude: ${Math.round(performance.now() - began)} ms, ${model.conductor.length} turns`);
  must("claude: comes to its end", String(stdout).includes("All is done."), stdout);
  const results = (model.conductor.at(-1)?.messages ?? []).flatMap(({ content }) =>
    Array.isArray(content) ? content.filter(({ type }) => type === "tool_result") : [],
  );
  for (const [i, name] of asked.entries()) {
    const { content, is_error } = results[i] ?? {};
    const text = Array.isArray(content) ? content.map(({ text }) => text).join("") : String(content);
    const says = { command_agent: i < 5 ? "The sum is 7." : "running", interrupt_agent: "cancel" }[name] ?? "{";
    must(`claude: ${name}`, results[i] !== undefined && is_error !== true && text.includes(says), results[i]);
  }
}
