/** The list that a run was of, once the run is over: its boxes are written where that was asked for, else it is said how. */
import { relative } from "node:path";
import type { Order } from "../app/order.ts";
import { reasonOf, TuttiError } from "../domain/error.ts";
import type { ListOf } from "../domain/plan.ts";
import type { Io } from "./io.ts";
import { completed, readList, tickList } from "./list-board.ts";
import type { Progress } from "./progress.ts";
import { plural } from "./units.ts";

/** Before anything is begun. Throws BAD_INPUT. */
export function checkTick(flags: { readonly tick?: true; readonly rehearse?: true }, { config }: Order): void {
  if (!flags.tick) return;
  if (config?.list === undefined)
    throw new TuttiError("BAD_INPUT", "--tick belongs to a list of tasks, and this is none", {
      path: "--tick",
      hint: "lists are Markdown with boxes to tick, spec-kit's tasks.md, or tasks.json of Task Master",
    });
  if (flags.rehearse)
    throw new TuttiError("BAD_INPUT", "a rehearsal does nothing that could be ticked", {
      path: "--tick",
      hint: "leave out --tick, or --rehearse",
    });
}

/** Nothing of it changes how the run ended: what was done is done, also where it cannot be ticked. */
export async function afterList(
  io: Io,
  list: ListOf,
  progress: Progress,
  { tick, isJson }: { readonly tick?: boolean | undefined; readonly isJson?: boolean | undefined },
): Promise<void> {
  const done = completed(progress).size;
  if (done === 0) return;
  const name = relative(io.cwd, list.file);
  if (!tick) {
    if (!isJson) io.out(`\n${plural(done, "task")} of ${name} can be ticked: ${io.me} board ${name} --tick`);
    return;
  }
  try {
    const file = await readList("/", list.file);
    if (file) io.err(await tickList({ ...file, name }, progress, list));
  } catch (error) {
    io.err(`not ticked: ${reasonOf(error)}`);
  }
}
