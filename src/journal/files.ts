/** Where a run's files lie. No name that is not a run id ever becomes part of a path. */
import { rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { TuttiError } from "../domain/error.ts";
import { isRunId } from "../domain/ids.ts";

export function checkRun(run: string): void {
  if (typeof run === "string" && isRunId(run)) return;
  throw new TuttiError("BAD_INPUT", `${JSON.stringify(run)} is not a run id; take one from the list of runs`);
}

export function runFile(folder: string, run: string): string {
  checkRun(run);
  return join(folder, `${run}.db`);
}
/** Held by the owner for as long as it lives. */
export const lockFile = (folder: string, run: string): string => join(folder, `${run}.lock`);

/** What SQLite lays beside a database file. */
export const BESIDE = ["-wal", "-shm", "-journal"];

/** Removes a run's files; the database first, so that what is left after a crash is never taken for a run. */
export function removeRun(file: string): number {
  let bytes = 0;
  for (const end of ["", ...BESIDE]) {
    bytes += statSync(file + end, { throwIfNoEntry: false })?.size ?? 0;
    rmSync(file + end, { force: true });
  }
  return bytes;
}
