/** One MCP server that was reached: its tools, calls of them, and whether somebody else may have it after this attempt. */
import { reasonOf, TuttiError } from "../../domain/error.ts";
import { type Json, sha256 } from "../../domain/json.ts";
import type { Environment } from "../../process/environment.ts";
import type { Lendable } from "../pool.ts";
import { ChildTransport } from "./transport.ts";

export interface Told {
  readonly name: string;
  readonly description?: string | undefined;
  readonly inputSchema: unknown;
  readonly annotations?: { readonly readOnlyHint?: boolean | undefined } | undefined;
}
export interface Reached {
  readonly name: string;
  readonly cwd: string;
  readonly to:
    | { readonly url: string; readonly token?: string | undefined }
    | { readonly command: string; readonly args: readonly string[]; readonly env: Environment };
  /** Milliseconds. */
  readonly timeouts: { readonly connect: number; readonly call: number };
}

type Client = import("@modelcontextprotocol/client").Client;

/** It waits for calls, for as long as whoever has it takes. */
const LIMITS = { wall: 24 * 3_600_000, idle: 24 * 3_600_000 };
/** Milliseconds in which one that lay idle says that it is well. */
const PROOF = 2000;
/** Its limits of time and output are of its whole life: who has served so often is begun anew. */
const MOST_LOANS = 50;

export class Connection implements Lendable {
  readonly #client: Client;
  readonly #child: ChildTransport | undefined;
  readonly #stopping: AbortController;
  readonly #timeouts: Reached["timeouts"];
  /** As it was when it began: what its tools are, and how many processes it is. */
  #tools: readonly Told[] = [];
  #first: { readonly tools: string; readonly members: number | undefined } | undefined;
  #calls = 0;
  #loans = 1;
  #isSpoiled = false;

  private constructor(client: Client, child: ChildTransport | undefined, stopping: AbortController, of: Reached) {
    this.#client = client;
    this.#child = child;
    this.#stopping = stopping;
    this.#timeouts = of.timeouts;
  }

  /** Throws UNREACHABLE where it cannot be used; nothing of it is left then. */
  static async open(of: Reached, signal: AbortSignal): Promise<Connection> {
    const { to, cwd, timeouts, name } = of;
    const { Client, StreamableHTTPClientTransport } = await import("@modelcontextprotocol/client");
    const client = new Client({ name: "tutti", version: "0" }, { versionNegotiation: { mode: "auto" } });
    const stopping = new AbortController();
    const child =
      "url" in to
        ? undefined
        : new ChildTransport({
            ...{ file: to.command, args: to.args, env: to.env, cwd },
            ...{ signal: stopping.signal, limits: LIMITS },
          });
    const connection = new Connection(client, child, stopping, of);
    using _ = connection.#heeding(signal);
    try {
      await client.connect((child ?? web(to)) as Parameters<typeof client.connect>[0], {
        timeout: timeouts.connect,
        signal,
      });
      connection.#tools = await connection.#listed(timeouts.connect, signal);
      return connection;
    } catch (error) {
      await client.close().catch(() => {});
      throw new TuttiError("UNREACHABLE", `the MCP server '${name}' cannot be used: ${reasonOf(error)}`, {
        path: `mcpServers.${name}`,
        cause: error,
      });
    }

    function web(where: Reached["to"]) {
      const { url, token } = where as Extract<Reached["to"], { readonly url: string }>;
      const headers = token ? { authorization: `Bearer ${token}` } : {};
      return new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers, redirect: "error" } });
    }
  }

  get tools(): readonly Told[] {
    return this.#tools;
  }

  /** Notes how it is, so that it can be told later whether it is so again. */
  async remember(): Promise<void> {
    this.#first ??= { tools: hashOf(this.#tools), members: await this.#child?.members() };
  }

  /** Until the loan is over it ends with the attempt that has it. */
  lent(signal: AbortSignal): Disposable {
    return this.#heeding(signal);
  }

  async call(tool: string, input: Json, signal: AbortSignal): Promise<CallResult> {
    const given = { name: tool, arguments: input as { [key: string]: unknown } };
    this.#calls++;
    try {
      return await this.#client.callTool(given, { timeout: this.#timeouts.call, signal });
    } catch (error) {
      // Nobody knows what it is still doing.
      this.#isSpoiled = true;
      throw error;
    } finally {
      this.#calls--;
    }
  }

  /** Whoever has it is done with it, and nothing of his is under way. */
  get isClean(): boolean {
    return !this.#isSpoiled && this.#calls === 0 && this.#first?.members !== undefined && this.#child?.isThere === true;
  }

  async isAsNew(): Promise<boolean> {
    if (!this.isClean || ++this.#loans > MOST_LOANS) return false;
    await this.#client.ping({ timeout: PROOF });
    const tools = await this.#listed(PROOF);
    const members = await this.#child?.members();
    const first = this.#first;
    return first !== undefined && hashOf(tools) === first.tools && members === first.members;
  }

  hold(isHeld: boolean): void {
    this.#child?.hold(isHeld);
  }

  close(): Promise<void> {
    return this.#client.close();
  }

  async #listed(timeout: number, signal?: AbortSignal): Promise<readonly Told[]> {
    return (await this.#client.listTools(undefined, { timeout, ...(signal && { signal }) })).tools;
  }

  #heeding(signal: AbortSignal): Disposable {
    const stop = () => {
      this.#isSpoiled = true;
      this.#stopping.abort();
    };
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
    return { [Symbol.dispose]: () => signal.removeEventListener("abort", stop) };
  }
}

export interface CallResult {
  readonly content?: unknown;
  readonly isError?: unknown;
  readonly structuredContent?: unknown;
}

const hashOf = (tools: readonly Told[]): string => sha256(JSON.stringify(tools));
