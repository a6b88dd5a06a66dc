/** From what a person wants to a plan that can be run: planned, checked, fitted into its time, foreseen. Nothing is begun. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { type Planned, type Problem, planProblems } from "../conductor/checks.ts";
import { ableOf, chooseFrom } from "../conductor/choosing.ts";
import { goalOf } from "../conductor/goal.ts";
import { planFor } from "../conductor/planner.ts";
import { fitted } from "../conductor/time-box.ts";
import { TuttiError } from "../domain/error.ts";
import type { AgentTask } from "../domain/plan.ts";
import type { Agency } from "./agency.ts";

export interface PlanOptions {
  /** The time that all of it may take. Default: as the goal says, if it does. */
  readonly minutes?: number;
  /** Where the files lie that the plan may name. */
  readonly folder?: string;
}
export interface MadePlan {
  readonly plan: Planned;
  /** Who made it. */
  readonly by: string;
  readonly problems: readonly Problem[];
  /** What nobody could be found for, and what was left out for want of time. */
  readonly notes: readonly string[];
  /** Milliseconds of the longest way, by estimates. */
  readonly length: number;
}

const BY_PATTERNS = "patterns and the router, without a model";
const SHORTEST = 3;

export function planByPatterns(agency: Agency, words: string, { minutes, folder }: PlanOptions = {}): MadePlan {
  if (words.trim().length < SHORTEST)
    throw new TuttiError("BAD_INPUT", "a goal says what is wanted, in a sentence or a list", {
      path: "goal",
      hint: 'such as: tutti plan "Add dark mode to the settings page"',
    });
  const goal = goalOf(words);
  const box = minutes ?? goal.minutes;
  const { registry } = agency;
  const choose = chooseFrom(registry, (task, context) => agency.route(task, context));
  const made = planFor({ ...goal, ...(box === undefined ? {} : { minutes: box }) }, choose);
  const { nobody, ...draft } = made;
  const { plan, leftOut, length } = fitted(draft);
  return {
    ...{ plan, by: BY_PATTERNS, length, problems: problemsOf(agency, plan, folder) },
    notes: [...nobody, ...leftOut.map((one) => leftOutText(one, box))],
  };
}

const problemsOf = ({ registry }: Agency, plan: Planned, folder: string | undefined): readonly Problem[] =>
  planProblems(plan, {
    agents: ableOf(registry),
    ...(folder === undefined ? {} : { exists: (path: string) => existsSync(resolve(folder, path)) }),
  });

const leftOutText = ({ description }: AgentTask, minutes: number | undefined): string =>
  `left out, since there are ${minutes} minutes: ${description}`;

/** As a file that `tutti run` takes. */
export function planFileOf({ plan, by }: Pick<MadePlan, "plan" | "by">, config: object = {}) {
  const { goal, requirements, given, deliverables, minutes, tasks } = plan;
  const limit = minutes === undefined ? {} : { globalTimeout: minutes * 60_000 };
  const all = { ...limit, ...config };
  return {
    ...{ workflowName: goal.slice(0, 200), plannedBy: by, goal },
    ...(requirements?.length ? { requirements } : {}),
    ...(given?.length ? { given } : {}),
    ...(deliverables?.length ? { deliverables } : {}),
    ...(Object.keys(all).length > 0 ? { config: all } : {}),
    tasks,
  };
}
