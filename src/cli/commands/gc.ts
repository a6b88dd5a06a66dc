/** `tutti gc`: deletes ended runs that are old. */
import type { Command } from "commander";
import { duration, whole } from "../amounts.ts";
import { define, exiting } from "../define.ts";
import { EXIT } from "../exit.ts";
import type { Io } from "../io.ts";

interface Flags {
  readonly olderThan?: number;
  readonly keep: number;
  readonly dryRun?: boolean;
  readonly json?: true;
}

const MONTH = duration("30d");

export function gc(program: Command, io: Io): void {
  define(program, "gc", "delete ended runs that are old", "tutti gc --older-than 30d --keep 20 --dry-run")
    .option("--older-than <time>", "only runs that ended before (default 30d)", duration)
    .option("--keep <N>", "always keep so many of the newest", whole(0, 1_000_000), 0)
    .option("--dry-run", "only say what would go")
    .action(exiting(io, (flags: Flags) => act(io, flags)));
}

async function act(io: Io, { olderThan = MONTH, keep, dryRun = false, json }: Flags): Promise<number> {
  const [{ openHome }, { plural }] = await Promise.all([import("../home.ts"), import("../units.ts")]);
  await using home = await openHome(io);
  const gone = await home.host.journal.gc({ before: Date.now() - olderThan, keep, dryRun });
  if (json) io.json({ ...gone, dryRun });
  else {
    for (const run of gone.runs) io.out(run);
    const size = `${(gone.bytes / 1024 / 1024).toFixed(1)} MB`;
    io.err(`${dryRun ? "would delete" : "deleted"} ${plural(gone.runs.length, "run")}, ${size}`);
  }
  return EXIT.done;
}
