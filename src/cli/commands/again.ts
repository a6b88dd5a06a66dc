/** `tutti retry` and `tutti fork`: a new run out of an old one, with what that one had done. */
import type { Command } from "commander";
import type { AgentTask } from "../../domain/plan.ts";
import { pair } from "../amounts.ts";
import { define, exiting } from "../define.ts";
import { viewFlags } from "../flags.ts";
import type { Io } from "../io.ts";

interface Flags {
  readonly set?: { readonly [field: string]: string };
  readonly from?: string;
  readonly wait: boolean;
  readonly verbose?: true;
  readonly out?: string;
  readonly json?: true;
}

const SET = "change a field of that task, such as prompt=… or model=…; may be given again";

export function again(program: Command, io: Io): void {
  const example = "tutti retry last\ntutti retry last api-implementation --set 'prompt=Use PostgreSQL'";
  viewFlags(define(program, "retry <run> [task]", "do an ended run's task again, and all that follows it", example))
    .option("--set <field=value>", SET, pair)
    .action(exiting(io, (run: string, task: string | undefined, flags: Flags) => act(io, "retry", run, task, flags)));
  const forking = "tutti fork last --from frontend-architecture --set model=openai/gpt-5.6";
  viewFlags(define(program, "fork <run>", "a new run that goes on from a task of another, which stays", forking))
    .requiredOption("--from <task>", "this task and what follows it is done again")
    .option("--set <field=value>", SET, pair)
    .action(exiting(io, (run: string, flags: Flags) => act(io, "fork", run, flags.from, flags)));
}

async function act(io: Io, how: "retry" | "fork", word: string, task: string | undefined, flags: Flags) {
  const [{ openHome, runOf }, { goOn, sayNext }, { setOf }, { outFolder }] = await Promise.all([
    import("../home.ts"),
    import("../perform.ts"),
    import("../set-fields.ts"),
    import("../report.ts"),
  ]);
  const out = await outFolder(io.cwd, flags.out);
  await using home = await openHome(io);
  const { host } = home;
  const [name = "", seq] = word.split("@");
  const run = await runOf(host, name);
  const set: Partial<AgentTask> | undefined = setOf(flags.set, task);
  const branch = { ...(task === undefined ? {} : { from: task }), ...(set && { set }) };
  const point = how === "fork" && seq !== undefined ? `${run}@${seq}` : run;
  const { handle } = how === "retry" ? await host.retry(run, branch) : await host.fork(point, branch);
  const { code, progress } = await goOn(io, host, handle, {
    ...{ isJson: flags.json, isVerbose: flags.verbose, noWait: !flags.wait, ...out },
  });
  if (!flags.json) await sayNext(io, progress);
  return code;
}
