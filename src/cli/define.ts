/** How every command is made: with `--json`, an example in its help, and an exit code as its result. */
import type { Command } from "commander";
import type { Io } from "./io.ts";

/** `example`: lines of a command and what it does, two spaces between them. */
export function define(parent: Command, usage: string, summary: string, example: string): Command {
  const lines = example.split("\n").map((line) => `  $ ${line.trim()}`);
  return parent
    .command(usage)
    .description(summary)
    .option("--json", "machine-readable output")
    .addHelpText("after", `\n${lines.length > 1 ? "Examples" : "Example"}:\n${lines.join("\n")}`);
}

/** Commander's action for one that resolves to an exit code. */
export const exiting =
  <A extends readonly unknown[]>(io: Io, act: (...args: A) => Promise<number>) =>
  async (...args: unknown[]): Promise<void> => {
    const command = args.at(-1) as Command;
    // Before it stands what was declared with it; a flag such as `--json` may have been taken by the group it is in.
    io.exit(await act(...([...args.slice(0, -2), command.optsWithGlobals()] as unknown as A)));
  };
