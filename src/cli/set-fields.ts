/** `--set field=value`: changes to a task, read as the field wants them. */
import { TuttiError } from "../domain/error.ts";
import { didYouMean } from "../domain/nearest.ts";
import type { AgentTask } from "../domain/plan.ts";

const TEXTS = ["prompt", "description", "model", "agentName", "onFailure"] as const;
const NUMBERS = ["priority", "maxTokens", "timeout", "retries"] as const;
const NAMES: readonly string[] = [...TEXTS, ...NUMBERS];

export function setOf(
  given: { readonly [field: string]: string } | undefined,
  task: string | undefined,
): Partial<AgentTask> | undefined {
  if (given === undefined) return undefined;
  if (task === undefined)
    throw new TuttiError("BAD_INPUT", "--set changes a task, and none is named", {
      path: "set",
      hint: "name the task",
    });
  const changes = Object.entries(given).map(([field, value]) => {
    if (!NAMES.includes(field))
      throw new TuttiError("BAD_INPUT", `--set knows no field '${field}'${didYouMean(field, NAMES)}`, {
        path: `set.${field}`,
        hint: `it knows ${NAMES.join(", ")}`,
      });
    if (!(NUMBERS as readonly string[]).includes(field)) return [field, value];
    const number = Number(value);
    if (value.trim() === "" || !Number.isFinite(number))
      throw new TuttiError("BAD_INPUT", `--set ${field} must be a number, not '${value}'`, { path: `set.${field}` });
    return [field, number];
  });
  return Object.fromEntries(changes) as Partial<AgentTask>;
}
