/** `tutti pause`: no new attempt begins; what is under way ends. */
import type { Command } from "commander";
import { define, exiting } from "../define.ts";
import type { Io } from "../io.ts";
import { send } from "../send.ts";

export function pause(program: Command, io: Io): void {
  define(program, "pause <run>", "let what is under way end, and begin nothing more", "tutti pause last")
    .option("--reason <text>", "kept in the journal")
    .action(
      exiting(io, (run: string, { reason, json }: { reason?: string; json?: true }) =>
        send(io, run, { type: "pause", reason: reason ?? "paused from the command line" }, json),
      ),
    );
}
