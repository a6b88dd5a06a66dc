/** Checks as a run: from their names to one report. */
import type { Host } from "../app/host.ts";
import type { Order } from "../app/order.ts";
import { CHECKER, FAIL_ON, type FailOn } from "../domain/check-result.ts";
import { TuttiError } from "../domain/error.ts";
import { COLLECTORS } from "../domain/evidence.ts";
import { didYouMean } from "../domain/nearest.ts";
import type { AgentTask } from "../domain/plan.ts";
import { conduct, modeOf } from "./conduct.ts";
import type { Io } from "./io.ts";
import { goOn, sayNext } from "./perform.ts";
import { outFolder, writeOut } from "./report.ts";
import { viewRun } from "./run-view.ts";

export interface CheckFlags {
  readonly failOn?: string;
  readonly evidenceCommands?: true;
  readonly maxParallel?: number;
  readonly timeout?: number;
  readonly out?: string;
  readonly wait: boolean;
  readonly json?: true;
}

/** What is looked at where nobody says: faults that matter in every project. */
const USUAL = ["secret-scan", "dependency-audit", "code-risks"] as const;
const MOST = 100;
/** Green must not look as if something had been built or tested. */
const NOTHING_RUN =
  "no build and no test is among these checks: name commands under evidenceCommands in config.yaml, or run the repository's own with: tutti check test --evidence-commands";

export async function runChecks(io: Io, names: readonly string[], flags: CheckFlags): Promise<number> {
  const { openHome, warnOf } = await import("./home.ts");
  await using home = await openHome(io, { evidenceCommands: flags.evidenceCommands === true });
  const { host } = home;
  warnOf(io, home);
  if (names.length === 0 && Object.keys(host.settings.evidenceCommands ?? {}).length === 0) io.err(NOTHING_RUN);
  const order = orderOfChecks(host, names, flags);
  const prepared = await host.admit(host.prepare(order));
  const { out } = await outFolder(io.cwd, flags.out);
  const handle = host.start(prepared);
  const how = { noWait: !flags.wait, ...(out === undefined ? {} : { out }) };
  if (modeOf(io, flags.json) !== "json") {
    const { code, progress } = await goOn(io, host, handle, how);
    await sayNext(io, progress);
    return code;
  }
  await handle.opened();
  const { code } = await conduct(io, handle, { mode: "quiet", noWait: how.noWait });
  const view = await viewRun(host, handle.id);
  if (out !== undefined) await writeOut(out, view);
  io.json({ run: handle.id, status: view.shown.status, ...view.shown.checks });
  return code;
}

function orderOfChecks(host: Pick<Host, "settings">, names: readonly string[], flags: CheckFlags): Order {
  const failOn = failOnOf(flags.failOn);
  const commands = Object.keys(host.settings.evidenceCommands ?? {});
  const wanted = names.length > 0 ? [...new Set(names)] : [...commands, ...USUAL];
  if (wanted.length > MOST)
    throw new TuttiError("BAD_INPUT", `${wanted.length} checks are too many for one run`, {
      path: "name",
      hint: `name ${MOST} at most`,
    });
  const tasks = wanted.map((name) => taskFor(name, commands, failOn, flags));
  const { maxParallel } = flags;
  const places = maxParallel === undefined ? {} : { maxParallelAgents: maxParallel };
  // A red check is an answer: nobody is asked what to do about it.
  return { workflowName: "checks", tasks, config: { ...places, attended: false, replan: false } };
}

function taskFor(name: string, commands: readonly string[], failOn: FailOn, flags: CheckFlags): AgentTask {
  const { evidenceCommands = false, timeout } = flags;
  const isOwn = evidenceCommands && (name === "test" || name === "coverage");
  const isCommand = commands.includes(name) || isOwn;
  if (!isCommand && !COLLECTORS.some((one) => one === name)) {
    const known = [...commands, ...COLLECTORS];
    const own = name === "test" ? ", or run the repository's own with --evidence-commands" : "";
    throw new TuttiError("BAD_INPUT", `there is no check '${name}'${didYouMean(name, known)}`, {
      path: "name",
      hint: `name it under evidenceCommands in config.yaml${own}; there are ${known.join(", ")}`,
    });
  }
  return {
    ...{ id: name, agentName: CHECKER, retries: 0 },
    description: isCommand ? `Run '${name}'` : `Look at the files: ${name}`,
    prompt: isCommand ? `Run the command '${name}' of the settings.` : `Look at the files with '${name}'.`,
    evidence: [isCommand ? `command:${name}` : name],
    ...(isCommand ? {} : { context: { failOn } }),
    ...(timeout === undefined || !isCommand ? {} : { timeout }),
  };
}

function failOnOf(text = "high"): FailOn {
  const found = FAIL_ON.find((one) => one === text);
  if (found) return found;
  throw new TuttiError("BAD_INPUT", `--fail-on cannot be '${text}'${didYouMean(text, FAIL_ON)}`, {
    path: "--fail-on",
    hint: `give ${FAIL_ON.join(", ")}`,
  });
}
