/** `tutti mcp`: the conductor's tools for another program, such as a coding agent, over standard input and output. */
import type { Command } from "commander";
import { define, exiting } from "../define.ts";
import { EXIT } from "../exit.ts";
import type { Io } from "../io.ts";

interface Flags {
  readonly verbose?: true;
}

/** Milliseconds that attempts have to come to the end of a turn: clients end a server that stays by force after two seconds. */
const FAREWELL = 1500;

export function mcp(program: Command, io: Io): void {
  define(
    program,
    "mcp",
    "an MCP server on standard input and output: let Claude Code, Codex, Cursor or OpenCode conduct",
    "claude mcp add tutti -- tutti mcp",
  )
    .option("--verbose", "what happens, a line each, on standard error")
    .addHelpText(
      "after",
      "\nIt ends with its client. Runs that it conducts are paused then, as by Ctrl-C: tutti resume goes on." +
        "\nOver HTTP it is at /mcp of 'tutti serve', with the same token.",
    )
    .action(exiting(io, (flags: Flags) => act(io, flags)));
}

async function act(io: Io, { verbose }: Flags): Promise<number> {
  const [{ openHome, warnOf }, { fleetOf, letGo }, { promptsOf }, { serveOver }] = await Promise.all([
    import("../home.ts"),
    import("../../app/conducting.ts"),
    import("../../app/prompts.ts"),
    import("../../mcp/stdio.ts"),
  ]);
  // What its client began must end in order though nobody reads any more.
  io.outlive();
  await using home = await openHome(io);
  const { host } = home;
  warnOf(io, home);
  const log = (line: string) => (verbose ? io.err(line) : undefined);
  host.watchAgents(log);
  using fleet = fleetOf(host, { by: "mcp", folder: io.cwd });
  const prompts = () => promptsOf({ home: io.home, repository: io.cwd }).prompts.values();
  const shelf = { workflows: () => host.workflows.list({}), prompts };
  const { gone, close } = await serveOver({ fleet, shelf, input: process.stdin, output: process.stdout, log });
  const asked = new Promise<void>((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
  });
  await Promise.race([gone, asked]);
  await letGo(host, { within: FAREWELL, reason: "the program that conducted has gone" });
  await close();
  return EXIT.done;
}
