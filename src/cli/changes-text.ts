/** What tasks wrote, and how it is looked at: files are in worktrees no longer, but kept under their refs. */
import type { Changes } from "../domain/workspace.ts";
import type { TaskRow } from "./progress.ts";
import { oneLine } from "./text.ts";
import { plural } from "./units.ts";

const MOST_FILES = 6;

/** A line a task that wrote something, and the command that shows what. */
export function changeLines(rows: Iterable<TaskRow>): readonly string[] {
  const wrote = [...rows].flatMap(({ id, changes }) => (changes ? [[id, changes] as const] : []));
  return wrote.map(
    ([id, changes]) => `${id} changed ${filesIn(changes)}: git diff ${short(changes.base)} ${changes.ref}`,
  );
}

function filesIn({ files, more = 0 }: Changes): string {
  const named = files.slice(0, MOST_FILES).map(({ path, added, removed }) => {
    const lines = added === null ? "" : ` +${added} -${removed}`;
    return `${oneLine(path)}${lines}`;
  });
  const rest = files.length + more - named.length;
  return `${named.join(", ")}${rest > 0 ? ` and ${plural(rest, "more file")}` : ""}`;
}

const short = (commit: string): string => commit.slice(0, 12);
