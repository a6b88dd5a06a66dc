/** `tutti gates`: who waits for a person. */
import type { Command } from "commander";
import type { Host } from "../../app/host.ts";
import { define, exiting } from "../define.ts";
import { EXIT } from "../exit.ts";
import type { Io } from "../io.ts";

export function gates(program: Command, io: Io): void {
  define(program, "gates [run]", "open gates of one run, or of all", "tutti gates").action(
    exiting(io, (run: string | undefined, flags: { json?: true }) => act(io, run, flags.json === true)),
  );
}

async function act(io: Io, word: string | undefined, isJson: boolean): Promise<number> {
  const { openHome, runOf } = await import("../home.ts");
  await using home = await openHome(io);
  return await listGates(io, home.host, word === undefined ? undefined : await runOf(home.host, word), isJson);
}

export async function listGates(io: Io, host: Host, of: string | undefined, isJson: boolean): Promise<number> {
  const [{ oneLine, painter, wrap }, { agoText }, { subjectLines, answerFlag }] = await Promise.all([
    import("../text.ts"),
    import("../units.ts"),
    import("../subject-text.ts"),
  ]);
  const open = await host.gates(of);
  if (isJson) io.json({ gates: open });
  else if (open.length === 0) io.out("No gate is open.");
  else
    for (const { run, gate, taskId, agentName, question, subject, at } of open) {
      const paint = painter(io.isColoured);
      io.out(
        `${paint("yellow", "◆")} ${paint("bold", gate)}  task ${taskId}, ${agentName}, ${agoText(at, Date.now())}`,
      );
      io.out(wrap(oneLine(question), io.columns, "  "));
      for (const line of subjectLines(subject)) io.out(line);
      io.out(`  ${io.me} approve ${run} ${gate}${answerFlag({ gate, subject })}   (or reject)`);
    }
  return EXIT.done;
}
