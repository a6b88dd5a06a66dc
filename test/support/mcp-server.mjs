// An MCP server by hand, over stdio or HTTP: small enough to misbehave as it is told.
import { spawn } from "node:child_process";
import { createServer } from "node:http";
import { createInterface } from "node:readline";

const how = process.argv[2] ?? "";
const tools = [
  {
    name: "add",
    description: "Adds",
    inputSchema: { type: "object", properties: { a: {}, b: {} } },
    annotations: { readOnlyHint: true },
  },
  { name: "drop", description: "Drops a table", inputSchema: { type: "object" } },
  {
    name: "env",
    description: "Tells its environment",
    inputSchema: { type: "object" },
    annotations: { readOnlyHint: true },
  },
];

/** A helper of its own, which leaves its group. */
const helper = () => spawn("sleep", ["1000"], { detached: true, stdio: "ignore" }).unref();
const text = (words, more = {}) => ({ content: [{ type: "text", text: words }], ...more });

export function answer({ id, method, params }) {
  if (id === undefined) return undefined;
  const reply = (result) => ({ jsonrpc: "2.0", id, result });
  if (method === "initialize")
    return reply({
      protocolVersion: params.protocolVersion,
      capabilities: { tools: {} },
      serverInfo: { name: "sums", version: "1" },
    });
  if (method === "ping" && how !== "deaf") return reply({});
  if (method === "tools/list") {
    if (how === "grows") tools.push({ name: `more_${tools.length}`, inputSchema: { type: "object" } });
    return reply({ tools });
  }
  if (method === "tools/call") {
    const { name, arguments: given = {} } = params;
    if (name === "add" && how === "dies") process.exit(3);
    if (name === "add" && how === "leaves") helper();
    if (name === "add" && typeof given.a !== "number") return reply(text("'a' must be a number", { isError: true }));
    if (name === "add") return reply(text(String(given.a + given.b)));
    if (name === "env") return reply(text(JSON.stringify(process.env)));
    return reply(text("dropped"));
  }
  return { jsonrpc: "2.0", id, error: { code: -32601, message: `no method ${method}` } };
}

if (how === "http") {
  const server = createServer(async (request, response) => {
    if (request.method !== "POST") return response.writeHead(405).end();
    let body = "";
    for await (const piece of request) body += piece;
    if (request.headers.authorization !== "Bearer t0ken") return response.writeHead(401).end();
    const said = answer(JSON.parse(body));
    if (said === undefined) return response.writeHead(202).end();
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(said));
  }).listen(0, "127.0.0.1", () => process.stdout.write(`${server.address().port}\n`));
} else {
  helper();
  if (how === "stays") setInterval(() => {}, 1000);
  process.stderr.write("ready\n");
  for await (const line of createInterface({ input: process.stdin })) {
    const said = answer(JSON.parse(line));
    if (said) process.stdout.write(`${JSON.stringify(said)}\n`);
  }
}
