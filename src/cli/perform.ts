/** A prepared run from its start to the last line: shown, written out, and, of a rehearsal, what it foretells. */

import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import type { RunHandle } from "../app/handle.ts";
import type { Host, Prepared } from "../app/host.ts";
import { CHECKER } from "../domain/check-result.ts";
import { LANE } from "../domain/landing.ts";
import { checkLines } from "./check-text.ts";
import { type Conducted, conduct, modeOf, showEnd, viewOf } from "./conduct.ts";
import { EXIT } from "./exit.ts";
import { forReal, type Rehearsed } from "./for-real.ts";
import { forecastLines } from "./forecast-text.ts";
import type { Io } from "./io.ts";
import { branchIn, isDelivered } from "./landed-text.ts";
import { shortRun } from "./plain.ts";
import { type Progress, paceOf } from "./progress.ts";
import { writeOut } from "./report.ts";
import { viewRun } from "./run-view.ts";
import { findServer, pageOf } from "./served.ts";
import { afterList } from "./ticking.ts";
import { plural } from "./units.ts";

export interface Performing {
  readonly isJson?: boolean | undefined;
  readonly isVerbose?: boolean | undefined;
  readonly noWait?: boolean | undefined;
  /** Where to write outputs and a report. */
  readonly out?: string;
  /** What was run, as it was named: to be run for real after a rehearsal. */
  readonly target?: string;
  /** The boxes of what was completed are written into the list that the run is of. */
  readonly tick?: boolean | undefined;
  /** By which command. Default: `run`. */
  readonly by?: string;
  /** With what it was run, as far as that counts for real too. */
  readonly flags?: Rehearsed;
  /** Told when the run is in its journal. */
  readonly onStart?: (run: string) => void;
}

/** The agent that looks for ways around failures. */
const REPLANNER = "replanner";

/** Enough of them for a bar; the forecast itself takes more. */
const QUICK = 16;

export async function perform(io: Io, host: Host, prepared: Prepared, how: Performing): Promise<number> {
  const mode = modeOf(io, how.isJson);
  const isRehearsal = prepared.config.rehearse === true;
  const expected = mode === "live" ? (await host.forecast(prepared, QUICK)).duration.p50 : 0;
  const { speed = 1 } = prepared.config;
  const faster = isRehearsal && speed !== "max" ? speed : 1;
  if (isRehearsal && how.flags?.deliver !== undefined)
    io.err("note: a rehearsal writes nothing, so nothing lands: --deliver and --prove count for the real run");
  const handle = host.start(prepared);
  const pace = paceOf(expected, prepared.tasks) / faster;
  const conducted = await goOn(io, host, handle, { ...how, pace });
  if (mode !== "json" && isRehearsal && conducted.results?.status !== "paused" && conducted.code !== EXIT.gate) {
    const forecast = await host.forecast(prepared);
    io.out("");
    for (const line of forecastLines(forecast, io.columns)) io.out(line);
  }
  const { list } = prepared.config;
  if (list && !isRehearsal) await afterList(io, list, conducted.progress, how);
  if (mode !== "json") await sayNext(io, conducted.progress, isRehearsal ? realOf(how, host) : undefined);
  return conducted.code;
}

const realOf = ({ target, by = "run", flags = {} }: Performing, { settings }: Host): string | undefined =>
  target === undefined ? undefined : `${by} ${forReal(target, flags, settings)}`;

/** A run that is conducted here, from now to its end. */
export async function goOn(
  io: Io,
  host: Host,
  handle: RunHandle,
  how: Performing & { readonly known?: number; readonly pace?: number },
): Promise<Conducted> {
  const mode = modeOf(io, how.isJson);
  await handle.opened();
  // A person may have decided while nobody conducted it.
  if (how.noWait) await handle.heeded();
  how.onStart?.(handle.id);
  if (mode === "plain") io.out(`run ${handle.id}`);
  if (mode !== "json") await sayPage(io, handle.id);
  const conducted = await conduct(io, handle, { mode, ...how });
  if (mode !== "json") {
    const isTold = await sayChecks(io, host, conducted.progress);
    showEnd(io, conducted.progress, isTold);
  }
  if (how.out !== undefined) {
    const files = await writeOut(how.out, await viewRun(host, handle.id));
    io.err(`wrote ${plural(files.length, "file")} to ${how.out}`);
  }
  return conducted;
}

