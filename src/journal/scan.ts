/** Reads rows of a run file and proves them: every checksum, every number, no gap. Shared by readers and index. */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { RunEvent } from "../domain/events.ts";
import { type Row, sha256, unpack } from "./codec.ts";
import { corrupt } from "./database.ts";

export const PAGE = 1000;
export const COLUMNS = "seq, class, at, type, task, attempt, body, crc";

export function rowsOf(db: DatabaseSync, sql: string): StatementSync {
  const statement = db.prepare(sql);
  statement.setReturnArrays(true);
  return statement;
}

/** A blob's text, or undefined if it is not there or does not match its hash. */
export function readBlob(db: DatabaseSync, hash: string): string | undefined {
  const text = db.prepare("select body from blob where hash = ?").get(hash)?.["body"];
  return typeof text === "string" && sha256(text) === hash ? text : undefined;
}

/** The event of a row that must have this number. */
export function proven(db: DatabaseSync, run: string, seq: number, row: Row): RunEvent {
  let event: RunEvent | undefined;
  try {
    event = unpack(run, seq, row, (hash) => readBlob(db, hash));
  } catch (thrown) {
    if (!(thrown instanceof SyntaxError)) throw thrown;
  }
  if (event === undefined) throw corrupt(run, `event ${seq}`);
  return event;
}

/** The event of a row, by the row's own number. */
export function provenRow(db: DatabaseSync, run: string, row: Row): RunEvent {
  return proven(db, run, Number(row[0]), row);
}
