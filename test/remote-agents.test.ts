/** Agents that are services: real servers on this machine, also ones that do not do as they should. */
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import type { Outcome } from "../src/domain/ports.ts";
import { performRemote, type RemoteSetting, remoteFault } from "../src/runtimes/remote/runtime.ts";
import { attemptOf, type HeldWorld, heldWorld } from "./support/model-attempt.ts";

const KEY = "canary-of-the-test";
const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});
interface Call {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Record<string, unknown>;
}
async function serve(answer: (response: ServerResponse, path: string) => void) {
  const calls: Call[] = [];
  const server = createServer((request, response) => {
    let text = "";
    request.on("data", (piece) => {
      text += piece;
    });
    request.on("end", () => {
      calls.push({ path: request.url ?? "", headers: request.headers, body: JSON.parse(text || "{}") });
      answer(response, request.url ?? "");
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { calls, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}
function perform(setting: RemoteSetting, world: HeldWorld = heldWorld()): Promise<Outcome> {
  const ref = { runtime: "http", name: "review", text: "http/review" } as const;
  const options = {
    env: {},
    instructionsOf: () => undefined,
    remotes: { review: setting },
    clock: { now: () => 0, at: () => () => {} },
  };
  return performRemote(ref, attemptOf("http/review", { prompt: "Look at it" }), world, options);
}
const json = (response: ServerResponse, value: unknown, status = 200, headers = {}) =>
  void response.writeHead(status, headers).end(JSON.stringify(value));

test("one POST says what is to be done, under the attempt's name, after it was asked whether it is well", async () => {
  const { url, calls } = await serve((response, path) =>
    path === "/health" ? json(response, {}) : json(response, { output: { fine: true }, tokensUsed: 12, costUsd: 0.5 }),
  );
  const outcome = await perform({ url: `${url}/do`, health: `${url}/health`, key: KEY });
  expect(outcome).toEqual({ ok: true, output: { fine: true }, usage: { tokensUsed: 12, costUsd: 0.5 } });
  expect(calls.map(({ path }) => path)).toEqual(["/health", "/do"]);
  expect(calls[1]?.headers).toMatchObject({ "idempotency-key": "run/t#1", authorization: `Bearer ${KEY}` });
  expect(calls[1]?.body).toEqual({
    task: { id: "t", description: "a task" },
    prompt: "Look at it",
    effectId: "run/t#1",
  });
});

test("whoever is not well is not asked", async () => {
  const { url, calls } = await serve((response) => json(response, {}, 500));
  expect(await perform({ url: `${url}/do`, health: `${url}/health` })).toMatchObject({
    failure: "overloaded",
    retry: "safe",
  });
  expect(calls.map(({ path }) => path)).toEqual(["/health"]);
});

test.each([
  [429, { "retry-after": "7" }, { failure: "rate-limit", retry: "safe", retryAfter: 7000 }],
  [503, {}, { failure: "overloaded", retry: "safe" }],
  [500, {}, { failure: "error", retry: "safe" }],
  [401, {}, { failure: "error", retry: "never" }],
  [307, { location: "http://127.0.0.1:1/" }, { failure: "error", retry: "never" }],
  [200, {}, { failure: "error", retry: "safe", reason: "http/review answered 200: not for [secret]" }],
])("an answer of %i with an error is told by name", async (status, headers, expected) => {
  const { url, calls } = await serve((response) =>
    json(response, { error: { message: `not for ${KEY}` } }, status, headers),
  );
  expect(await perform({ url, key: KEY })).toMatchObject({ ok: false, ...expected, usage: { costUsd: null } });
  expect(calls).toHaveLength(1);
});

test("an answer that is too long, no JSON, empty or cut is no result", async () => {
  const huge = await serve((response) => void response.end("x".repeat(9 * 1024 * 1024)));
  expect(await perform({ url: huge.url })).toMatchObject({
    ok: false,
    reason: expect.stringContaining("more than 8388608 bytes"),
  });
  const words = await serve((response) => void response.end("well"));
  expect(await perform({ url: words.url })).toMatchObject({ failure: "invalid-output" });
  const nothing = await serve((response) => json(response, {}));
  expect(await perform({ url: nothing.url })).toMatchObject({
    failure: "invalid-output",
    reason: expect.stringContaining("'output'"),
  });
  const cut = await serve((response) => {
    response.writeHead(200, { "content-length": "100" });
    response.write("{");
    setImmediate(() => response.destroy());
  });
  expect(await perform({ url: cut.url })).toMatchObject({ ok: false, failure: "error", retry: "safe" });
});

test("silence is ended by its time, and at once where the run is stopped", async () => {
  const { url } = await serve(() => {});
  expect(await perform({ url, timeout: 100 })).toMatchObject({
    ok: false,
    retry: "safe",
    reason: expect.stringContaining("within 100 ms"),
  });
  const world = heldWorld();
  const done = perform({ url }, world);
  setTimeout(() => world.stop("enough"), 50);
  expect(await done).toMatchObject({ ok: false, failure: "stopped", reason: "enough" });
});

test("nobody at its address is an error that may pass; a key in the clear is refused before", async () => {
  expect(await perform({ url: "http://127.0.0.1:1/" })).toMatchObject({
    retry: "safe",
    reason: expect.stringContaining("nothing answers"),
  });
  expect(remoteFault("a", { a: { url: "http://far.example/", key: KEY } })).toContain("in the clear");
  expect(remoteFault("a", { a: { url: "file:///etc/passwd" } })).toContain("no http or https");
  expect(remoteFault("a", { a: { url: "https://far.example/", key: KEY } })).toBeUndefined();
});
