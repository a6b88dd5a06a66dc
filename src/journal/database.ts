/**
 * The door to node:sqlite: it is loaded without the warning that Node 22 prints, and whatever it or the
 * file system throws becomes a TuttiError that names the run and says what to do.
 */
import type { DatabaseSync, DatabaseSyncOptions } from "node:sqlite";
import { type ErrorCode, reasonOf, TuttiError } from "../domain/error.ts";

/** Opens a database file; tests hand in one that breaks at will. */
export type Open = (file: string, options: DatabaseSyncOptions) => DatabaseSync;

/** Node 22 calls node:sqlite experimental; only that warning is kept back. */
export async function loadOpen(): Promise<Open> {
  const emit = process.emitWarning;
  process.emitWarning = ((warning: string | Error, ...rest: unknown[]) => {
    if (!String(warning).startsWith("SQLite is an experimental feature")) {
      Reflect.apply(emit, process, [warning, ...rest]);
    }
  }) as typeof process.emitWarning;
  try {
    const { DatabaseSync: Database } = await import("node:sqlite");
    return (file, options) => new Database(file, options);
  } finally {
    process.emitWarning = emit;
  }
}

/** SQLite's primary result code of what was thrown, or undefined if SQLite did not throw it. */
export function sqliteCode(thrown: unknown): number | undefined {
  if (typeof thrown !== "object" || thrown === null || !("errcode" in thrown)) return undefined;
  return typeof thrown.errcode === "number" ? thrown.errcode & 0xff : undefined;
}

const BUSY = 5;
export const isBusy = (thrown: unknown): boolean => sqliteCode(thrown) === BUSY;
export const isDamage = (thrown: unknown): boolean => [11, 26].includes(sqliteCode(thrown) ?? 0);

type Kind = readonly [code: ErrorCode, what: string, hint: string, retry: "never" | "safe"];
const FULL: Kind = ["JOURNAL_FULL", "the disk is full", "free some space, then claim the run again", "safe"];
const IO: Kind = ["JOURNAL_IO", "the disk failed", "check the disk, then claim the run again and read it", "safe"];
const CORRUPT: Kind = ["JOURNAL_CORRUPT", "its file is damaged", "restore the file from a backup", "never"];
const DENIED: Kind = ["JOURNAL_IO", "its file cannot be opened", "check permissions and open-file limits", "safe"];
const LOCKED: Kind = ["JOURNAL_IO", "its file stayed locked", "somebody else is writing it; try again", "safe"];
const BROKEN: Kind = ["BUG", "the journal failed", "please report this", "never"];

const BY_SQLITE = new Map<number, Kind>([
  [3, DENIED],
  [BUSY, LOCKED],
  [6, LOCKED],
  [8, DENIED],
  [10, IO],
  [11, CORRUPT],
  [13, FULL],
  [14, DENIED],
  [26, CORRUPT],
]);
const BY_SYSTEM = new Map<string, Kind>([
  ["ENOSPC", FULL],
  ["EDQUOT", FULL],
  ["EIO", IO],
  ["EACCES", DENIED],
  ["EPERM", DENIED],
  ["EROFS", DENIED],
  ["EMFILE", DENIED],
  ["ENFILE", DENIED],
]);

/** What was thrown while a run's file was in use, as the error that callers know. */
export function fault(thrown: unknown, run: string, other: Kind = BROKEN): TuttiError {
  if (thrown instanceof TuttiError) return thrown;
  const sqlite = sqliteCode(thrown);
  const system = thrown instanceof Error && "code" in thrown ? String(thrown.code) : "";
  const kind = (sqlite === undefined ? BY_SYSTEM.get(system) : BY_SQLITE.get(sqlite)) ?? other;
  const [code, what, hint, retry] = kind;
  return new TuttiError(code, `journal of run ${run}: ${what} (${reasonOf(thrown)}); ${hint}`, {
    hint,
    retry,
    cause: thrown,
  });
}

/** As `fault`, for reading: SQL that no longer fits the file's tables means that the file is damaged. */
export const readFault = (thrown: unknown, run: string): TuttiError => fault(thrown, run, CORRUPT);

export function corrupt(run: string, where: string): TuttiError {
  const hint = "restore the file from a backup; other runs are not affected";
  return new TuttiError("JOURNAL_CORRUPT", `journal of run ${run} is damaged at ${where}; ${hint}`, { hint });
}
