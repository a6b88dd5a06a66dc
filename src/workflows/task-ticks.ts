/** Ticks in a list of tasks: only the boxes change, and all else stays as it is, to the byte. */
import { createHash } from "node:crypto";
import type { ListItem, TaskList } from "./task-lists.ts";

export interface Ticked {
  readonly content: string;
  readonly ticked: readonly ListItem[];
  /** Those that have no box, such as a task without a status. */
  readonly boxless: readonly ListItem[];
}

/** `ids`: the tasks that are complete. What is ticked already, or was dropped, stays. */
export function ticked(content: string, list: TaskList, ids: ReadonlySet<string>): Ticked {
  const wanted = list.items.filter(({ id, state }) => ids.has(id) && state !== "done");
  const mark = list.kind === "Task Master" ? '"done"' : "x";
  return {
    content: withBoxes(content, wanted, mark),
    ticked: wanted.filter(({ box }) => box !== undefined),
    boxless: wanted.filter(({ box }) => box === undefined),
  };
}

/** Of the list without its ticks: the same before and after something was ticked, by us or by hand. */
export function listHash(content: string, { items }: TaskList): string {
  return createHash("sha256")
    .update(withBoxes(content, items, ""))
    .digest("hex");
}

function withBoxes(content: string, items: readonly ListItem[], mark: string): string {
  const parts: string[] = [];
  let at = 0;
  const boxes = items.flatMap(({ box }) => (box === undefined ? [] : [box])).sort(([a], [b]) => a - b);
  for (const [start, end] of boxes) {
    parts.push(content.slice(at, start), mark);
    at = end;
  }
  return [...parts, content.slice(at)].join("");
}
