/** Events as plain lines, for pipes and CI: the run, the time since it began, the task, what happened. */
import type { RunEvent, Step } from "../domain/events.ts";
import type { Json } from "../domain/json.ts";
import { isRecord } from "../domain/shape.ts";
import { changeWords, diffLines, isChange } from "./plan-changes.ts";
import { cut, oneLine } from "./text.ts";
import { moneyText, plural, timeText, tokensText } from "./units.ts";

/** The end of a run's id: the beginning is the time, which neighbours share. */
export const shortRun = (run: string): string => run.slice(-8);

/** `calls`: what remembers the calls of tools, so that each is a line. */
export function eventLine(
  event: RunEvent,
  startedAt: number,
  calls?: { note(event: RunEvent): string | undefined },
): string | undefined {
  const words = isToldBefore(event)
    ? "skipped: the changed plan goes around it"
    : (calls?.note(event) ?? eventWords(event));
  if (words === undefined) return undefined;
  const task = "taskId" in event && event.taskId !== undefined ? `${event.taskId} ` : "";
  const line = `${shortRun(event.run)} ${`+${timeText(event.at - startedAt)}`.padStart(8)} ${task}${words}`;
  return event.type === "plan:changed" ? [line, ...diffLines(event)].join("\n    ") : line;
}

/** Its reason stands in the line of the change, directly before. */
const isToldBefore = (event: RunEvent): boolean => event.type === "task:skipped" && event.how === "replaced";

/** So that few of many do not look like a run that was broken off. */
export const leftOut = (skipped: number): string => (skipped > 0 ? `, ${skipped} skipped` : "");

/** What happened, without run, time and task; nothing for what is only bookkeeping. */
export function eventWords(event: RunEvent): string | undefined {
  switch (event.type) {
    case "workflow:start": {
      const how = event.rehearsed ? " (a rehearsal: no model is called)" : "";
      return `${event.workflow} started: ${plural(event.taskCount, "task")}${how}`;
    }
    case "task:start":
      return `started by ${event.agentName}`;
    case "agent:invoke":
      if (event.restart !== undefined) return `attempt ${event.attempt} begun again: its process had ended`;
      if (event.downgradedFrom !== undefined)
        return `attempt ${event.attempt} by ${event.agentName} goes on with ${oneLine(event.model)} instead of ${oneLine(event.downgradedFrom)}: ${reason(event.modelReason ?? "")}`;
      return event.attempt > 1 ? `attempt ${event.attempt} by ${event.agentName}` : undefined;
    case "task:complete":
      return `complete in ${spent(event)}`;
    case "task:error":
      return `failed (${event.failure}): ${reason(event.reason)}`;
    case "handoff":
      return `${event.agentName} hands over to ${event.to}: ${reason(event.package.summary)}`;
    case "agent:progress":
      return progressWords(event.entry);
    case "task:retry":
      if (event.handedTo !== undefined) return `attempt ${event.attempt} ended: ${reason(event.reason)}`;
      if (LEFT_OFF.has(event.failure) && !event.counts)
        return `attempt ${event.attempt} left off${event.failure === "budget" ? " at the limit" : ""}: ${reason(event.reason)}; ${keptWords(event.turns)}`;
      return `attempt ${event.attempt} failed (${event.failure}): ${reason(event.reason)}; ${nextWords(event.step, event.delay)}`;
    case "task:fallback":
      return `falls back to ${event.to}: ${reason(event.reason)}`;
    case "task:skipped":
      return `skipped: ${reason(event.reason)}`;
    case "task:reused":
      // What was taken over once before has taken nothing in the run that it comes from.
      return `reused: ${reason(event.reason)}${event.tokensSaved > 0 ? `, ${tokensText(event.tokensSaved)} tokens saved` : ""}`;
    case "task:cancelled":
      return `cancelled: ${reason(event.reason)}`;
    case "phase:complete":
      // Of what was left out too: so it is not said to be complete.
      return `phase '${oneLine(event.phase)}' ended`;
    case "gate:opened":
      return `waits at gate '${event.gate}': ${reason(event.question)}`;
    case "gate:decided":
      return `gate '${event.gate}': ${event.decision === "approve" ? "approved" : "rejected"}${by(event.by)}${note(event.note)}`;
    case "breaker:opened":
      return `${oneLine(event.model || event.provider)} keeps failing and is left alone for ${timeText(event.until - event.at)}: ${reason(event.reason)}`;
    case "breaker:closed":
      return `${oneLine(event.model || event.provider)} works again`;
    case "message:sent":
      return `message from ${event.from} to ${event.to}`;
    case "budget:exceeded":
      return `waits for more budget: ${reason(event.reason)}`;
    case "plan:changed":
      if (event.agents && !isChange(event))
        return `${Object.keys(event.agents).map(oneLine).join(", ")} joins: ${reason(event.reason)}`;
      return changeWords(event);
    case "checkpoint":
      return `checkpoint '${oneLine(event.name)}'`;
    case "fact:refused":
      return `refused: ${reason(event.reason)}`;
    case "workflow:stopping":
      return `is stopping (${event.stop}): ${reason(event.reason)}`;
    case "workflow:paused":
      return `paused (${event.cause}): ${reason(event.reason)}${event.cause === "user" ? "" : `; go on with: tutti resume ${shortRun(event.run)} ${event.cause === "budget" ? "--budget AMOUNT" : "--timeout TIME"}`}`;
    case "workflow:resumed":
      return event.recovered ? "taken up again" : "resumed";
    case "workflow:complete":
      return `${event.status}: ${event.summary.successfulTasks} of ${plural(event.summary.totalTasks, "task")}${leftOut(event.summary.skippedTasks)} in ${timeText(event.summary.totalDuration)}`;
    case "workflow:error":
      return `broke: ${reason(event.reason)}`;
    case "workflow:cancelled":
      return `cancelled: ${reason(event.reason)}`;
    default:
      return undefined;
  }
}

/** How far an agent says it is. */
export function progressWords(entry: Json): string | undefined {
  const { text, percent } = isRecord(entry) ? entry : {};
  if (typeof text !== "string") return undefined;
  return `${typeof percent === "number" ? `${Math.round(percent)} % ` : ""}${reason(text)}`;
}

const LEFT_OFF: ReadonlySet<string> = new Set(["budget", "stopped"]);
const keptWords = (turns: number | undefined): string =>
  turns ? `${plural(turns, "turn")} kept, it goes on after ${turns === 1 ? "it" : "them"}` : "nothing is lost";

/** What is done about a failed attempt. */
function nextWords(step: Step | undefined, delay: number): string {
  switch (step) {
    case "reduce-context":
      return "again with half the context";
    case "repair":
      return "again, told what was wrong";
    case "switch-model":
      return "again with another model";
    case "reset":
      return "again from the beginning";
    case "fallback":
      return "another agent takes over";
    case "ask-agent":
      return "error-recovery is asked";
    case "person":
      return "a person is asked";
    case "replan":
      return "another way is looked for";
    default:
      return `again in ${timeText(delay)}`;
  }
}

const LONGEST_REASON = 300;
const reason = (text: string): string => cut(oneLine(text), LONGEST_REASON);
const by = (who: string | undefined): string => (who === undefined ? "" : ` by ${oneLine(who)}`);
const note = (text: string | undefined): string => (text === undefined ? "" : `: ${reason(text)}`);

const spent = ({ duration, tokensUsed, costUsd }: { duration: number; tokensUsed: number; costUsd: number | null }) =>
  `${timeText(duration)}, ${tokensText(tokensUsed)} tokens, ${costUsd === null ? "cost unknown" : moneyText(costUsd)}`;
