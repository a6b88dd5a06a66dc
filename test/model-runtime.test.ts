/** Real provider packages against a real local server: each fault ends in the named outcome, and nothing is paid twice. */
import { createServer, type Socket } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { AgentOrchestrator } from "../src/app/orchestrator.ts";
import { systemClock } from "../src/app/system.ts";
import type { Outcome } from "../src/domain/ports.ts";
import { type ModelRuntimeOptions, modelRuntime } from "../src/runtimes/model/runtime.ts";
import { eventsOf, type FakeReply } from "./support/fake-protocols.ts";
import { FakeProvider } from "./support/fake-provider.ts";
import { attemptOf, heldWorld } from "./support/model-attempt.ts";

/** Bytes between two cuts; `npm run check` takes every third. */
const STEP = Number(process.env["TUTTI_CUT_STEP"] ?? 11);
const ANTHROPIC = "anthropic/claude-sonnet-4-5";
const OPENAI = "openai/gpt-5";
const BOTH = [
  { protocol: "anthropic", model: ANTHROPIC },
  { protocol: "openai", model: OPENAI },
] as const;
const CUT = expect.stringMatching(/^(error|network)$/);
const KEY = "sk-ant-very/secret+key==1234";

let fake: FakeProvider;
beforeAll(async () => {
  fake = await FakeProvider.start();
});
beforeEach(() => fake.script({}));
afterAll(() => fake[Symbol.asyncDispose]());

function runtime(more: Partial<ModelRuntimeOptions> = {}) {
  const one = { apiKey: KEY, baseUrl: fake.url };
  return modelRuntime({
    clock: systemClock,
    providers: { anthropic: one, openai: one, google: one, ollama: { baseUrl: fake.url }, compatible: { lab: one } },
    instructionsOf: () => ({ instructions: "Be brief" }),
    ...more,
  });
}

/** Says the reply once and tells how the attempt ended. */
async function ending(model: string, reply: FakeReply, more: Partial<ModelRuntimeOptions> = {}): Promise<Outcome> {
  fake.script(reply);
  const outcome = await runtime(more).perform(attemptOf(model), heldWorld());
  expect(fake.calls, "one attempt makes one call").toHaveLength(1);
  return outcome;
}

