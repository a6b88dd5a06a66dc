/** What the index says of a run, folded out of the few events that change it. */
import type { EventType, RunEvent, RunStatus } from "../domain/events.ts";
import type { RunEntry, RunQuery } from "../domain/ports.ts";

export const INDEXED: readonly EventType[] = [
  "workflow:start",
  "workflow:paused",
  "workflow:resumed",
  "workflow:complete",
  "workflow:error",
  "workflow:cancelled",
];
const set = new Set<string>(INDEXED);
export const isIndexed = (type: string): boolean => set.has(type);

export const isFinal = (status: RunStatus): boolean =>
  status === "complete" || status === "failed" || status === "cancelled";

export function entryAfter(entry: RunEntry | undefined, event: RunEvent): RunEntry | undefined {
  if (event.type === "workflow:start") {
    const { run, at, workflow, taskCount, parent, rehearsed } = event;
    const entry = { run, workflow, status: "running" as const, startedAt: at, taskCount };
    return { ...entry, ...(parent && { parent }), ...(rehearsed && { rehearsed }) };
  }
  if (entry === undefined) return undefined;
  const { reason: _reason, ...rest } = entry;
  switch (event.type) {
    case "workflow:paused":
      return { ...rest, status: "paused", reason: event.reason };
    case "workflow:resumed":
      return { ...rest, status: "running" };
    case "workflow:complete":
      return { ...rest, status: event.status, ...end(event) };
    case "workflow:error":
      return { ...rest, status: "failed", reason: event.reason, ...end(event) };
    case "workflow:cancelled":
      return { ...rest, status: "cancelled", reason: event.reason, ...end(event) };
    default:
      return entry;
  }
}

function end({ at, summary }: Extract<RunEvent, { summary: unknown }>) {
  return { endedAt: at, summary, taskCount: summary?.totalTasks ?? 0 };
}

const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 1000;

export function limitOf({ limit = DEFAULT_LIMIT }: RunQuery): number {
  return Math.min(MAX_LIMIT, Math.max(0, Math.trunc(limit) || 0));
}
