/**
 * Commands of the user's settings, run on what an attempt made: by name only, so that no plan or agent can say what is run,
 * and no repository where the user did not allow its own tests. They work in a worktree of their own with the files of that attempt, held by the sandbox; where there
 * is none, a person is asked about exactly what would run.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { reasonOf } from "../../domain/error.ts";
import { ownScript } from "../../domain/own-script.ts";
import { type Check, checkName } from "../../domain/plan.ts";
import type { Checked, Checking, Checks } from "../../domain/ports.ts";
import { isRecord } from "../../domain/shape.ts";
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
  /** Where `test` and `coverage` have no name there, those of the repository may run. */
  readonly areAllowed?: boolean;
  /** How many lines of these files the newest report says that tests reach; none before `since` counts. */
  readonly measured?: (root: string, since: number) => Promise<Measured | undefined>;
}
export interface Measured {
  readonly lines: number;
  readonly hit: number;
  /** Where most is missing, in words. */
  readonly worst: readonly string[];
}

const LIMITS = { wall: 300_000, output: 8 * 1024 * 1024 } as const;
/** Characters of what it printed that the next attempt is told. */
const MOST_TOLD = 4000;

export function namedChecks(options: ChecksOptions): Checks {
  const { refused } = options;
  return { run: (check, checking) => run(options, check, checking), ...(refused && { refused }) };
}

const unusable = (reason: string): Checked => ({ ok: false, reason, isUnusable: true });

async function run(options: ChecksOptions, check: Check, checking: Checking): Promise<Checked> {
  const { workspaces, env, hidden, mustHold = false } = options;
  const name = checkName(check);
  const { of, signal, ask } = checking;
  // No id of a task has this sign: its worktree is nobody else's.
  const apart = { ...of, taskId: `${of.taskId}@check`, after: [...of.after, of.taskId] };
  const workspace = workspaces.open(apart, true);
  try {
    await workspace.ready();
    const [program, ...args] = argvOf(options, name, "command" in check, workspace.root) ?? [];
    if (program === undefined)
      return unusable(`nothing says how '${name}' is run: name it under evidenceCommands in config.yaml`);
    // One with a path may lie among the files; any other must be found, or each attempt would be done again for nothing.
    if (!program.includes("/") && findProgram(program, env["PATH"]) === undefined)
      return unusable(`the check '${name}' cannot be run: there is no program '${program}' in PATH`);
    await using shell = await Shell.open({ workspace, env, hidden, mustHold, network: false });
    if (shell.refusal !== undefined) return unusable(`the check '${name}' was not run: ${shell.refusal}`);
    if (!shell.isHeld) {
      const subject = { ...shell.subject(""), argv: [program, ...args] };
      const { decision } = await ask({ question: `run the check '${name}' without a sandbox?`, subject });
      if (decision === "reject") return unusable(`the check '${name}' was not allowed to run without a sandbox`);
    }
    const began = Date.now();
    const end = await shell.exec(program, args, LIMITS, signal);
    if (end.code === 0 && end.why === undefined)
      return "coverage" in check ? await reached(options, check.coverage, workspace.root, began) : { ok: true };
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

/** `isNamed`: only the settings can say what it is, not the repository. */
export function argvOf(
  { named, areAllowed }: Pick<ChecksOptions, "named" | "areAllowed">,
  name: string,
  isNamed: boolean,
  root: string,
): readonly string[] | undefined {
  if (Object.hasOwn(named, name)) return named[name];
  if (isNamed || !areAllowed) return undefined;
  return ownScript(name, { script: scriptIn(root, name), has: (path) => existsSync(join(root, path)) });
}

/** One that cannot be read says nothing. */
function scriptIn(root: string, name: string): unknown {
  try {
    const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    return isRecord(scripts) ? scripts[name] : undefined;
  } catch {
    return undefined;
  }
}

async function reached({ measured }: ChecksOptions, wanted: number, root: string, since: number): Promise<Checked> {
  const got = await measured?.(root, since);
  if (got === undefined || got.lines === 0)
    return unusable("the check 'coverage' left no report that can be read, such as lcov.info or coverage-summary.json");
  const percent = (100 * got.hit) / got.lines;
  if (percent >= wanted) return { ok: true };
  const share = `${percent.toFixed(1)} % of ${got.lines} lines`;
  return { ok: false, reason: [`its tests reach ${share}, and ${wanted} % are wanted`, ...got.worst].join("\n") };
}
