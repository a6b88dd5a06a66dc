/** What all runs of a home together may spend in a day. */
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Host } from "../src/app/host.ts";
import { FakeProvider } from "./support/fake-provider.ts";
import { eventsOf } from "./support/finish.ts";
import { Homes, work } from "./support/homes.ts";

const homes = new Homes();
let fake: FakeProvider;
beforeAll(async () => {
  fake = await FakeProvider.start();
  fake.script({ text: ["Done"], usage: { fresh: 900, output: 100 } });
});
afterAll(() => fake[Symbol.asyncDispose]());

const open = (config: string) =>
  homes.open({
    home: homes.path({ "config.yaml": config }),
    env: { ANTHROPIC_API_KEY: "k", ANTHROPIC_BASE_URL: fake.url },
  });
const model = "anthropic/claude-sonnet-4-5";
const admit = (host: Host, config: object = {}) =>
  host.admit(host.prepare({ tasks: [work("a", { retries: 0 })], config: { model, ...config } }));
/** What a run would get that is not begun after all. */
async function roomOf(host: Host, config: object = {}) {
  const { claim, config: admitted } = await admit(host, config);
  claim?.giveBack();
  return admitted.budget;
}

test("[I7] a run gets what is left of the day, and none begins when nothing is", async () => {
  const host = await open("dayBudget: { tokens: 2500 }\n");
  const first = await admit(host);
  expect(first.config.budget).toEqual({ tokens: 2500 });
  expect(await host.start(first)).toMatchObject({ status: "complete", summary: { totalTokens: 1000 } });
  expect(await roomOf(host)).toEqual({ tokens: 1500 });
  expect(await roomOf(host, { budget: { tokens: 700, turns: 3 } })).toEqual({ tokens: 700, turns: 3 });
  await host.start(await admit(host));
  // Too little for a turn: it pauses, and holds nothing that another could use.
  const paused = host.start(await admit(host, { budget: { tokens: 400 } }));
  expect(await paused).toMatchObject({ status: "paused" });
  expect(await roomOf(host)).toEqual({ tokens: 500 });
  await host.command(paused.id, { type: "cancel" });
});

test("what is under way counts with all that it may still spend", async () => {
  const host = await open("dayBudget: { tokens: 5000 }\n");
  const called = Promise.withResolvers<void>();
  const go = Promise.withResolvers<void>();
  fake.answer = async () => {
    called.resolve();
    await go.promise;
    return undefined;
  };
  const under = host.start(await admit(host, { budget: { tokens: 4000 } }));
  await called.promise;
  expect(await roomOf(host)).toEqual({ tokens: 1000 });
  const claimed = await admit(host, { budget: { tokens: 1000 } });
  const refused = await admit(host).catch((error) => error);
  expect(refused.message).toContain(
    "the day's budget of 5000 tokens is spent or set aside: 0 tokens spent today, 5000 tokens set aside for what is under way",
  );
  expect(refused.message).toContain(`${under.id}: 4000 tokens`);
  expect(refused).toMatchObject({ path: "dayBudget.tokens", hint: expect.stringMatching(/cancel or pause a run/) });
  claimed.claim?.giveBack();
  go.resolve();
  fake.answer = undefined;
  await under;
  expect(await roomOf(host)).toEqual({ tokens: 4000 });
});

test("[I7] two that begin at once do not share the same room, whichever process they are in", async () => {
  const home = homes.path({ "config.yaml": "dayBudget: { tokens: 5000 }\n" });
  const env = { ANTHROPIC_API_KEY: "k", ANTHROPIC_BASE_URL: fake.url };
  const [one, two] = [await homes.open({ home, env }), await homes.open({ home, env })];
  const both = await Promise.all([admit(one, { budget: { tokens: 3000 } }), admit(two, { budget: { tokens: 3000 } })]);
  const budgets = both.map(({ config }) => config.budget?.tokens ?? 0);
  expect(budgets.toSorted()).toEqual([2000, 3000]);
  await Promise.all([one.start(both[0]), two.start(both[1])]);
  expect(await roomOf(one)).toEqual({ tokens: 3000 });
});

