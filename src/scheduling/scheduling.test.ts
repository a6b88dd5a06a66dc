import * as fc from "fast-check";
import { expect, test } from "vitest";
import { optionsOf } from "../../test/support/run-model.ts";
import { told, who } from "../../test/support/told.ts";
import type { Stop } from "../domain/events.ts";
import type { AgentCards, RunOptions } from "../domain/plan.ts";
import { evolveLife, isEnded, isFinal, type Life, orderFault } from "./life.ts";
import { createPlaces, evolvePlaces, nextTicket, offer, type Places, type Ticket, withdraw } from "./places.ts";
import { evolveWorktime, limitAt, runWorktime, type Worktime } from "./worktime.ts";

function placesFor(agents: AgentCards, more: Partial<RunOptions> = {}): Places {
  const places = createPlaces();
  evolvePlaces(places, told("workflow:start", { agents, options: optionsOf(more) }));
  return places;
}
const ticket = (id: string, more: Partial<Ticket> = {}): Ticket => ({
  id,
  agentName: "a",
  priority: 5,
  rank: 0,
  order: 0,
  ...more,
});

/** Begins all that may begin, in order. */
function begin(places: Places): string[] {
  const begun: string[] = [];
  for (let next = nextTicket(places); next; next = nextTicket(places)) {
    evolvePlaces(places, told("agent:invoke", { ...who(next.id, next.agentName) }));
    begun.push(next.id);
  }
  return begun;
}
const end = (places: Places, id: string) => evolvePlaces(places, told("task:complete", who(id)));

test("[I4] among ready tasks the higher priority goes first, then the longer way, then the order given", async () => {
  const tickets = fc.uniqueArray(
    fc.record({ priority: fc.nat(2), rank: fc.nat(2), order: fc.nat(99), agent: fc.constantFrom("a", "b", "c") }),
    {
      selector: ({ order }) => order,
    },
  );
  await fc.assert(
    fc.property(tickets, (list) => {
      const places = placesFor({}, { maxParallelAgents: 1000 });
      for (const { agent, ...one } of list) offer(places, ticket(`t${one.order}`, { agentName: agent, ...one }));
      const sorted = [...list].sort((x, y) => y.priority - x.priority || y.rank - x.rank || x.order - y.order);
      expect(begin(places)).toEqual(sorted.map(({ order }) => `t${order}`));
    }),
  );
});

test("places in total, per agent and per provider are never exceeded, and a full lane holds up no other", () => {
  const cards: AgentCards = {
    one: { runtime: "f", places: 1 },
    p1: { runtime: "f", provider: "p" },
    p2: { runtime: "f", provider: "p" },
    free: { runtime: "f" },
  };
  const places = placesFor(cards, { maxParallelAgents: 5, providers: { p: 2 } });
  for (const agentName of ["one", "p1", "p2", "free"])
    for (const i of [1, 2, 3])
      offer(places, ticket(`${agentName}.${i}`, { agentName, priority: agentName === "free" ? 1 : 9, order: i }));
  expect(new Set(begin(places))).toEqual(new Set(["free.1", "free.2", "one.1", "p1.1", "p2.1"]));
  end(places, "p1.1");
  expect(begin(places)).toEqual(["p1.2"]);
  end(places, "free.1");
  end(places, "one.1");
  expect(begin(places)).toEqual(["one.2", "free.3"]);
});

test("a place comes back by every way in which an attempt can end, and once", () => {
  for (const type of ["task:complete", "task:error", "task:retry", "task:cancelled", "task:skipped"] as const) {
    const places = placesFor({ a: { runtime: "f", places: 1, provider: "p" } }, { providers: { p: 1 } });
    offer(places, ticket("x"));
    begin(places);
    for (let i = 0; i < 2; i++) evolvePlaces(places, told(type, who("x")));
    offer(places, ticket("y"));
    offer(places, ticket("z"));
    expect(begin(places)).toHaveLength(1);
  }
});

test("a task lies in a lane once, its newest ticket counting, and can be taken out", () => {
  const places = placesFor({}, { maxParallelAgents: 9 });
  offer(places, ticket("x", { rank: 1 }));
  offer(places, ticket("y", { rank: 2 }));
  offer(places, ticket("x", { rank: 3 }));
  offer(places, ticket("z"));
  withdraw(places, "z");
  expect(begin(places)).toEqual(["x", "y"]);
});

test("an agent whose card is changed has its new places and provider from then on, what is under way included", () => {
  const places = placesFor(
    { a: { runtime: "f", provider: "p" }, b: { runtime: "f", provider: "q" } },
    { providers: { p: 1, q: 1 } },
  );
  for (const id of ["a1", "a2", "a3"]) offer(places, ticket(id));
  offer(places, ticket("b1", { agentName: "b" }));
  expect(begin(places)).toHaveLength(2);
  evolvePlaces(places, told("plan:changed", { agents: { a: { runtime: "f", places: 2 } } }));
  expect(begin(places)).toHaveLength(1);
  evolvePlaces(places, told("plan:changed", { agents: { a: { runtime: "f", provider: "q" } } }));
  expect([places.perProvider.get("p"), places.perProvider.get("q")]).toEqual([0, 3]);
});

