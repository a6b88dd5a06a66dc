/** Names of runs, tasks and attempts, as CONTRACT fixes them. */
import type { Random } from "./random.ts";

const TASK_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const RUN_ID = /^[0-7][0-9a-hjkmnp-tv-z]{25}$/;

/** What is wrong with a task id, or undefined. Ids become file and ref names, hence the rules. */
export function taskIdFault(id: string): string | undefined {
  if (!TASK_ID.test(id))
    return "an id starts with a letter or digit and holds at most 64 letters, digits, '.', '_' or '-'";
  if (id.includes("..")) return "an id holds no '..'";
  if (id.endsWith(".") || id.endsWith(".lock")) return "an id does not end in '.' or '.lock'";
  return undefined;
}

export function isRunId(id: string): boolean {
  return RUN_ID.test(id);
}

const BASE32 = "0123456789abcdefghjkmnpqrstvwxyz";

/** A lower-case ULID: sorts by time of birth. */
export function runId(now: number, chance: Random): string {
  let time = "";
  for (let i = 0, rest = now; i < 10; i++, rest = Math.floor(rest / 32)) time = BASE32[rest % 32] + time;
  let tail = "";
  for (let i = 0; i < 16; i++) tail += BASE32[Math.floor(chance() * 32)];
  return time + tail;
}

/** The idempotency key of an attempt, everywhere (I3). */
export function effectId(run: string, task: string, attempt: number): string {
  return `${run}/${task}#${attempt}`;
}
