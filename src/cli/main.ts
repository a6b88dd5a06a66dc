/** The program: every command, and what an error becomes. Whatever is heavy is loaded by the command that needs it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Command, CommanderError } from "commander";
import { again } from "./commands/again.ts";
import { agents } from "./commands/agents.ts";
import { ask } from "./commands/ask.ts";
import { board } from "./commands/board.ts";
import { cancel } from "./commands/cancel.ts";
import { chat } from "./commands/chat.ts";
import { check } from "./commands/check.ts";
import { decide } from "./commands/decide.ts";
import { doGoal } from "./commands/do.ts";
import { doctor } from "./commands/doctor.ts";
import { events } from "./commands/events.ts";
import { gates } from "./commands/gates.ts";
import { gc } from "./commands/gc.ts";
import { init } from "./commands/init.ts";
import { issues } from "./commands/issues.ts";
import { land } from "./commands/land.ts";
import { mcp } from "./commands/mcp.ts";
import { message } from "./commands/message.ts";
import { open } from "./commands/open.ts";
import { pause } from "./commands/pause.ts";
import { plan } from "./commands/plan.ts";
import { report } from "./commands/report.ts";
import { resume } from "./commands/resume.ts";
import { route } from "./commands/route.ts";
import { run } from "./commands/run.ts";
import { runs } from "./commands/runs.ts";
import { serve } from "./commands/serve.ts";
import { show } from "./commands/show.ts";
import { team } from "./commands/team.ts";
import { trust } from "./commands/trust.ts";
import { workflows } from "./commands/workflows.ts";
import { EXIT } from "./exit.ts";
import { type Io, processIo } from "./io.ts";

/** In the order of the help. */
const COMMANDS: readonly ((program: Command, io: Io) => void)[] = [
  ...[run, ask, chat, plan, doGoal, check, runs, show, board, events, report],
  ...[pause, resume, cancel, again, land, message, gates, decide],
  ...[workflows, issues, agents, route, team, trust, init, serve, mcp, open, doctor, gc],
];

export async function main(argv: readonly string[], io: Io = processIo()): Promise<void> {
  const program = programFor(io);
  try {
    if (argv.length <= 2) program.outputHelp();
    else await program.parseAsync(argv);
  } catch (error) {
    // Help and version have been shown.
    if (error instanceof CommanderError && error.exitCode === 0) return io.exit(EXIT.done);
    const [{ tell }, { usageFault }] = await Promise.all([import("./faults.ts"), import("./usage.ts")]);
    const told = error instanceof CommanderError ? usageFault(error, argv.slice(2), program, io.me) : error;
    io.exit(tell(io, told, argv.includes("--json")));
  }
}

function programFor(io: Io): Command {
  const program = new Command("tutti")
    .description("Conducts teams of AI agents through software work.")
    .version(versionOf(), "-V, --version")
    .exitOverride()
    .configureHelp({ showGlobalOptions: false, helpWidth: Math.min(100, io.columns) })
    // What it would print of an error is told by `faults.ts`, like every other.
    .configureOutput({ outputError: () => {} })
    .addHelpText(
      "after",
      "\nExample:\n  $ tutti run fullstack-dev --rehearse --speed 15\n\n" +
        "A run is named by its id, the beginning or end of it, or 'last'.\n" +
        "Exit codes: 0 done, 1 failed, 2 bad input, 3 stopped at a limit, 4 waits at a gate, 130 stopped by Ctrl-C.",
    );
  for (const add of COMMANDS) add(program, io);
  return program;
}

function versionOf(): string {
  const manifest = JSON.parse(readFileSync(join(import.meta.dirname, "..", "..", "package.json"), "utf8")) as {
    version: string;
  };
  return manifest.version;
}
