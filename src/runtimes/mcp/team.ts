/**
 * An MCP server of our own for one attempt by a coding agent: so it talks, asks and hands over as agents do that are
 * models.
 *
 * Q3. It offers what the agent's definition names, and each call goes through the toolbox, where all permissions are.
 * Q4. It is reached by whoever has the attempt's token, over a socket in a folder of the user's own, and is gone with
 *     the attempt. The token stands in no argument of a program.
 */
import { randomBytes, timingSafeEqual } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { reasonOf } from "../../domain/error.ts";
import type { Json } from "../../domain/json.ts";
import type { AttemptWorld, Clock } from "../../domain/ports.ts";
import { isRecord } from "../../domain/shape.ts";
import { Lines } from "../../process/lines.ts";
import { Refusal, RPC, Wire } from "../acp/wire.ts";
import { askPerson } from "../tools/ask.ts";
import type { Powers } from "../tools/permission.ts";
import { TALK_TOOLS } from "../tools/talk.ts";
import { TEAM_TOOLS } from "../tools/team.ts";
import type { Tool } from "../tools/tool.ts";
import { Toolbox } from "../tools/toolbox.ts";

export interface TeamOptions {
  readonly powers: Powers;
  readonly world: AttemptWorld;
  readonly clock: Clock;
  readonly scrub: (text: string) => string;
  /** Runs while a call is under way, which may take as long as another agent or a person does. */
  readonly waiting?: <T>(act: () => Promise<T>) => Promise<T>;
  /** Nobody waits for a person where the agent is ended for its silence. */
  readonly asksPersons: boolean;
}
/** How a coding agent starts the program that leads here. */
export interface TeamServer extends AsyncDisposable {
  readonly name: typeof NAME;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: { readonly [name: string]: string };
  /** Names of the tools. */
  readonly tools: readonly string[];
}

/** Not `tutti`: under that name a user may have set up a server himself. */
const NAME = "tutti_team";
const ENTRY = new URL(import.meta.url.endsWith(".ts") ? "./courier.ts" : "./courier.js", import.meta.url);
/** The newest first; a client that wants another is offered that one. */
const VERSIONS = ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"];
/** A client may come back, and its helpers may come beside it. */
const MOST_CLIENTS = 16;
/** Milliseconds in which a client says its token. */
const HELLO = 10_000;
/** Bytes that a client has not taken yet. */
const MOST_UNREAD = 16 * 1024 * 1024;

/** Undefined where the agent's definition names none of these tools. */
export async function openTeam(options: TeamOptions): Promise<TeamServer | undefined> {
  const own: readonly Tool[] = [...TALK_TOOLS, ...TEAM_TOOLS, ...(options.asksPersons ? [askPerson] : [])];
  const { powers, clock, scrub } = options;
  const toolbox = new Toolbox(powers, { world: seated(options.world), clock, scrub }, { own });
  if (toolbox.tools.length === 0) return undefined;
  const token = randomBytes(24).toString("hex");
  // Of the user alone.
  const room = await mkdtemp(join(tmpdir(), "tutti-team-"));
  const path = join(room, "s");
  const clients = new Set<Socket>();
  const server = createServer((socket) => {
    clients.add(socket);
    socket.once("close", () => clients.delete(socket)).on("error", () => socket.destroy());
    serve(socket, token, toolbox, options);
  });
  server.maxConnections = MOST_CLIENTS;
  const close = async () => {
    for (const socket of clients) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
    await rm(room, { recursive: true, force: true });
  };
  try {
    server.listen(path);
    await once(server, "listening");
  } catch (error) {
    await close();
    throw new Error(`the tools of the run cannot be offered at ${path}: ${reasonOf(error)}`);
  }
  return {
    ...{ name: NAME, command: process.execPath, args: [fileURLToPath(ENTRY)] },
    env: { TUTTI_TEAM: path, TUTTI_TEAM_TOKEN: token },
    tools: toolbox.tools.map(({ name }) => name),
    [Symbol.asyncDispose]: close,
  };
}

