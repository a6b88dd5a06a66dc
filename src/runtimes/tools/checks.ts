/**
 * Commands of the user's settings, run on what an attempt made: by name only, so that no plan, agent or repository can
 * say what is run. They work in a worktree of their own with the files of that attempt, held by the sandbox; where there
 * is none, a person is asked about exactly what would run.
 */
import { reasonOf } from "../../domain/error.ts";
import type { Checked, Checking, Checks } from "../../domain/ports.ts";
import type { Workspaces } from "../../domain/workspace.ts";
import { endInWords } from "../../process/child.ts";
import { findProgram } from "../../process/find.ts";
import { Shell } from "./shell.ts";
import { bounded } from "./tool.ts";

export interface ChecksOptions {
  readonly workspaces: Workspaces;
  /** Keeps under another name what was not accepted. */
  readonly refused?: NonNullable<Checks["refused"]>;
  /** Ours: what a command may have of it is picked out. */
  readonly env: { readonly [name: string]: string | undefined };
  /** Never seen by it. */
  readonly hidden: readonly string[];
  readonly mustHold?: boolean;
  readonly named: { readonly [name: string]: readonly string[] };
}

const LIMITS = { wall: 300_000, output: 8 * 1024 * 1024 } as const;
/** Characters of what it printed that the next attempt is told. */
const MOST_TOLD = 4000;

export function namedChecks(options: ChecksOptions): Checks {
  const { refused } = options;
  return { run: (name, checking) => run(options, name, checking), ...(refused && { refused }) };
}

const unusable = (reason: string): Checked => ({ ok: false, reason, isUnusable: true });

async function run(options: ChecksOptions, name: string, checking: Checking): Promise<Checked> {
  const { named, workspaces, env, hidden, mustHold = false } = options;
  const [program, ...args] = (Object.hasOwn(named, name) ? named[name] : undefined) ?? [];
  if (program === undefined)
    return unusable(`there is no command '${name}' in your settings: name it under evidenceCommands in config.yaml`);
  // One with a path may lie among the files; any other must be found, or each attempt would be done again for nothing.
  if (!program.includes("/") && findProgram(program, env["PATH"]) === undefined)
    return unusable(`the check '${name}' cannot be run: there is no program '${program}' in PATH`);
  const { of, signal, ask } = checking;
  // No id of a task has this sign: its worktree is nobody else's.
  const apart = { ...of, taskId: `${of.taskId}@check`, after: [...of.after, of.taskId] };
  const workspace = workspaces.open(apart, true);
  try {
    await workspace.ready();
    await using shell = await Shell.open({ workspace, env, hidden, mustHold, network: false });
    if (shell.refusal !== undefined) return unusable(`the check '${name}' was not run: ${shell.refusal}`);
    if (!shell.isHeld) {
      const subject = { ...shell.subject(""), argv: [program, ...args] };
      const { decision } = await ask({ question: `run the check '${name}' without a sandbox?`, subject });
      if (decision === "reject") return unusable(`the check '${name}' was not allowed to run without a sandbox`);
    }
    const end = await shell.exec(program, args, LIMITS, signal);
    if (end.code === 0 && end.why === undefined) return { ok: true };
    const said = [end.output.trimEnd(), end.stderr.trimEnd()].filter((part) => part !== "").join("\n");
    const words = `the check '${name}' (${[program, ...args].join(" ")}) failed: ${endInWords(end, LIMITS)}`;
    return { ok: false, reason: said === "" ? words : `${words}\n${bounded(said, MOST_TOLD)}` };
  } catch (error) {
    if (signal.aborted) return { ok: false, reason: reasonOf(signal.reason) };
    return unusable(`the check '${name}' cannot be run: ${reasonOf(error)}`);
  } finally {
    await workspace.close();
  }
}
