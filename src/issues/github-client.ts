/**
 * GitHub's REST interface, as far as issues need it.
 *
 * M1. The token goes to the one address of the user's settings. A redirect within it is followed, any other is an error
 *     that says where it led; nothing is sent there.
 * M2. Every request is limited in time, every answer in size, every list in pages.
 */
import { reasonOf, TuttiError } from "../domain/error.ts";
import { isRecord } from "../domain/shape.ts";

export interface GithubAccess {
  /** Such as https://HOST/api/v3. Default: https://api.github.com. */
  readonly baseUrl?: string;
  readonly token?: string;
  /** Where the token is looked for, for hints. */
  readonly tokenEnv?: string;
  readonly timeout?: number;
}
export interface Answer {
  readonly value: unknown;
  /** The next page, at the same address. */
  readonly next?: string;
}

const TIMEOUT = 30_000;
const LARGEST = 8 * 1024 * 1024;
const MOST_REDIRECTS = 3;
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

export class GithubClient {
  readonly #base: URL;
  readonly #access: GithubAccess;

  constructor(access: GithubAccess) {
    this.#access = access;
    this.#base = baseOf(access);
  }

  get host(): string {
    return this.#base.host;
  }
  get hasToken(): boolean {
    return this.#access.token !== undefined;
  }
  get tokenEnv(): string {
    return this.#access.tokenEnv ?? "GITHUB_TOKEN";
  }

  /** `path` begins with `/`, or is an address that an answer gave. */
  get(path: string): Promise<Answer> {
    return this.#ask("GET", this.#urlOf(path));
  }

  post(path: string, body: object): Promise<Answer> {
    return this.#ask("POST", this.#urlOf(path), JSON.stringify(body));
  }

  /** Undefined where there is nothing of that name. */
  async look(path: string): Promise<unknown> {
    try {
      return (await this.get(path)).value;
    } catch (error) {
      if (error instanceof TuttiError && error.code === "NOT_FOUND") return undefined;
      throw error;
    }
  }

