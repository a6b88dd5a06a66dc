/**
 * Tools of MCP servers that the user has named in his own configuration, for agents whose definitions name those servers.
 *
 * Q1. What a server says of its tools is offered to the model as its word, cut to measure; whether a call is asked about
 *     goes by our rules: only what says that it merely looks is not.
 * Q2. A server's process lives as long as the attempt, knows of our environment what its entry names, and leaves nothing.
 */
import { z } from "zod";
import { reasonOf, TuttiError } from "../../domain/error.ts";
import type { Json } from "../../domain/json.ts";
import { didYouMean } from "../../domain/nearest.ts";
import { childEnvironment } from "../../process/environment.ts";
import type { OpenTools, Tool, ToolSource } from "../tools/tool.ts";
import { ChildTransport } from "./transport.ts";

export type McpServer =
  | { readonly command: string; readonly args?: readonly string[]; readonly env?: readonly string[] }
  /** `tokenEnv` names the variable whose value is sent as a bearer token. */
  | { readonly url: string; readonly tokenEnv?: string };

export interface McpOptions {
  readonly servers: { readonly [name: string]: McpServer };
  readonly env: { readonly [name: string]: string | undefined };
  readonly timeouts?: { readonly connect: number; readonly call: number };
}

const TIMEOUTS = { connect: 30_000, call: 300_000 };
const MOST_TOOLS = 200;
const LONGEST = { description: 2000, schema: 20_000 } as const;

export function mcpTools(options: McpOptions): ToolSource {
  return {
    async open(names, where) {
      const opened: OpenTools[] = [];
      const close = async () => void (await Promise.allSettled(opened.map((one) => one.close())));
      try {
        for (const name of names) opened.push(await connect(name, options, where));
      } catch (error) {
        await close();
        throw error;
      }
      return { tools: opened.flatMap(({ tools }) => tools), close };
    },
  };
}

async function connect(
  name: string,
  { servers, env, timeouts = TIMEOUTS }: McpOptions,
  { cwd, signal }: { readonly cwd: string; readonly signal: AbortSignal },
): Promise<OpenTools> {
  const server = Object.hasOwn(servers, name) ? servers[name] : undefined;
  if (!server)
    throw new TuttiError("BAD_INPUT", `there is no MCP server '${name}'${didYouMean(name, Object.keys(servers))}`, {
      path: `mcpServers.${name}`,
      hint: "name its command or url under 'mcpServers' in your config.yaml",
    });
  const { Client, StreamableHTTPClientTransport } = await import("@modelcontextprotocol/client");
  const client = new Client({ name: "tutti", version: "0" }, { versionNegotiation: { mode: "auto" } });
  const token = "url" in server && server.tokenEnv ? env[server.tokenEnv] : undefined;
  const headers = token ? { authorization: `Bearer ${token}` } : {};
  const transport =
    "url" in server
      ? new StreamableHTTPClientTransport(new URL(server.url), { requestInit: { headers, redirect: "error" } })
      : new ChildTransport({
          ...{ file: server.command, args: server.args ?? [], cwd, signal },
          env: childEnvironment(env, server.env),
          // It waits for calls, for as long as the attempt takes.
          limits: { wall: 24 * 3_600_000, idle: 24 * 3_600_000 },
        });
  try {
    await client.connect(transport as Parameters<typeof client.connect>[0], { timeout: timeouts.connect, signal });
    const { tools } = await client.listTools(undefined, { timeout: timeouts.connect, signal });
    const call = async (tool: string, input: Json, stop: AbortSignal) => {
      const given = input as { [key: string]: unknown };
      const asked = { name: tool, arguments: given };
      return textOf(await client.callTool(asked, { timeout: timeouts.call, signal: stop }));
    };
    return { tools: tools.slice(0, MOST_TOOLS).map((tool) => toolOf(name, tool, call)), close: () => client.close() };
  } catch (error) {
    await client.close().catch(() => {});
    throw new TuttiError("UNREACHABLE", `the MCP server '${name}' cannot be used: ${reasonOf(error)}`, {
      path: `mcpServers.${name}`,
      cause: error,
    });
  }
}

interface Told {
  readonly name: string;
  readonly description?: string | undefined;
  readonly inputSchema: unknown;
  readonly annotations?: { readonly readOnlyHint?: boolean | undefined } | undefined;
}

function toolOf(
  server: string,
  told: Told,
  call: (tool: string, input: Json, stop: AbortSignal) => Promise<string>,
): Tool {
  const looks = told.annotations?.readOnlyHint === true;
  const schema = JSON.stringify(told.inputSchema ?? {});
  return {
    name: `mcp__${server}__${told.name}`.replace(/[^A-Za-z0-9_-]/g, "_").slice(0, 64),
    description: `${(told.description ?? told.name).slice(0, LONGEST.description)} (a tool of the MCP server '${server}')`,
    effect: looks ? "look" : "change",
    input: z.record(z.string(), z.json()),
    schema: schema.length > LONGEST.schema ? { type: "object" } : JSON.parse(schema),
    resourceOf: (input) => JSON.stringify(input).slice(0, 1000),
    usual: () => (looks ? "allow" : "ask"),
    subjectOf: (input) => ({ server, tool: told.name, input: input as Json }),
    perform: (input, { world }) => call(told.name, input as Json, world.signal),
  };
}

/** Text as it is; anything else by its name. */
function textOf(result: {
  readonly content?: unknown;
  readonly isError?: unknown;
  readonly structuredContent?: unknown;
}) {
  const parts = Array.isArray(result.content) ? (result.content as { type?: string; text?: string }[]) : [];
  const said = parts.map(({ type, text }) => (type === "text" ? (text ?? "") : `[${type ?? "something"}]`)).join("\n");
  const text =
    said || (result.structuredContent === undefined ? "[it said nothing]" : JSON.stringify(result.structuredContent));
  if (result.isError === true) throw new TuttiError("BAD_INPUT", text.slice(0, 4000));
  return text;
}