test("after a crash nothing is under way any more, and a retry keeps no place while it waits", () => {
  const places = placesFor({}, { maxParallelAgents: 1 });
  offer(places, ticket("x"));
  begin(places);
  offer(places, ticket("y"));
  expect(begin(places)).toEqual([]);
  evolvePlaces(places, told("workflow:resumed", { recovered: true }));
  expect(begin(places)).toEqual(["y"]);
});

const life = (...events: Parameters<typeof evolveLife>[1][]): Life => {
  const one: Life = { stage: "unborn" };
  for (const event of events) evolveLife(one, event);
  return one;
};
const start = told("workflow:start");
const stopping = (stop: Stop) => told("workflow:stopping", { stop, reason: "why" });

test.each<[string, Life, Partial<Record<"pause" | "resume" | "cancel", string>>]>([
  ["runs", life(start), { resume: "the run is not paused" }],
  ["is about to pause", life(start, stopping("pause")), { pause: "the run is stopping already: why" }],
  [
    "is paused",
    life(start, stopping("pause"), told("workflow:paused", { reason: "why" })),
    { pause: "the run is paused already" },
  ],
  [
    "stops for time",
    life(start, stopping("time")),
    { pause: "the run is stopping already: why", resume: "the run is stopping: why" },
  ],
  [
    "is being cancelled",
    life(start, stopping("cancel")),
    {
      pause: "the run is stopping already: why",
      resume: "the run is stopping: why",
      cancel: "the run is stopping already: why",
    },
  ],
  ["was resumed", life(start, stopping("pause"), told("workflow:resumed")), { resume: "the run is not paused" }],
])("a run that %s takes some orders and refuses others with a reason", (_how, one, faults) => {
  for (const order of ["pause", "resume", "cancel"] as const) expect(orderFault(one, order), order).toBe(faults[order]);
});

test("a life keeps why it stopped until it goes on, and a recovery does not make it go on", () => {
  const paused = life(
    start,
    stopping("pause"),
    told("workflow:paused", { reason: "lunch" }),
    told("workflow:resumed", { recovered: true }),
  );
  expect(paused).toEqual({ stage: "paused", reason: "lunch", stoppedAt: 0 });
  evolveLife(paused, told("workflow:resumed"));
  expect(paused).toEqual({ stage: "running", stoppedAt: 0 });
  expect([isFinal(life(start, stopping("time"))), isFinal(life(start, stopping("fail-fast")))]).toEqual([false, true]);
  const ends = [told("workflow:complete", { status: "failed" }), told("workflow:error"), told("workflow:cancelled")];
  expect(ends.map((event) => life(start, event)).map((one) => [one.stage, isEnded(one)])).toEqual([
    ["failed", true],
    ["failed", true],
    ["cancelled", true],
  ]);
});

/** `w5 i3` works for 5 and is idle for 3. */
function worked(words: string, time: Worktime = { before: 0, limit: 100 }, from = 1000): Worktime {
  let now = from;
  for (const word of words.split(" ")) {
    runWorktime(time, word.startsWith("w"), now);
    now += Number(word.slice(1));
  }
  runWorktime(time, true, now);
  return time;
}

test.each([
  ["w5", 1100],
  ["w5 i3", 1103],
  ["i7", 1107],
  ["w5 w5 i50 w5", 1150],
  ["i1 w1 i1 w1 i1", 1103],
])("the working time of '%s' reaches a limit of 100 at %i", (words, at) => {
  expect(limitAt(worked(words))).toBe(at);
});

test("a limit that stopped the run begins anew when it goes on, and a new one takes its place", () => {
  const time = worked("w100");
  evolveWorktime(time, told("workflow:paused", { cause: "time" }));
  runWorktime(time, false, 1100);
  evolveWorktime(time, told("workflow:resumed"));
  runWorktime(time, true, 5000);
  expect(limitAt(time)).toBe(5100);
  evolveWorktime(time, told("workflow:resumed", { globalTimeout: 30 }));
  expect((limitAt(time) ?? 0) - 5000).toBe(30);
  const user = worked("w60");
  evolveWorktime(user, told("workflow:paused", { cause: "user" }));
  evolveWorktime(user, told("workflow:resumed"));
  expect(limitAt(user)).toBe(1100);
  expect(limitAt({ before: 0, since: 5 })).toBeUndefined();
});

test("what lies between the last word of a run and its recovery is no work", () => {
  const time = worked("w10");
  evolveWorktime(time, told("workflow:resumed", { recovered: true, at: 9000 }));
  expect(limitAt(time)).toBe(9090);
});
