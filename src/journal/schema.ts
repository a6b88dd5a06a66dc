/**
 * The tables of a run's file. `user_version` counts the steps that a file has seen; a step is never edited, only
 * followed by another. A new file is a copy of a finished empty one: one write and one sync instead of the six
 * that SQLite needs to make it.
 */
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { crc32 } from "node:zlib";
import { TuttiError } from "../domain/error.ts";
import { corrupt, type Open } from "./database.ts";

/** `shape` is the checksum of what a file then says of its tables: a damaged description is not followed. */
const STEPS: readonly { readonly sql: string; readonly shape: number }[] = [
  {
    shape: 0xaa2d0516,
    sql: `create table event(seq integer primary key, class integer not null, at, type text not null, task text,
     attempt integer, body text not null, crc integer not null);
   create index event_attempt on event(task, attempt) where class = 1;
   create table blob(hash text primary key, body text not null);
   create table command(id integer primary key autoincrement, at, body text not null, crc integer not null);
   create table owner(id integer primary key check (id = 1), epoch integer not null, pid integer not null,
     host text not null, since, head integer not null, crc integer not null);`,
  },
];
const VERSION = STEPS.length;

/** Who writes a run, or wrote it last. `head` is a number that the last event has at least. */
export interface Owner {
  readonly epoch: number;
  readonly pid: number;
  readonly host: string;
  readonly since: number;
  readonly head: number;
}

const ownerCrc = (o: Owner) => crc32(`${o.epoch} ${o.pid} ${o.since} ${o.head} ${o.host}`);

export function writeOwner(db: DatabaseSync, o: Owner): void {
  db.prepare("insert or replace into owner(id, epoch, pid, host, since, head, crc) values (1, ?, ?, ?, ?, ?, ?)").run(
    o.epoch,
    o.pid,
    o.host,
    o.since,
    o.head,
    ownerCrc(o),
  );
}

export function readOwner(db: DatabaseSync, run: string): Owner {
  const row = db.prepare("select epoch, pid, host, since, head, crc from owner").get();
  const owner = row as unknown as (Owner & { crc: number }) | undefined;
  if (owner === undefined || owner.crc !== ownerCrc(owner)) throw corrupt(run, "its owner row");
  return owner;
}

function shapeOf(db: DatabaseSync): number {
  const rows = db.prepare("select type, name, tbl_name as tbl, sql from sqlite_schema order by name").all();
  return crc32(rows.map(({ type, name, tbl, sql }) => `${type} ${name} ${tbl} ${sql}`).join());
}

function version(db: DatabaseSync, run: string): number {
  const row = db.prepare("pragma user_version").get();
  const found = Number(row?.["user_version"] ?? 0);
  if (found > VERSION) {
    const hint = "use the version of Tutti that wrote it, or a newer one";
    throw new TuttiError(
      "JOURNAL_NEWER",
      `journal of run ${run} has format ${found}, this Tutti reads ${VERSION}; ${hint}`,
      { hint },
    );
  }
  if (found < 1 || shapeOf(db) !== STEPS[found - 1]?.shape) throw corrupt(run, "its description of itself");
  return found;
}

/** For readers: throws where the file is not one that this version can read. */
export function checkVersion(db: DatabaseSync, run: string): void {
  version(db, run);
}

/** For the owner, inside its claiming transaction. */
export function migrate(db: DatabaseSync, run: string): void {
  const found = version(db, run);
  if (found === VERSION) return;
  for (const step of STEPS.slice(found)) db.exec(step.sql);
  db.exec(`pragma user_version = ${VERSION}`);
}

/** The bytes of an empty run file. */
export function emptyFile(open: Open, folder: string): Buffer {
  const file = join(folder, `empty.new-${process.pid}-${Math.trunc(performance.now() * 1000)}`);
  const db = open(file, {});
  try {
    db.exec("pragma journal_mode = off; pragma synchronous = off");
    for (const step of STEPS) db.exec(step.sql);
    db.exec(`pragma user_version = ${VERSION}`);
    writeOwner(db, { epoch: 0, pid: 0, host: "", since: 0, head: 0 });
  } finally {
    db.close();
  }
  const bytes = readFileSync(file);
  rmSync(file);
  // Header bytes 18 and 19: written and read with a write-ahead log.
  bytes[18] = 2;
  bytes[19] = 2;
  return bytes;
}
