/** How the plan of a run was changed, in words and as a diff: what came, what went, and who waits for whom now. */
import type { EventOf } from "../domain/events.ts";
import { cut, oneLine } from "./text.ts";

export type PlanChange = Pick<EventOf<"plan:changed">, "added" | "removed" | "changed" | "reason">;

/** Lines of one change; more say nothing to whoever looks. */
const MOST_LINES = 40;
const LONGEST = 300;

/** An agent that joins, or another limit, is no change of what is done. */
export const isChange = ({ added, removed, changed = [] }: PlanChange): boolean =>
  added.length + removed.length + changed.length > 0;

export const changeWords = ({ reason }: PlanChange): string => `plan changed: ${cut(oneLine(reason), LONGEST)}`;

export function diffLines({ added, removed, changed = [] }: PlanChange): readonly string[] {
  const lines = [
    ...added.map((id) => `+ ${oneLine(id)}`),
    ...removed.map((id) => `- ${oneLine(id)}`),
    ...changed.map(({ task, dependencies }) => `~ ${oneLine(task)} ${waitsFor(dependencies)}`),
  ];
  const more = lines.length - MOST_LINES;
  return more > 0 ? [...lines.slice(0, MOST_LINES), `… ${more} more`] : lines;
}

const waitsFor = (ids: readonly string[]): string =>
  ids.length === 0 ? "waits for nothing more" : `waits for ${cut(ids.map(oneLine).join(", "), LONGEST)}`;
