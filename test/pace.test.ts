/** How fast calls go out, in virtual time; and that a call of a model really waits its turn. */
import { expect, test } from "vitest";
import { settled, VirtualClock } from "../src/app/virtual-clock.ts";
import { Pace } from "../src/runtimes/model/pace.ts";
import { limitsOf } from "../src/runtimes/model/retry-after.ts";
import { modelRuntime } from "../src/runtimes/model/runtime.ts";
import { FakeProvider } from "./support/fake-provider.ts";
import { attemptOf, heldWorld } from "./support/model-attempt.ts";

const OF = { account: "openai", model: "gpt-5" };
const never = new AbortController().signal;
const requests = (limit: number, remaining: number, reset: string) => ({
  "x-ratelimit-limit-requests": String(limit),
  "x-ratelimit-remaining-requests": String(remaining),
  "x-ratelimit-reset-requests": reset,
});

/** When each of so many calls may go, in milliseconds from now. */
async function timesOf(clock: VirtualClock, pace: Pace, calls: number, of = OF): Promise<number[]> {
  const began = clock.now();
  const times: number[] = [];
  for (let i = 0; i < calls; i++)
    void Promise.resolve(pace.enter(of, never)).then(() => times.push(clock.now() - began));
  await settled();
  while (times.length < calls && clock.step()) await settled();
  return times;
}

test("calls go at once while nobody says otherwise, and while enough is left", async () => {
  const clock = new VirtualClock();
  const pace = new Pace(clock);
  expect(await timesOf(clock, pace, 5)).toEqual([0, 0, 0, 0, 0]);
  pace.heard(OF, 200, requests(100, 50, "30s"));
  pace.heard(OF, 200, { "x-ratelimit-remaining-requests": "garbage", "anthropic-ratelimit-requests-reset": "soon" });
  expect(pace.enter(OF, never)).toBeUndefined();
});

test("what is left of a limit is spread over the time until it is lifted", async () => {
  const clock = new VirtualClock();
  const pace = new Pace(clock);
  pace.heard(OF, 200, requests(100, 5, "10s"));
  expect(await timesOf(clock, pace, 5)).toEqual([0, 2000, 4000, 6000, 8000]);
  await clock.pass(10_000);
  expect(await timesOf(clock, pace, 3)).toEqual([0, 0, 0]);
  pace.heard(OF, 200, requests(100, 0, "6s"));
  expect((await timesOf(clock, pace, 1))[0]).toBe(6000);
  expect(pace.enter({ ...OF, model: "gpt-5-mini" }, never)).toBeUndefined();
});

test("tokens are spread by what calls were seen to take", async () => {
  const clock = new VirtualClock();
  const pace = new Pace(clock);
  const tokens = (remaining: number) => {
    const reset = new Date(clock.now() + 10_000).toISOString();
    const of = (name: string) => `anthropic-ratelimit-input-tokens-${name}`;
    return { [of("limit")]: "100000", [of("remaining")]: String(remaining), [of("reset")]: reset };
  };
  for (let left = 60_000; left >= 9000; left -= 3000) pace.heard(OF, 200, tokens(left));
  // Three calls of about 3,000 are left for ten seconds.
  const [first = 0, second = 0, third = 0] = await timesOf(clock, pace, 3);
  expect(first).toBe(0);
  expect(second).toBeGreaterThan(2000);
  expect(third - second).toBe(second);
});

test("a 429 that says how long holds every call of that key, and lets them go one after the other", async () => {
  const clock = new VirtualClock();
  const pace = new Pace(clock);
  pace.heard(OF, 429, { "retry-after": "7" });
  const others = timesOf(clock, pace, 2, { ...OF, model: "gpt-5-mini" });
  expect(pace.enter({ account: "anthropic", model: "x" }, never)).toBeUndefined();
  expect(await timesOf(clock, pace, 2)).toEqual([7100, 7150]);
  expect(await others).toEqual([7000, 7050]);
});

test("a hold that comes while others wait holds them longer, and whoever is asked to stop leaves", async () => {
  const clock = new VirtualClock();
  const pace = new Pace(clock);
  pace.heard(OF, 429, { "retry-after": "2" });
  const stop = new AbortController();
  const left = expect(pace.enter(OF, stop.signal)).rejects.toThrow("enough");
  const times = timesOf(clock, pace, 1);
  pace.heard(OF, 429, { "retry-after": "5" });
  stop.abort(new Error("enough"));
  await left;
  expect(await times).toEqual([5000]);
});

test("limits of both protocols are read by the server's own clock, whatever ours says", () => {
  const date = "Wed, 21 Oct 2026 07:28:00 GMT";
  const of = (name: string) => `anthropic-ratelimit-requests-${name}`;
  const headers = { date, [of("limit")]: "50", [of("remaining")]: "3", [of("reset")]: "2026-10-21T07:28:20Z" };
  for (const skew of [-3_600_000, 0, 3_600_000])
    expect(limitsOf(headers, Date.parse(date) + skew)).toEqual([
      { kind: "requests", limit: 50, remaining: 3, resetIn: 20_000 },
    ]);
  expect(limitsOf(requests(10, 1, "1m6s"), 0)).toEqual([
    { kind: "requests", limit: 10, remaining: 1, resetIn: 66_000 },
  ]);
  expect(limitsOf(requests(10, 1, "soon"), 0)).toEqual([]);
  expect(limitsOf({ ...requests(10, 1, "1s"), "x-ratelimit-limit-requests": "0" }, 0)).toEqual([]);
});

test("after a refusal of one attempt another one of the same key does not call before its time, and its own time rests", async () => {
  await using fake = await FakeProvider.start();
  const clock = new VirtualClock();
  const one = { apiKey: "k", baseUrl: fake.url };
  const runtime = modelRuntime({ clock, providers: { openai: one, anthropic: one }, instructionsOf: () => ({}) });
  fake.script({ status: 429, headers: { "retry-after": "30" } }, {});
  expect(await runtime.perform(attemptOf("openai/gpt-5"), heldWorld())).toMatchObject({ failure: "rate-limit" });
  let rested = 0;
  const world = Object.assign(heldWorld(), {
    rest: <T>(wait: Promise<T>) => {
      rested++;
      return wait;
    },
  });
  const held = runtime.perform(attemptOf("openai/gpt-5-mini"), world);
  expect(await runtime.perform(attemptOf("anthropic/claude-sonnet-4-5"), heldWorld())).toMatchObject({ ok: true });
  expect([fake.calls.length, rested]).toEqual([2, 1]);
  await clock.pass(30_000);
  expect(await held).toMatchObject({ ok: true });
  expect(fake.calls).toHaveLength(3);
});
