/** Conditions of a plan are data: this is all that they can say. */
import { type Json, sameJson } from "../domain/json.ts";
import type { Condition, Test } from "../domain/plan.ts";

/** Reads a finished task's output. */
export type Read = (task: string, path: string) => { found: boolean; value?: Json };

export function holds(condition: Condition, read: Read): boolean {
  if ("all" in condition) return condition.all.every((inner) => holds(inner, read));
  if ("any" in condition) return condition.any.some((inner) => holds(inner, read));
  if ("not" in condition) return !holds(condition.not, read);
  return test(condition, read);
}

function test({ task, path = "", op, value }: Test, read: Read): boolean {
  const { found, value: actual } = read(task, path);
  if (op === "exists") return found === (value ?? true);
  if (op === "ne") return !found || !sameJson(actual, value);
  if (!found || actual === undefined) return false;
  if (op === "eq") return sameJson(actual, value);
  if (op === "in") return Array.isArray(value) && value.some((one) => sameJson(one, actual));
  if (op === "contains") {
    if (typeof actual === "string") return typeof value === "string" && actual.includes(value);
    return Array.isArray(actual) && actual.some((one) => sameJson(one, value));
  }
  const comparable =
    (typeof actual === "number" && typeof value === "number") ||
    (typeof actual === "string" && typeof value === "string");
  if (!comparable) return false;
  if (op === "lt") return actual < value;
  if (op === "lte") return actual <= value;
  if (op === "gt") return actual > value;
  return actual >= value;
}

/** Every question that a condition asks. */
export function testsOf(condition: Condition): readonly Test[] {
  if ("all" in condition) return condition.all.flatMap(testsOf);
  if ("any" in condition) return condition.any.flatMap(testsOf);
  if ("not" in condition) return testsOf(condition.not);
  return [condition];
}

/** `review /approved eq true`, for reasons that a person reads. */
export function inWords(condition: Condition): string {
  if ("all" in condition) return condition.all.map(inWords).join(" and ");
  if ("any" in condition) return condition.any.map(inWords).join(" or ");
  if ("not" in condition) return `not (${inWords(condition.not)})`;
  const value = condition.value === undefined ? "" : ` ${JSON.stringify(condition.value)}`;
  const path = condition.path ? ` ${condition.path}` : "";
  return `${condition.task}${path} ${condition.op}${value}`;
}
