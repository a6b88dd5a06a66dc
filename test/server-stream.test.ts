/** Event streams: live, to many clients at once, over broken lines and to clients that do not read. */
import { afterAll, expect, test } from "vitest";
import { MIB } from "../src/server/body.ts";
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
import { answerTo, SseClient } from "./support/sse-client.ts";

const api = await started();
afterAll(() => api[Symbol.asyncDispose]());

const streams = async (on: Server) => (await on.get("/api/health")).body.streams;
test("[bar:sse] 200 clients of one run share one reader of its journal, and each gets every event in order", async () => {
  await using own = await started();
  const counted = { tail: 0, read: 0 };
  const journal = own.host.journal as { -readonly [K in "tail" | "read"]: (typeof own.host.journal)[K] };
  const { tail, read } = journal;
  journal.tail = (...given) => {
    counted.tail++;
    return tail(...given);
  };
  journal.read = (...given) => {
    counted.read++;
    return read(...given);
  };
  const run = await own.begin({ tasks: gated(4), config: AT_ONCE });
  await opened(own, run, "t0");
  const before = counted.read;
  const clients = Array.from({ length: 200 }, () => new SseClient(own.server.port, run));
  await Promise.all(clients.map((client) => client.until(() => client.ids.length > 0)));
  expect(await streams(own)).toBe(200);
  expect(counted.tail).toBe(1);
  expect(counted.read - before).toBeLessThan(20);
  for (const gate of ["t0", "t1"]) await approve(own, run, gate);
  // Some come later, one goes.
  const late = Array.from({ length: 20 }, () => new SseClient(own.server.port, run));
  clients.pop()?.socket.destroy();
  for (const gate of ["t2", "t3"]) await approve(own, run, gate);
  const all = [...clients, ...late];
  await Promise.all(all.map(({ gone }) => gone));
  const { events } = (await own.get(`/api/runs/${run}/events?limit=1000`)).body;
  for (const { ids } of all) expect(ids).toEqual(upTo(events.length));
  expect(counted.tail).toBe(1);
  await expect.poll(() => streams(own), SOON).toBe(0);
});

test("[bar:sse] a client that never reads costs less than 10 MB, is dropped, and catches up with Last-Event-ID", async () => {
  await using own = await started({ limits: { perSecond: 1e6, burst: 1e6, patience: 0 } });
  const run = await own.begin({ tasks: gated(1), config: AT_ONCE });
  await opened(own, run, "t0");
  const good = new SseClient(own.server.port, run);
  await good.until(() => good.ids.length > 0);
  using held = answerTo(({ url }) => url === `/api/runs/${run}/events?from=2`);
  const stuck = new SseClient(own.server.port, run, { from: 2 });
  await stuck.until(() => stuck.ids.length > 0);
  stuck.socket.pause();
  const text = "x".repeat(60_000);
  let sent = 0;
  // The kernel takes some megabytes for it before the server has to.
  for (; (await streams(own)) === 2 && sent < 300; sent++) {
    await own.post(`/api/runs/${run}/messages`, { agent: "builder", text });
    held.look();
  }
  expect(sent).toBeLessThan(300);
  expect(sent * text.length).toBeGreaterThan(2 * MIB);
  expect(held.look()).toBeGreaterThan(0);
  expect(held.look()).toBeLessThan(MIB);
  stuck.socket.resume();
  await stuck.gone;
  await approve(own, run, "t0");
  await good.gone;
  expect(good.ids).toEqual(upTo(good.ids.length));
  expect(stuck.ids.length).toBeLessThan(good.ids.length);
  const { events } = await own.stream(`/api/runs/${run}/events`, undefined, {
    headers: { "Last-Event-ID": String(stuck.ids.at(-1)) },
  });
  expect([1, ...stuck.ids, ...numbers(events)]).toEqual(good.ids);
});

test("[bar:sse] 40 that never read hold no more than a piece each, however large the events are", async () => {
  await using own = await started();
  const tasks = gated(45).map((task) => ({ ...task, prompt: "x".repeat(100_000) }));
  const run = await own.begin({ tasks, config: AT_ONCE });
  await opened(own, run, "t0");
  const stuck = Array.from({ length: 40 }, (_, i) => {
    const held = answerTo(({ url }) => url === `/api/runs/${run}/events?from=${i + 1}`);
    const client = new SseClient(own.server.port, run, { from: i + 1 });
    client.socket.pause();
    return { held, client };
  });
  await expect.poll(() => streams(own), SOON).toBe(40);
  const { events } = (await own.get(`/api/runs/${run}/events`)).body;
  expect(JSON.stringify(events).length).toBeGreaterThan(4 * MIB);
  for (const { held, client } of stuck) {
    expect(held.look()).toBeLessThan(MIB / 2);
    held[Symbol.dispose]();
    client.socket.destroy();
  }
  await expect.poll(() => streams(own), SOON).toBe(0);
});

test("a client that reconnects with Last-Event-ID in the middle of a live run misses nothing and gets nothing twice", async () => {
  const run = await api.begin({ tasks: gated(3), config: AT_ONCE });
  const had: number[] = [];
  for (const gate of ["t0", "t1", "t2"]) {
    await opened(api, run, gate);
    const last = had.at(-1);
    const client = new SseClient(api.server.port, run, last === undefined ? {} : { seen: last });
    await client.until(() => client.ids.length > 1);
    client.socket.destroy();
    had.push(...client.ids);
    await approve(api, run, gate);
  }
  const { events } = await api.stream(`/api/runs/${run}/events`, undefined, {
    headers: { "Last-Event-ID": String(had.at(-1)) },
  });
  had.push(...numbers(events));
  expect(had).toEqual(upTo(had.length));
  expect(events.at(-1)?.type).toBe("workflow:complete");
});

