/** A model asked about the best of a ranking by words: over HTTP, from the command line and for plans that name nobody. */

import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { AnswerBook } from "../src/journal/answers.ts";
import { Cli, eventsIn } from "./support/cli-kit.ts";
import type { FakeReply } from "./support/fake-protocols.ts";
import { FakeProvider, type SeenCall } from "./support/fake-provider.ts";
import { type Answered, started } from "./support/server-kit.ts";

let provider: FakeProvider;
let server: Awaited<ReturnType<typeof started>>;
const env = () => ({ ANTHROPIC_API_KEY: "k", ANTHROPIC_BASE_URL: provider.url });
beforeAll(async () => {
  provider = await FakeProvider.start();
  server = await started({ env: env() });
});
beforeEach(() => {
  provider.script({});
  provider.answer = undefined;
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await provider[Symbol.asyncDispose]();
});
const cli = new Cli();
const route = (body: object): Promise<Answered> => server.post("/api/route", body);

const candidatesIn = ({ body }: SeenCall): readonly string[] => {
  const text: string = body.messages[0].content.map(({ text }: { text: string }) => text).join("");
  return JSON.parse(text.slice(text.indexOf("The candidates:\n") + 16)).map((one: { agent: string }) => one.agent);
};
/** Marks by name; everybody else gets a 1. */
const marking = (fits: { readonly [agent: string]: number }) => (call: SeenCall) => ({
  text: [
    JSON.stringify({
      marks: candidatesIn(call).map((agent) => ({ agent, fit: fits[agent] ?? 1, because: `as ${agent} is` })),
    }),
  ],
  usage: { fresh: 1000, output: 200 },
});
/** By words the second is close behind the first. */
const TASK = "VoiceOver reads the buttons of our checkout in the wrong order";
const [FIRST, SECOND] = ["accessibility-auditor", "ux-writer"] as const;

describe("POST /api/route with rerank", () => {
  test("without being asked for it no model is called", async () => {
    expect((await route({ task: TASK })).body.agent).toBe(FIRST);
    expect((await route({ task: TASK, rerank: false })).body.rerank).toBeUndefined();
    expect(provider.calls).toEqual([]);
  });

  test("what the model says is one term more, said as such, paid once and then read from the cache", async () => {
    const before = (await route({ task: TASK })).body;
    provider.answer = marking({ [SECOND]: 4, [FIRST]: 0 });
    const first = (await route({ task: TASK, rerank: true })).body;
    expect([first.agent, first.evidence.at(-1)]).toEqual([
      SECOND,
      { what: "model", adds: 1.8, because: `anthropic/claude-haiku-4-5 marks it 4 of 4: as ${SECOND} is` },
    ]);
    expect(first.evidence.slice(0, -1)).toEqual(before.alternatives[0].evidence);
    expect(first.rerank).toEqual({
      ...{ model: "anthropic/claude-haiku-4-5", cached: false, tokensUsed: 1200 },
      costUsd: expect.closeTo(0.002),
    });
    expect([provider.calls.length, candidatesIn(provider.calls[0] as SeenCall).length]).toEqual([1, 8]);
    const again = (await route({ task: TASK, rerank: true })).body;
    expect([again.agent, again.rerank, provider.calls.length]).toEqual([
      SECOND,
      { model: "anthropic/claude-haiku-4-5", cached: true, tokensUsed: 0, costUsd: 0 },
      1,
    ]);
    expect(await server.host.agency.reranking.spent()).toMatchObject({ calls: 1, tokensUsed: 1200 });
    // Another definition of one of the eight, another question.
    server.host.agency.roster.update(SECOND, { tier: "strong" });
    expect((await route({ task: TASK, rerank: true })).body.rerank.cached).toBe(false);
    server.host.agency.roster.delete(SECOND);
  });

  test("where all are marked as others' work nobody fits, and whoever is made for it fits where words know nobody", async () => {
    const task = "who waters the plants in the lobby";
    const { alternatives, agent } = (await route({ task })).body;
    expect(agent).toBeNull();
    const [, second] = alternatives.map((one: { agent: string }) => one.agent);
    provider.answer = marking({ [second]: 4 });
    expect((await route({ task, rerank: true })).body.agent).toBe(second);
    provider.answer = (call) => marking(Object.fromEntries(candidatesIn(call).map((one) => [one, 0])))(call);
    const none = (await route({ task: `${TASK}!`, rerank: true })).body;
    expect([none.agent, none.reasoning]).toEqual([null, expect.stringContaining("marks all of them as others' work")]);
  });

  test.each<[string, FakeReply, RegExp]>([
    ["refuses", { status: 400, error: { type: "invalid_request_error", message: "no" } }, /no/],
    ["is overloaded", { status: 529 }, /529|overloaded/],
    ["says what is no JSON", { text: ["postgres-expert, I think"] }, /not JSON/],
    ["marks somebody else", { text: ['{"marks":[]}'] }, /marked none of them/],
    ["breaks off", { after: 2, fault: "cut" }, /./],
  ])("a model that %s leaves the choice by words, which says so", async (what, reply, reason) => {
    provider.script(reply);
    const { body } = await route({ task: `${TASK} (${what.length})`, rerank: true });
    expect([body.agent, body.reasoning, body.rerank.failed]).toEqual([
      FIRST,
      expect.stringContaining("by words alone, because"),
      expect.stringMatching(reason),
    ]);
  });

  test("a model that cannot be named is refused, and one without being asked for", async () => {
    const unknown = await route({ task: TASK, rerank: true, model: "antropic/x" });
    expect([unknown.status, unknown.body.error.path]).toEqual([422, "model"]);
    expect((await route({ task: TASK, model: "anthropic/x" })).body.error.path).toBe("model");
    expect(provider.calls).toEqual([]);
  });
});

