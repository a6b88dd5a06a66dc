/** A run out of its journal, for showing: its rows and its results. */
import { type Begun, begunBy } from "../app/begun.ts";
import { type Bottlenecks, Stopwatch } from "../app/bottlenecks.ts";
import type { Host, Shown } from "../app/host.ts";
import { createProgress, fold, type Progress } from "./progress.ts";

export interface RunView {
  readonly shown: Shown;
  readonly progress: Progress;
  readonly bottlenecks: Bottlenecks;
  /** What its conductor began. */
  readonly begun?: Begun;
}

export async function viewRun(host: Host, run: string): Promise<RunView> {
  const shown = await host.show(run);
  const progress = createProgress();
  const watch = new Stopwatch();
  for await (const page of host.journal.read(run))
    for (const event of page) {
      fold(progress, event);
      watch.note(event);
    }
  progress.status = shown.status;
  const begun = await begunBy(host, run);
  return { shown, progress, bottlenecks: watch.done(), ...(begun && { begun }) };
}
