/**
 * Tools of MCP servers that the user has named in his own configuration, for agents whose definitions name those servers.
 *
 * Q1. What a server says of its tools is offered to the model as its word, cut to measure; whether a call is asked about
 *     goes by our rules: only what says that it merely looks is not.
 * Q2. A server's process lives as long as the attempt, knows of our environment what its entry names, and leaves nothing.
 *     One whose entry says so is reused, by one attempt at a time, for the same folder and environment.
 */
import { z } from "zod";
import { TuttiError } from "../../domain/error.ts";
import type { Json } from "../../domain/json.ts";
import { didYouMean } from "../../domain/nearest.ts";
import { childEnvironment } from "../../process/environment.ts";
import type { Pool } from "../pool.ts";
import type { OpenTools, Tool, ToolSource, Where } from "../tools/tool.ts";
import { type CallResult, Connection, type Told } from "./connection.ts";

export type McpServer =
  | {
      readonly command: string;
      readonly args?: readonly string[];
      readonly env?: readonly string[];
      /** Its calls leave nothing behind that the next agent must not see. */
      readonly reuse?: boolean;
    }
  /** `tokenEnv` names the variable whose value is sent as a bearer token. */
  | { readonly url: string; readonly tokenEnv?: string };

export interface McpOptions {
  readonly servers: { readonly [name: string]: McpServer };
  readonly env: { readonly [name: string]: string | undefined };
  /** Where those lie idle that may be reused. Absent: each is begun anew. */
  readonly pool?: Pool<Connection>;
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
  { servers, env, pool, timeouts = TIMEOUTS }: McpOptions,
  { cwd, signal, isLasting = false }: Where,
): Promise<OpenTools> {
  const server = Object.hasOwn(servers, name) ? servers[name] : undefined;
  if (!server)
    throw new TuttiError("BAD_INPUT", `there is no MCP server '${name}'${didYouMean(name, Object.keys(servers))}`, {
      path: `mcpServers.${name}`,
      hint: "name its command or url under 'mcpServers' in your config.yaml",
    });
  const to =
    "url" in server
      ? { url: server.url, token: server.tokenEnv ? env[server.tokenEnv] : undefined }
      : { command: server.command, args: server.args ?? [], env: childEnvironment(env, server.env) };
  // One that worked in a folder which is gone with its attempt would serve nobody.
  const lender = "reuse" in server && server.reuse && isLasting ? pool : undefined;
  const key = JSON.stringify([to, cwd]);
  const one = (await lender?.take(key)) ?? (await Connection.open({ name, cwd, to, timeouts }, signal));
  if (lender) await one.remember();
  const loan = one.lent(signal);
  const call = async (tool: string, input: Json, stop: AbortSignal) => textOf(await one.call(tool, input, stop));
  return {
    tools: one.tools.slice(0, MOST_TOOLS).map((tool) => toolOf(name, tool, call)),
    async close() {
      loan[Symbol.dispose]();
      if (lender && one.isClean) lender.give(key, one);
      else await one.close();
    },
  };
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
function textOf(result: CallResult) {
  const parts = Array.isArray(result.content) ? (result.content as { type?: string; text?: string }[]) : [];
  const said = parts.map(({ type, text }) => (type === "text" ? (text ?? "") : `[${type ?? "something"}]`)).join("\n");
  const text =
    said || (result.structuredContent === undefined ? "[it said nothing]" : JSON.stringify(result.structuredContent));
  if (result.isError === true) throw new TuttiError("BAD_INPUT", text.slice(0, 4000));
  return text;
}
