/**
 * Who may write a run (I2). The operating system knows: the owner holds an exclusive lock on the run's lock file,
 * and the lock goes with the process, however it dies.
 *
 * O1 The lock file is opened, locked and removed only inside a write transaction on the run's own file. Whoever
 *    opens it therefore opens the one that the next claimer will open too: no lock on a removed file.
 * O2 Every owner raises the epoch in that same transaction; every append checks it in its own. An owner that lost
 *    its lock in some way that no lock notices is fenced all the same.
 */
import { existsSync, rmSync } from "node:fs";
import { hostname } from "node:os";
import type { DatabaseSync } from "node:sqlite";
import { corrupt, isBusy, type Open } from "./database.ts";
import { lockFile } from "./files.ts";
import { owned } from "./refusals.ts";
import { checkVersion, migrate, readOwner, writeOwner } from "./schema.ts";

export interface Claim {
  readonly epoch: number;
  readonly head: number;
  readonly lock: DatabaseSync;
}

/** Takes the lock, or returns undefined where somebody holds it. The timeout covers others that only look. */
export function hold(open: Open, file: string): DatabaseSync | undefined {
  const lock = open(file, { timeout: 10 });
  try {
    lock.exec("begin exclusive");
    return lock;
  } catch (thrown) {
    lock.close();
    if (isBusy(thrown)) return undefined;
    throw thrown;
  }
}

/** Whether somebody holds the lock at this moment. Only looks: takes nothing, makes nothing. */
export function isHeld(open: Open, folder: string, run: string): boolean {
  const file = lockFile(folder, run);
  if (!existsSync(file)) return false;
  const lock = open(file, { readOnly: true, timeout: 0 });
  try {
    lock.prepare("select 1 from sqlite_master").all();
    return false;
  } catch (thrown) {
    if (isBusy(thrown)) return true;
    throw thrown;
  } finally {
    lock.close();
  }
}

/**
 * Makes this thread the owner of the run in `db`, in one transaction. Throws RUN_OWNED, or SQLite's busy: whoever
 * writes the file may be about to become its owner, and is known by name a moment later. `last`: do not wait longer.
 */
export function claim(options: {
  readonly db: DatabaseSync;
  readonly open: Open;
  readonly folder: string;
  readonly run: string;
  readonly last: boolean;
}): Claim {
  const { db, open, folder, run } = options;
  try {
    db.exec("begin immediate");
  } catch (thrown) {
    if (options.last && isBusy(thrown) && isHeld(open, folder, run)) throw owned(run, readOwner(db, run));
    throw thrown;
  }
  let lock: DatabaseSync | undefined;
  try {
    checkVersion(db, run);
    const last = readOwner(db, run);
    lock = hold(open, lockFile(folder, run));
    if (lock === undefined) throw owned(run, last);
    migrate(db, run);
    const head = Number(db.prepare("select max(seq) as head from event").get()?.["head"] ?? 0);
    if (head < last.head) throw corrupt(run, `event ${head + 1}`);
    const epoch = last.epoch + 1;
    writeOwner(db, { epoch, pid: process.pid, host: hostname(), since: Date.now(), head });
    db.exec("commit");
    return { epoch, head, lock };
  } catch (thrown) {
    lock?.close();
    if (db.isTransaction) db.exec("rollback");
    throw thrown;
  }
}

/** Gives the run back; `head` is what stands in the file now. */
export function release(db: DatabaseSync, folder: string, run: string, held: Claim, head: number): void {
  try {
    db.exec("pragma synchronous = normal; begin immediate");
    const last = readOwner(db, run);
    if (last.epoch === held.epoch) {
      writeOwner(db, { ...last, head });
      rmSync(lockFile(folder, run), { force: true });
    }
    held.lock.close();
    db.exec("commit");
  } finally {
    if (held.lock.isOpen) held.lock.close();
  }
}
