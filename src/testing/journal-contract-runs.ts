/** What every journal must do with runs: inboxes, blobs, odd values, lists, retention, ids, its own end. */
import assert from "node:assert/strict";
import { hash } from "node:crypto";
import type { RunEvent } from "../domain/events.ts";
import type { Journal } from "../domain/ports.ts";
import {
  batch,
  checkpointEvent,
  completeEvent,
  count,
  ended,
  ids,
  type JournalCase,
  numbers,
  RUN,
  readAll,
  received,
  refused,
  SUMMARY,
  startEvent,
  T0,
  test,
} from "./journal-contract-kit.ts";

export const runCases: readonly JournalCase[] = [
  test("a command stays in the inbox until it is consumed", async (journal) => {
    const writer = await journal.create(RUN);
    await journal.command(RUN, { type: "pause", reason: "lunch" }, 5);
    await journal.command(RUN, { type: "cancel" }, 6);
    const first = await received(writer, 2);
    assert.deepEqual(
      first.map(({ at, command }) => [at, command]),
      [
        [5, { type: "pause", reason: "lunch" }],
        [6, { type: "cancel" }],
      ],
    );
    const [one] = first;
    await writer.append({ ...batch(RUN, 1, 1), consumed: one?.id ?? 0 });
    await writer.close();
    const again = await received(await journal.claim(RUN), 1);
    assert.deepEqual(
      again.map(({ command }) => command.type),
      ["cancel"],
    );
  }),
  test("a command reaches an owner that already listens", async (journal) => {
    const writer = await journal.create(RUN);
    const all = received(writer, 3);
    for (const name of ["a", "b", "c"]) await journal.command(RUN, { type: "checkpoint", name }, 1);
    assert.equal((await all).length, 3);
  }),
  test("commands of a failed append are not consumed", async (journal) => {
    const writer = await journal.create(RUN);
    await journal.command(RUN, { type: "pause" }, 5);
    const [command] = await received(writer, 1);
    await refused("WRONG_STATE", writer.append({ ...batch(RUN, 4, 4), consumed: command?.id ?? 0 }));
    await writer.close();
    assert.equal((await received(await journal.claim(RUN), 1)).length, 1);
  }),
  test("the inbox holds a thousand commands and then says so", async (journal) => {
    const writer = await journal.create(RUN);
    for (let i = 0; i < 1000; i++) await journal.command(RUN, { type: "checkpoint", name: `${i}` }, i);
    await refused("WRONG_STATE", journal.command(RUN, { type: "pause" }, 1), /1000 commands wait/);
    const all = await received(writer, 1000);
    assert.deepEqual(
      all.map(({ at }) => at),
      count(0, 999),
    );
    await writer.append({ ...batch(RUN, 1, 1), consumed: all.at(-1)?.id ?? 0 });
    await journal.command(RUN, { type: "pause" }, 1);
  }),
  test("a command for a run that is not there is refused", async (journal) => {
    await refused("NOT_FOUND", journal.command(RUN, { type: "pause" }, 1));
  }),
  test("blobs are kept by their hash and checked", async (journal) => {
    const writer = await journal.create(RUN);
    const text = JSON.stringify({ big: "é".repeat(50_000) });
    const blobs = new Map([[hash("sha256", text), text]]);
    await writer.append({ ...batch(RUN, 1, 1), blobs });
    await writer.append({ ...batch(RUN, 2, 2), blobs });
    assert.equal(await journal.blob(RUN, hash("sha256", text)), text);
    await refused("NOT_FOUND", journal.blob(RUN, hash("sha256", "other")));
    await refused("BAD_INPUT", writer.append({ ...batch(RUN, 3, 3), blobs: new Map([[hash("sha256", "x"), "y"]]) }));
    assert.deepEqual(numbers(await readAll(journal, RUN)), [1, 2]);
  }),
  test("a large event comes back whole", async (journal) => {
    const writer = await journal.create(RUN);
    const events = [checkpointEvent(RUN, 1, "x".repeat(3_000_000)), checkpointEvent(RUN, 2, "🙂".repeat(8192))];
    await writer.append({ expected: 0, events });
    assert.deepEqual(await readAll(journal, RUN), events);
  }),
  test("odd texts and values come back as they were", async (journal) => {
    const writer = await journal.create(RUN);
    const names = [
      "",
      " ",
      "\0",
      "a\0b",
      "'; drop table event; --",
      "\u2028",
      "é́",
      "𝒳🙂",
      '"\\',
      "\ud800",
      "null",
      "{}",
    ];
    const events = names.map((name, i) => checkpointEvent(RUN, i + 1, name));
    const proto = JSON.parse(
      '{"__proto__": {"a": 1}, "constructor": null, "10": 1, "2": -1.5e300, "n": [[], {}, [null]]}',
    );
    const tasks = ["t", "ü", "\ud800", "a\0b", ""];
    for (const taskId of tasks) {
      const seq = events.length + 1;
      const rest = { agentName: "", attempt: 9007199254740991, entry: proto };
      events.push({ type: "tool:call", run: RUN, seq, at: 0.5, taskId, ...rest });
    }
    const rehearsed: RunEvent = { ...checkpointEvent(RUN, events.length + 1), rehearsed: true };
    events.push(rehearsed);
    await writer.append({ expected: 0, events });
    assert.deepEqual(await readAll(journal, RUN), events);
    for (const taskId of tasks) {
      const attempt = { taskId, attempt: 9007199254740991 };
      if (taskId.isWellFormed())
        assert.equal((await readAll(journal, RUN, { attempt })).length, 1, JSON.stringify(taskId));
    }
  }),
  test("an empty batch is allowed and consumes", async (journal) => {
    const writer = await journal.create(RUN);
    await journal.command(RUN, { type: "pause" }, 5);
    const [command] = await received(writer, 1);
    await writer.append({ expected: 0, events: [], consumed: command?.id ?? 0 });
    await writer.append(batch(RUN, 1, 1));
    assert.deepEqual(numbers(await readAll(journal, RUN)), [1]);
  }),
  test("the list says how every run stands, the newest first", async (journal) => {
    const end = { summary: SUMMARY };
    const lives: [string, RunEvent[]][] = [
      ["running", []],
      ["paused", [{ type: "workflow:paused", run: ids(2), seq: 2, at: T0 + 2, cause: "user", reason: "lunch" }]],
      ["complete", [completeEvent(ids(3), 2)]],
      ["failed", [{ type: "workflow:complete", run: ids(4), seq: 2, at: T0 + 2, status: "failed", ...end }]],
      ["failed", [{ type: "workflow:error", run: ids(5), seq: 2, at: T0 + 2, reason: "broke", ...end }]],
      ["cancelled", [{ type: "workflow:cancelled", run: ids(6), seq: 2, at: T0 + 2, reason: "no", ...end }]],
      [
        "running",
        [
          { type: "workflow:paused", run: ids(7), seq: 2, at: T0 + 2, cause: "user", reason: "lunch" },
          { type: "workflow:resumed", run: ids(7), seq: 3, at: T0 + 3 },
        ],
      ],
    ];
    for (const [i, [, events]] of lives.entries()) {
      const writer = await journal.create(ids(i + 1));
      await writer.append({ expected: 0, events: [startEvent(ids(i + 1), i < 3 ? "one" : "two")] });
      if (events.length > 0) await writer.append({ expected: 1, events });
    }
    const list = await journal.list();
    assert.deepEqual(
      list.map(({ run, status }) => [run, status]),
      lives.map(([status], i) => [ids(i + 1), status]).reverse(),
    );
    const paused = list.find(({ run }) => run === ids(2));
    const shown = { run: ids(2), workflow: "one", status: "paused", startedAt: T0, taskCount: 2, reason: "lunch" };
    assert.deepEqual(paused, shown);
    const failed = list.find(({ run }) => run === ids(5));
    assert.deepEqual([failed?.endedAt, failed?.summary, failed?.reason], [T0 + 2, SUMMARY, "broke"]);
    const runs = async (query: Parameters<Journal["list"]>[0]) => (await journal.list(query)).map(({ run }) => run);
    assert.deepEqual(await runs({ status: "failed" }), [ids(5), ids(4)]);
    assert.deepEqual(await runs({ workflow: "one" }), [ids(3), ids(2), ids(1)]);
    assert.deepEqual(await runs({ workflow: "one' or 1=1 --" }), []);
    assert.deepEqual(await runs({ limit: 2 }), [ids(7), ids(6)]);
    assert.deepEqual(await runs({ limit: 2, before: ids(6) }), [ids(5), ids(4)]);
    assert.deepEqual(await runs({ status: "running", before: ids(7), limit: 5 }), [ids(1)]);
  }),
  test("the index can be made again", async (journal) => {
    for (const i of [1, 2, 3]) await ended(journal, ids(i), T0 + i);
    const before = await journal.list();
    assert.deepEqual(await journal.rebuild(), []);
    assert.deepEqual(await journal.list(), before);
    assert.equal(before.length, 3);
  }),
  test("gc deletes old ended runs that nobody owns, but not the newest", async (journal) => {
    for (const i of [1, 2, 3, 4]) await ended(journal, ids(i), T0 + i * 1000);
    const live = await journal.create(ids(5));
    await live.append({ expected: 0, events: [startEvent(ids(5))] });
    const owner = await journal.claim(ids(1));
    const rule = { before: T0 + 3500, keep: 2 };
    const dry = await journal.gc({ ...rule, dryRun: true });
    assert.deepEqual(dry.runs, [ids(2)]);
    assert.equal((await journal.list()).length, 5);
    const gone = await journal.gc(rule);
    assert.deepEqual(gone.runs, [ids(2)]);
    assert.ok(gone.bytes > 0);
    assert.deepEqual(
      (await journal.list()).map(({ run }) => run),
      [ids(5), ids(4), ids(3), ids(1)],
    );
    await refused("NOT_FOUND", readAll(journal, ids(2)));
    await owner.close();
    assert.deepEqual((await journal.gc({ before: T0 + 3500 })).runs, [ids(3), ids(1)]);
    assert.deepEqual((await journal.gc({ before: T0 + 3500 })).runs, []);
    const again = await journal.create(ids(1));
    await again.append(batch(ids(1), 1, 1));
    assert.equal((await readAll(journal, ids(1))).length, 1);
  }),
  test("a run is created once", async (journal) => {
    const writer = await journal.create(RUN);
    await refused("WRONG_STATE", journal.create(RUN));
    await writer.close();
    await refused("WRONG_STATE", journal.create(RUN));
  }),
  test("a run that is not there is refused by name", async (journal) => {
    await refused("NOT_FOUND", journal.claim(RUN), new RegExp(RUN));
    await refused("NOT_FOUND", readAll(journal, RUN), new RegExp(RUN));
    await refused("NOT_FOUND", journal.blob(RUN, "0".repeat(64)), new RegExp(RUN));
    const tail = journal.tail(RUN, 1, new AbortController().signal)[Symbol.asyncIterator]();
    await refused("NOT_FOUND", tail.next(), new RegExp(RUN));
  }),
  test("what is not a run id is refused everywhere", async (journal) => {
    const hostile = [
      "",
      "..",
      "../../etc/passwd",
      "host",
      `${RUN}/..`,
      `../${RUN}`,
      `${RUN}\0`,
      RUN.toUpperCase(),
      "a b",
    ];
    for (const id of hostile) {
      await refused("BAD_INPUT", journal.create(id));
      await refused("BAD_INPUT", journal.claim(id));
      await refused("BAD_INPUT", readAll(journal, id));
      await refused("BAD_INPUT", journal.blob(id, "0"));
      await refused("BAD_INPUT", journal.command(id, { type: "pause" }, 1));
      await refused("BAD_INPUT", journal.tail(id, 1, new AbortController().signal)[Symbol.asyncIterator]().next());
    }
  }),
  test("twenty thousand events in one batch stand whole, and others are served meanwhile", async (journal) => {
    const large = await journal.create(ids(1));
    const small = await journal.create(ids(2));
    const order: string[] = [];
    const first = large.append(batch(ids(1), 1, 20_000)).then(() => order.push("large"));
    for (let i = 1; i <= 5; i++) await small.append(batch(ids(2), i, i));
    order.push("small");
    await first;
    assert.deepEqual(numbers(await readAll(journal, ids(1))), count(1, 20_000));
    assert.deepEqual(numbers(await readAll(journal, ids(2))), count(1, 5));
  }),
  test("runs do not see each other", async (journal) => {
    const writers = await Promise.all(count(1, 8).map((i) => journal.create(ids(i))));
    await Promise.all(writers.map((writer, i) => writer.append(batch(writer.run, 1, i + 1))));
    for (const [i, writer] of writers.entries()) {
      assert.deepEqual(numbers(await readAll(journal, writer.run)), count(1, i + 1));
    }
  }),
  test("a closed journal says so, and closing it twice is harmless", async (journal) => {
    const writer = await journal.create(RUN);
    await writer.append(batch(RUN, 1, 1));
    const tail = journal.tail(RUN, 2, new AbortController().signal)[Symbol.asyncIterator]();
    const waits = refused("JOURNAL_CLOSED", tail.next());
    await journal[Symbol.asyncDispose]();
    await journal[Symbol.asyncDispose]();
    await waits;
    await refused("JOURNAL_CLOSED", writer.append(batch(RUN, 2, 2)));
    await refused("JOURNAL_CLOSED", journal.create(ids(2)));
    await refused("JOURNAL_CLOSED", journal.claim(RUN));
    await refused("JOURNAL_CLOSED", readAll(journal, RUN));
    await refused("JOURNAL_CLOSED", journal.command(RUN, { type: "pause" }, 1));
    await refused("JOURNAL_CLOSED", journal.list());
    await refused("JOURNAL_CLOSED", journal.gc({ before: 1 }));
    await refused("JOURNAL_CLOSED", journal.rebuild());
  }),
];