test("a plan that names nobody is filled by a model only where that is set", async () => {
  const plan = { tasks: [{ id: "a", description: TASK, prompt: "Say what to do" }] };
  const config = { rehearse: true, speed: "max" } as const;
  await server.host.ready({ ...plan, config });
  expect([server.host.prepare({ ...plan, config }).tasks[0]?.agentName, provider.calls.length]).toEqual([FIRST, 0]);
  provider.answer = marking({ [SECOND]: 4, [FIRST]: 0 });
  const home = cli.homes.path({ "config.yaml": "route: { rerank: true }\n" });
  const terminal = cli.terminal({ "plan.json": JSON.stringify(plan) }, { ...env(), TUTTI_HOME: home });
  const { out, err } = await terminal.tutti("run", "plan.json", "--rehearse", "--speed", "max", "--json");
  const added = eventsIn(out).find((event) => event.type === "task:added");
  expect([provider.calls.length, added?.agentName, added?.agentReason]).toEqual([
    1,
    SECOND,
    expect.stringContaining("anthropic/claude-haiku-4-5 marks it 4 of 4"),
  ]);
  expect(err).toContain("asked anthropic/claude-haiku-4-5 who does 1 task: 1.2k tokens, $0.0020");
  const said = await terminal.tutti("route", TASK, "--rerank", "--model", "claude-haiku-4-5");
  expect(said.err).toMatch(/anthropic\/claude-haiku-4-5: 1\.2k tokens, \$0\.0020; so far 2 calls, \$0\.0040/);
});

test("where the model fails, the rest of a plan goes by words without asking again", async () => {
  provider.script({ status: 400, error: { type: "invalid_request_error", message: "no" } });
  const { agency } = server.host;
  const tasks = Array.from({ length: 20 }, (_, i) => ({ description: TASK, prompt: `Part ${i}` }));
  await agency.decide(tasks);
  expect([provider.calls.length, agency.asked]).toEqual([
    5,
    expect.objectContaining({ tasks: 5, costUsd: 0, failed: expect.any(String) }),
  ]);
  for (const task of tasks)
    expect(agency.agentFor(task)).toEqual({
      agentName: expect.any(String),
      agentReason: expect.stringContaining("by words alone, because anthropic answered 400"),
    });
});

test("of answers the oldest go when there are too many, and a database that is none is no fault", async () => {
  const file = join(cli.homes.path({ "x.txt": "" }), "host.db");
  const book = new AnswerBook(file, 2);
  for (const [i, key] of ["a", "b", "c"].entries()) await book.put(key, { key }, i);
  expect([await book.get("a"), await book.get("b"), await book.get("c")]).toEqual([
    undefined,
    { key: "b" },
    { key: "c" },
  ]);
  await book.spend("x", { tokensUsed: 5, costUsd: 0.5 });
  await book.spend("x", { tokensUsed: 5, costUsd: null });
  expect(await book.spent("x")).toEqual({ calls: 2, tokensUsed: 10, costUsd: null });
  await book.close();
  const other = new DatabaseSync(file);
  expect(other.prepare("select count(*) as n from answer").get()).toEqual({ n: 2 });
  other.close();
  const broken = new AnswerBook(cli.homes.path({ "x.txt": "" }));
  await broken.put("a", 1, 1);
  expect([await broken.get("a"), (await broken.spent("x")).calls]).toEqual([undefined, 0]);
});
