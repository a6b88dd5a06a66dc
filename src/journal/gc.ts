/** Deletes runs that nobody needs any more: ended, owned by nobody, older than asked, and not among the newest. */
import { rmSync, statSync } from "node:fs";
import type { Retention } from "../domain/ports.ts";
import { isBusy, type Open } from "./database.ts";
import { BESIDE, lockFile, removeRun, runFile } from "./files.ts";
import { type Index, newFilesIn } from "./index-db.ts";
import { hold, isHeld } from "./owner.ts";
import { COLUMNS, provenRow, rowsOf } from "./scan.ts";

const HOUR = 3_600_000;

export interface Collected {
  readonly runs: string[];
  bytes: number;
}

export function* collect(retention: Retention, index: Index, folder: string, open: Open): Generator<void, Collected> {
  const gone: Collected = { runs: [], bytes: 0 };
  for (const { run } of index.ended().slice(retention.keep ?? 0)) {
    let bytes: number | undefined;
    try {
      bytes = (retention.dryRun === true ? weigh : remove)(open, folder, run, retention);
    } catch {
      // What cannot be read is not deleted, and does not keep the others from going.
    }
    if (bytes !== undefined) {
      gone.runs.push(run);
      gone.bytes += bytes;
      if (retention.dryRun !== true) index.forget(run);
    }
    yield;
  }
  // What a process left that died while it made a run.
  if (retention.dryRun !== true) {
    for (const file of newFilesIn(folder)) {
      const born = statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
      if (born < Date.now() - HOUR) rmSync(file, { force: true });
    }
  }
  return gone;
}

type Database = ReturnType<Open>;

/** The file, not the index, says when its last event was. */
function isOld(db: Database, run: string, { before }: Retention): boolean {
  const row = rowsOf(db, `select ${COLUMNS} from event order by seq desc limit 1`).get();
  if (row === undefined) return false;
  const last = provenRow(db, run, row as unknown as unknown[]);
  return last.at < before;
}

function weigh(open: Open, folder: string, run: string, retention: Retention): number | undefined {
  const file = runFile(folder, run);
  if (statSync(file, { throwIfNoEntry: false }) === undefined || isHeld(open, folder, run)) return undefined;
  const db = open(file, { readOnly: true, timeout: 20 });
  try {
    if (!isOld(db, run, retention)) return undefined;
  } finally {
    db.close();
  }
  let bytes = 0;
  for (const end of ["", ...BESIDE]) bytes += statSync(file + end, { throwIfNoEntry: false })?.size ?? 0;
  return bytes;
}

/** Under the same two locks as a claim, so that nobody claims what is going. */
function remove(open: Open, folder: string, run: string, retention: Retention): number | undefined {
  const file = runFile(folder, run);
  if (statSync(file, { throwIfNoEntry: false }) === undefined) return 0;
  const db = open(file, { timeout: 20 });
  let lock: Database | undefined;
  try {
    // What is deleted need not be synced when the connection closes.
    db.exec("pragma synchronous = off; begin immediate");
    lock = hold(open, lockFile(folder, run));
    if (lock === undefined) return undefined;
    const old = isOld(db, run, retention);
    rmSync(lockFile(folder, run), { force: true });
    return old ? removeRun(file) : undefined;
  } catch (thrown) {
    if (isBusy(thrown)) return undefined;
    throw thrown;
  } finally {
    if (db.isTransaction) db.exec("rollback");
    lock?.close();
    db.close();
  }
}