/** Where some of its tasks were checks: one report of all of them, above how the run ended. True where that says all. */
async function sayChecks(io: Io, host: Host, { run, tasks }: Progress): Promise<boolean> {
  const rows = [...tasks.values()];
  const { checks } = rows.some(({ agent }) => agent === CHECKER) ? await host.show(run) : {};
  if (checks === undefined) return false;
  io.out("");
  for (const line of checkLines(checks, viewOf(io, 0))) io.out(line);
  return checks.checks.length === rows.length;
}

/** Where the run is seen in a browser. On a terminal it stays above the block; lines for a pipe do not have it in them. */
async function sayPage(io: Io, run: string): Promise<void> {
  const server = await findServer(io);
  if (server === undefined) return;
  if (io.isLive) io.out(pageOf(server, run));
  else io.err(pageOf(server, run));
}

/** `target`: the command that does it for real. */
export async function sayNext(io: Io, progress: Progress, target?: string): Promise<void> {
  const { run, status } = progress;
  const short = shortRun(run);
  const rows = [...progress.tasks.values()];
  // What whoever plans found stands with the changes of the plan.
  const [task] = rows.filter((row) => row.tokens > 0 && row.agent !== REPLANNER).toReversed();
  const [gate] = progress.gates.keys();
  const failed = rows.find((row) => row.status === "failed");
  const isDone = status !== "waiting" && status !== "paused";
  const isUndoable = rows.some((row) => isDelivered(row.landed));
  const isUnlanded = isDone && rows.some((row) => row.agent === LANE && row.status !== "complete");
  const taken = isUndoable ? mergeLines(progress) : takeOverLines(io, progress);
  const lines: [string, string][] = [];
  if (status === "waiting" && gate !== undefined) lines.push([`approve ${short} ${gate}`, "or reject"]);
  if (status === "paused" || status === "waiting") lines.push(goingOn(progress));
  if (failed) lines.push([`retry ${short} ${failed.id}`, "again, with what was done"]);
  if (isUnlanded && rows.some((row) => row.status === "complete" && row.changes))
    lines.push([`land ${short}`, "lands what was done, without the rest"]);
  lines.push([`show ${short}${task ? ` --task ${task.id}` : ""}`, task ? "one output" : "how it stands"]);
  lines.push([`report ${short}`, "all of it"]);
  if (isUndoable) lines.push([`undo ${short}`, "takes the delivery back"]);
  lines.push((await findServer(io)) ? [`open ${short}`, "in your browser"] : ["serve --open", "runs in your browser"]);
  if (target !== undefined && status === "complete") lines.push([target, "for real"]);
  io.out("\nNext:");
  const ours = lines.map(([command, what]) => `${io.me} ${command}   # ${what}`);
  // What goes on has nothing to be taken over yet.
  for (const line of isDone ? [...taken, ...ours] : [...ours, ...taken]) io.out(`  ${line}`);
}

/** What landed on a branch of its own comes into the one that is checked out as any branch does. */
function mergeLines({ tasks }: Progress): readonly string[] {
  return [...tasks.values()].flatMap(({ landed }) => {
    const branch = branchIn(landed);
    return branch === undefined ? [] : [`git merge ${branch}   # into the branch that you have checked out`];
  });
}

/** Of changes that lie one upon the other all are needed, in their order. */
const MOST_TAKEN = 5;

/** What agents wrote waits beside the checkout until a person takes it over. */
function takeOverLines({ cwd }: Io, { tasks }: Progress): readonly string[] {
  const refs = [...tasks.values()].flatMap(({ status, changes }) =>
    status === "complete" && changes ? [changes.ref] : [],
  );
  // Of a folder without git the files lie in a copy that git knows, and the folder does not.
  if (refs.length === 0 || refs.length > MOST_TAKEN || !isRepository(cwd)) return [];
  return [
    `git cherry-pick --no-commit ${refs.join(" ")}   # into a clean checkout; else: git diff --binary BASE REF | git apply --3way`,
  ];
}

function isRepository(folder: string): boolean {
  for (let here = folder; ; here = dirname(here)) {
    if (existsSync(join(here, ".git"))) return true;
    if (dirname(here) === here) return false;
  }
}

/** At a limit it stops again at once, unless the limit is raised. */
function goingOn({ run, status, cause }: Progress): [string, string] {
  const resume = `resume ${shortRun(run)}`;
  if (status === "paused" && cause === "budget") return [`${resume} --budget AMOUNT`, "goes on, with a higher limit"];
  if (status === "paused" && cause === "time") return [`${resume} --timeout TIME`, "goes on, with a longer one"];
  return [resume, "goes on"];
}
