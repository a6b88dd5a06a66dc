/**
 * Performs checks, without a model: commands of the user's settings and programs that look at files, one a task, side by
 * side as the tasks of any run are.
 *
 * I10. A task only names a check; what is run stands in the user's settings, or, where the user allowed it, is the
 *      repository's own test. It works in a worktree of its own that nobody keeps, held by the sandbox; where there is none, a
 *      person is asked about exactly what would run.
 */
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { analysisResult, type CheckResult, type FailOn, MOST_FINDINGS } from "../../domain/check-result.ts";
import { reasonOf } from "../../domain/error.ts";
import { placeOf } from "../../domain/evidence.ts";
import type { Json } from "../../domain/json.ts";
import { placesSaid } from "../../domain/places-said.ts";
import type { Attempt, AttemptWorld, Evidence, Outcome, Runtime } from "../../domain/ports.ts";
import type { OpenWorkspace, Workspaces } from "../../domain/workspace.ts";
import { type ChildEnd, endInWords } from "../../process/child.ts";
import { findProgram } from "../../process/find.ts";
import { argvOf, type ChecksOptions } from "../tools/checks.ts";
import { Shell, type ShellOptions } from "../tools/shell.ts";
import { bounded } from "../tools/tool.ts";

export interface CheckerOptions
  extends Pick<ShellOptions, "env" | "hidden" | "mustHold">,
    Pick<ChecksOptions, "named" | "areAllowed" | "measured"> {
  readonly workspaces: Workspaces;
  /** What looks at files: those of the repository as they lie there, or of a worktree. */
  readonly evidence: (root?: string) => Evidence;
}

const WALL = 600_000;
const MOST_OUTPUT = 8 * 1024 * 1024;
/** Characters of what a failed command printed that are kept. */
const MOST_SAID = 2000;
const FEW = 3;

export function checkerRuntime(options: CheckerOptions): Runtime {
  return {
    async perform(attempt, world) {
      const name = attempt.task.evidence?.[0] ?? "";
      await world.log.append({ type: "tool:call", entry: { id: name, name: "check", input: { command: name } } });
      try {
        const checked = await check(options, name, attempt, world);
        return "result" in checked ? await told(checked.result, name, world) : checked.off;
      } catch (error) {
        const reason = reasonOf(world.signal.aborted ? world.signal.reason : error);
        if (world.signal.aborted) return { ok: false, failure: "stopped", reason, retry: "safe" };
        return never(`the check '${name}' could not be made: ${reason}`);
      }
    },
  };
}

type Made = { readonly result: CheckResult } | { readonly off: Outcome };

const never = (reason: string): Outcome => ({ ok: false, failure: "error", reason, retry: "never" });

/** In the journal first, green or red, so that a report has all of it. */
async function told(result: CheckResult, id: string, { log }: AttemptWorld): Promise<Outcome> {
  const text = wordsOf(result);
  const fault = result.isGreen ? {} : { fault: "failed" };
  const entry = { id, name: "check", text, ...fault, result: result as unknown as Json };
  await log.append({ type: "tool:result", entry });
  return result.isGreen ? { ok: true, output: result as unknown as Json } : never(text);
}

function wordsOf({ name, argv, end, findings, said }: CheckResult): string {
  const first = findings.slice(0, FEW).map((one) => `${placeOf({ ...one, collector: name })} ${one.text}`);
  const more = findings.length > FEW ? [`and ${findings.length - FEW} more places`] : [];
  const about = [...first, ...more, ...(said === undefined ? [] : [said.slice(-300)])].join("; ");
  return `${argv?.join(" ") ?? name}: ${end}${about === "" ? "" : `: ${about}`}`;
}

async function check(options: CheckerOptions, name: string, attempt: Attempt, world: AttemptWorld): Promise<Made> {
  const command = /^command:(.+)$/.exec(name)?.[1];
  const before = world.before();
  const own = name === "test-run" ? "test" : undefined;
  if (command === undefined && own === undefined && before.length === 0)
    return looked(options.evidence(), name, attempt);
  const { run, task, restart } = attempt;
  // No id of a task has this sign. One that is begun again begins with clean files.
  const taskId = `${task.id}@check${restart > 0 ? `-${restart}` : ""}`;
  const workspace = options.workspaces.open({ run, taskId, attempt: attempt.attempt, after: before }, true);
  try {
    await workspace.ready();
    if (command === undefined && own === undefined)
      return await looked(options.evidence(workspace.root), name, attempt);
    return await ran(
      options,
      { name: command ?? own ?? name, isNamed: command !== undefined },
      { attempt, world, workspace },
    );
  } finally {
    await workspace.close();
  }
}

