/**
 * What every request passes before any route sees it, in this order: Host, Origin, token or cookie, the header that
 * only our own page sends, the limit of requests.
 *
 * No route is reachable around it: it stands before the router, so that a route that is forgotten is refused too.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { Buckets } from "./buckets.ts";
import type { Door } from "./door.ts";
import { isPage } from "./pages.ts";
import { Refusal } from "./refusal.ts";

export interface GuardOptions {
  readonly hostname: string;
  readonly port: number;
  readonly token: string;
  readonly door: Door;
  /** Requests a second of one client, and how many more it may save up. */
  readonly perSecond: number;
  readonly burst: number;
}

export interface Passed {
  /** It brought the token, or the cookie of a session. */
  readonly isTrusted: boolean;
  /** Where it came with a cookie and not with the token. */
  readonly session?: string;
}

export interface Guard {
  /** Throws a Refusal for what may not pass. */
  pass(request: IncomingMessage): Passed;
  /** Counts a request with a wrong code among those with wrong tokens. Returns what is to be thrown. */
  wrong(request: IncomingMessage, message: string, hint: string, headers?: Refusal["headers"]): Refusal;
}

/** Wrong tokens from one address: ten, then one every six seconds. A right one is never locked out by them. */
const FAILURES = { perSecond: 10 / 60, burst: 10 } as const;
/** What answers without a token or cookie, beside the pages: says that it is there, and takes a code. */
const HEALTH = "GET /api/health";
const ENTRANCE = "POST /api/session";
/** A page of another origin cannot send it without being asked for leave first, which it does not get. */
const OWN_HEADER = "x-tutti";

export function createGuard(options: GuardOptions): Guard {
  const hosts = hostsOf(options.hostname, options.port);
  const origins = new Set([...hosts].map((host) => `http://${host}`));
  const expected = digest(options.token);
  const requests = new Buckets(options.perSecond, options.burst);
  const failures = new Buckets(FAILURES.perSecond, FAILURES.burst);

  const wrong: Guard["wrong"] = (request, message, hint, headers = {}) => {
    const wait = failures.take(request.socket.remoteAddress ?? "");
    if (wait > 0) return tooMany("too many requests with a wrong token or code", wait);
    return new Refusal("UNAUTHORIZED", message, { hint, headers: { "WWW-Authenticate": "Bearer", ...headers } });
  };

  const pass = (request: IncomingMessage): Passed => {
    checkPlace(request, hosts, origins);
    const { authorization, origin } = request.headers;
    const given = authorization === undefined ? undefined : /^Bearer +(\S+) *$/i.exec(authorization)?.[1];
    // Digests have one length, so neither the time nor an exception tells anything about the token.
    const hasToken = given !== undefined && timingSafeEqual(digest(given), expected);
    const cookies = authorization === undefined ? cookiesOf(request) : [];
    const session = cookies.map((cookie) => options.door.find(cookie)).find((id) => id !== undefined);
    const isTrusted = hasToken || session !== undefined;
    const what = `${request.method} ${pathOf(request)}`;
    // Whoever comes with an old cookie and a new code, or for the page that says so, is let in with it.
    const isEntrance = what === ENTRANCE || (request.method === "GET" && isPage(pathOf(request)));
    const isOpen = isEntrance || (what === HEALTH && cookies.length === 0);
    if (!isTrusted && (authorization !== undefined || !isOpen)) {
      const message =
        authorization !== undefined
          ? "this is not the token"
          : cookies.length > 0
            ? "this session has ended"
            : "a token is needed";
      throw wrong(
        request,
        message,
        "send 'Authorization: Bearer <token>', the token being $TUTTI_TOKEN or the content of $TUTTI_HOME/token; " +
          "`tutti open` lets a browser in",
        // A browser need not bring again what is of no use.
        cookies.length > 0 ? { "Set-Cookie": `${cookieName(request)}=; Path=/; Max-Age=0` } : {},
      );
    }
    // Browsers say with every write where it comes from.
    if (session !== undefined && request.method !== "GET" && (origin === undefined || !request.headers[OWN_HEADER]))
      throw new Refusal("FORBIDDEN", "with a cookie only the page of this server may write", {
        hint: "send its Origin and 'X-Tutti: 1', or the token instead of the cookie",
      });
    const passed: Passed = session === undefined ? { isTrusted } : { isTrusted, session };
    // The router would take it for a GET, and a stream would begin that nobody can read.
    if (request.method === "HEAD")
      throw new Refusal("METHOD_NOT_ALLOWED", "HEAD is not answered here", { headers: { Allow: "GET, POST" } });
    if (isTrusted && opensStream(request)) return passed;
    const wait = requests.take(isTrusted ? (session ?? "token") : (request.socket.remoteAddress ?? ""));
    if (wait > 0) throw tooMany(`more than ${options.perSecond} requests a second`, wait);
    return passed;
  };
  return { pass, wrong };
}

/** Throws where it was sent to another server than this, or by a page of one. */
function checkPlace(request: IncomingMessage, hosts: ReadonlySet<string>, origins: ReadonlySet<string>): void {
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
}

/** Browsers keep one jar for all ports of a machine: the port in the name keeps servers apart. */
export const cookieName = (request: IncomingMessage): string => `tutti_${request.socket.localPort ?? 0}`;

/** All of that name: one that was set by somebody else must not hide ours. */
function cookiesOf(request: IncomingMessage): readonly string[] {
  const name = `${cookieName(request)}=`;
  const pairs = (request.headers.cookie ?? "").split(";").map((pair) => pair.trim());
  return pairs.filter((pair) => pair.startsWith(name)).map((pair) => pair.slice(name.length));
}

const digest = (text: string): Buffer => createHash("sha256").update(text).digest();

const pathOf = (request: IncomingMessage): string => (request.url ?? "").split("?")[0] ?? "";

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