/** A coding agent cannot leave off in the middle of a call: a question to a person waits also where the run pauses. */
function seated(world: AttemptWorld): AttemptWorld {
  const { help, handOver, heir } = world;
  return {
    ...{ signal: world.signal, log: world.log, board: world.board },
    send: (...said) => world.send(...said),
    before: () => world.before(),
    turn: (used, needs) => world.turn(used, needs),
    ask: (asking) => world.ask({ ...asking, stays: true }),
    ...(help && { help: help.bind(world) }),
    ...(handOver && { handOver: handOver.bind(world) }),
    ...(heir && { heir: heir.bind(world) }),
  };
}

function serve(socket: Socket, token: string, toolbox: Toolbox, options: TeamOptions): void {
  const late = setTimeout(() => socket.destroy(), HELLO);
  let wire: Wire | undefined;
  const lines = new Lines(
    (line) => {
      if (wire) return wire.take(line);
      clearTimeout(late);
      if (isSame(line, token)) wire = wireOf(socket, toolbox, options);
      else socket.destroy();
    },
    () => socket.destroy(),
  );
  socket.on("data", (piece) => lines.push(piece));
  socket.once("close", () => {
    clearTimeout(late);
    wire?.break(new Error("the client has gone"));
  });
}

function isSame(said: string, token: string): boolean {
  const [one, other] = [Buffer.from(said), Buffer.from(token)];
  return one.length === other.length && timingSafeEqual(one, other);
}

function wireOf(socket: Socket, toolbox: Toolbox, options: TeamOptions): Wire {
  let last = 0;
  const wire: Wire = new Wire({
    send: (line) => {
      if (socket.writableLength > MOST_UNREAD) socket.destroy();
      else socket.write(line);
    },
    heard: () => {},
    answer: async (method, params) => {
      const asked = isRecord(params) ? params : {};
      switch (method) {
        case "initialize":
          return introduction(asked["protocolVersion"]);
        case "ping":
          return {};
        case "tools/list":
          return { tools: await listed(toolbox) };
        case "tools/call": {
          const count = toolbox.offered.length;
          const told = await called(toolbox, `team-${++last}`, asked, options);
          if (toolbox.offered.length !== count) wire.notify("notifications/tools/list_changed", {});
          return told;
        }
        default:
          throw new Refusal(RPC.noMethod, `'${method.slice(0, 100)}' is not to be had here`);
      }
    },
  });
  return wire;
}

function introduction(wanted: unknown): object {
  const protocolVersion = VERSIONS.find((one) => one === wanted) ?? VERSIONS[0];
  const instructions =
    "The other agents of the run that you work in: messages, the board that all share, help, and passing your task on.";
  const serverInfo = { name: NAME, title: "Tutti: the team", version: "0" };
  return { protocolVersion, capabilities: { tools: { listChanged: true } }, serverInfo, instructions };
}

async function listed({ offered }: Toolbox): Promise<readonly object[]> {
  const { z } = await import("zod");
  return offered.map(({ name, description, input }) => ({
    ...{ name, description, inputSchema: z.toJSONSchema(input, { io: "input" }) },
    // Nothing of the machine is touched, nothing leaves the run.
    annotations: { readOnlyHint: name === "board_get", destructiveHint: false, openWorldHint: false },
    // Claude Code shows tools of servers by name alone until they are searched for: ours are few, and part of the task.
    _meta: { "anthropic/alwaysLoad": true },
  }));
}

async function called(
  toolbox: Toolbox,
  id: string,
  { name, arguments: input = {} }: Record<string, unknown>,
  { world, waiting = (act) => act() }: TeamOptions,
): Promise<object> {
  if (typeof name !== "string") throw new Refusal(RPC.badParams, "'name' must be a string");
  const heir = world.heir?.();
  const perform = () => toolbox.perform({ id, name, input: input as Json });
  const { text, fault } =
    heir === undefined
      ? await waiting(perform).catch((error) => ({ text: reasonOf(error), fault: "failed" }))
      : { text: `the task has been handed over to '${heir}': end your turn now`, fault: "refused" };
  return { content: [{ type: "text", text }], ...(fault !== undefined && { isError: true }) };
}