test("[I7] a run that goes on gets what is left of the day, whatever somebody raises it to", async () => {
  const host = await open("dayBudget: { tokens: 2500 }\n");
  const first = host.start(await admit(host, { budget: { tokens: 300 } }));
  expect(await first).toMatchObject({ status: "paused" });
  await host.start(await admit(host));
  // Of its own it has spent nothing; 1500 are left, and it asks for more.
  const { handle } = await host.resume(first.id, { type: "resume", budget: { tokens: 90_000, turns: 9 } });
  expect(await handle).toMatchObject({ status: "complete" });
  const resumed = (await eventsOf(handle)).find(({ type }) => type === "workflow:resumed");
  expect(resumed).toMatchObject({ budget: { tokens: 1500, turns: 9 } });
  await host.start(await admit(host, { budget: { tokens: 500 } }));
  const last = host.start(await admit(host, { budget: { tokens: 100 } }));
  expect(await last).toMatchObject({ status: "paused" });
  // What is left of the day is the least that a run can be refused.
  expect(await roomOf(host)).toEqual({ tokens: 500 });
});

test("[I7] two that go on at once do not share the same room, and the claim of one that went on is gone", async () => {
  const home = homes.path({ "config.yaml": "dayBudget: { tokens: 5000 }\n" });
  const env = { ANTHROPIC_API_KEY: "k", ANTHROPIC_BASE_URL: fake.url };
  const [one, two] = [await homes.open({ home, env }), await homes.open({ home, env })];
  const first = one.start(await admit(one, { budget: { tokens: 300 } }));
  const second = two.start(await admit(two, { budget: { tokens: 300 } }));
  await Promise.all([first, second]);
  const go = Promise.withResolvers<void>();
  fake.answer = async () => {
    await go.promise;
    return undefined;
  };
  const raise = { type: "resume", budget: { tokens: 3000 } } as const;
  const gone = await Promise.all([one.resume(first.id, raise), two.resume(second.id, raise)]);
  go.resolve();
  fake.answer = undefined;
  const budgets = await Promise.all(
    gone.map(async ({ handle }) => {
      await handle;
      const resumed = (await eventsOf(handle)).find(({ type }) => type === "workflow:resumed");
      return resumed && "budget" in resumed ? (resumed.budget?.tokens ?? 0) : 0;
    }),
  );
  expect(budgets.toSorted()).toEqual([2000, 3000]);
  expect(await roomOf(one)).toEqual({ tokens: 3000 });
});

test("a rehearsal costs nothing and is not counted, and money needs known prices", async () => {
  const host = await open("dayBudget: { usd: 1 }\n");
  const rehearsal = await admit(host, { rehearse: true, speed: "max" });
  expect(rehearsal.config.budget).toBeUndefined();
  await host.start(rehearsal);
  expect(await roomOf(host)).toEqual({ usd: 1 });
  const unknown = host.prepare({ tasks: [work("a")], config: { model: "anthropic/claude-unheard-of" } });
  await expect(host.admit(unknown)).rejects.toThrow(/price of .*unheard-of is not known/);
});

test("[I7] a rehearsal keeps to a limit of money too, also where several begin at once", async () => {
  const host = await open("");
  const tasks = ["a", "b", "c", "d"].map((id) => work(id));
  const config = { model, rehearse: true, speed: "max", seed: 3 };
  const free = await host.start(host.prepare({ tasks, config }));
  const cap = (free.summary.totalCostUsd ?? 0) / 3;
  const handle = host.start(host.prepare({ tasks, config: { ...config, budget: { usd: cap } } }));
  const results = await handle;
  expect(results.status).toBe("paused");
  expect(results.summary.totalCostUsd).toBeGreaterThan(0);
  expect(results.summary.totalCostUsd).toBeLessThanOrEqual(cap);
});

test("[I7] a branch of a run is a run too: it gets what is left of the day", async () => {
  const host = await open("dayBudget: { tokens: 2500 }\n");
  const handle = host.start(await admit(host));
  await handle;
  const { handle: forked } = await host.fork(handle.id, { from: "a" });
  expect(await forked).toMatchObject({ status: "complete" });
  expect((await host.state(forked.id)).start?.options.budget).toEqual({ tokens: 1500 });
  const { handle: last } = await host.fork(handle.id, { from: "a" });
  expect(await last).toMatchObject({ status: "paused" });
  expect((await host.state(last.id)).start?.options.budget).toEqual({ tokens: 500 });
});
