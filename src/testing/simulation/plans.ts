/** Random plans: every feature of a task, in every mixture, out of a seed. */

import { STEPS } from "../../domain/failures.ts";
import type { AgentTask, Condition, FailurePolicy } from "../../domain/plan.ts";
import type { Random } from "../../domain/random.ts";

export const AGENTS = ["ant", "bee", "cat", "dog"] as const;

/** Who is asked where a run may change its plan. */
export const PLANNER = "owl";

export function chance(random: Random, p: number): boolean {
  return random() < p;
}
export function pick<T>(random: Random, items: readonly T[]): T {
  return items[Math.floor(random() * items.length)] as T;
}
export function between(random: Random, from: number, to: number): number {
  return from + Math.floor(random() * (to - from + 1));
}

/** How simulated attempts fail. */
export const FAILING = ["error", "rate-limit", "overloaded", "context-window", "invalid-output", "auth"] as const;

/** What a simulated agent answers has these parts, so that conditions and lists can read them. */
function condition(random: Random, task: string): Condition {
  const test: Condition = pick(random, [
    { task, path: "/score", op: "gte", value: between(random, 0, 9) },
    { task, path: "/ok", op: "eq", value: true },
    { task, path: "/missing", op: "exists" },
  ] as const);
  return chance(random, 0.2) ? { not: test } : test;
}

export function randomPlan(random: Random, size: number): readonly AgentTask[] {
  const tasks: AgentTask[] = [];
  const rich = chance(random, 0.5);
  for (let i = 0; i < size; i++) {
    const dependencies = tasks.filter(() => chance(random, Math.min(0.5, 2 / (i + 1)))).map((task) => task.id);
    const some = dependencies.length > 0 ? pick(random, dependencies) : undefined;
    const task: Record<string, unknown> = {
      id: `t${i}`,
      agentName: pick(random, AGENTS),
      description: `task ${i}`,
      prompt: `do ${i % 3}`,
      dependencies,
      maxTokens: 100,
    };
    if (chance(random, 0.3)) task["priority"] = between(random, 1, 10);
    if (chance(random, 0.3)) task["phase"] = pick(random, ["plan", "build", "check"]);
    if (chance(random, 0.2)) task["retries"] = between(random, 0, 3);
    if (chance(random, 0.15))
      task["onFailure"] = pick<FailurePolicy>(random, ["continue", "continue", "fail-fast", "skip-dependents"]);
    if (chance(random, 0.2)) task["fallbacks"] = [pick(random, AGENTS)];
    if (chance(random, 0.15))
      task["recovery"] = { [pick(random, FAILING)]: STEPS.filter((step) => step !== "replan" && chance(random, 0.4)) };
    if (chance(random, 0.1)) task["timeout"] = between(random, 30, 200);
    if (rich && some !== undefined && chance(random, 0.2)) task["when"] = condition(random, some);
    if (rich && chance(random, 0.1)) task["gate"] = chance(random, 0.5) ? true : { question: "go?" };
    if (rich && some !== undefined && chance(random, 0.15)) {
      const reduce = chance(random, 0.5) ? { reduce: { agentName: pick(random, AGENTS), prompt: "put together" } } : {};
      task["forEach"] = { task: some, path: "/list", ...reduce };
    } else if (rich && chance(random, 0.15)) {
      task["until"] = { task: `t${i}`, path: "/score", op: "gte", value: between(random, 1, 9) };
      task["maxIterations"] = between(random, 1, 4);
      const free =
        tasks.some((one) => one.id === some && !one.forEach && !one.until) &&
        !tasks.some((one) => one.repeats?.includes(some ?? ""));
      if (some !== undefined && free && chance(random, 0.5)) task["repeats"] = [some];
    }
    tasks.push(task as unknown as AgentTask);
  }
  return tasks;
}

/** What whoever is asked about a failed task says: other tasks in its stead, nothing, or what cannot be. */
export function wayAround(random: Random, { id, replans = "*" }: { readonly id: string; readonly replans?: string }) {
  const other = (name: string, dependencies: readonly string[] = []) => ({
    ...{ id: `${id}.${name}`, agentName: pick(random, AGENTS), description: "another way", prompt: "do it otherwise" },
    ...{ maxTokens: 100, dependencies: [...dependencies] },
  });
  const reason = `about ${replans}`;
  if (replans === "*") return chance(random, 0.5) ? { add: [other("more")], reason } : { reason };
  const [first, second] = [other("a"), other("b", [`${id}.a`])];
  return pick(random, [
    { add: [first], instead: { [replans]: [first.id] }, reason },
    { add: [first, second], instead: { [replans]: [second.id] }, reason },
    { add: [first, other("c")], instead: { [replans]: [first.id, `${id}.c`] }, reason },
    { instead: { [replans]: [] }, reason },
    { reason },
    { add: [other("d", ["nobody"])], instead: { [replans]: ["nowhere"] }, reason },
    { instead: 7, reason },
  ]);
}