  #urlOf(path: string): URL {
    if (!path.startsWith("/")) return this.#within(new URL(path));
    return new URL(`${this.#base.href.replace(/\/$/, "")}${path}`);
  }

  #within(url: URL): URL {
    if (url.origin === this.#base.origin) return url;
    throw new TuttiError("UNREACHABLE", `${this.host} points to ${url.host}, and nothing was sent there`, {
      path: "github.baseUrl",
      hint: "set its final address as github.baseUrl in config.yaml if you trust it",
    });
  }

  async #ask(method: "GET" | "POST", first: URL, body?: string): Promise<Answer> {
    let url = first;
    for (let hop = 0; hop <= MOST_REDIRECTS; hop++) {
      const response = await this.#send(method, url, body);
      const { status, headers } = response;
      const location = status >= 300 && status < 400 ? headers.get("location") : null;
      if (location === null) return this.#read(response, url);
      await response.body?.cancel();
      url = this.#within(new URL(location, url));
      // Whoever is moved by 301 to 303 is to look there, not to write there.
      if (method === "POST" && status < 307)
        throw new TuttiError(
          "UNREACHABLE",
          `${this.host} moved ${first.pathname} to ${url.pathname}: name it by that`,
          {
            path: "repo",
          },
        );
    }
    throw new TuttiError("UNREACHABLE", `${this.host} redirects again and again`, { path: "repo" });
  }

  async #send(method: string, url: URL, body: string | undefined): Promise<Response> {
    const { token, timeout = TIMEOUT } = this.#access;
    const headers = {
      accept: "application/vnd.github+json",
      "user-agent": "tutti",
      "x-github-api-version": "2022-11-28",
      ...(body !== undefined && { "content-type": "application/json" }),
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    };
    const signal = AbortSignal.timeout(timeout);
    try {
      return await fetch(url, { method, headers, redirect: "manual", signal, ...(body !== undefined && { body }) });
    } catch (error) {
      throw unreachable(this.host, signal.aborted ? `it did not answer within ${timeout} ms` : causeOf(error));
    }
  }

  async #read(response: Response, url: URL): Promise<Answer> {
    const { status, headers } = response;
    const text = await textOf(response).catch((error: unknown) => {
      throw unreachable(this.host, reasonOf(error));
    });
    const value = parsed(text);
    if (status < 200 || status >= 300) throw this.#refusal(status, headers, value, url);
    const next = /<([^<>]+)>\s*;\s*rel="?next"?/.exec(headers.get("link") ?? "")?.[1];
    return { value, ...(next !== undefined && { next }) };
  }

  #refusal(status: number, headers: Headers, value: unknown, { pathname }: URL): TuttiError {
    const said = isRecord(value) && typeof value["message"] === "string" ? `: ${value["message"].slice(0, 300)}` : "";
    const { hasToken, tokenEnv, host } = this;
    const wait = waitOf(headers);
    const isLimited =
      status === 429 || (status === 403 && (wait !== undefined || headers.get("x-ratelimit-remaining") === "0"));
    if (isLimited)
      return new TuttiError(
        "UNREACHABLE",
        `${host} takes no more requests now${wait === undefined ? "" : `; it does again in ${wait} s`}${said}`,
        {
          retry: "safe",
          path: "github",
          hint: hasToken ? "try again then" : `set ${tokenEnv}: with a token there may be more`,
          ...(wait !== undefined && { data: { retryAfter: wait * 1000 } }),
        },
      );
    const token = hasToken ? `the token in ${tokenEnv} may lack the right` : `set ${tokenEnv} where a token is needed`;
    if (status === 401)
      return new TuttiError(
        "BAD_INPUT",
        `${host} does not accept the ${hasToken ? `token in ${tokenEnv}` : "request without a token"}${said}`,
        {
          path: "github.tokenEnv",
          hint: hasToken ? "make a new token" : `set ${tokenEnv}`,
        },
      );
    if (status === 404 || status === 410)
      return new TuttiError("NOT_FOUND", `${host} has no ${pathname}${said}`, {
        path: "repo",
        hint: `what is private looks as if it were not there: ${token}`,
      });
    if (status === 403)
      return new TuttiError("BAD_INPUT", `${host} forbids ${pathname}${said}`, { path: "repo", hint: token });
    if (status >= 500) return unreachable(host, `it answered ${status}${said}`);
    return new TuttiError("BAD_INPUT", `${host} answered ${status} for ${pathname}${said}`, { path: "repo" });
  }
}

function baseOf({ baseUrl = "https://api.github.com", token }: GithubAccess): URL {
  const wrong = (message: string) => new TuttiError("BAD_INPUT", message, { path: "github.baseUrl" });
  const url = URL.canParse(baseUrl) ? new URL(baseUrl) : undefined;
  if (url?.protocol !== "https:" && url?.protocol !== "http:") throw wrong(`'${baseUrl}' is no http or https URL`);
  if (url.username !== "" || url.password !== "")
    throw wrong("an address with a password in it: set the token instead");
  if (url.protocol === "http:" && token !== undefined && !LOOPBACK.test(url.hostname))
    throw wrong(`the token would go to '${url.host}' in the clear: use https`);
  return url;
}

async function textOf({ body }: Response): Promise<string> {
  if (body === null) return "";
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of body) {
    bytes += piece.length;
    if (bytes > LARGEST) throw new Error(`its answer has more than ${LARGEST} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString("utf8");
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Seconds. */
function waitOf(headers: Headers): number | undefined {
  const after = headers.get("retry-after");
  if (after !== null && /^\d{1,6}$/.test(after)) return Number(after);
  const reset = headers.get("x-ratelimit-reset");
  if (headers.get("x-ratelimit-remaining") !== "0" || reset === null || !/^\d{1,12}$/.test(reset)) return undefined;
  // By the clock of whoever set it.
  const now = Date.parse(headers.get("date") ?? "") || Date.now();
  return Math.max(0, Math.ceil(Number(reset) - now / 1000));
}

/** What fetch throws says nothing; its cause does. */
const causeOf = (error: unknown): string => reasonOf(error instanceof Error && error.cause ? error.cause : error);

const unreachable = (host: string, why: string) =>
  new TuttiError("UNREACHABLE", `${host} cannot be asked: ${why}`, { retry: "safe", path: "github" });
