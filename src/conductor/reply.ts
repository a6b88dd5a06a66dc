/** A plan as a model says it: what it is asked, the shape of its answer, and what becomes of that. */
import { taskIdFault } from "../domain/ids.ts";
import type { AgentTask, Brief, Kind } from "../domain/plan.ts";
import { KINDS } from "../domain/plan.ts";
import { isRecord } from "../domain/shape.ts";
import type { Planned, Problem } from "./checks.ts";
import { type Goal, slug } from "./goal.ts";
import { withOrder } from "./order.ts";

export interface Colleague {
  readonly name: string;
  readonly description: string;
  readonly canWrite: boolean;
}

const MINUTE = 60_000;
const MOST_TASKS = 80;
const words = { type: "array", items: { type: "string" } } as const;

/** Of the answer; what it cannot say is refused by the checks. */
export const PLAN_SCHEMA = {
  type: "object",
  properties: {
    given: words,
    deliverables: words,
    tasks: {
      type: "array",
      items: {
        type: "object",
        properties: {
          id: { type: "string" },
          phase: { type: "string" },
          kind: { type: "string", enum: [...KINDS] },
          agentName: { type: "string" },
          description: { type: "string" },
          prompt: { type: "string" },
          inputs: words,
          outputs: words,
          touches: words,
          covers: words,
          criteria: words,
          after: words,
          minutes: { type: "number" },
          gate: { type: "string" },
          optional: { type: "boolean" },
        },
        required: ["id", "phase", "kind", "agentName", "description", "prompt"],
      },
    },
  },
  required: ["tasks"],
} as const;

interface Before {
  readonly plan: Planned;
  readonly problems: readonly Problem[];
}

export function planPrompt(goal: Goal, agents: readonly Colleague[], before?: Before): string {
  const { text, requirements, minutes } = goal;
  const parts = [
    "Make a plan for a team of agents that work in parallel on one repository. You only plan: you carry out nothing.",
    `## The goal\n\n${text}`,
    `## Its requirements, by their ids\n\n${requirements.map((one) => `- ${one.id}: ${one.text}`).join("\n")}`,
    ...(minutes === undefined ? [] : [`All of it may take ${minutes} minutes of wall time.`]),
    `## Who is there\n\n${agents.map((one) => `- ${one.name} (${one.canWrite ? "writes files" : "reads only"}): ${one.description}`).join("\n")}`,
    `## What a plan says\n\n${RULES}`,
    ...(before === undefined ? [] : [mendText(before)]),
  ];
  return parts.join("\n\n");
}

export const RULES = [
  "- Tasks, each for one agent of the list, small enough for one sitting: an id of a few words with hyphens, a phase, a kind (design, build, verify, document, release), a description in a line, and a prompt that says all that the agent needs: the goal, what it is given, what to deliver in which shape, what not to do.",
  "- 'inputs' are names of what a task needs, 'outputs' of what it makes: every input is made by one task or stands in 'given', as files of the repository do. Dependencies follow from them; 'after' names further ones.",
  "- 'touches' are globs of the files that it will write: two tasks that may touch the same file do not run side by side, so keep them apart where you can.",
  "- 'covers' are ids of the requirements that it meets: each is covered. 'criteria' say how one sees that it is done: every build task has some.",
  "- Whatever is built is verified afterwards by a task of kind verify, and by another agent than the one who built it. A release comes after verification and has a 'gate', the question for a person.",
  "- Whoever writes files is an agent that writes files. 'minutes' are an honest estimate. What may be left out where time is short is 'optional'.",
  "- As much side by side as the work allows, and no more tasks than it needs.",
].join("\n");

const mendText = ({ plan, problems }: Before): string =>
  [
    "## Your last plan was checked, and this is wrong with it",
    problems.map(({ severity, message }) => `- ${severity}: ${message}`).join("\n"),
    "Give the whole plan again with every fault mended. Your last plan:",
    JSON.stringify(plan.tasks).slice(0, 60_000),
  ].join("\n\n");

/** The plan in a reply; what is no plan at all is a fault like any other. */
export function planIn(goal: Goal, reply: unknown): Planned | undefined {
  if (!isRecord(reply) || !Array.isArray(reply["tasks"])) return undefined;
  const tasks = reply["tasks"].filter(isRecord).slice(0, MOST_TASKS).map(taskIn);
  const list = (name: string) => textsIn(reply[name]);
  const { title, requirements, minutes } = goal;
  return {
    ...{ goal: title, requirements, tasks: withOrder(tasks) },
    ...(list("given").length > 0 ? { given: list("given") } : {}),
    ...(list("deliverables").length > 0 ? { deliverables: list("deliverables") } : {}),
    ...(minutes === undefined ? {} : { minutes }),
  };
}

const textOf = (value: unknown): string => (typeof value === "string" ? value : "");
export const textsIn = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((one): one is string => typeof one === "string" && one !== "").slice(0, 100) : [];

export function taskIn(one: Record<string, unknown>): AgentTask {
  const id = textOf(one["id"]);
  const lists = ["inputs", "outputs", "touches", "covers", "criteria"] as const;
  const brief: Brief = {
    ...(KINDS.some((kind) => kind === one["kind"]) ? { kind: one["kind"] as Kind } : {}),
    ...Object.fromEntries(lists.flatMap((name) => (textsIn(one[name]).length > 0 ? [[name, textsIn(one[name])]] : []))),
    ...(one["optional"] === true ? { optional: true } : {}),
  };
  const minutes = one["minutes"];
  const after = textsIn(one["after"]).map(idOf);
  return {
    id: idOf(id),
    ...{ agentName: textOf(one["agentName"]), description: textOf(one["description"]), prompt: textOf(one["prompt"]) },
    ...(textOf(one["phase"]) === "" ? {} : { phase: textOf(one["phase"]).slice(0, 200) }),
    ...(after.length > 0 ? { dependencies: after } : {}),
    ...(typeof minutes === "number" && minutes > 0 ? { estimatedDuration: Math.ceil(minutes * MINUTE) } : {}),
    ...(textOf(one["gate"]) === "" ? {} : { gate: { question: textOf(one["gate"]).slice(0, 1000) } }),
    brief,
  };
}

/** Models like spaces in names. */
const idOf = (id: string): string => (taskIdFault(id) === undefined ? id : slug(id) || "task");
