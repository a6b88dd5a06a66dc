/** Both journals keep the same contract (I1, I2, I9). */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, it } from "vitest";
import { createMemoryJournal } from "../src/journal/memory.ts";
import { createSqliteJournal } from "../src/journal/sqlite.ts";
import { journalContract } from "../src/testing/journal-contract.ts";

const root = mkdtempSync(join(tmpdir(), "tutti-journal-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let made = 0;

describe("the journal in memory", () => {
  for (const { name, run } of journalContract) it(name, () => run(async () => createMemoryJournal()));
});

describe("the journal in SQLite", () => {
  for (const { name, run } of journalContract) {
    it(name, () => run(async () => createSqliteJournal({ path: join(root, `${++made}`) })));
  }
});
