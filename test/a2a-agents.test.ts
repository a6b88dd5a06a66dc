/** Remote agents that speak A2A: a real server on this machine, in the words of 1.0 and of 0.3. */
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import type { Answer, Outcome } from "../src/domain/ports.ts";
import { healthFault, performRemote, type RemoteSetting } from "../src/runtimes/remote/runtime.ts";
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
  readonly method: string;
  readonly params: Record<string, unknown>;
  readonly headers: IncomingHttpHeaders;
}
type Said = object | { readonly error: object } | undefined;
const VERSIONS = ["1.0", "0.3"] as const;
const NAMES = { SendMessage: "message/send", GetTask: "tasks/get", CancelTask: "tasks/cancel" } as const;
type Operation = keyof typeof NAMES;

/** `say` answers each operation with a task, a message or an error; undefined: never. */
async function serve(version: (typeof VERSIONS)[number], say: (operation: Operation, calls: readonly Call[]) => Said) {
  const calls: Call[] = [];
  let card: (own: string) => object = (own) =>
    version === "1.0"
      ? { supportedInterfaces: [{ url: `${own}/rpc`, protocolBinding: "JSONRPC", protocolVersion: "1.0" }] }
      : { url: `${own}/rpc`, preferredTransport: "JSONRPC", protocolVersion: "0.3.0" };
  const server = createServer((request, response) => {
    let text = "";
    request.on("data", (piece) => {
      text += piece;
    });
    request.on("end", () => {
      const own = `http://${request.headers.host}`;
      const json = (value: unknown) => response.writeHead(200).end(JSON.stringify(value));
      if (request.url === "/.well-known/agent-card.json") return json(card(own));
      if (request.method === "GET") return response.writeHead(404).end();
      const { method, params } = JSON.parse(text);
      calls.push({ method, params, headers: request.headers });
      const operation = Object.entries(NAMES).find((pair) => pair.includes(method))?.[0] as Operation;
      const said = say(operation, calls);
      if (said === undefined) return undefined;
      if ("error" in said) return json({ jsonrpc: "2.0", id: 1, ...said });
      const wrapped = version === "1.0" && operation === "SendMessage";
      const result = wrapped ? ("parts" in said ? { message: said } : { task: said }) : said;
      return json({ jsonrpc: "2.0", id: 1, result });
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const state = (name: string) => (version === "1.0" ? `TASK_STATE_${name.toUpperCase().replaceAll("-", "_")}` : name);
  const part = (text: string) => (version === "1.0" ? { text } : { kind: "text", text });
  const kind = version === "1.0" ? {} : { kind: "task" };
  const task = (name: string, words?: string, more: object = {}) => ({
    ...{ ...kind, id: "theirs", contextId: "talk" },
    status: { state: state(name), ...(words !== undefined && { message: { parts: [part(words)] } }) },
    ...more,
  });
  const tell = (changed: typeof card) => {
    card = changed;
  };
  return { url, calls, task, part, tell };
}

/** Time passes as soon as somebody waits for it. */
function hurried() {
  let now = 0;
  const at = (time: number, call: () => void) => {
    const soon = setImmediate(() => {
      now = Math.max(now, time);
      call();
    });
    return () => clearImmediate(soon);
  };
  return { now: () => now, at };
}
function perform(setting: RemoteSetting, world: HeldWorld = heldWorld()): Promise<Outcome> {
  const ref = { runtime: "http", name: "legal", text: "http/legal" } as const;
  const remotes = { legal: { protocol: "a2a", ...setting } } as const;
  const options = { env: {}, instructionsOf: () => undefined, remotes, clock: hurried() };
  return performRemote(ref, attemptOf("http/legal", { prompt: "Look at it" }), world, options);
}
const answering = (world: HeldWorld, answer: Answer): HeldWorld & { readonly asked: string[] } => {
  const asked: string[] = [];
  const ask: HeldWorld["ask"] = async ({ question }) => {
    asked.push(question);
    return answer;
  };
  return { ...world, asked, ask };
};

describe.each(VERSIONS)("A2A %s", (version) => {
  const methods = (calls: readonly Call[]) =>
    calls.map(({ method }) => Object.entries(NAMES).find((pair) => pair.includes(method))?.[0]);

  test("a message begins a task, which is looked at until it is over; its artifacts are the output", async () => {
    const { url, calls, task, part } = await serve(version, (operation, all) =>
      operation === "SendMessage"
        ? task("submitted")
        : all.length < 3
          ? task("working")
          : task("completed", "Done", { artifacts: [{ parts: [part("All"), part("is well")] }] }),
    );
    const world = heldWorld();
    expect(await healthFault({ url, protocol: "a2a" })).toBeUndefined();
    const outcome = await perform({ url, key: KEY }, world);
    expect(outcome).toEqual({ ok: true, output: "All\nis well", usage: { tokensUsed: 0, costUsd: null } });
    expect(methods(calls)).toEqual(["SendMessage", "GetTask", "GetTask"]);
    expect(calls[0]?.method === "SendMessage").toBe(version === "1.0");
    expect(calls[0]?.headers).toMatchObject({
      ...{ authorization: `Bearer ${KEY}`, "a2a-version": version, "idempotency-key": "run/t#1.1" },
    });
    expect(calls[0]?.params).toMatchObject({ message: { messageId: "run/t#1.1", parts: [part("Look at it")] } });
    expect(calls[1]?.params).toEqual({ id: "theirs" });
    expect(world.entries.map(({ type }) => type)).toEqual(["tool:call", "tool:result"]);
    expect(world.entries[1]?.entry).toMatchObject({ task: { taskId: "theirs", contextId: "talk" } });
  });

  test("an answer at once needs no task, and data by itself stays what it is", async () => {
    const data = version === "1.0" ? { data: { fine: true } } : { kind: "data", data: { fine: true } };
    const { url, calls } = await serve(version, () => ({ messageId: "m", role: "agent", parts: [data] }));
    expect(await perform({ url })).toMatchObject({ ok: true, output: { fine: true } });
    expect(methods(calls)).toEqual(["SendMessage"]);
  });

  test("what it asks a person is asked, and the answer goes to the same task", async () => {
    const { url, calls, task } = await serve(version, (_, all) =>
      all.length === 1 ? task("input-required", "Which law?") : task("completed", "Swiss law, then"),
    );
    const world = answering(heldWorld(), { decision: "approve", note: "the Swiss" });
    expect(await perform({ url }, world)).toMatchObject({ ok: true, output: "Swiss law, then" });
    expect(world.asked).toEqual(["http/legal asks: Which law?"]);
    const sent = [{ messageId: "run/t#1.2", taskId: "theirs", contextId: "talk" }];
    expect(calls.slice(1).map(({ params }) => params["message"])).toMatchObject(sent);
  });

  test("where nobody answers its task is cancelled, and not begun again", async () => {
    const { url, calls, task } = await serve(version, () => task("input-required", "Which law?"));
    expect(await perform({ url })).toMatchObject({ ok: false, retry: "never" });
    expect(methods(calls)).toEqual(["SendMessage", "CancelTask"]);
  });

  test("a stop cancels its task", async () => {
    const world = heldWorld();
    const { url, calls, task } = await serve(version, (operation) => {
      if (operation === "GetTask") world.stop("enough");
      return task("working");
    });
    expect(await perform({ url }, world)).toMatchObject({ ok: false, failure: "stopped", reason: "enough" });
    expect(methods(calls)).toEqual(["SendMessage", "GetTask", "CancelTask"]);
  });

  test.each([
    ["failed", { failure: "error", retry: "safe", reason: "http/legal failed: too hard for [secret]" }],
    ["rejected", { failure: "error", retry: "never" }],
    ["auth-required", { failure: "error", retry: "never" }],
    ["canceled", { failure: "error", retry: "safe" }],
    ["dreaming", { failure: "error", retry: "never", reason: expect.stringContaining("'dreaming', which is unknown") }],
  ])("a task that is '%s' fails by name", async (state, expected) => {
    const { url, task } = await serve(version, () => task(state, `too hard for ${KEY}`));
    expect(await perform({ url, key: KEY })).toMatchObject({ ok: false, ...expected });
  });
});

const sent = (told: object = { task: { taskId: "theirs", contextId: "talk" } }) => [
  { type: "tool:call" as const, entry: { id: "run/t#1.1", name: "a2a", input: {} } },
  { type: "tool:result" as const, entry: { id: "run/t#1.1", name: "a2a", text: "", ...told } },
];

test("whoever is begun again looks at the task that he began, and sends nothing twice", async () => {
  const { url, calls, task } = await serve("1.0", () => task("completed", "Done"));
  expect(await perform({ url }, heldWorld(sent()))).toMatchObject({ ok: true, output: "Done" });
  expect(calls.map(({ method }) => method)).toEqual(["GetTask"]);
});

test("a message whose answer was lost is sent again under its own id; a task that was forgotten is begun anew", async () => {
  const { url, calls, task } = await serve("1.0", (operation) =>
    operation === "GetTask" ? { error: { code: -32001, message: "no such task" } } : task("completed", "Done"),
  );
  await perform({ url }, heldWorld(sent().slice(0, 1)));
  expect(calls.map(({ headers }) => headers["idempotency-key"])).toEqual(["run/t#1.1"]);
  expect(await perform({ url }, heldWorld(sent()))).toMatchObject({ ok: true, output: "Done" });
  expect(calls.map(({ headers }) => headers["idempotency-key"])).toEqual(["run/t#1.1", undefined, "run/t#1.2"]);
});

test("looks that are not answered are made again: its task goes on meanwhile", async () => {
  const { url, calls, task } = await serve("1.0", (_, all) =>
    all.length === 1
      ? task("working")
      : all.length < 8
        ? { error: { code: -32603, message: "busy" } }
        : task("completed", "Done"),
  );
  expect(await perform({ url })).toMatchObject({ ok: true, output: "Done" });
  expect(calls.filter(({ method }) => method === "SendMessage")).toHaveLength(1);
});

test("what does not end in time is cancelled", async () => {
  const { url, calls, task } = await serve("1.0", () => task("working"));
  expect(await perform({ url, timeout: 60_000 })).toMatchObject({ ok: false, failure: "timeout", retry: "safe" });
  expect(calls.at(-1)?.method).toBe("CancelTask");
  expect(calls.length).toBeLessThan(25);
});

test.each([
  [
    "elsewhere",
    (): object => ({ url: "https://elsewhere.example/rpc", protocolVersion: "0.3.0" }),
    /its card sends us to https:\/\/elsewhere\.example/,
  ],
  [
    "by gRPC alone",
    (own: string): object => ({ supportedInterfaces: [{ url: own, protocolBinding: "GRPC", protocolVersion: "1.0" }] }),
    /names no address for JSON-RPC/,
  ],
])("a card that leads %s is refused, and the key stays here", async (_, card, reason) => {
  const { url, calls, tell } = await serve("1.0", () => undefined);
  tell(card);
  expect(await perform({ url, key: KEY })).toMatchObject({
    ...{ ok: false, retry: "never", reason: expect.stringMatching(reason) },
  });
  expect(calls).toEqual([]);
});

test.each([
  [-32602, "never"],
  [-32603, "safe"],
])("an error of the protocol is told by name: %i", async (code, retry) => {
  const { url } = await serve("1.0", () => ({ error: { code, message: "so it is" } }));
  expect(await perform({ url })).toMatchObject({
    ...{ ok: false, failure: "error", retry, reason: "http/legal answered 'SendMessage' with an error: so it is" },
  });
});

test("an agent without a card is not well, and is not asked", async () => {
  const { url, calls } = await serve("1.0", () => undefined);
  expect(await perform({ url: `${url}/nowhere.json` })).toMatchObject({ failure: "overloaded", retry: "safe" });
  expect(calls).toEqual([]);
});
