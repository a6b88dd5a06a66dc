/** Waiting for a run that is conducted here, for as long as somebody wants to wait. */
import type { Told } from "../conductor/fleet.ts";
import type { RunEvent } from "../domain/events.ts";
import type { RunHandle } from "./handle.ts";

/** What whoever waits is told of, a line each. */
const TOLD: ReadonlySet<RunEvent["type"]> = new Set([
  ...(["task:start", "task:complete", "task:error", "task:retry", "task:skipped", "gate:opened"] as const),
  ...(["agent:progress", "budget:exceeded"] as const),
]);

/** Whether it is still under way: not ended, not paused, not waiting for a person. */
export async function waitFor(
  handle: RunHandle,
  {
    seconds,
    signal,
    tell,
  }: { readonly seconds: number; readonly signal: AbortSignal; readonly tell?: (told: Told) => void },
): Promise<boolean> {
  const over = Promise.withResolvers<"over">();
  const end = () => over.resolve("over");
  const late = setTimeout(end, seconds * 1000);
  signal.addEventListener("abort", end, { once: true });
  const events = handle[Symbol.asyncIterator]();
  const counts = { tasks: 0, done: 0 };
  try {
    if (signal.aborted) return true;
    for (;;) {
      const next = await Promise.race([events.next(), over.promise]);
      if (next === "over") return true;
      if (next.done) return false;
      const event = next.value;
      if (event.type === "task:added") counts.tasks++;
      if (event.type === "task:complete" || event.type === "task:skipped") counts.done++;
      if (tell && TOLD.has(event.type)) tell({ seq: event.seq, text: lineOf(event, counts) });
      if (handle.status === "waiting" && event.seq >= (handle.seq ?? Number.POSITIVE_INFINITY)) return false;
    }
  } finally {
    clearTimeout(late);
    signal.removeEventListener("abort", end);
    // It may be waiting for an event; it ends with the next one, or with the run.
    void events.return(undefined).catch(() => {});
  }
}

function lineOf(event: RunEvent, { tasks, done }: { readonly tasks: number; readonly done: number }): string {
  const {
    type,
    taskId = "",
    agentName = "",
  } = event as RunEvent & { readonly taskId?: string; readonly agentName?: string };
  const more = type === "agent:progress" ? progressOf(event) : type;
  return `${done} of ${tasks} done; ${agentName} ${taskId}: ${more}`.slice(0, 300);
}

function progressOf(event: RunEvent): string {
  const entry = "entry" in event ? event.entry : undefined;
  const text = typeof entry === "object" && entry !== null && "text" in entry ? entry.text : "";
  return typeof text === "string" ? text : "";
}