async function looked(evidence: Evidence, name: string, { task }: Attempt): Promise<Made> {
  const failOn = task.context?.["failOn"];
  const began = performance.now();
  const found = await evidence.collect([name]);
  const took = performance.now() - began;
  return { result: analysisResult(name, found, (failOn as FailOn | undefined) ?? "high", Math.round(took)) };
}

async function ran(
  options: CheckerOptions,
  { name, isNamed }: { readonly name: string; readonly isNamed: boolean },
  { attempt, world, workspace }: { attempt: Attempt; world: AttemptWorld; workspace: OpenWorkspace },
): Promise<Made> {
  const { env, hidden, mustHold = false } = options;
  const [program, ...args] = argvOf(options, name, isNamed && name !== "test", workspace.root) ?? [];
  if (program === undefined)
    return { off: never(`nothing says how '${name}' is run: name it under evidenceCommands in config.yaml`) };
  if (!program.includes("/") && findProgram(program, env["PATH"]) === undefined)
    return { off: never(`'${name}' cannot be run: there is no program '${program}' in PATH`) };
  await using shell = await Shell.open({ workspace, env, hidden, mustHold, network: false });
  if (shell.refusal !== undefined) return { off: never(`'${name}' was not run: ${shell.refusal}`) };
  if (!shell.isHeld) {
    const subject = { ...shell.subject(""), argv: [program, ...args] };
    const { decision } = await world.ask({ question: `run the check '${name}' without a sandbox?`, subject });
    if (decision === "reject") return { off: never(`'${name}' was not allowed to run without a sandbox`) };
  }
  const limits = { wall: attempt.task.timeout ?? WALL, output: MOST_OUTPUT };
  const [since, began] = [Date.now(), performance.now()];
  const end = await shell.exec(program, args, limits, world.signal);
  const duration = Math.round(performance.now() - began);
  if (world.signal.aborted) throw world.signal.reason;
  const got = await options.measured?.(workspace.root, since);
  const coverage =
    got && got.lines > 0 ? { percent: Math.round((1000 * got.hit) / got.lines) / 10, lines: got.lines } : undefined;
  return {
    result: {
      ...{ name, kind: "command", duration, argv: [program, ...args], exit: end.code },
      end: endInWords(end, limits),
      ...saidBy(end, workspace.root),
      ...(coverage && { coverage }),
      notes: shell.isHeld ? [] : ["it ran without a sandbox: there is none here"],
    },
  };
}

function saidBy(end: ChildEnd, root: string): Pick<CheckResult, "isGreen" | "findings" | "more" | "said"> {
  if (end.code === 0 && end.why === undefined) return { isGreen: true, findings: [] };
  const said = [end.output.trimEnd(), end.stderr.trimEnd()].filter((part) => part !== "").join("\n");
  const places = placesSaid(said, (name) => fileIn(root, name));
  const findings = places.slice(0, MOST_FINDINGS).map((one) => ({ severity: "high" as const, ...one }));
  const more = places.length - findings.length;
  return {
    ...{ isGreen: false, findings },
    ...(more > 0 ? { more } : {}),
    ...(findings.length > 0 || said === "" ? {} : { said: bounded(said, MOST_SAID) }),
  };
}

/** The file that a program means, whether it names it from the root, from a package below it, or from that of the machine. */
function fileIn(root: string, name: string): string | undefined {
  const inside = name.startsWith(`${root}/`) ? name.slice(root.length + 1) : name.replace(/^(?:\.?\/)+/, "");
  const parts = inside.split("/").slice(-20);
  if (parts.includes("..") || parts.includes("node_modules")) return undefined;
  for (let from = 0; from < parts.length; from++) {
    const path = parts.slice(from).join("/");
    if (existsSync(join(root, path)) && statSync(join(root, path)).isFile()) return path;
  }
  return undefined;
}
