/** From what a person wants to a plan that can be run: planned, checked, fitted into its time, foreseen. Nothing is begun. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { isSound, type Planned, type Problem, planProblems } from "../conductor/checks.ts";
import { ableOf, chooseFrom } from "../conductor/choosing.ts";
import { type Goal, goalOf } from "../conductor/goal.ts";
import { planFor } from "../conductor/planner.ts";
import { type Colleague, PLAN_SCHEMA, planIn, planPrompt } from "../conductor/reply.ts";
import { fitted } from "../conductor/time-box.ts";
import { TuttiError } from "../domain/error.ts";
import { defined } from "../domain/json.ts";
import type { AgentTask } from "../domain/plan.ts";
import type { PlanFile } from "../workflows/plan-file.ts";
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

export function planByPatterns(agency: Agency, words: string, options: PlanOptions = {}): MadePlan {
  const goal = wantedGoal(words, options);
  const { nobody, ...draft } = planFor(goal, chooserOf(agency));
  return finished(agency, draft, { by: BY_PATTERNS, notes: nobody, options });
}

/** The reply to a task of planning; a reason where there is none. */
export type AskPlanner = (task: AgentTask) => Promise<{ readonly output: unknown } | { readonly failed: string }>;

/**
 * By a model: asked again with the checker's words as long as something is wrong. Where it does not answer, patterns
 * serve, and that is said.
 */
export async function planByModel(
  agency: Agency,
  words: string,
  { model, ask, ...options }: PlanOptions & { readonly model: string; readonly ask: AskPlanner },
): Promise<MadePlan> {
  const goal = wantedGoal(words, options);
  const colleagues = colleaguesFor(agency, goal);
  let best: MadePlan | undefined;
  for (let round = 1; round <= ROUNDS; round++) {
    const prompt = planPrompt(goal, colleagues, best);
    const task = { id: "plan", agentName: PLANNER, description: `Plan: ${goal.title}`, prompt, output: PLAN_SCHEMA };
    const got = await ask(task as unknown as AgentTask);
    const draft = "output" in got ? planIn(goal, got.output) : undefined;
    if (draft === undefined) {
      const why = "failed" in got ? got.failed : "its reply is no plan";
      if (best) return { ...best, notes: [...best.notes, `asked again, ${model} did not answer: ${why}`] };
      const made = planByPatterns(agency, words, options);
      return { ...made, notes: [`${model} made no plan: ${why}`, ...made.notes] };
    }
    const again = round === 1 ? "" : `, put right ${round === 2 ? "once" : `${round - 1} times`}`;
    best = finished(agency, draft, { by: `${model}${again}`, notes: [], options });
    if (isSound(best.problems)) return best;
  }
  return best as MadePlan;
}

const ROUNDS = 3;
const PLANNER = "planner";
/** Agents that a model is told of: those that the router finds for what is asked, and those who do such work by custom. */
const MOST_COLLEAGUES = 40;
const EACH = 3;

function colleaguesFor(agency: Agency, { requirements, title }: Goal): readonly Colleague[] {
  const found = requirements.flatMap(({ text }) => {
    const { agent, alternatives } = agency.route({ description: text });
    return [...(agent === null ? [] : [agent]), ...alternatives.slice(0, EACH).map((one) => one.agent)];
  });
  const custom = planFor({ title, text: title, requirements }, chooserOf(agency)).tasks.map((one) => one.agentName);
  return colleaguesNamed(agency, [...new Set([...custom, ...found])].slice(0, MOST_COLLEAGUES));
}

export function colleaguesNamed({ registry }: Agency, names: readonly string[]): readonly Colleague[] {
  const able = ableOf(registry);
  return names.map((name) => ({
    name,
    description: registry.find(name).description.replace(/\s+/g, " ").slice(0, 200),
    canWrite: able.get(name)?.canWrite === true,
  }));
}

function wantedGoal(words: string, { minutes }: PlanOptions): Goal {
  if (words.trim().length < SHORTEST)
    throw new TuttiError("BAD_INPUT", "a goal says what is wanted, in a sentence or a list", {
      path: "goal",
      hint: 'such as: tutti plan "Add dark mode to the settings page"',
    });
  const goal = goalOf(words);
  return minutes === undefined ? goal : { ...goal, minutes };
}

export const chooserOf = (agency: Agency) =>
  chooseFrom(agency.registry, (task, context) => agency.route(task, context));

function finished(
  agency: Agency,
  draft: Planned,
  of: { readonly by: string; readonly notes: readonly string[]; readonly options: PlanOptions },
): MadePlan {
  const { plan, leftOut, length } = fitted(draft);
  const problems = problemsOf(agency, plan, of.options.folder);
  return {
    plan,
    by: of.by,
    length,
    problems,
    notes: [...of.notes, ...leftOut.map((one) => leftOutText(one, plan.minutes))],
  };
}

const problemsOf = ({ registry }: Agency, plan: Planned, folder: string | undefined): readonly Problem[] =>
  planProblems(plan, {
    agents: ableOf(registry),
    ...(folder === undefined ? {} : { exists: (path: string) => existsSync(resolve(folder, path)) }),
  });

const leftOutText = ({ description }: AgentTask, minutes: number | undefined): string =>
  `left out, since there are ${minutes} minutes: ${description}`;

/** What is wrong with a plan out of a file, which somebody may have edited; of one whose tasks say nothing in `brief`, nothing. */
export function problemsIn(
  agency: Agency,
  { tasks = [], goal = "a plan", requirements, given, deliverables, config }: PlanFile,
  { folder, timeout }: { readonly folder?: string | undefined; readonly timeout?: number | undefined } = {},
): readonly Problem[] {
  if (tasks.every(({ brief }) => brief === undefined)) return [];
  const limit = timeout ?? config?.["globalTimeout"];
  const minutes = typeof limit === "number" ? limit / 60_000 : undefined;
  return problemsOf(agency, { goal, tasks, ...defined({ requirements, given, deliverables, minutes }) }, folder);
}

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
