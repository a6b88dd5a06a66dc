/**
 * The host index: one row per run, so that a list opens one file instead of all. It says nothing that the run files
 * do not say, lags behind them by a moment, and is made anew where it is missing or damaged. Other rooms keep tables
 * of their own in the same file.
 */
import { readdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import { reasonOf } from "../domain/error.ts";
import type { RunEvent } from "../domain/events.ts";
import { isRunId } from "../domain/ids.ts";
import type { RunEntry, RunQuery } from "../domain/ports.ts";
import { isDamage, type Open, readFault, sqliteCode } from "./database.ts";
import { entryAfter, INDEXED, isFinal, limitOf } from "./entry.ts";
import { BESIDE, runFile } from "./files.ts";
import { COLUMNS, provenRow, rowsOf } from "./scan.ts";
import { checkVersion } from "./schema.ts";

const TABLE = `create table if not exists run(run text primary key, workflow text not null, status text not null,
  started_at, ended_at, task_count integer, summary text, parent text, reason text, rehearsed integer) without rowid`;
const PUT = `insert or replace into run(run, workflow, status, started_at, ended_at, task_count, summary, parent, reason, rehearsed)
  values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;

export class Index {
  readonly #file: string;
  readonly #folder: string;
  readonly #open: Open;
  #db: DatabaseSync | undefined;
  #reconciled = false;

  constructor(file: string, folder: string, open: Open) {
    this.#file = file;
    this.#folder = folder;
    this.#open = open;
  }

  note(event: RunEvent): void {
    this.#use((db) => {
      const before = event.type === "workflow:start" ? undefined : get(db, event.run);
      const entry = entryAfter(before, event);
      if (entry !== undefined && entry !== before) put(db, entry);
    });
  }

  get(run: string): RunEntry | undefined {
    return this.#use((db) => get(db, run));
  }

  list(query: RunQuery): RunEntry[] {
    return this.#use((db) => select(db, query, limitOf(query)));
  }

  /** Ended runs, newest first. */
  ended(): RunEntry[] {
    return this.#use((db) => select(db, {}, -1)).filter((entry) => isFinal(entry.status));
  }

  forget(run: string): void {
    this.#use((db) => db.prepare("delete from run where run = ?").run(run));
  }

  /** Once per process: takes in the runs that the index has missed, such as those of an owner that was killed. */
  *reconcile(): Generator<void, void> {
    if (this.#reconciled) return;
    this.#reconciled = true;
    const known = new Map(this.#use((db) => select(db, {}, -1)).map((entry) => [entry.run, entry]));
    for (const run of runsIn(this.#folder)) {
      const entry = known.get(run);
      if (entry !== undefined && isFinal(entry.status)) continue;
      try {
        this.#read(run);
      } catch {
        // `rebuild` names it; a list shows what can be read.
      }
      yield;
    }
  }

  *rebuild(): Generator<void, { run: string; reason: string }[]> {
    this.#use((db) => db.exec("delete from run"));
    this.#reconciled = true;
    const unread: { run: string; reason: string }[] = [];
    for (const run of runsIn(this.#folder)) {
      try {
        this.#read(run);
      } catch (thrown) {
        unread.push({ run, reason: reasonOf(readFault(thrown, run)) });
      }
      yield;
    }
    return unread;
  }

  close(): void {
    try {
      this.#db?.close();
    } catch {
      // It can be made again.
    }
    this.#db = undefined;
  }

  /** Makes a run's row out of its file. */
  #read(run: string): void {
    const db = this.#open(runFile(this.#folder, run), { readOnly: true, timeout: 1000 });
    let entry: RunEntry | undefined;
    try {
      checkVersion(db, run);
      const types = INDEXED.map((type) => `'${type}'`).join();
      for (const row of rowsOf(db, `select ${COLUMNS} from event where type in (${types}) order by seq`).all()) {
        entry = entryAfter(entry, provenRow(db, run, row as unknown as unknown[]));
      }
    } finally {
      db.close();
    }
    const found = entry;
    if (found !== undefined) this.#use((index) => put(index, found));
  }

  /** Calls with the open index; where that is damaged, once more with a new one. */
  #use<T>(call: (db: DatabaseSync) => T): T {
    try {
      this.#db ??= this.#connect();
      return call(this.#db);
    } catch (thrown) {
      // 1: the table is not the one that this version knows.
      const strange = sqliteCode(thrown) === 1;
      if (!isDamage(thrown) && !strange) throw thrown;
      if (strange) this.#db?.exec("drop table if exists run");
      this.close();
      if (!strange) this.#moveAside();
      this.#db = this.#connect();
      this.#reconciled = false;
      return call(this.#db);
    }
  }

  #connect(): DatabaseSync {
    const db = this.#open(this.#file, { timeout: 1000 });
    try {
      db.exec(`pragma journal_mode = wal; pragma synchronous = normal; ${TABLE}`);
      return db;
    } catch (thrown) {
      db.close();
      throw thrown;
    }
  }

  #moveAside(): void {
    const aside = `${this.#file}.broken-${Date.now()}`;
    for (const end of ["", ...BESIDE]) {
      try {
        renameSync(this.#file + end, aside + end);
      } catch {
        // Not every one of them exists.
      }
    }
  }
}

function runsIn(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(".db") && isRunId(name.slice(0, -3)))
    .map((name) => name.slice(0, -3))
    .sort();
}

export const newFilesIn = (folder: string): string[] =>
  readdirSync(folder)
    .filter((name) => name.includes(".new-"))
    .map((name) => join(folder, name));

const json = (value: unknown): string | null => (value === undefined ? null : JSON.stringify(value));

function put(db: DatabaseSync, e: RunEntry): void {
  db.prepare(PUT).run(
    e.run,
    e.workflow,
    e.status,
    e.startedAt,
    e.endedAt ?? null,
    e.taskCount,
    json(e.summary),
    json(e.parent),
    e.reason ?? null,
    e.rehearsed ? 1 : null,
  );
}

function get(db: DatabaseSync, run: string): RunEntry | undefined {
  const row = db.prepare("select * from run where run = ?").get(run);
  return row && entryOf(row);
}

function select(db: DatabaseSync, query: RunQuery, limit: number): RunEntry[] {
  const where: string[] = [];
  const values: SQLInputValue[] = [];
  if (query.status !== undefined) where.push("status = ?") && values.push(query.status);
  if (query.workflow !== undefined) where.push("workflow = ?") && values.push(query.workflow);
  if (query.before !== undefined) where.push("run < ?") && values.push(query.before);
  const filter = where.length > 0 ? `where ${where.join(" and ")}` : "";
  return db
    .prepare(`select * from run ${filter} order by run desc limit ?`)
    .all(...values, limit)
    .map(entryOf);
}

function entryOf(row: Record<string, unknown>): RunEntry {
  const { run, workflow, status, started_at, ended_at, task_count, summary, parent, reason, rehearsed } = row;
  return {
    run,
    workflow,
    status,
    startedAt: started_at,
    taskCount: task_count,
    ...(ended_at !== null && { endedAt: ended_at }),
    ...(typeof summary === "string" && { summary: JSON.parse(summary) }),
    ...(typeof parent === "string" && { parent: JSON.parse(parent) }),
    ...(reason !== null && { reason }),
    ...(rehearsed === 1 && { rehearsed: true }),
  } as RunEntry;
}
