/** Who owns a run, the host index, and what the journal leaves behind (F14, F18, I9). */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, afterEach, describe, it } from "vitest";
import { readOwner, writeOwner } from "../src/journal/schema.ts";
import { batch, readAll } from "../src/testing/journal-contract-kit.ts";

import {
  cleanUp,
  count,
  folder,
  journals,
  numbers,
  open,
  owner,
  RUN,
  refusal,
  removeAll,
  runId,
  sample,
} from "./support/journal-kit.ts";

afterEach(cleanUp);
afterAll(removeAll);

describe("the owner of a run", () => {
  it("is exactly one of twenty processes that claim it at once (F18)", async () => {
    const path = folder();
    const first = open(path);
    await (await first.create(RUN)).append(batch(RUN, 1, 5));
    await first[Symbol.asyncDispose]();
    const all = await Promise.all(count(20).map(() => owner(path, RUN)));
    for (const one of all) one.tell("claim");
    const said = await Promise.all(all.map((one) => one.next()));
    const winners = said.filter((one) => one.epoch !== undefined);
    assert.equal(winners.length, 1, JSON.stringify(said));
    assert.deepEqual([winners[0]?.epoch, winners[0]?.head], [2, 5]);
    for (const { code, message } of said.filter((one) => one.epoch === undefined)) {
      assert.equal(code, "RUN_OWNED", message);
      assert.match(message ?? "", new RegExp(`process ${winners[0]?.pid} on`));
    }
  });

  it("is one of two journals in the same process", async () => {
    const path = folder();
    const [one, two] = [open(path), open(path)];
    const writer = await one.create(RUN);
    await writer.append(batch(RUN, 1, 1));
    assert.equal((await refusal(two.claim(RUN))).code, "RUN_OWNED");
    await two.command(RUN, { type: "pause" }, 1);
    assert.equal((await readAll(two, RUN)).length, 1);
    assert.equal((await refusal(two.claim(RUN))).code, "RUN_OWNED");
    const rival = await owner(path, RUN);
    rival.tell("claim");
    assert.equal((await rival.next()).code, "RUN_OWNED");
    await writer.close();
    const next = await two.claim(RUN);
    assert.equal(next.epoch, 2);
    assert.equal((await refusal(one.claim(RUN))).code, "RUN_OWNED");
  });

  it("is free again when its process is killed, and a late append of its epoch is fenced (F14, F18)", async () => {
    const path = folder();
    const dead = await owner(path, RUN);
    dead.tell("fill 10");
    for (let seq = 1; seq <= 10; seq++) await dead.next();
    const journal = open(path);
    assert.match((await refusal(journal.claim(RUN))).message, new RegExp(`process ${dead.child.pid} on`));
    await dead.kill();
    const writer = await journal.claim(RUN);
    assert.deepEqual([writer.epoch, writer.head], [2, 10]);
    await writer.append(batch(RUN, 11, 11));
    // Somebody else takes over although this owner lives, as after a lock that the system lost.
    const raw = new DatabaseSync(join(path, `${RUN}.db`), { timeout: 1000 });
    writeOwner(raw, { ...readOwner(raw, RUN), epoch: 3 });
    raw.close();
    assert.equal((await refusal(writer.append(batch(RUN, 12, 12)))).code, "FENCED");
    assert.deepEqual(numbers(await readAll(journal, RUN)), count(11));
  });

  it("stays the owner while it is stopped", async () => {
    const path = folder();
    const stopped = await owner(path, RUN);
    stopped.tell("fill 3");
    for (let seq = 1; seq <= 3; seq++) await stopped.next();
    stopped.child.kill("SIGSTOP");
    const journal = open(path);
    assert.equal((await refusal(journal.claim(RUN))).code, "RUN_OWNED");
    stopped.child.kill("SIGCONT");
    await stopped.kill();
    assert.equal((await journal.claim(RUN)).epoch, 2);
  });

  it("leaves no lock behind", async () => {
    const path = folder();
    const journal = open(path);
    const writer = await journal.create(RUN);
    assert.ok(existsSync(join(path, `${RUN}.lock`)));
    await writer.close();
    assert.ok(!existsSync(join(path, `${RUN}.lock`)));
    await journal[Symbol.asyncDispose]();
    assert.deepEqual(readdirSync(path).sort(), [`${RUN}.db`]);
  });
});

describe("the host index", () => {
  it("is made again where it is damaged or missing, and the damaged one is kept", async () => {
    const path = folder();
    await sample(path);
    const before = await open(path).list();
    assert.equal(before.length, 1);
    for (const journal of journals) await journal[Symbol.asyncDispose]();
    rmSync(join(path, "host.db"));
    const again = open(path);
    assert.deepEqual(await again.list(), before);
    await again[Symbol.asyncDispose]();
    writeFileSync(join(path, "host.db"), "this is not a database at all".repeat(500));
    assert.deepEqual(await open(path).list(), before);
    assert.equal(readdirSync(path).filter((name) => name.startsWith("host.db.broken-")).length, 1);
  });

  it("learns what a killed owner did not tell it, and names runs that it cannot read", async () => {
    const path = folder();
    await sample(path);
    const lost = new DatabaseSync(join(path, "host.db"));
    lost.exec("update run set status = 'running', ended_at = null");
    lost.close();
    copyFileSync(join(path, `${RUN}.db`), join(path, `${runId(2)}.db`));
    writeFileSync(join(path, `${runId(3)}.db`), "nonsense".repeat(1000));
    const journal = open(path);
    assert.deepEqual(
      (await journal.list()).map(({ run, status }) => [run, status]),
      [
        [runId(2), "complete"],
        [RUN, "complete"],
      ],
    );
    const unread = await journal.rebuild();
    assert.deepEqual(
      unread.map(({ run }) => run),
      [runId(3)],
    );
    assert.match(unread[0]?.reason ?? "", /damaged/);
  });
});

describe("a journal", () => {
  it("leaves no descriptor and no file open", async ({ skip }) => {
    if (!existsSync("/proc/self/fd")) return skip("this system does not list open files in /proc");
    const path = folder();
    const opened = () => readdirSync("/proc/self/fd", { withFileTypes: true }).length;
    const journal = open(path);
    const writer = await journal.create(RUN);
    await writer.append(batch(RUN, 1, 2000));
    await journal.list();
    const before = opened();
    for (let i = 0; i < 20; i++) {
      for await (const page of journal.read(RUN)) if (page.length > 0) break;
      const stop = new AbortController();
      for await (const page of journal.tail(RUN, 1, stop.signal)) if (page.length > 0) stop.abort();
    }
    assert.equal(opened(), before);
  });

  it("keeps its folder to its owner", async () => {
    const path = join(folder(), "runs");
    const journal = open(path);
    await journal.create(RUN);
    assert.equal(statSync(path).mode & 0o777, 0o700);
    assert.equal(statSync(join(path, `${RUN}.db`)).mode & 0o777, 0o600);
  });

  it("does not keep a process alive that has nothing else to do", () => {
    const path = folder();
    const sqlite = new URL("../src/journal/sqlite.ts", import.meta.url);
    const script = `import { createSqliteJournal } from ${JSON.stringify(sqlite)};
      const writer = await createSqliteJournal({ path: ${JSON.stringify(path)} }).create(${JSON.stringify(RUN)});
      await writer.append({ expected: 0, events: [] });
      writer.commands(() => {});
      console.log("done");`;
    const ended = spawnSync(process.execPath, ["--input-type=module", "-e", script], { timeout: 30_000 });
    assert.equal(String(ended.stdout), "done\n");
    assert.equal(ended.status, 0, String(ended.stderr));
  });
});