describe.each(BOTH)("[bar:providers] over the protocol of $protocol", ({ protocol, model }) => {
  const stop = (anthropic: string, openai: string) => (protocol === "anthropic" ? anthropic : openai);
  const minute = "Wed, 21 Oct 2026 07:28:00 GMT";

  test.each<[string, FakeReply, object]>([
    ["429 with seconds", { status: 429, headers: { "retry-after": "7" } }, { failure: "rate-limit", retryAfter: 7000 }],
    [
      "429 with an HTTP date",
      { status: 429, headers: { "retry-after": "Wed, 21 Oct 2026 07:29:00 GMT", date: minute } },
      { failure: "rate-limit", retryAfter: 60_000 },
    ],
    [
      "429 with milliseconds",
      { status: 429, headers: { "retry-after-ms": "250", "retry-after": "1" } },
      { failure: "rate-limit", retryAfter: 250 },
    ],
    ["429 without a word", { status: 429 }, { failure: "rate-limit" }],
    ["529", { status: 529 }, { failure: "overloaded" }],
    ["503", { status: 503, headers: { "retry-after": "2" } }, { failure: "overloaded", retryAfter: 2000 }],
    ["500", { status: 500 }, { failure: "error" }],
    ["502 with a page of HTML", { status: 502, body: "<html>bad gateway</html>" }, { failure: "error" }],
    ["a body that is no JSON", { body: "data: {garbage\n\n" }, { failure: "error" }],
    ["a body that is no stream", { body: "{garbage" }, { failure: "error" }],
    ["an empty body", { body: "" }, { failure: "error" }],
    [
      "an error inside the stream",
      { body: `event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Busy"}}\n\n` },
      { failure: "overloaded" },
    ],
  ])("%s may be tried again", async (_name, reply, expected) => {
    expect(await ending(model, reply)).toMatchObject({ ok: false, retry: "safe", ...expected });
  });

  test.each<[string, FakeReply, string, RegExp]>([
    ["a refusal", { stop: stop("refusal", "content_filter") }, "refused", /refused/],
    ["a reply cut at maxTokens", { stop: stop("max_tokens", "length") }, "invalid-output", /maxTokens/],
    ["400", { status: 400 }, "error", /400.*refused again/],
    ["401", { status: 401 }, "auth", new RegExp(`401.*set ${protocol.toUpperCase()}_API_KEY`)],
    ["403", { status: 403 }, "auth", /403.*key/],
    ["404", { status: 404 }, "error", /404.*model's name/],
    ["a redirect", { status: 307, headers: { location: "http://127.0.0.1:9/" } }, "error", /points elsewhere/],
    [
      "a quota that is used up",
      { status: 429, headers: { "retry-after": "1" }, error: { type: "insufficient_quota", message: "pay" } },
      "quota",
      /used up/,
    ],
  ])("%s is final, and says what to do", async (_name, reply, failure, words) => {
    const outcome = await ending(model, reply);
    expect(outcome).toMatchObject({ ok: false, failure, retry: "never", reason: expect.stringMatching(words) });
    expect(outcome).toMatchObject({ reason: expect.stringContaining(model.split("/")[1] ?? "") });
  });

  test("a stream cut at every event, and between bytes, is a named failure or the whole reply", async () => {
    const reply = { text: ["One", " two", " three"] };
    const events = eventsOf(protocol, reply);
    const parts = Math.ceil(Buffer.byteLength(events.join("")) / STEP);
    const between = Array.from({ length: parts }, (_, i) => ({ bytes: i * STEP }));
    const cuts: Pick<FakeReply, "after" | "fault">[] = [
      ...[...events.keys(), ...between].map((after) => ({ after, fault: "cut" as const })),
      ...[...events.keys()].map((after) => ({ after, fault: "end" as const })),
    ];
    const lastText = events.findIndex((event) => event.includes(" three"));
    for (const cut of cuts) {
      const outcome = await ending(model, { ...reply, ...cut });
      if (outcome.ok) {
        expect(outcome.output, JSON.stringify(cut)).toBe("One two three");
        if (typeof cut.after === "number") expect(cut.after).toBeGreaterThan(lastText + 1);
      } else expect(outcome, JSON.stringify(cut)).toMatchObject({ failure: CUT, retry: "safe" });
    }
  });

  test("a stream that says it is complete is, though its socket stays open", async () => {
    expect(await ending(model, { fault: "hold" })).toMatchObject({ ok: true, output: "Hello there" });
    await fake.calls[0]?.hungUp;
  });

  test("being asked to stop closes the socket", async () => {
    fake.script({ after: eventsOf(protocol, {}).length - 3, fault: "hold" });
    const world = heldWorld();
    const heard = Promise.withResolvers<void>();
    const under = runtime({ onDelta: () => heard.resolve() }).perform(attemptOf(model), world);
    await heard.promise;
    world.stop("the user paused the run");
    expect(await under).toMatchObject({
      ok: false,
      failure: "stopped",
      retry: "safe",
      reason: "the user paused the run",
      usage: { turns: 1 },
    });
    await fake.calls[0]?.hungUp;
    expect(world.entries).toEqual([]);
  });

  test.each([
    ["firstByte", { silent: true }, "no first byte of a reply within 40 ms"],
    ["firstByte", { after: 0, fault: "hold" }, "no first byte of a reply within 40 ms"],
    ["idle", { after: 2, fault: "hold" }, "the reply stood still for 40 ms"],
    ["total", { after: 2, fault: "hold" }, "the reply was not complete within 40 ms in all"],
  ] as const)("the timer %s says its name and closes the socket", async (timer, reply, words) => {
    const outcome = await ending(model, reply, { timers: { [timer]: 40 } });
    expect(outcome).toMatchObject({ failure: "timeout", retry: "safe", reason: `${model}: ${words}` });
    await fake.calls[0]?.hungUp;
  });

  test("text streams in as it comes, and a listener that throws harms nobody", async () => {
    const heard: string[] = [];
    const onDelta: ModelRuntimeOptions["onDelta"] = ({ run, taskId, attempt, text }) => {
      heard.push(`${run}/${taskId}#${attempt}:${text}`);
      throw new Error("listener");
    };
    expect(await ending(model, { text: ["a", "b"] }, { onDelta })).toMatchObject({ ok: true, output: "ab" });
    expect(heard).toEqual(["run/t#1:a", "run/t#1:b"]);
  });

  test("a reply that a schema asks for is read, sent for by schema, and refused where it does not fit", async () => {
    const output = { type: "object", required: ["n"], properties: { n: { type: "integer" } } };
    const instructionsOf = () => ({ output });
    expect(await ending(model, { text: ['{"n"', ":3}"] }, { instructionsOf })).toMatchObject({ output: { n: 3 } });
    expect(JSON.stringify(fake.calls[0]?.body)).toContain('"required":["n"]');
    expect(await ending(model, { text: ['```json\n{"n":4}\n```'] }, { instructionsOf })).toMatchObject({
      output: { n: 4 },
    });
    for (const text of ['{"n":3', '{"n":"3"}', "{}", "null"])
      expect(await ending(model, { text: [text] }, { instructionsOf }), text).toMatchObject({
        ok: false,
        failure: "invalid-output",
        retry: "safe",
        usage: { tokensUsed: 15 },
      });
  });

  test("no key is in any reason, in whatever form the provider sends it back", async () => {
    const forms = [
      KEY,
      encodeURIComponent(KEY),
      Buffer.from(KEY).toString("base64"),
      Buffer.from(`user:${KEY}`).toString("base64"),
      Buffer.from(`me:${KEY}!`).toString("base64url"),
      Buffer.from(KEY).toString("hex"),
    ];
    for (const status of [400, 401, 429, 500]) {
      const outcome = await ending(model, { status, error: { type: "x", message: `not ${forms.join(" or ")}, no` } });
      const reason = outcome.ok ? "" : outcome.reason;
      expect(reason).toContain("[secret]");
      for (const form of forms) expect(reason).not.toContain(form.slice(8, 24));
    }
  });
});

describe("what a turn uses", () => {
  const usage = { fresh: 30, cacheRead: 500, cacheWrite: 70, output: 20 };

  test("counts what the cache gave and took, at the prices of the list", async () => {
    // Per million: 3 fresh, 0.3 read, 3.75 written, 15 out.
    const byHand = (30 * 3 + 500 * 0.3 + 70 * 3.75 + 20 * 15) / 1e6;
    const outcome = await ending(ANTHROPIC, { usage });
    expect(outcome).toMatchObject({ usage: { tokensUsed: 620, turns: 1 } });
    expect(outcome.usage?.costUsd).toBeCloseTo(byHand, 12);
    // Per million: 1.25 fresh, 0.125 read, 10 out.
    const openai = await ending(OPENAI, { usage: { fresh: 100, cacheRead: 500, output: 20 } });
    expect(openai.usage?.costUsd).toBeCloseTo((100 * 1.25 + 500 * 0.125 + 20 * 10) / 1e6, 12);
  });

  test("a model without a known price costs null, and the user's own price wins", async () => {
    for (const model of ["openai/gpt-99-unheard", "ollama/llama3", "compatible/lab/thing"])
      expect(await ending(model, { usage }), model).toMatchObject({ ok: true, usage: { costUsd: null } });
    const prices = {
      "compatible/lab/thing": { input: 1, output: 2, cacheRead: 0.5 },
      "claude-sonnet-4-5": { input: 0, output: 1 },
    };
    // The written part has no price of its own: it is read as input.
    expect((await ending(ANTHROPIC, { usage }, { prices })).usage?.costUsd).toBeCloseTo(20 / 1e6, 12);
    const own = await ending("compatible/lab/thing", { usage: { fresh: 10, cacheRead: 4, output: 5 } }, { prices });
    expect(own.usage?.costUsd).toBeCloseTo((10 * 1 + 4 * 0.5 + 5 * 2) / 1e6, 12);
  });

  test("what a reply had used when it broke off is counted, or unknown, and a refused call is free", async () => {
    const cut = await ending(ANTHROPIC, { usage, after: 4, fault: "cut" });
    expect(cut).toMatchObject({ ok: false, usage: { tokensUsed: 601, turns: 1 } });
    expect(await ending(OPENAI, { after: 2, fault: "cut" })).toMatchObject({ usage: { tokensUsed: 0, costUsd: null } });
    expect((await ending(OPENAI, { status: 429 })).usage).toBeUndefined();
  });

  test("instructions, and a long context that siblings share, are marked for the cache of Anthropic", async () => {
    await runtime().perform(attemptOf(ANTHROPIC, { results: { a: "x".repeat(5000) } }), heldWorld());
    const { system, messages } = fake.calls[0]?.body ?? {};
    expect(system).toEqual([{ type: "text", text: "Be brief", cache_control: { type: "ephemeral" } }]);
    expect(messages[0].content).toMatchObject([
      { text: expect.stringContaining("Result of task 'a'"), cache_control: { type: "ephemeral" } },
      { text: expect.stringContaining("Do it") },
    ]);
    expect(messages[0].content[1].cache_control).toBeUndefined();
  });
});

describe("[bar:providers] nothing is paid twice", () => {
  test("an attempt that is begun again reads the reply that it had paid for", async () => {
    const world = heldWorld();
    fake.script({ usage: { fresh: 10, cacheRead: 2, cacheWrite: 1, output: 5 } });
    const first = await runtime().perform(attemptOf(ANTHROPIC), world);
    expect(world.entries).toEqual([
      {
        type: "turn:complete",
        entry: {
          usage: {
            ...{ input: 13, output: 5, cacheRead: 2, cacheWrite: 1, finishReason: "stop", model: ANTHROPIC },
            costUsd: first.usage?.costUsd,
          },
          reply: "Hello there",
        },
      },
    ]);
    expect(await runtime().perform(attemptOf(ANTHROPIC, { restart: 1 }), world)).toEqual(first);
    expect(fake.calls).toHaveLength(1);
  });

  test("also where that reply was no good", async () => {
    const world = heldWorld();
    fake.script({ stop: "refusal" });
    const first = await runtime().perform(attemptOf(ANTHROPIC), world);
    expect(first).toMatchObject({ failure: "refused" });
    expect(await runtime().perform(attemptOf(ANTHROPIC, { restart: 2 }), world)).toEqual(first);
    expect(fake.calls).toHaveLength(1);
  });

  test("a reply that broke off is asked for again, and a log that fails loses no reply", async () => {
    const world = heldWorld();
    fake.script({ after: 4, fault: "cut" }, {});
    expect(await runtime().perform(attemptOf(ANTHROPIC), world)).toMatchObject({ ok: false });
    const failing = { ...world, log: { ...world.log, append: () => Promise.reject(new Error("the run has ended")) } };
    const again = await runtime().perform(attemptOf(ANTHROPIC, { restart: 1 }), failing);
    expect(again).toMatchObject({ ok: true, output: "Hello there" });
    expect(fake.calls).toHaveLength(2);
  });
});

test("[bar:providers] a run waits as long as the provider asks, pays once, and keeps the reply", async () => {
  fake.script({ status: 429, headers: { "retry-after-ms": "80" } }, { status: 529 }, {});
  await using orchestrator = new AgentOrchestrator({
    agents: { writer: { runtime: "model", model: ANTHROPIC } },
    runtimes: { model: runtime() },
    retryDelay: 1,
  });
  orchestrator.addTask({ id: "t", agentName: "writer", description: "a task", prompt: "Do it" });
  const delays: number[] = [];
  orchestrator.on("task:retry", ({ delay }) => delays.push(delay));
  const { status, tasks } = await orchestrator.execute();
  expect({ status, task: tasks["t"] }).toMatchObject({
    status: "complete",
    task: { output: "Hello there", tokensUsed: 15, attempts: 3 },
  });
  expect(delays[0]).toBe(80);
  expect(fake.calls).toHaveLength(3);
});

describe("what is known before anything is sent", () => {
  test.each<[string, string, Partial<ModelRuntimeOptions>, RegExp]>([
    ["no key", ANTHROPIC, { providers: { anthropic: {} } }, /no key for anthropic: set ANTHROPIC_API_KEY/],
    ["no such provider", "antropic/claude-x", {}, /'antropic': did you mean 'anthropic'/],
    ["no such server", "compatible/lap/x", {}, /'lap': did you mean 'lab'/],
    ["a bad address", OPENAI, { providers: { openai: { apiKey: KEY, baseUrl: "file:///etc" } } }, /no http or https/],
    [
      "a schema that cannot be",
      OPENAI,
      { instructionsOf: () => ({ output: { type: "thing" } }) },
      /schema cannot be used/,
    ],
  ])("%s", async (_name, model, more, words) => {
    const outcome = await runtime(more).perform(attemptOf(model), heldWorld());
    expect(outcome).toMatchObject({
      ok: false,
      failure: "error",
      retry: "never",
      reason: expect.stringMatching(words),
    });
    expect(outcome.usage).toBeUndefined();
    expect(fake.calls).toEqual([]);
  });

  test("an attempt that is stopped before it begins calls nobody", async () => {
    const world = heldWorld();
    world.stop("cancelled");
    expect(await runtime().perform(attemptOf(OPENAI), world)).toMatchObject({
      failure: "stopped",
      reason: "cancelled",
    });
    expect(fake.calls).toEqual([]);
  });

  test("a server that nobody answers at, and the timer for a connection that never stands", async () => {
    const closed = await FakeProvider.start();
    const baseUrl = closed.url;
    await closed[Symbol.asyncDispose]();
    const gone = await runtime({ providers: { ollama: { baseUrl } } }).perform(attemptOf("ollama/m"), heldWorld());
    const reason = expect.stringMatching(/is Ollama running/);
    expect(gone).toMatchObject({ failure: "network", retry: "safe", reason });
    expect(gone.usage).toBeUndefined();

    // It takes connections, and never answers the handshake of TLS.
    const mute = createServer((socket) => sockets.push(socket));
    const sockets: Socket[] = [];
    await new Promise<void>((resolve) => mute.listen(0, "127.0.0.1", resolve));
    const address = mute.address() as { port: number };
    const providers = { openai: { apiKey: KEY, baseUrl: `https://127.0.0.1:${address.port}` } };
    const outcome = await runtime({ providers, timers: { connect: 40 } }).perform(attemptOf(OPENAI), heldWorld());
    expect(outcome).toMatchObject({ failure: "timeout", reason: `${OPENAI}: no connection within 40 ms` });
    expect(outcome.usage).toBeUndefined();
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => mute.close(resolve));
  });
});

