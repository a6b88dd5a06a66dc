/** `tutti cancel`: what is under way is stopped, and the run is over. */
import type { Command } from "commander";
import { define, exiting } from "../define.ts";
import type { Io } from "../io.ts";
import { send } from "../send.ts";

export function cancel(program: Command, io: Io): void {
  define(
    program,
    "cancel <run>",
    "stop a run for good; what is done stays",
    "tutti cancel last --reason 'wrong branch'",
  )
    .option("--reason <text>", "kept in the journal")
    .action(
      exiting(io, (run: string, { reason, json }: { reason?: string; json?: true }) =>
        send(io, run, { type: "cancel", reason: reason ?? "cancelled from the command line" }, json),
      ),
    );
}
