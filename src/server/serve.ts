/**
 * Tutti over HTTP: JSON and event streams, for programs on this machine and its user's own pages.
 *
 * N1. No request reaches a route but through the guard: Host, Origin, token or cookie, limits.
 * N2. A run belongs to the host: it survives whoever streams it.
 * N3. One reader of the journal serves all streams of a run; what waits for a client waits in the journal.
 * N4. Whatever a client sends or leaves unread, it costs a bounded amount of memory.
 */
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { getRequestListener, type HttpBindings } from "@hono/node-server";
import { fleetOf } from "../app/conducting.ts";
import type { Host } from "../app/host.ts";
import { reasonOf, TuttiError } from "../domain/error.ts";
import { defined } from "../domain/json.ts";
import { LARGEST_BODY, MIB } from "./body.ts";
import { Door } from "./door.ts";
import { Feeds } from "./feeds.ts";
import { createGuard, isLoopback } from "./guard.ts";
import { Held } from "./held.ts";
import { newSecret } from "./proof.ts";
import { Refusal, refusalResponse, SECURITY_HEADERS } from "./refusal.ts";
import type { Shared } from "./route.ts";
import { createRouter } from "./router.ts";
import { Tallies } from "./tallies.ts";

export { ROUTES } from "./routes.ts";

export interface ServeOptions {
  readonly host: Host;
  /** 0: any that is free. */
  readonly port: number;
  /** Default 127.0.0.1. Any that others can reach needs `expose`. */
  readonly hostname?: string;
  readonly expose?: boolean;
  readonly token: string;
  readonly log?: (line: string) => void;
  readonly limits?: Partial<typeof LIMITS>;
  /** MCP at `/mcp`. Absent: it is not served. */
  readonly conduct?: Shared["conduct"];
}

const LIMITS = {
  /** Requests a second of one client; streams do not count. */
  perSecond: 100,
  burst: 300,
  streams: 10_000,
  connections: 12_000,
  /** A stream that has more than this before it, and has taken nothing for `patience` milliseconds, is dropped. */
  unsent: MIB,
  patience: 2000,
  heartbeat: 15_000,
  /** Bytes of all bodies and answers that are under way. */
  held: 128 * MIB,
  /** Milliseconds in which an answer must have been taken. */
  taking: 60_000,
  /** Milliseconds in which a code lets a browser in, and after its last request when a browser's session ends. */
  codeLife: 60_000,
  sessionLife: 12 * 3_600_000,
};
const SHORTEST_TOKEN = 16;
/** Milliseconds that streams have at the end to send what they hold. */
const FAREWELL = 1000;

export interface Served {
  readonly url: string;
  readonly port: number;
  /** For whoever wants to know it again: see `proof.ts`. */
  readonly key: string;
  /** A code that lets one browser in, once. */
  code(): string;
  close(): Promise<void>;
}

export async function serve(options: ServeOptions): Promise<Served> {
  const { host, hostname = "127.0.0.1", token, log = () => {} } = options;
  check(options);
  const limits = { ...LIMITS, ...options.limits };
  const feeds = new Feeds({ ...limits, journal: host.journal, most: limits.streams, log });
  const door = new Door(limits);
  const key = newSecret();
  const server = createServer({ headersTimeout: 10_000, requestTimeout: 30_000, connectionsCheckingInterval: 2000 });
  server.maxConnections = limits.connections;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(options.port, hostname, resolve);
  }).catch((error: NodeJS.ErrnoException) => {
    feeds.close();
    throw new TuttiError("BAD_INPUT", `port ${options.port} cannot be had: ${error.code ?? error.message}`, {
      path: "port",
      hint: "choose another port; 0 takes any that is free",
    });
  });
  const { port } = server.address() as AddressInfo;
  const guard = createGuard({ hostname, port, token, door, ...limits });
  const fleet = fleetOf(host, { by: "http", isPerson: true });
  const tallies = new Tallies(host);
  const shared = { host, feeds, tallies, door, guard, key, fleet, ...defined({ conduct: options.conduct }) };
  const router = createRouter(shared, (thrown) => log(`error: ${reasonOf(thrown)}`));
  const held = new Held({ most: limits.held, body: LARGEST_BODY, patience: limits.taking });

  const answer = async (request: Request, { incoming, outgoing }: HttpBindings): Promise<Response> => {
    const begun = performance.now();
    const pass = async () => {
      const passed = guard.pass(incoming);
      if (passed.session !== undefined) door.hold(passed.session, outgoing);
      held.admit(incoming, outgoing);
      return router.fetch(request, { incoming, outgoing, ...passed });
    };
    const response = await pass().catch(refusalResponse);
    // The path alone: a query may hold what is nobody's business.
    const path = (incoming.url ?? "").split("?")[0]?.slice(0, 200);
    const status = outgoing.headersSent ? `${outgoing.statusCode} stream` : String(response.status);
    log(`${incoming.method} ${path} ${status} ${Math.round(performance.now() - begun)} ms`);
    return response;
  };
  const listener = getRequestListener((request, env) => answer(request, env as HttpBindings), {
    overrideGlobalObjects: false,
    errorHandler: () => refusalResponse(new Refusal("UNREADABLE", "the request cannot be read")),
  });
  server.on("request", (incoming, outgoing: ServerResponse) => {
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) outgoing.setHeader(name, value);
    void listener(incoming, outgoing);
  });

  let closed: Promise<void> | undefined;
  return {
    url: `http://${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`,
    port,
    key,
    code: () => door.issue(),
    close() {
      closed ??= new Promise((resolve) => {
        server.close(() => resolve());
        feeds.close();
        fleet[Symbol.dispose]();
        server.closeIdleConnections();
        setTimeout(() => server.closeAllConnections(), FAREWELL).unref();
      });
      return closed;
    },
  };
}

function check({ hostname = "127.0.0.1", expose = false, token }: ServeOptions): void {
  if (!isLoopback(hostname) && !expose)
    throw new TuttiError("BAD_INPUT", `others could reach this server at ${hostname}`, {
      path: "hostname",
      hint: "keep 127.0.0.1 and use a tunnel, or say that it is to be exposed",
    });
  if (typeof token !== "string" || token.length < SHORTEST_TOKEN || /\s/.test(token))
    throw new TuttiError("BAD_INPUT", `the token must have at least ${SHORTEST_TOKEN} characters and no blanks`, {
      path: "token",
    });
}
