/** `tutti ask`: one task for one agent; its answer is all that goes to standard output. */
import type { Command } from "commander";
import { define, exiting } from "../define.ts";
import { EXIT } from "../exit.ts";
import { conductFlags } from "../flags.ts";
import type { Io } from "../io.ts";
import type { Progress } from "../progress.ts";
import type { ConductFlags } from "../run-input.ts";

interface Flags extends ConductFlags {
  readonly yes?: true;
  readonly wait: boolean;
  readonly verbose?: true;
  readonly json?: true;
}

export function ask(program: Command, io: Io): void {
  const example = "tutti ask security-auditor 'What is wrong with this file?' --reads src/login.ts";
  conductFlags(define(program, "ask <agent> <prompt>", "one task for one agent; prints its answer", example))
    .option("--yes", "do not ask before the first real run")
    .option("--no-wait", "at a gate, or where it asks a person, end with code 4 instead of waiting")
    .option("--verbose", "every event as a log line on standard error")
    .action(exiting(io, (agent: string, prompt: string, flags: Flags) => act(io, agent, prompt, flags)));
}

/** Nobody waits for the person here. */
function sayGate(io: Io, { run, gates }: Progress): number {
  const [gate = ""] = gates.keys();
  io.err(`it waits for a person: ${io.me} approve ${run} ${gate}   (or reject)`);
  io.err(`then it goes on: ${io.me} resume ${run}`);
  return EXIT.gate;
}

async function act(io: Io, agent: string, prompt: string, flags: Flags): Promise<number> {
  const [
    { openHome },
    { agentOf },
    { configOf },
    { prepare, mayPay },
    { conduct },
    { outputText },
    { cut, oneLine, harmless },
    { changeLines },
  ] = await Promise.all([
    import("../home.ts"),
    import("../known-agent.ts"),
    import("../run-input.ts"),
    import("../begin.ts"),
    import("../conduct.ts"),
    import("../report.ts"),
    import("../text.ts"),
    import("../changes-text.ts"),
  ]);
  await using home = await openHome(io, { evidenceCommands: flags.evidenceCommands === true });
  const { host } = home;
  agentOf(host, agent);
  const task = { id: "ask", agentName: agent, description: cut(oneLine(prompt), 80) || "a question", prompt };
  const order = { workflowName: "ask", tasks: [task], config: configOf(flags) };
  const prepared = await prepare(io, host, order);
  if (!(await mayPay(io, host, prepared, flags))) return EXIT.badInput;
  const mode = flags.json ? "json" : io.isLive ? "live" : "quiet";
  const { code, progress, results } = await conduct(io, host.start(prepared), {
    ...{ mode, isVerbose: flags.verbose, noWait: !flags.wait },
  });
  const { output, reason } = results?.tasks["ask"] ?? {};
  if (mode === "json") return code;
  if (code === EXIT.gate) return sayGate(io, progress);
  if (output !== undefined) io.out(io.isLive ? harmless(outputText(output)) : outputText(output));
  else io.err(`no answer: ${oneLine(reason ?? results?.reason ?? "the run was stopped")}`);
  for (const line of changeLines(progress.tasks.values())) io.err(line);
  return code;
}
