/** As much as the bar asks for, through HTTP: 50 tasks at once, a graph of 500, 1,000 messages; and what is left of it. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import type { RunEvent } from "../src/index.ts";
import {
  AT_ONCE,
  approve,
  gated,
  numbers,
  opened,
  REHEARSED,
  type Server,
  SOON,
  started,
  upTo,
} from "./support/server-kit.ts";

/** Limits of requests are not what is tried here. */
const UNLIMITED = { limits: { perSecond: 1e6, burst: 1e6 } };
const plain = (id: string, dependencies: readonly string[] = []) => ({
  ...{ id, agentName: "builder", description: `task ${id}`, prompt: `Do ${id}`, dependencies },
});
/** Ten layers of 50, each task waiting for three of the layer before. */
const graph = Array.from({ length: 500 }, (_, i) => {
  const before = i - (i % 50) - 50;
  return plain(`t${i}`, before < 0 ? [] : [0, 17, 31].map((step) => `t${before + ((i + step) % 50)}`));
});
const order = (on: Server, body: object) =>
  on.stream("/api/workflows/execute", undefined, { method: "POST", body: JSON.stringify(body) });
const of = <T extends RunEvent["type"]>(events: readonly RunEvent[], type: T) =>
  events.filter((event): event is Extract<RunEvent, { type: T }> => event.type === type);

function heapAfterCollection(): number {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** What was just let go of takes a few turns and collections to be free. */
async function settledHeap(): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 10; i++) {
    least = Math.min(least, heapAfterCollection());
    await new Promise(setImmediate);
  }
  return least;
}

test("[bar:load] 50 tasks are under way at once, and never more than were asked for", async () => {
  await using own = await started();
  const tasks = Array.from({ length: 60 }, (_, i) => plain(`t${i}`));
  const { events } = await order(own, { tasks, config: { ...REHEARSED, maxParallelAgents: 50 } });
  let under = 0;
  let most = 0;
  for (const { type } of events) {
    if (type === "agent:invoke") most = Math.max(most, ++under);
    if (type === "task:complete") under--;
  }
  expect([most, under]).toEqual([50, 0]);
  expect(events.at(-1)).toMatchObject({ status: "complete", summary: { successfulTasks: 60 } });
  // And in real time, where they take so long that all are seen at work.
  const run = await own.begin({ tasks, config: { rehearse: true, speed: 0.01, maxParallelAgents: 50 } });
  const metrics = async () => (await own.get("/api/metrics")).body;
  await expect.poll(metrics, SOON).toMatchObject({ activeJobs: 50, queueLength: 10 });
  await own.post(`/api/runs/${run}/cancel`);
  await own.stream(`/api/runs/${run}/events`);
  expect(await metrics()).toMatchObject({ activeJobs: 0, queueLength: 0 });
});

test("[bar:load] a graph of 500 tasks is streamed whole, each task after those it depends on, and leaves nothing behind", async () => {
  await using own = await started();
  const played = async (tasks: typeof graph) => {
    // Isolated, because what 500 prompts are made from is not what is tried here.
    const config = { ...REHEARSED, maxParallelAgents: 50, contextStrategy: "isolated" };
    const { events } = await order(own, { tasks, config });
    expect(numbers(events)).toEqual(upTo(events.length));
    const done = new Set<string>();
    const early: string[] = [];
    for (const event of events) {
      if (event.type === "task:start") early.push(...event.dependencies.filter((id) => !done.has(id)));
      if (event.type === "task:complete") done.add(event.taskId);
    }
    expect([done.size, early]).toEqual([tasks.length, []]);
    expect(events.at(-1)).toMatchObject({ type: "workflow:complete", summary: { successfulTasks: tasks.length } });
    await expect.poll(() => own.host.conducted, SOON).toEqual([]);
    expect((await own.get("/api/health")).body).toMatchObject({ streams: 0, conducted: 0 });
    return JSON.stringify(events).length;
  };
  // The first runs fill caches.
  await played(graph);
  const half = graph.slice(0, 250);
  const size = await played(half);
  const before = await settledHeap();
  for (let round = 0; round < 2; round++) await played(half);
  // Of what these were conducted with, two thirds of the size of the events of one would stay.
  expect((await settledHeap()) - before).toBeLessThan(size / 3);
});

test("[bar:load] 1,000 messages in one run are all sent, streamed in order and delivered, in memory that they account for", async () => {
  await using own = await started(UNLIMITED);
  const run = await own.begin({ tasks: gated(1), config: AT_ONCE });
  await opened(own, run, "t0");
  const streamed = own.stream(`/api/runs/${run}/events`);
  const text = "m".repeat(200);
  const before = heapAfterCollection();
  const statuses = new Map<number, number>();
  let left = 1000;
  const sender = async () => {
    while (left-- > 0) {
      const { status } = await own.post(`/api/runs/${run}/messages`, { agent: "builder", text: `${left} ${text}` });
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: 20 }, sender));
  expect([...statuses]).toEqual([[202, 1000]]);
  // Each of them is in a few places; were the run held as often as it has been read, it would be a thousand.
  const size = 1000 * JSON.stringify({ type: "message:sent", run, text }).length;
  expect(heapAfterCollection() - before).toBeLessThan(100 * size);
  await approve(own, run, "t0");
  const { events: all } = await streamed;
  expect(numbers(all)).toEqual(upTo(all.length));
  const sent = of(all, "message:sent");
  expect(new Set(sent.map(({ content }) => content)).size).toBe(1000);
  expect(of(all, "message:delivered")[0]?.messages).toEqual(numbers(sent));
  expect(all.at(-1)).toMatchObject({ type: "workflow:complete", status: "complete" });
});
