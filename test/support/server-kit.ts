/** A real server on a free port and a home of its own, with what its tests send and read. */
import { mkdtempSync, rmSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import { Host } from "../../src/app/host.ts";
import type { RunEvent } from "../../src/index.ts";
import { type ServeOptions, serve } from "../../src/server/serve.ts";

export const TOKEN = "a-token-for-tests-0123456789";
export const REHEARSED = { rehearse: true, speed: "max", seed: 7 } as const;

/** In real time, so that nobody answers gates; but without waiting. */
export const AT_ONCE = { rehearse: true, speed: 1e6 } as const;
/** For polling: how long a machine may take for it that has much else to do. */
export const SOON = { timeout: 30_000 } as const;

export interface Answered {
  readonly status: number;
  readonly headers: { readonly [name: string]: string | string[] | undefined };
  // biome-ignore lint/suspicious/noExplicitAny: tests look at whatever comes
  readonly body: any;
}
export interface Sent {
  readonly body?: unknown;
  readonly raw?: string | Buffer;
  readonly headers?: { readonly [name: string]: string };
  readonly token?: string | null;
}

export async function started(
  options: Partial<Omit<ServeOptions, "host">> & { readonly env?: object; readonly repository?: string } = {},
) {
  const home = mkdtempSync(join(tmpdir(), "tutti-server-"));
  const { env = {}, repository, ...more } = options;
  const place = repository === undefined ? {} : { repository };
  const host = await Host.open({ home, env: env as Record<string, string>, ...place });
  const lines: string[] = [];
  const server = await serve({ host, port: 0, token: TOKEN, log: (line) => lines.push(line), ...more });
  const auth = { Authorization: `Bearer ${TOKEN}` };
  const json = { ...auth, "Content-Type": "application/json" };

  /** By `node:http`, because `fetch` sets Host itself. */
  const call = (method: string, path: string, sent: Sent = {}): Promise<Answered> =>
    new Promise((resolve, reject) => {
      const text = sent.raw ?? (sent.body === undefined ? undefined : JSON.stringify(sent.body));
      const headers: Record<string, string> = { Accept: "application/json", ...sent.headers };
      if (sent.token !== null) headers["Authorization"] = `Bearer ${sent.token ?? TOKEN}`;
      if (text !== undefined) headers["Content-Type"] ??= "application/json";
      if (text !== undefined) headers["Content-Length"] = String(Buffer.byteLength(text));
      const asked = request(
        { host: "127.0.0.1", port: server.port, method, path, headers, agent: false },
        (response) => {
          let got = "";
          response.setEncoding("utf8").on("data", (chunk) => {
            got += chunk;
          });
          response.on("end", () => {
            const isJson = /json/.test(response.headers["content-type"] ?? "");
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              body: isJson && got !== "" ? JSON.parse(got) : got,
            });
          });
        },
      );
      asked.on("error", reject).end(text);
    });
  const get = (path: string, sent: Sent = {}) => call("GET", path, sent);
  const post = (path: string, body: unknown = {}, sent: Sent = {}) => call("POST", path, { body, ...sent });
  const begin = async (order: object): Promise<string> => {
    const { status, body } = await post("/api/workflows/execute", order);
    if (status !== 202) throw new Error(`${status} ${JSON.stringify(body)}`);
    return body.run;
  };
  /** Events as they come, until `enough` says so or the stream ends. */
  const stream = (path: string, enough: (event: RunEvent) => boolean = () => false, init: RequestInit = {}) =>
    readStream(`${server.url}${path}`, enough, { ...init, headers: { ...json, ...init.headers } });

  return {
    ...{ home, host, server, lines, auth, json, call, get, post, begin, stream },
    async [Symbol.asyncDispose]() {
      await server.close();
      await host[Symbol.asyncDispose]();
      rmSync(home, { recursive: true, force: true });
    },
  };
}

export type Server = Awaited<ReturnType<typeof started>>;

/** A chain that goes on by one task whenever somebody decides. */
export const gated = (count: number) =>
  Array.from({ length: count }, (_, i) => ({
    ...{ id: `t${i}`, agentName: "builder", description: `task ${i}`, prompt: "Do it", gate: true },
    ...(i > 0 && { dependencies: [`t${i - 1}`] }),
  }));

export async function opened(on: Server, run: string, gate: string): Promise<void> {
  const gates = async () => (await on.get("/api/gates")).body.gates;
  await expect.poll(gates, SOON).toContainEqual(expect.objectContaining({ run, gate }));
}

export async function approve(on: Server, run: string, gate: string): Promise<Answered> {
  await opened(on, run, gate);
  const answer = await on.post(`/api/runs/${run}/gates/${gate}`, { decision: "approve" });
  expect(answer.status).toBe(202);
  return answer;
}

async function readStream(
  url: string,
  enough: (event: RunEvent) => boolean,
  init: RequestInit,
): Promise<{ readonly events: RunEvent[]; readonly ids: string[] }> {
  const stop = new AbortController();
  const response = await fetch(url, { ...init, signal: stop.signal });
  if (!response.body || response.status !== 200) throw new Error(`${response.status} ${await response.text()}`);
  const events: RunEvent[] = [];
  const ids: string[] = [];
  let rest = "";
  for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      if (line.startsWith("id: ")) ids.push(line.slice(4));
      if (!line.startsWith("data: ")) continue;
      const event = JSON.parse(line.slice(6)) as RunEvent;
      events.push(event);
      if (!enough(event)) continue;
      stop.abort();
      return { events, ids };
    }
  }
  return { events, ids };
}

export const numbers = (events: readonly RunEvent[]) => events.map(({ seq }) => seq);
export const upTo = (last: number, first = 1) => Array.from({ length: last - first + 1 }, (_, i) => first + i);