test("what the packages would warn of is not printed", async () => {
  const warned: unknown[] = [];
  const listen = (warning: unknown) => warned.push(warning);
  process.on("warning", listen);
  // More than that model can say, of which its package warns.
  const settings = { output: { type: "object" }, maxTokens: 10_000_000 };
  await ending("anthropic/claude-sonnet-4-5", {}, { instructionsOf: () => settings });
  await new Promise((resolve) => setImmediate(resolve));
  process.off("warning", listen);
  expect(warned).toEqual([]);
});

test("a stream of Google that is cut is never taken for a whole reply", async () => {
  for (const fault of ["cut", "end"] as const)
    for (const after of [0, 1, 2])
      expect(await ending("google/gemini-2.5-pro", { after, fault }), `${fault} ${after}`).toMatchObject({
        ok: false,
        failure: fault === "cut" ? "network" : "error",
        retry: "safe",
      });
});

test("Google, Ollama and a compatible server are called in their own way", async () => {
  const bodies: { readonly [model: string]: string } = {
    "google/gemini-2.5-pro": "/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse",
    "ollama/llama3": "/v1/chat/completions",
    "compatible/lab/org/model": "/v1/chat/completions",
    "claude-sonnet-4-5": "/v1/messages",
    "gpt-5": "/v1/chat/completions",
  };
  for (const [model, path] of Object.entries(bodies)) {
    expect(await ending(model, {}), model).toMatchObject({
      ok: true,
      output: "Hello there",
      usage: { tokensUsed: 15 },
    });
    expect(fake.calls[0]?.path).toBe(path);
  }
});
