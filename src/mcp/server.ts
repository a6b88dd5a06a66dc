/**
 * The MCP server: a conductor's tools, what there is to look at, and a few prompts, for whatever program wants to conduct.
 *
 * X1. It offers the conductor's tools and nothing else; each is checked, bounded and performed as for any conductor.
 * X2. A call that is taken back has what it began cancelled; one that is told how far it is hears it only while it waits.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { McpServer, type ServerContext, type ToolAnnotations } from "@modelcontextprotocol/server";
import type { Fleet } from "../conductor/fleet.ts";
import { CONDUCTOR_TOOLS } from "../conductor/tools/all.ts";
import { type ConductorTool, performTool } from "../conductor/tools/tool.ts";
import { addPrompts } from "./prompts.ts";
import { addResources, type Shelf } from "./resources.ts";

const INSTRUCTIONS =
  "You conduct a fleet of agents. Look who there is (list_agents, route), or make one for a purpose (create_agent); give it work (command_agent), or plan a goal and run the plan (plan, run_workflow). Runs go on by themselves: check_agent_status, read_agent_logs and report_cost tell how they fare, interrupt_agent stops one. You do none of the work yourself. Each agent knows only what you write to it.";

/** One for each connection, or for each request where there are no connections. */
export function conductingServer(fleet: Fleet, shelf: Shelf): McpServer {
  const server = new McpServer(
    { name: "tutti", title: "Tutti", version: versionOf() },
    { capabilities: { tools: {}, resources: {}, prompts: {} }, instructions: INSTRUCTIONS },
  );
  for (const tool of CONDUCTOR_TOOLS) addTool(server, tool, fleet);
  addResources(server, fleet, shelf);
  addPrompts(server, shelf.prompts?.() ?? []);
  return server;
}

function addTool(server: McpServer, tool: ConductorTool, fleet: Fleet): void {
  const { name, title, description, input, does } = tool;
  const annotations: ToolAnnotations = {
    title,
    readOnlyHint: does.reads === true,
    destructiveHint: does.destroys === true,
    idempotentHint: does.repeats === true,
    // Agents may reach whatever their definitions allow.
    openWorldHint: name === "command_agent" || name === "run_workflow",
  };
  const config = { title, description, inputSchema: input, annotations };
  server.registerTool(name, config, async (given, context) => {
    const { said, ...calling } = callingOf(context);
    const { text, isError } = await performTool(CONDUCTOR_TOOLS, name, given, fleet, calling);
    // What was told on the way comes before the answer.
    await said();
    return { content: [{ type: "text" as const, text }], ...(isError && { isError }) };
  });
}

function callingOf({ mcpReq: { signal, notify, _meta } }: ServerContext) {
  const progressToken = _meta?.progressToken;
  let sending = Promise.resolve();
  const said = () => sending;
  if (progressToken === undefined) return { signal, said, undoes: true as const };
  let last = 0;
  const tell = ({ seq, text }: { readonly seq: number; readonly text: string }) => {
    if (seq <= last || signal.aborted) return;
    last = seq;
    // Whoever listens no more ends the call by himself.
    const params = { progressToken, progress: seq, message: text };
    const sent = () => notify({ method: "notifications/progress", params }).catch(() => {});
    sending = sending.then(sent);
  };
  return { signal, said, undoes: true as const, tell };
}

function versionOf(): string {
  const manifest = JSON.parse(readFileSync(join(import.meta.dirname, "..", "..", "package.json"), "utf8")) as {
    version: string;
  };
  return manifest.version;
}
