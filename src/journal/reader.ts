/**
 * Reading on the caller's thread, through a read-only connection of its own, page by page. Nothing is handed out
 * that does not match its checksum, its number and the number before it; a tail that a damaged page hides is noticed
 * by the number that the last owner left.
 */
import { existsSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";
import { setTimeout as delay } from "node:timers/promises";
import type { RunEvent } from "../domain/events.ts";
import type { ReadOptions } from "../domain/ports.ts";
import { CLASS } from "./codec.ts";
import { corrupt, type Open, readFault } from "./database.ts";
import { runFile } from "./files.ts";
import { noBlob, notFound } from "./refusals.ts";
import { COLUMNS, PAGE, proven, provenRow, readBlob, rowsOf } from "./scan.ts";
import { checkVersion, readOwner } from "./schema.ts";

const POLL = 40;
const LAST = Number.MAX_SAFE_INTEGER;

type Rows = readonly (readonly unknown[])[];

function openReader(open: Open, folder: string, run: string): DatabaseSync {
  const file = runFile(folder, run);
  if (!existsSync(file)) throw notFound(run);
  let db: DatabaseSync | undefined;
  try {
    db = open(file, { readOnly: true, timeout: 1000 });
    checkVersion(db, run);
    return db;
  } catch (thrown) {
    db?.close();
    throw readFault(thrown, run);
  }
}

type Pages = (from: number, to: number) => Generator<RunEvent[], void>;

/** Gives events from one number to another, in pages. */
function pagesOf(db: DatabaseSync, run: string): Pages {
  const floor = readOwner(db, run).head;
  const select = rowsOf(db, `select ${COLUMNS} from event where seq between ? and ? order by seq limit ${PAGE}`);
  return function* (from, to) {
    let next = from;
    for (;;) {
      const rows = select.all(next, to) as unknown as Rows;
      const page = rows.map((row, i) => proven(db, run, next + i, row));
      next += page.length;
      if (page.length > 0) yield page;
      if (page.length < PAGE) break;
    }
    if (next <= Math.min(floor, to)) throw corrupt(run, `event ${next}`);
  };
}

function* attemptPages(db: DatabaseSync, run: string, task: string, attempt: number, from: number, to: number) {
  const select = rowsOf(
    db,
    `select ${COLUMNS} from event where class = ${CLASS.attempt} and task = ? and attempt = ? and seq between ? and ?
     order by seq limit ${PAGE}`,
  );
  for (let next = from; ; ) {
    const rows = select.all(task, attempt, next, to) as unknown as Rows;
    const page = rows.map((row) => provenRow(db, run, row));
    const last = page.at(-1);
    if (last !== undefined) yield page;
    if (last === undefined || page.length < PAGE) return;
    next = last.seq + 1;
  }
}

/** An index may be damaged where the rows are not, and would then hide some: it is compared with them once. */
function checkIndex(db: DatabaseSync, run: string): void {
  const answer = Object.values(db.prepare("pragma integrity_check(1)").get() ?? {})[0];
  if (answer !== "ok") throw corrupt(run, `its index: ${String(answer)}`);
}

export function* readRun(
  open: Open,
  folder: string,
  run: string,
  options: ReadOptions & { readonly trusted: Set<string> },
): Generator<readonly RunEvent[], void> {
  const { from = 1, to = LAST, attempt, trusted } = options;
  const db = openReader(open, folder, run);
  try {
    const first = Math.max(1, from);
    if (attempt === undefined) yield* pagesOf(db, run)(first, to);
    else {
      if (!trusted.has(run)) checkIndex(db, run);
      trusted.add(run);
      yield* attemptPages(db, run, attempt.taskId, attempt.attempt, first, to);
    }
  } catch (thrown) {
    throw readFault(thrown, run);
  } finally {
    db.close();
  }
}

export function blobOf(open: Open, folder: string, run: string, hash: string): string {
  const db = openReader(open, folder, run);
  try {
    const text = readBlob(db, hash);
    if (text !== undefined) return text;
    if (db.prepare("select 1 from blob where hash = ?").get(hash) === undefined) throw noBlob(run, hash);
    throw corrupt(run, `blob ${hash}`);
  } catch (thrown) {
    throw readFault(thrown, run);
  } finally {
    db.close();
  }
}

/** Calls back when a tail should look again; returns what ends that. */
export type Watch = (look: () => void) => () => void;

export async function* tailRun(
  open: Open,
  folder: string,
  run: string,
  options: { readonly from: number; readonly signal: AbortSignal; readonly watch: Watch },
): AsyncGenerator<readonly RunEvent[], void> {
  const { signal, watch } = options;
  if (signal.aborted) return;
  const db = openReader(open, folder, run);
  let look = () => {};
  const unwatch = watch(() => look());
  try {
    const version = db.prepare("pragma data_version");
    const pages = pagesOf(db, run);
    let seen = -1;
    let next = Math.max(1, options.from);
    while (!signal.aborted) {
      const now = Number(version.get()?.["data_version"]);
      if (now !== seen) {
        seen = now;
        for (const page of pages(next, LAST)) {
          next += page.length;
          yield page;
          if (signal.aborted) return;
        }
        continue;
      }
      const stop = new AbortController();
      look = () => stop.abort();
      const pause = AbortSignal.any([signal, stop.signal]);
      await delay(POLL, undefined, { signal: pause, ref: false }).catch(() => undefined);
    }
  } catch (thrown) {
    throw readFault(thrown, run);
  } finally {
    unwatch();
    db.close();
  }
}
