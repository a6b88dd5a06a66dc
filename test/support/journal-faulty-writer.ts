/** A writer whose commits go wrong. */
import { existsSync, readFileSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";
import { workerData } from "node:worker_threads";
import { loadOpen } from "../../src/journal/database.ts";
import { serve } from "../../src/journal/serve.ts";

export interface Faults {
  /** Milliseconds that each commit takes longer. */
  readonly delay?: number;
  /** While this file exists, it says what is wrong: `eio`, or `pages <n>` for a disk with room for so many. */
  readonly file?: string;
}

const asleep = new Int32Array(new SharedArrayBuffer(4));

function disturb(db: DatabaseSync, sql: string, { delay = 0, file = "" }: Faults): void {
  const fault = file !== "" && existsSync(file) ? readFileSync(file, "utf8") : "";
  if (sql === "begin immediate") {
    const pages = fault.startsWith("pages ") ? Number(fault.slice(6)) : 1_000_000;
    db.exec(`pragma max_page_count = ${pages}`);
  }
  if (sql !== "commit") return;
  if (delay > 0) Atomics.wait(asleep, 0, 0, delay);
  if (fault === "eio") {
    throw Object.assign(new Error("disk I/O error"), { code: "ERR_SQLITE_ERROR", errcode: 10 | (4 << 8) });
  }
}

export async function serveFaulty(faults: Faults): Promise<void> {
  const open = await loadOpen();
  serve(workerData, {
    open(file, options) {
      const db = open(file, options);
      const prepare = db.prepare.bind(db);
      db.prepare = (sql) => {
        const statement = prepare(sql);
        const run = statement.run.bind(statement) as (...values: unknown[]) => ReturnType<typeof statement.run>;
        statement.run = (...values: unknown[]) => {
          disturb(db, sql, faults);
          return run(...values);
        };
        return statement;
      };
      return db;
    },
  });
}
