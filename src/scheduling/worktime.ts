/** The working time of a run: it stands still at gates and pauses, and may have a limit. */
import type { RunEvent } from "../domain/events.ts";

export interface Worktime {
  before: number;
  /** Working since then. */
  since?: number;
  /** When the run was last heard of; what lies between that and a recovery was no work. */
  heard?: number;
  limit?: number;
  /** The limit stopped the run; going on begins a new count. */
  spent?: boolean;
}

export function evolveWorktime(time: Worktime, event: RunEvent): void {
  switch (event.type) {
    case "workflow:start":
      if (event.options.globalTimeout !== undefined) time.limit = event.options.globalTimeout;
      return;
    case "workflow:paused":
      if (event.cause === "time") time.spent = true;
      return;
    case "workflow:resumed":
      if (event.recovered) skipSilence(time, event.at);
      if (time.spent || event.globalTimeout !== undefined) time.before = 0;
      if (event.globalTimeout !== undefined) time.limit = event.globalTimeout;
      delete time.spent;
      return;
    default:
      return;
  }
}

function skipSilence(time: Worktime, now: number): void {
  if (time.since === undefined) return;
  time.before += Math.max(0, (time.heard ?? time.since) - time.since);
  time.since = now;
}

/** Starts or stops the count, by whether anything is under way now. */
export function runWorktime(time: Worktime, working: boolean, now: number): void {
  time.heard = now;
  if (working === (time.since !== undefined)) return;
  if (working) {
    time.since = now;
    return;
  }
  time.before += Math.max(0, now - (time.since ?? now));
  delete time.since;
}

/** When the limit is reached if the run goes on working. */
export function limitAt(time: Worktime): number | undefined {
  return time.since === undefined || time.limit === undefined ? undefined : time.since + time.limit - time.before;
}
