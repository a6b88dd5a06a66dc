/** Results as a user gets them: what lies in the blob store is fetched. */
import type { RunResults, TaskResult } from "../domain/events.ts";
import type { Json } from "../domain/json.ts";
import { type BlobRef, isBlobRef } from "../domain/plan.ts";
import type { Journal } from "../domain/ports.ts";
import { holdsBlob } from "../drivers/local/outputs.ts";

export type Results = Omit<RunResults, "tasks"> & {
  readonly tasks: { readonly [id: string]: Omit<TaskResult, "output"> & { readonly output?: Json } };
};

/** Most runs have no large outputs, and their results are given as they are. */
export async function wholeResults(journal: Journal, results: RunResults): Promise<Results> {
  const large = Object.entries(results.tasks).filter(([, { output }]) => output !== undefined && holdsBlob(output));
  if (large.length === 0) return results as Results;
  const tasks: Record<string, Results["tasks"][string]> = { ...(results.tasks as Results["tasks"]) };
  for (const [id, task] of large)
    tasks[id] = { ...task, output: await wholeOutput(journal, results.run, task.output as Json | BlobRef) };
  return { ...results, tasks };
}

async function wholeOutput(journal: Journal, run: string, output: Json | BlobRef): Promise<Json> {
  if (isBlobRef(output)) return JSON.parse(await journal.blob(run, output.$blob)) as Json;
  if (Array.isArray(output) && holdsBlob(output))
    return Promise.all(output.map((one) => wholeOutput(journal, run, one as Json)));
  return output as Json;
}
