/** Giving agents work, looking into what they do and stopping them: the conductor's own tools, over HTTP. */
import type { Context } from "hono";
import { CONDUCTOR_TOOLS } from "../conductor/tools/all.ts";
import { performed } from "../conductor/tools/tool.ts";
import { fields, oneOf, type Shape, text } from "../domain/shape.ts";
import type { AgentCommanded, AgentInterrupted, AgentLogs } from "./api.ts";
import { MIB, readBody } from "./body.ts";
import { queryOf, wholeOf } from "./query.ts";
import { Refusal } from "./refusal.ts";
import type { Bindings, Route, Shared } from "./route.ts";

type Asked = Context<{ Bindings: Bindings }>;

const LARGEST = 5 * MIB;
const any: Shape = () => undefined;
/** One message of JSON-RPC; what is in it is checked by whoever takes it. */
const MESSAGE = fields(
  { jsonrpc: oneOf(["2.0"]), id: any, method: text(200, 1), params: any, result: any, error: any },
  ["jsonrpc"],
);

export const conductRoutes: readonly Route[] = [
  {
    method: "POST",
    path: "/api/agents/:name/command",
    async handle(c, shared) {
      const body = await readBody(c.env.incoming, 2 * MIB);
      const told = (await ask(c, shared, "command_agent", body)) as unknown as AgentCommanded;
      return c.json<AgentCommanded>(told, 202, { Location: `/api/runs/${told.run}` });
    },
  },
  {
    method: "POST",
    path: "/api/agents/:name/interrupt",
    async handle(c, shared) {
      const body = await readBody(c.env.incoming, MIB);
      return c.json<AgentInterrupted>(
        (await ask(c, shared, "interrupt_agent", body)) as unknown as AgentInterrupted,
        202,
      );
    },
  },
  {
    method: "GET",
    path: "/api/agents/:name/logs",
    async handle(c, shared) {
      const { run, from, limit } = queryOf(c, ["run", "from", "limit"]);
      const numbers = {
        from: wholeOf("from", from, 1, Number.MAX_SAFE_INTEGER),
        limit: wholeOf("limit", limit, 1, 200),
      };
      const asked = Object.entries({ run, ...numbers }).filter(([, value]) => value !== undefined);
      return c.json<AgentLogs>(
        (await ask(c, shared, "read_agent_logs", Object.fromEntries(asked))) as unknown as AgentLogs,
      );
    },
  },
  {
    method: "POST",
    path: "/mcp",
    async handle(c, { conduct }) {
      // What a page may do it does by its own routes.
      if (c.env.session !== undefined)
        throw new Refusal("FORBIDDEN", "MCP takes the token, not a browser's session", {
          hint: "send 'Authorization: Bearer TOKEN'",
        });
      const body = await readBody(c.env.incoming, LARGEST, MESSAGE);
      if (conduct === undefined) throw new Refusal("NOT_FOUND", "this server was begun without MCP");
      return conduct(c.req.raw, body);
    },
  },
];

/** A client that hangs up while it waits takes its call back. */
async function ask(c: Asked, { fleet }: Shared, tool: string, given: unknown) {
  const gone = new AbortController();
  const { outgoing } = c.env;
  outgoing.once("close", () => gone.abort(new Error("the client has gone")));
  const input = { ...(given as object), name: c.req.param("name") ?? "" };
  return performed(CONDUCTOR_TOOLS, tool, input, fleet, { signal: gone.signal, undoes: true });
}
