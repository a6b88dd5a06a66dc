/** What a plan reads in the outputs of its tasks, so that a rehearsed output can have it and the run can go on. */
import { type Json, pointer, sameJson } from "../../domain/json.ts";
import type { AgentTask, Condition, Operator, Test } from "../../domain/plan.ts";
import type { Random } from "../../domain/random.ts";

/** A place in an output (a JSON Pointer; absent: the whole) and what must be true there. `each`: a list. */
export interface Need {
  readonly path?: string;
  readonly op: Operator | "each";
  readonly value?: Json;
}

/** By the authored id of the task whose output is read. The `until` of a loop is read by the loop itself. */
export function needsIn(tasks: readonly AgentTask[]): ReadonlyMap<string, readonly Need[]> {
  const needs = new Map<string, Need[]>();
  const add = (task: string, need: Need) => needs.set(task, [...(needs.get(task) ?? []), need]);
  for (const { when, forEach } of tasks) {
    if (when) for (const test of testsIn(when)) add(test.task, needOf(test));
    if (forEach) add(forEach.task, { op: "each", ...(forEach.path === undefined ? {} : { path: forEach.path }) });
  }
  return needs;
}

export const untilNeeds = (until: Condition): readonly Need[] => testsIn(until).map(needOf);

/** Of several ways the first; what must not hold is left to chance. */
function testsIn(condition: Condition): readonly Test[] {
  if ("all" in condition) return condition.all.flatMap(testsIn);
  if ("any" in condition) return condition.any.slice(0, 1).flatMap(testsIn);
  return "not" in condition ? [] : [condition];
}

const needOf = ({ path, op, value }: Test): Need => ({
  op,
  ...(path === undefined ? {} : { path }),
  ...(value === undefined ? {} : { value }),
});

/**
 * Where tasks go by different values of one place, as the ways after a triage do, only one of them can be met: that which
 * the output has already, else one by chance.
 */
function withoutRivals(output: Json, needs: readonly Need[], dice: Random): readonly Need[] {
  const values = new Map<string, Json[]>();
  for (const { path = "", op, value = null } of needs) {
    if (op !== "eq") continue;
    const seen = values.get(path) ?? [];
    if (!seen.some((one) => sameJson(one, value))) values.set(path, [...seen, value]);
  }
  const chosen = new Map<string, Json>();
  for (const [path, rivals] of values) {
    if (rivals.length < 2) continue;
    const there = pointer(output, path).value;
    const own = rivals.find((one) => sameJson(one, there));
    chosen.set(path, own ?? rivals[Math.floor(dice() * rivals.length)] ?? null);
  }
  return needs.filter(({ path = "", op, value = null }) => {
    const one = chosen.get(path);
    return op !== "eq" || one === undefined || sameJson(one, value);
  });
}

/** The output, changed so that the needs hold where they can: a text becomes an object that carries it. */
export function meet(output: Json, all: readonly Need[], dice: Random): Json {
  let met = output;
  for (const need of withoutRivals(output, all, dice)) {
    const { path = "", op, value } = need;
    const there = pointer(met, path);
    if (op === "exists" && (there.found || value === false)) continue;
    if (op === "ne" && !sameJson(there.value, value)) continue;
    // What need only be contained leaves the rest of the text as it is.
    const isPart = op === "contains" && path === "" && typeof met === "string" && typeof value === "string";
    met = isPart ? `${met}\n\n${value}` : put(met, steps(path), witness(need));
  }
  return met;
}

/** A plan that reads an item beyond this gets no answer in a rehearsal. */
const MOST_ITEMS = 1000;

const steps = (path: string): readonly string[] =>
  path === ""
    ? []
    : path
        .slice(1)
        .split("/")
        .map((raw) => raw.replaceAll("~1", "/").replaceAll("~0", "~"));

function put(here: Json | undefined, [step, ...rest]: readonly string[], value: Json): Json {
  if (step === undefined) return value;
  if (Array.isArray(here) || (here === undefined && /^\d+$/.test(step))) {
    const list: Json[] = Array.isArray(here) ? [...here] : [];
    const index = Math.min(Number(step) || 0, MOST_ITEMS);
    while (list.length < index) list.push("rehearsed");
    list[index] = put(list[index], rest, value);
    return list;
  }
  const fields = typeof here === "object" && here !== null ? here : here === undefined ? {} : { text: here };
  const inner = Object.hasOwn(fields, step) ? (fields as { readonly [key: string]: Json })[step] : undefined;
  return Object.fromEntries([...Object.entries(fields), [step, put(inner, rest, value)]]);
}

/** A value for which the test holds. */
function witness({ op, value = true }: Need): Json {
  const number = typeof value === "number" ? value : 0;
  switch (op) {
    case "each":
      return ["rehearsed item 1", "rehearsed item 2", "rehearsed item 3"];
    case "in":
      return Array.isArray(value) ? (value[0] ?? null) : value;
    case "contains":
      return typeof value === "string" ? value : [value];
    case "lt":
      return number - 1;
    case "gt":
      return number + 1;
    case "ne":
      return value === "rehearsed" ? "rehearsed otherwise" : "rehearsed";
    case "eq":
    case "lte":
    case "gte":
      return value;
    case "exists":
      return true;
  }
}
