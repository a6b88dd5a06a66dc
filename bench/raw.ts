/** What the disk and node:sqlite cost without Tutti: the same rows in the same commits, and commits of one row. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import type { Commit } from "./counting.ts";

const DURABLE = "pragma journal_mode = wal; pragma synchronous = full";

function remove(file: string): void {
  for (const end of ["", "-wal", "-shm"]) rmSync(file + end, { force: true });
}

interface Batch {
  readonly events: readonly SQLInputValue[][];
  readonly blobs: readonly SQLInputValue[][];
}
export interface Recorded {
  readonly schema: readonly string[];
  readonly batches: readonly Batch[];
}

/** Reads a finished run's file, waiting until its writer has shut it: its tables as they are, its rows commit by commit. */
export function record(file: string, commits: readonly Commit[]): Recorded {
  const db = new DatabaseSync(file, { readOnly: true, timeout: 5000 });
  try {
    const schema = db
      .prepare("select sql from sqlite_master where sql is not null and name not like 'sqlite_%'")
      .all()
      .map(({ sql }) => String(sql));
    const arrays = (sql: string) => {
      const statement = db.prepare(sql);
      statement.setReturnArrays(true);
      return statement.all() as unknown as SQLInputValue[][];
    };
    const events = arrays("select * from event order by seq");
    const blobs = new Map(arrays("select * from blob").map((row) => [row[0], row]));
    const batches = commits.map(({ first, events: count }) => {
      const rows = events.slice(first - 1, first - 1 + count);
      return {
        events: rows,
        blobs: rows.flatMap((row) => row.flatMap((cell) => [blobs.get(cell) ?? []])).filter(full),
      };
    });
    const replayed = batches.reduce((sum, batch) => sum + batch.events.length, 0);
    if (replayed !== events.length)
      throw new Error(`${events.length} rows stand in the file, ${replayed} were appended`);
    return { schema, batches };
  } finally {
    db.close();
  }
}
const full = (row: readonly unknown[]) => row.length > 0;

function insertInto(db: DatabaseSync, table: string): (row: readonly SQLInputValue[]) => void {
  const columns = db.prepare(`pragma table_info(${table})`).all().length;
  const statement = db.prepare(`insert into ${table} values (${new Array(columns).fill("?").join()})`);
  return (row) => void statement.run(...row);
}

/** Milliseconds of inserting and committing alone, and with opening, making the tables and closing. */
export function replay({ schema, batches }: Recorded, folder: string): { ms: number; withOpenMs: number } {
  const file = join(folder, "replay.db");
  remove(file);
  const opened = performance.now();
  const db = new DatabaseSync(file);
  db.exec(DURABLE);
  for (const sql of schema) db.exec(sql);
  const event = insertInto(db, "event");
  const blob = insertInto(db, "blob");
  const begin = db.prepare("begin immediate");
  const commit = db.prepare("commit");
  const started = performance.now();
  for (const batch of batches) {
    begin.run();
    for (const row of batch.blobs) blob(row);
    for (const row of batch.events) event(row);
    commit.run();
  }
  const ended = performance.now();
  db.close();
  const closed = performance.now();
  remove(file);
  return { ms: ended - started, withOpenMs: closed - opened };
}

const BODY = JSON.stringify({ type: "task.completed", out: "x".repeat(240) });

/** Commits of one row of about 300 bytes, each synced. */
export class SingleCommits {
  readonly #file: string;
  readonly #db: DatabaseSync;
  readonly #insert: StatementSync;
  readonly #times: number[] = [];
  #seq = 0;

  constructor(folder: string) {
    this.#file = join(folder, "single.db");
    remove(this.#file);
    this.#db = new DatabaseSync(this.#file);
    this.#db.exec(
      `${DURABLE}; create table ev(run text, seq integer, ts integer, body text, primary key(run, seq)) without rowid`,
    );
    this.#insert = this.#db.prepare("insert into ev values (?, ?, ?, ?)");
  }

  commit(times: number): void {
    for (let i = 0; i < times; i++) {
      const started = performance.now();
      this.#insert.run("r1", this.#seq++, 1, BODY);
      this.#times.push(performance.now() - started);
    }
  }

  /** Milliseconds of the middle one. */
  get p50(): number {
    return this.#times.toSorted((a, b) => a - b)[this.#times.length >> 1] ?? Number.NaN;
  }

  close(): void {
    this.#db.close();
    remove(this.#file);
  }
}
