/**
 * What every request passes before any route sees it, in this order: Host, Origin, token, the limit of requests.
 *
 * No route is reachable around it: it stands before the router, so that a route that is forgotten is refused too.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { Buckets } from "./buckets.ts";
import { Refusal } from "./refusal.ts";

export interface GuardOptions {
  readonly hostname: string;
  readonly port: number;
  readonly token: string;
  /** Requests a second of one client, and how many more it may save up. */
  readonly perSecond: number;
  readonly burst: number;
}

export interface Passed {
  /** It brought the token. */
  readonly isTrusted: boolean;
}

/** Wrong tokens from one address: ten, then one every six seconds. A right one is never locked out by them. */
const FAILURES = { perSecond: 10 / 60, burst: 10 } as const;
/** The only route that answers without a token. */
const OPEN = "/api/health";

export function createGuard(options: GuardOptions): (request: IncomingMessage) => Passed {
  const hosts = hostsOf(options.hostname, options.port);
  const origins = new Set([...hosts].map((host) => `http://${host}`));
  const expected = digest(options.token);
  const requests = new Buckets(options.perSecond, options.burst);
  const failures = new Buckets(FAILURES.perSecond, FAILURES.burst);

  return (request) => {
    if (!request.url?.startsWith("/")) throw new Refusal("UNREADABLE", "the target of a request is a path");
    const { host, origin } = request.headers;
    // Another program on the way may go by the other one.
    if ((request.headersDistinct["host"]?.length ?? 0) > 1) throw new Refusal("UNREADABLE", "a request has one Host");
    if (host === undefined || !hosts.has(host.toLowerCase()))
      throw new Refusal("FORBIDDEN", "this server does not answer to that Host", {
        hint: `call it as http://${[...hosts][0]}`,
      });
    const isForeign = origin !== undefined && !origins.has(origin.toLowerCase());
    const site = request.headers["sec-fetch-site"] ?? "none";
    // A page of another port of this machine is `same-site`, and as foreign as any other.
    if (isForeign || (site !== "same-origin" && site !== "none"))
      throw new Refusal("FORBIDDEN", "pages of another origin may not call this server");

    const { authorization } = request.headers;
    const given = authorization === undefined ? undefined : /^Bearer +(\S+) *$/i.exec(authorization)?.[1];
    // Digests have one length, so neither the time nor an exception tells anything about the token.
    const isTrusted = given !== undefined && timingSafeEqual(digest(given), expected);
    const address = request.socket.remoteAddress ?? "";
    if (!isTrusted && (authorization !== undefined || !isOpen(request))) {
      const wait = failures.take(address);
      if (wait > 0) throw tooMany("too many requests with a wrong token", wait);
      throw new Refusal("UNAUTHORIZED", authorization === undefined ? "a token is needed" : "this is not the token", {
        hint: "send 'Authorization: Bearer <token>', the token being $TUTTI_TOKEN or the content of $TUTTI_HOME/token",
        headers: { "WWW-Authenticate": "Bearer" },
      });
    }
    // The router would take it for a GET, and a stream would begin that nobody can read.
    if (request.method === "HEAD")
      throw new Refusal("METHOD_NOT_ALLOWED", "HEAD is not answered here", { headers: { Allow: "GET, POST" } });
    if (isTrusted && opensStream(request)) return { isTrusted };
    const wait = requests.take(isTrusted ? "token" : address);
    if (wait > 0) throw tooMany(`more than ${options.perSecond} requests a second`, wait);
    return { isTrusted };
  };
}

const digest = (text: string): Buffer => createHash("sha256").update(text).digest();

const pathOf = (request: IncomingMessage): string => (request.url ?? "").split("?")[0] ?? "";
const isOpen = (request: IncomingMessage): boolean => request.method === "GET" && pathOf(request) === OPEN;

/** Streams are counted where they are kept, not among requests: a thousand clients may come back at once. */
function opensStream(request: IncomingMessage): boolean {
  if (request.method !== "GET" || !/^\/api\/runs\/[^/]+\/events$/.test(pathOf(request))) return false;
  return !wantsJson(request.headers.accept);
}

/** JSON was asked for and a stream was not. */
export function wantsJson(accept: string | undefined): boolean {
  return accept !== undefined && /\bapplication\/json\b/i.test(accept) && !/\btext\/event-stream\b/i.test(accept);
}

export function tooMany(message: string, seconds: number): Refusal {
  return new Refusal("RATE_LIMITED", message, {
    hint: `come back in ${seconds} s`,
    headers: { "Retry-After": String(seconds) },
  });
}

/** Names under which this server may be called; any other is a page that had its name rebound to this address. */
function hostsOf(hostname: string, port: number): ReadonlySet<string> {
  const own = hostname.includes(":") ? `[${hostname}]` : hostname;
  const names = ["127.0.0.1", "localhost", "[::1]", own.toLowerCase()];
  return new Set(names.flatMap((name) => (port === 80 ? [`${name}:80`, name] : [`${name}:${port}`])));
}

export function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "::1" || /^127(\.\d{1,3}){3}$/.test(hostname);
}
