/**
 * The life of a run.
 *
 * Modes: unborn → running ⇄ paused → complete | failed | cancelled. While it runs a stop may have been ordered:
 * then nothing begins any more, and it turns into its end or a pause when what is under way has ended.
 */
import type { RunEvent, Stop } from "../domain/events.ts";

export interface Life {
  stage: "unborn" | "running" | "paused" | "complete" | "failed" | "cancelled";
  stop?: { readonly stop: Stop; readonly reason: string };
  /** When a stop was last ordered: whoever was under way then may leave off for it, also when it is over already. */
  stoppedAt?: number;
  /** Why it is paused or how it ended. */
  reason?: string;
}

export function evolveLife(life: Life, event: RunEvent): void {
  switch (event.type) {
    case "workflow:start":
      life.stage = "running";
      return;
    case "workflow:stopping":
      life.stage = "running";
      life.stop = { stop: event.stop, reason: event.reason };
      life.stoppedAt = event.at;
      return;
    case "workflow:paused":
      return turn(life, "paused", event.reason);
    case "workflow:resumed":
      return event.recovered ? undefined : turn(life, "running", undefined);
    case "workflow:complete":
      return turn(life, event.status, life.stop?.reason);
    case "workflow:error":
      return turn(life, "failed", event.reason);
    case "workflow:cancelled":
      return turn(life, "cancelled", event.reason);
    default:
      return;
  }
}

function turn(life: Life, stage: Life["stage"], reason: string | undefined): void {
  life.stage = stage;
  delete life.stop;
  delete life.reason;
  if (reason !== undefined) life.reason = reason;
}

export function isEnded({ stage }: Life): boolean {
  return stage === "complete" || stage === "failed" || stage === "cancelled";
}

/** The stop leads to an end: what is under way is aborted, and nothing will be begun again. */
export function isFinal({ stop }: Life): boolean {
  return stop !== undefined && stop.stop !== "pause" && stop.stop !== "time";
}

/** Whether a stop was ordered since then, also one that is over already. */
export const wasStopped = ({ stoppedAt = -1 }: Life, since: number): boolean => stoppedAt >= since;

/** Why this cannot be ordered now, or undefined. */
export function orderFault(life: Life, order: "pause" | "resume" | "cancel"): string | undefined {
  const { stage, stop } = life;
  if (order === "resume") {
    if (stage === "paused" || stop?.stop === "pause") return undefined;
    return stop ? `the run is stopping: ${stop.reason}` : "the run is not paused";
  }
  if (order === "pause" && stage === "paused") return "the run is paused already";
  if (order === "pause" ? stop : isFinal(life)) return `the run is stopping already: ${stop?.reason}`;
  return undefined;
}
