/** The SQLite journal under the faults of SECURITY F15 to F17: nothing acknowledged is lost, nothing false is read. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { hash } from "node:crypto";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { DatabaseSync } from "node:sqlite";
import { pathToFileURL } from "node:url";
import { afterAll, afterEach, describe, it } from "vitest";
import { TuttiError } from "../src/domain/error.ts";
import { createSqliteJournal } from "../src/journal/sqlite.ts";
import { batch, readAll } from "../src/testing/journal-contract-kit.ts";

import {
  cleanUp,
  count,
  faulty,
  folder,
  numbers,
  open,
  outcome,
  owner,
  RUN,
  refusal,
  removeAll,
  runId,
  sample,
} from "./support/journal-kit.ts";

afterEach(cleanUp);
afterAll(removeAll);

/** So far apart are the bytes that are flipped; `TUTTI_FLIP_STEP=1` takes all of them, for some minutes. */
const FLIP_STEP = Number(process.env["TUTTI_FLIP_STEP"] ?? 61);

/** Puts these bytes in the place of a run's file. */
function put(path: string, bytes: Uint8Array, run = RUN): void {
  for (const end of ["-wal", "-shm"]) rmSync(join(path, `${run}.db${end}`), { force: true });
  writeFileSync(join(path, `${run}.db`), bytes);
}

describe("the file of a run", () => {
  it("is a gapless prefix wherever the log of a killed process is torn (F14, F17)", async () => {
    const path = folder();
    const process = await owner(path, RUN);
    process.tell("fill 40");
    for (let seq = 1; seq <= 40; seq++) assert.equal((await process.next()).acknowledged, seq);
    await process.kill();
    const log = readFileSync(join(path, `${RUN}.db-wal`));
    const file = readFileSync(join(path, `${RUN}.db`));
    // The log is longer than what stands in it: zeros lie ahead.
    const end = log.findLastIndex((byte) => byte !== 0) + 1;
    const torn = folder();
    const journal = open(torn);
    const found = new Set<number>();
    for (let cut = 0, i = 1; cut <= 8192; cut += cut < 64 ? 1 : 61, i++) {
      const run = runId(i);
      put(torn, file, run);
      writeFileSync(join(torn, `${run}.db-wal`), log.subarray(0, end - cut));
      const events = await readAll(journal, run);
      assert.deepEqual(numbers(events), count(events.length), `cut ${cut}`);
      if (cut === 0) assert.equal(events.length, 40);
      found.add(events.length);
      if (cut % 4 === 0) {
        const writer = await journal.claim(run);
        assert.equal(writer.head, events.length);
        await writer.append(batch(run, writer.head + 1, writer.head + 1));
        await writer.close();
        assert.equal((await readAll(journal, run)).length, events.length + 1);
      }
    }
    assert.ok(found.size > 2, `the cuts really cost events: ${[...found]}`);
  });

  it("gives its own events or an error, whichever byte of it is flipped (F17)", async () => {
    const path = folder();
    const events = await sample(path);
    const bytes = readFileSync(join(path, `${RUN}.db`));
    const other = await open(path).create(runId(2));
    await other.append(batch(runId(2), 1, 3));
    const journal = open(path);
    const attempt = { taskId: "task-1", attempt: 1 };
    const mine = events.filter((event) => event.type === "turn:complete" && event.taskId === "task-1");
    let noticed = 0;
    for (let at = 0, i = 0; at < bytes.length; at += FLIP_STEP, i++) {
      const flipped = Buffer.from(bytes);
      flipped[at] = (flipped[at] ?? 0) ^ (1 << (i % 8));
      put(path, flipped);
      const all = await outcome(readAll(journal, RUN));
      if (all instanceof TuttiError) noticed++;
      else assert.deepEqual(all, events, `byte ${at}`);
      if (i % 5 === 0 || at < 4096) {
        // A journal of its own, because one that has found an index sound does not check it again.
        const some = await outcome(readAll(createSqliteJournal({ path }), RUN, { attempt }));
        if (!(some instanceof TuttiError)) assert.deepEqual(some, mine, `byte ${at}, by attempt`);
        const blob = await outcome(journal.blob(RUN, hash("sha256", '"blob"')));
        if (!(blob instanceof TuttiError)) assert.equal(blob, '"blob"');
      }
      if (i % 500 === 0) assert.equal((await readAll(journal, runId(2))).length, 3);
    }
    assert.ok(noticed > 3500 / FLIP_STEP, `${noticed} flips were noticed`);
  });

  it("gives its own events or an error where its end is cut off (F17)", async () => {
    const path = folder();
    const events = await sample(path);
    const bytes = readFileSync(join(path, `${RUN}.db`));
    const journal = open(path);
    for (let cut = 1; cut < bytes.length; cut += 509) {
      put(path, bytes.subarray(0, bytes.length - cut));
      const all = await outcome(readAll(journal, RUN));
      if (!(all instanceof TuttiError)) assert.deepEqual(all, events, `cut ${cut}`);
    }
    put(path, new Uint8Array());
    assert.equal((await refusal(readAll(journal, RUN))).code, "JOURNAL_CORRUPT");
  });

  it("is refused by name if a newer version wrote it", async () => {
    const path = folder();
    await sample(path);
    const raw = new DatabaseSync(join(path, `${RUN}.db`));
    raw.exec("pragma user_version = 99");
    raw.close();
    const journal = open(path);
    assert.equal((await refusal(readAll(journal, RUN))).code, "JOURNAL_NEWER");
    assert.equal((await refusal(journal.claim(RUN))).code, "JOURNAL_NEWER");
  });

  it("names the event whose row was changed", async () => {
    const path = folder();
    await sample(path);
    const raw = new DatabaseSync(join(path, `${RUN}.db`));
    raw.exec("update event set body = replace(body, 'c33', 'c34') where seq = 33");
    raw.close();
    const error = await refusal(readAll(open(path), RUN));
    assert.equal(error.code, "JOURNAL_CORRUPT");
    assert.match(error.message, new RegExp(`${RUN}.*event 33`));
  });

  it("says so where rows are missing, in the middle and at the end", async () => {
    for (const seq of [1, 30, 61]) {
      const path = folder();
      await sample(path);
      const raw = new DatabaseSync(join(path, `${RUN}.db`));
      raw.exec(`delete from event where seq = ${seq}`);
      raw.close();
      const error = await refusal(readAll(open(path), RUN));
      assert.match(error.message, new RegExp(`event ${seq}`));
    }
  });
});

