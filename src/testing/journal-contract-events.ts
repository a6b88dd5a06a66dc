/** What every journal must do with events: order, atomicity, owners, ranges, tails. */
import assert from "node:assert/strict";
import type { RunEvent } from "../domain/events.ts";
import {
  batch,
  checkpointEvent,
  completeEvent,
  count,
  ids,
  type JournalCase,
  numbers,
  RUN,
  readAll,
  refused,
  startEvent,
  test,
  turnEvent,
} from "./journal-contract-kit.ts";

export const eventCases: readonly JournalCase[] = [
  test("events come back as they were appended, in order", async (journal) => {
    const writer = await journal.create(RUN);
    assert.deepEqual([writer.run, writer.epoch, writer.head], [RUN, 1, 0]);
    const events = [startEvent(RUN), checkpointEvent(RUN, 2), completeEvent(RUN, 3)];
    await writer.append({ expected: 0, events: events.slice(0, 1) });
    await writer.append({ expected: 1, events: events.slice(1) });
    assert.deepEqual(await readAll(journal, RUN), events);
  }),
  test("a batch with one bad event leaves nothing behind", async (journal) => {
    const writer = await journal.create(RUN);
    await writer.append(batch(RUN, 1, 2));
    const events = [checkpointEvent(RUN, 3), checkpointEvent(RUN, 5)];
    await refused("BAD_INPUT", writer.append({ expected: 2, events }), /numbered 4/);
    assert.deepEqual(numbers(await readAll(journal, RUN)), [1, 2]);
  }),
  test("a batch with an event of another run is refused", async (journal) => {
    const writer = await journal.create(RUN);
    await refused("BAD_INPUT", writer.append({ expected: 0, events: [checkpointEvent(ids(2), 1)] }));
    assert.deepEqual(await readAll(journal, RUN), []);
  }),
  test("a batch that expects another number is refused", async (journal) => {
    const writer = await journal.create(RUN);
    await writer.append(batch(RUN, 1, 3));
    await refused("WRONG_STATE", writer.append(batch(RUN, 6, 6)), /stands at event 3, not at 5/);
    assert.deepEqual(numbers(await readAll(journal, RUN)), [1, 2, 3]);
  }),
  test("a second owner is refused and told who the first is", async (journal) => {
    const writer = await journal.create(RUN);
    const error = await refused("RUN_OWNED", journal.claim(RUN), new RegExp(`process ${process.pid} on .+ since`));
    assert.equal(error.retry, "safe");
    await writer.close();
    assert.equal((await journal.claim(RUN)).epoch, 2);
  }),
  test("a writer that gave the run back writes nothing after another took it", async (journal) => {
    const first = await journal.create(RUN);
    await first.append(batch(RUN, 1, 1));
    await first.close();
    await first.close();
    const second = await journal.claim(RUN);
    assert.deepEqual([second.epoch, second.head], [2, 1]);
    await refused("JOURNAL_CLOSED", first.append(batch(RUN, 2, 2)));
    await second.append(batch(RUN, 2, 2));
    assert.deepEqual(numbers(await readAll(journal, RUN)), [1, 2]);
  }),
  test("appends that nobody awaits end in the order they were asked for", async (journal) => {
    const writer = await journal.create(RUN);
    const order: number[] = [];
    const all: Promise<void>[] = [];
    for (let i = 0, seq = 1; i < 60; i++) {
      const size = i === 7 ? 3000 : 1 + (i % 4);
      all.push(writer.append(batch(RUN, seq, seq + size - 1)).then(() => void order.push(i)));
      seq += size;
    }
    await Promise.all(all);
    assert.deepEqual(order, count(0, 59));
    const events = await readAll(journal, RUN);
    assert.deepEqual(numbers(events), count(1, events.length));
  }),
  test("close waits for the appends before it", async (journal) => {
    const writer = await journal.create(RUN);
    const first = writer.append(batch(RUN, 1, 2000));
    const second = writer.append(batch(RUN, 2001, 2002));
    await writer.close();
    await Promise.all([first, second]);
    assert.equal((await journal.claim(RUN)).head, 2002);
  }),
  test("a writer may be closed from within the end of its last large append", async (journal) => {
    for (let i = 1; i <= 20; i++) {
      const writer = await journal.create(ids(i));
      await writer.append(batch(ids(i), 1, 1500)).then(() => writer.close());
    }
  }),
  test("after a failed append every later one fails the same way and none is stored", async (journal) => {
    const writer = await journal.create(RUN);
    const good = writer.append(batch(RUN, 1, 2));
    const bad = writer.append(batch(RUN, 9, 9));
    const late = writer.append(batch(RUN, 3, 3));
    await good;
    await refused("WRONG_STATE", bad);
    await refused("WRONG_STATE", late);
    await refused("WRONG_STATE", writer.append(batch(RUN, 3, 3)));
    assert.deepEqual(numbers(await readAll(journal, RUN)), [1, 2]);
    await writer.close();
    const next = await journal.claim(RUN);
    await next.append(batch(RUN, 3, 3));
    assert.deepEqual(numbers(await readAll(journal, RUN)), [1, 2, 3]);
  }),
  test("a range is read from its first to its last event", async (journal) => {
    const writer = await journal.create(RUN);
    await writer.append(batch(RUN, 1, 2500));
    for (const [from, to, first, last] of [
      [undefined, undefined, 1, 2500],
      [10, 20, 10, 20],
      [2400, 9999, 2400, 2500],
      [0, 3, 1, 3],
      [999, 2001, 999, 2001],
    ]) {
      const range = { ...(from !== undefined && { from }), ...(to !== undefined && { to }) };
      assert.deepEqual(numbers(await readAll(journal, RUN, range)), count(first ?? 0, last ?? 0));
    }
    assert.deepEqual(await readAll(journal, RUN, { from: 2501 }), []);
    assert.deepEqual(await readAll(journal, RUN, { from: 20, to: 10 }), []);
  }),
  test("pages are bounded", async (journal) => {
    const writer = await journal.create(RUN);
    await writer.append(batch(RUN, 1, 3500));
    const sizes: number[] = [];
    for await (const page of journal.read(RUN)) sizes.push(page.length);
    assert.ok(sizes.length >= 4 && Math.max(...sizes) <= 1000, `pages of ${sizes}`);
  }),
  test("a reader may stop in the middle", async (journal) => {
    const writer = await journal.create(RUN);
    await writer.append(batch(RUN, 1, 2500));
    for await (const page of journal.read(RUN)) {
      assert.equal(page[0]?.seq, 1);
      break;
    }
    await writer.append(batch(RUN, 2501, 2501));
  }),
  test("an attempt's own events are read by its task and number", async (journal) => {
    const writer = await journal.create(RUN);
    const events: RunEvent[] = [];
    for (let seq = 1; seq <= 400; seq++) {
      const kind = seq % 4;
      if (kind === 0) events.push(checkpointEvent(RUN, seq));
      else events.push(turnEvent(RUN, seq, kind === 1 ? "a" : "b", kind === 2 ? 1 : 2));
    }
    await writer.append({ expected: 0, events });
    const found = await readAll(journal, RUN, { attempt: { taskId: "b", attempt: 2 } });
    assert.deepEqual(
      found,
      events.filter((event) => event.seq % 4 === 3),
    );
    const part = await readAll(journal, RUN, { attempt: { taskId: "b", attempt: 2 }, from: 100, to: 110 });
    assert.deepEqual(numbers(part), [103, 107]);
    assert.deepEqual(await readAll(journal, RUN, { attempt: { taskId: "c", attempt: 1 } }), []);
  }),
  test("a tail gives what is there, then what comes, and ends with its signal", async (journal) => {
    const writer = await journal.create(RUN);
    await writer.append(batch(RUN, 1, 3));
    const stop = new AbortController();
    const seen: number[] = [];
    for await (const page of journal.tail(RUN, 2, stop.signal)) {
      seen.push(...numbers(page));
      if (seen.length === 2) await writer.append(batch(RUN, 4, 5));
      if (seen.length === 4) void writer.append(batch(RUN, 6, 1505));
      if (seen.length === 1504) stop.abort();
    }
    assert.deepEqual(seen, count(2, 1505));
  }),
  test("a tail that waits ends when its signal does, and with the journal", async (journal) => {
    const writer = await journal.create(RUN);
    await writer.append(batch(RUN, 1, 1));
    const stop = new AbortController();
    const tail = journal.tail(RUN, 1, stop.signal)[Symbol.asyncIterator]();
    assert.equal((await tail.next()).value?.length, 1);
    const waits = tail.next();
    stop.abort();
    assert.equal((await waits).done, true);
    const aborted: RunEvent[] = [];
    for await (const page of journal.tail(RUN, 1, stop.signal)) aborted.push(...page);
    assert.deepEqual(aborted, []);
  }),
];
