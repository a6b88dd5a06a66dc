/** What all runs of a home together may spend in a day. */
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Host } from "../src/app/host.ts";
import { FakeProvider } from "./support/fake-provider.ts";
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

test("[I7] a run gets what is left of the day, and none begins when nothing is", async () => {
  const host = await open("dayBudget: { tokens: 2500 }\n");
  const first = await admit(host);
  expect(first.config.budget).toEqual({ tokens: 2500 });
  expect(await host.start(first)).toMatchObject({ status: "complete", summary: { totalTokens: 1000 } });
  expect((await admit(host)).config.budget).toEqual({ tokens: 1500 });
  expect((await admit(host, { budget: { tokens: 700, turns: 3 } })).config.budget).toEqual({ tokens: 700, turns: 3 });
  await host.start(await admit(host));
  // Too little for a turn: both pause, and what they may still spend is set aside.
  expect(await host.start(await admit(host, { budget: { tokens: 400 } }))).toMatchObject({ status: "paused" });
  expect(await host.start(await admit(host))).toMatchObject({ status: "paused" });
  await expect(admit(host)).rejects.toThrow(/the day's budget of 2500 tokens is spent/);
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
  expect((await admit(host)).config.budget).toEqual({ tokens: 1000 });
  go.resolve();
  fake.answer = undefined;
  await under;
  expect((await admit(host)).config.budget).toEqual({ tokens: 4000 });
});

test("a rehearsal costs nothing and is not counted, and money needs known prices", async () => {
  const host = await open("dayBudget: { usd: 1 }\n");
  const rehearsal = await admit(host, { rehearse: true, speed: "max" });
  expect(rehearsal.config.budget).toBeUndefined();
  await host.start(rehearsal);
  expect((await admit(host)).config.budget).toEqual({ usd: 1 });
  const unknown = host.prepare({ tasks: [work("a")], config: { model: "anthropic/claude-unheard-of" } });
  await expect(host.admit(unknown)).rejects.toThrow(/price of .*unheard-of is not known/);
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
  await expect(host.fork(handle.id, { from: "a" })).rejects.toThrow(/the day's budget of 2500 tokens is spent/);
});