describe("a failing disk", () => {
  it("that is full fails the append, keeps what stands and goes on when there is room (F15)", async () => {
    const path = folder();
    const fault = join(path, "fault");
    const journal = open(path, { worker: faulty(path, { file: fault }) });
    const writer = await journal.create(RUN);
    await writer.append(batch(RUN, 1, 10));
    writeFileSync(fault, "pages 20");
    const full = await refusal(writer.append(batch(RUN, 11, 5000)));
    assert.deepEqual([full.code, full.retry], ["JOURNAL_FULL", "safe"]);
    assert.match(full.message, new RegExp(RUN));
    assert.equal((await refusal(writer.append(batch(RUN, 11, 11)))).code, "JOURNAL_FULL");
    assert.deepEqual(numbers(await readAll(journal, RUN)), count(10));
    rmSync(fault);
    await writer.close();
    const next = await journal.claim(RUN);
    await next.append(batch(RUN, 11, 5000));
    assert.equal((await readAll(journal, RUN)).length, 5000);
  });

  it("that is really full behaves the same (F15)", async ({ skip }) => {
    const path = folder();
    const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", path]);
    if (mounted.status !== 0) return skip(`a small tmpfs cannot be mounted here: ${mounted.stderr}`);
    try {
      const journal = open(path);
      const writer = await journal.create(RUN);
      await writer.append(batch(RUN, 1, 10));
      writeFileSync(join(path, "ballast"), Buffer.alloc(100_000));
      assert.equal((await refusal(writer.append(batch(RUN, 11, 20_000)))).code, "JOURNAL_FULL");
      assert.deepEqual(numbers(await readAll(journal, RUN)), count(10));
      await writer.close();
      rmSync(join(path, "ballast"));
      const next = await journal.claim(RUN);
      await next.append(batch(RUN, 11, 100));
      assert.deepEqual(numbers(await readAll(journal, RUN)), count(100));
      await journal[Symbol.asyncDispose]();
    } finally {
      spawnSync("umount", ["-l", path]);
    }
  });

  it("that fails a commit has nothing acknowledged, and the run is read again after a new claim (F16)", async () => {
    const path = folder();
    const fault = join(path, "fault");
    const journal = open(path, { worker: faulty(path, { file: fault }) });
    const writer = await journal.create(RUN);
    await writer.append(batch(RUN, 1, 10));
    writeFileSync(fault, "eio");
    const failed = await refusal(writer.append(batch(RUN, 11, 20)));
    assert.equal(failed.code, "JOURNAL_IO");
    assert.match(failed.message, new RegExp(RUN));
    rmSync(fault);
    assert.equal((await refusal(writer.append(batch(RUN, 11, 20)))).code, "JOURNAL_IO");
    await writer.close();
    const next = await journal.claim(RUN);
    assert.deepEqual([next.head, next.epoch], [10, 2]);
    await next.append(batch(RUN, 11, 12));
    assert.deepEqual(numbers(await readAll(journal, RUN)), count(12));
  });

  it("that is slow does not hold up the caller's thread", async () => {
    const delay = 15;
    const path = folder();
    const journal = open(path, { worker: faulty(path, { delay }) });
    const writers = await Promise.all(count(50).map((i) => journal.create(runId(i))));
    const lag = monitorEventLoopDelay({ resolution: 1 });
    const warm = await Promise.all(writers.map((writer) => writer.append(batch(writer.run, 1, 1))));
    assert.equal(warm.length, 50);
    lag.enable();
    const begun = performance.now();
    await Promise.all(
      writers.map(async (writer) => {
        for (let seq = 2; seq <= 3; seq++) await writer.append(batch(writer.run, seq, seq));
      }),
    );
    const took = performance.now() - begun;
    lag.disable();
    assert.ok(took > 100 * delay, `the commits really were slow: ${took}`);
    // The resolution of the measurement, one millisecond, is part of what it says.
    assert.ok(lag.percentile(99) / 1e6 < delay, `p99 of ${lag.percentile(99) / 1e6} ms at ${delay} ms a commit`);
  });

  it("that loses the writer's thread tells everybody who waits", async () => {
    const path = folder();
    const entry = join(path, "dies.mjs");
    writeFileSync(entry, "throw new Error('the thread died')");
    const error = await refusal(open(path, { worker: pathToFileURL(entry) }).create(RUN));
    assert.equal(error.code, "JOURNAL_IO");
    assert.match(error.message, /the thread died/);
  });
});
