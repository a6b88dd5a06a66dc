/** `tutti check`: builds, tests and analyses side by side, and one report of them. No model is asked. */
import type { Command } from "commander";
import { duration, whole } from "../amounts.ts";
import type { CheckFlags } from "../checking.ts";
import { define, exiting } from "../define.ts";
import type { Io } from "../io.ts";

export function check(program: Command, io: Io): void {
  define(
    program,
    "check [name...]",
    "builds, tests and analyses side by side, one report; no model is asked",
    "tutti check\ntutti check build test lint secret-scan\ntutti check secret-scan complexity --fail-on medium --out results",
  )
    .option("--fail-on <weight>", "what an analysis must find to be red: high (default), medium, low or never")
    .option("--evidence-commands", "run this repository's own 'test' and 'coverage' where your settings name none")
    .option("--max-parallel <N>", "checks at once (default 5)", whole(1, 1000))
    .option("--timeout <time>", "of each command (default 10m)", duration)
    .option("--out <dir>", "write each result and a report.md there")
    .option("--no-wait", "end with code 4 where only a person can go on")
    .addHelpText(
      "after",
      "\nA name is a command of evidenceCommands in config.yaml, or a program that looks at files (secret-scan,\n" +
        "dependency-audit, code-risks, complexity, licences, todo, dead-files, …). Without names: all your commands,\n" +
        "and secret-scan, dependency-audit and code-risks. Each command runs in a worktree of its own with what you\n" +
        "have not committed, in the sandbox; a red one stops no other. It is a run: board, show, report and retry know it.\n" +
        "Exit code: 0 where all are green, else 1.",
    )
    .action(
      exiting(io, async (names: readonly string[], flags: CheckFlags) => {
        const { runChecks } = await import("../checking.ts");
        return runChecks(io, names, flags);
      }),
    );
}