test("Last-Event-ID: at the end there is nothing to come back for, garbage and numbers to come are refused by name", async () => {
  const run = await api.begin({ workflowId: "code-review", config: REHEARSED });
  const { events } = await api.stream(`/api/runs/${run}/events`);
  const ask = (id: string) =>
    api.get(`/api/runs/${run}/events`, { headers: { Accept: "text/event-stream", "Last-Event-ID": id } });
  expect((await ask(String(events.length))).status).toBe(204);
  for (const bad of ["abc", "-1", "1.5", "1e3", "9".repeat(30)]) {
    const { status, body } = await ask(bad);
    expect([bad, status, body.error.path]).toEqual([bad, 422, "Last-Event-ID"]);
  }
  const { status, body } = await ask(String(events.length + 1));
  expect([status, body.error.code]).toEqual([422, "BAD_INPUT"]);
  expect(body.error.message).toContain("has no event");
  const again = await api.stream(`/api/runs/${run}/events`, undefined, { headers: { "Last-Event-ID": "0" } });
  expect(numbers(again.events)).toEqual(upTo(events.length));
  const wins = await api.stream(`/api/runs/${run}/events?from=2`, undefined, { headers: { "Last-Event-ID": "5" } });
  expect(numbers(wins.events)).toEqual(upTo(events.length, 6));
});

test("a run survives the client that ordered it and left in the middle", async () => {
  const { events } = await api.stream("/api/workflows/execute", ({ type }) => type === "gate:opened", {
    method: "POST",
    body: JSON.stringify({ tasks: gated(1), config: AT_ONCE }),
  });
  const run = events[0]?.run ?? "";
  await expect.poll(() => streams(api), SOON).toBe(0);
  expect((await api.get(`/api/runs/${run}`)).body.status).toBe("waiting");
  await approve(api, run, "t0");
  const rest = await api.stream(`/api/runs/${run}/events`, undefined, {
    headers: { "Last-Event-ID": String(events.at(-1)?.seq) },
  });
  expect(rest.events.at(-1)).toMatchObject({ type: "workflow:complete", status: "complete" });
});

test("a stream with nothing to tell beats, so that nobody takes the line for dead", async () => {
  await using own = await started({ limits: { heartbeat: 20 } });
  const run = await own.begin({ tasks: gated(1), config: AT_ONCE });
  const client = new SseClient(own.server.port, run);
  await client.until(() => client.comments.length >= 3);
  await approve(own, run, "t0");
  await client.gone;
  expect(client.ids).toEqual(upTo(client.ids.length));
});

test("where no stream is free an order for one is refused before its run is begun", async () => {
  await using own = await started({ limits: { streams: 1 } });
  const run = await own.begin({ tasks: gated(1), config: AT_ONCE });
  const first = new SseClient(own.server.port, run);
  await first.until(() => first.ids.length > 0);
  const headers = { Accept: "text/event-stream" };
  const order = { tasks: gated(1), config: AT_ONCE };
  const refused = await own.post("/api/workflows/execute", order, { headers });
  expect([refused.status, refused.body.error.code, refused.headers["retry-after"]]).toEqual([429, "RATE_LIMITED", "5"]);
  expect((await own.get(`/api/runs/${run}/events`, { headers })).status).toBe(429);
  expect((await own.get("/api/runs")).body.runs).toHaveLength(1);
  first.socket.destroy();
  await expect.poll(() => streams(own), SOON).toBe(0);
  const second = new SseClient(own.server.port, run);
  await second.until(() => second.ids.length > 0);
});

test("a server that closes ends its streams in good order, and the next one goes on where they were", async () => {
  const own = await started();
  const run = await own.begin({ tasks: gated(1), config: AT_ONCE });
  await opened(own, run, "t0");
  const client = new SseClient(own.server.port, run);
  await client.until(() => client.ids.length > 0);
  await Promise.all([own.server.close(), client.gone]);
  expect(client.ids).toEqual(upTo(client.ids.length));
  await own[Symbol.asyncDispose]();
});

test("where the journal goes away the streams end, and whoever comes back is told", async () => {
  const own = await started();
  const run = await own.begin({ tasks: gated(1), config: AT_ONCE });
  await opened(own, run, "t0");
  const client = new SseClient(own.server.port, run);
  await client.until(() => client.ids.length > 0);
  await own.host[Symbol.asyncDispose]();
  await client.gone;
  const { status, body } = await own.get(`/api/runs/${run}/events?from=2`);
  expect([status, body.error.code]).toEqual([503, "JOURNAL_CLOSED"]);
  await own[Symbol.asyncDispose]();
});

test("a client that leaves in the middle of the catching up leaves nothing behind", async () => {
  const run = await api.begin({ workflowId: "fullstack-dev", config: REHEARSED });
  for (let i = 0; i < 30; i++) new SseClient(api.server.port, run).socket.end();
  const cut = new SseClient(api.server.port, run);
  cut.socket.resetAndDestroy();
  const { events } = await api.stream(`/api/runs/${run}/events`);
  expect(events.at(-1)?.type).toBe("workflow:complete");
  await expect.poll(() => streams(api), SOON).toBe(0);
});
