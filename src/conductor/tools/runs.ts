/** Plans and runs: made, begun, changed, paid for, and decided where a person has left that to conductors. */
import { z } from "zod";
import { TuttiError } from "../../domain/error.ts";
import { defined } from "../../domain/json.ts";
import { isLike } from "../../domain/like.ts";
import type { AgentTask } from "../../domain/plan.ts";
import type { RunCost, Spending } from "../fleet.ts";
import { began, budget, configOf, rehearse, runId, wait } from "./begun.ts";
import { type ConductorTool, conductorTool } from "./tool.ts";

const MOST_TASKS = 200;
const MOST_RUNS = 20;

/** What whoever conducts needs of a task; what plans can say beside is for those who write files. */
const task = z.strictObject({
  id: z.string().min(1).max(64).describe("letters, digits, '.', '_', '-'"),
  agentName: z.string().min(1).max(64).optional().describe("left out, whoever fits best"),
  description: z.string().min(1).max(2000),
  prompt: z.string().min(1).max(200_000).describe("the whole task, for a reader who knows nothing of it"),
  dependencies: z.array(z.string()).max(MOST_TASKS).optional().describe("ids of tasks that come before"),
  priority: z.int().min(1).max(10).optional(),
  phase: z.string().max(200).optional(),
  model: z.string().min(1).max(200).optional(),
  context: z.record(z.string(), z.string()).optional().describe("facts that it is shown"),
  reads: z.array(z.string().min(1).max(1000)).max(100).optional().describe("files to show it, as globs"),
  gate: z.boolean().optional().describe("true: a person decides before it begins"),
  retries: z.int().min(0).max(10).optional(),
  timeout: z.int().min(1).optional().describe("milliseconds"),
  onFailure: z.enum(["skip-dependents", "continue", "fail-fast"]).optional(),
});
/** Not any JSON: that is a schema which refers to itself, and not every client and model takes one. */
const plain = z.union([z.string(), z.number(), z.boolean()]);
const parameter = z.union([plain, z.array(plain).max(1000)]);
const tasks = z.array(task).max(MOST_TASKS);

const reportCost = conductorTool({
  name: "report_cost",
  title: "What it cost",
  description:
    "Tokens and dollars: of one run, or of all that began today; in all, by run and by agent. A cost of null is unknown. Of one run whose conductor began others, begun tells what these cost besides, and withBegun all of it. What is just under way counts when its attempt ends.",
  does: { reads: true, repeats: true },
  input: z.strictObject({ run: runId.optional(), agent: z.string().min(1).max(64).optional() }),
  perform: async ({ run, agent }, fleet) => {
    const { runs, leftOut, dayBudget, begun } = await fleet.costs(run);
    const real = runs.filter(({ rehearsed }) => !rehearsed);
    const shown = agent === undefined ? runs : runs.filter((one) => Object.hasOwn(one.agents, agent));
    const byAgent = Object.fromEntries(agentsOf(runs).filter(([name]) => agent === undefined || name === agent));
    return {
      of: run ?? "today",
      ...(agent === undefined ? { total: sum(real) } : {}),
      ...(agent === undefined && begun !== undefined
        ? { begun: { ...begun, runs: begun.runs.slice(0, MOST_RUNS) }, withBegun: sum([...real, begun]) }
        : {}),
      byAgent,
      runs: shown.slice(0, MOST_RUNS).map(({ agents: _, ...rest }) => rest),
      ...defined({ dayBudget, leftOut: leftOut + Math.max(0, shown.length - MOST_RUNS) || undefined }),
    };
  },
});

function sum(all: readonly Spending[]): Spending {
  const costs = all.map(({ costUsd }) => costUsd);
  return {
    tokensUsed: all.reduce((so, { tokensUsed }) => so + tokensUsed, 0),
    costUsd: costs.includes(null) ? null : costs.reduce<number>((so, one) => so + (one ?? 0), 0),
  };
}

/** Of rehearsals nothing is told: nobody spent it. */
function agentsOf(runs: readonly RunCost[]) {
  const real = runs.filter(({ rehearsed }) => !rehearsed);
  const names = new Set(real.flatMap(({ agents }) => Object.keys(agents)));
  return [...names].map((name) => {
    const own = real.flatMap(({ agents }) => agents[name] ?? []);
    return [name, { ...sum(own), attempts: own.reduce((so, { attempts }) => so + attempts, 0) }] as const;
  });
}

const plan = conductorTool({
  name: "plan",
  title: "Plan a goal",
  description:
    "Makes a plan for a goal and checks it: phases, who does what, how long, and what is wrong with it. Nothing of it is begun. The model that is configured makes it, which is paid like a run, and `by` says who did; without one, or with patterns, it is made by patterns. It is kept under the id that comes back; run_workflow begins it.",
  does: {},
  input: z.strictObject({
    goal: z.string().min(3).max(20_000).describe("what is wanted, best with a list of requirements"),
    minutes: z.number().min(1).max(10_080).optional().describe("the time that all of it may take"),
    patterns: z.boolean().optional().describe("true: without a model, at once and for nothing"),
  }),
  perform: async ({ goal, ...how }, fleet, { signal, tell }) => {
    const made = await fleet.plan(goal, defined({ ...how, signal, tell }));
    const isSound = made.problems.every(({ severity }) => severity !== "fault");
    const next = isSound ? `run_workflow with plan: "${made.plan}"` : "mend the goal and plan again";
    return { ...made, tree: made.tree.slice(0, 150), problems: made.problems.slice(0, 20), next };
  },
});

const runWorkflow = conductorTool({
  name: "run_workflow",
  title: "Begin a run",
  description:
    "Begins a run of a plan (by its id), a workflow (by its id, with its parameters) or tasks of your own, or goes on with one of yours that is paused, and answers at once with the run's id; with wait, up to that many seconds for how it ends. Tasks run side by side as far as their dependencies allow.",
  does: {},
  input: z.strictObject({
    plan: z.string().min(1).max(100).optional(),
    workflow: z.string().min(1).max(200).optional(),
    parameters: z.record(z.string(), parameter).optional(),
    tasks: tasks.optional(),
    run: runId.optional().describe("one that you began and that is paused: it goes on"),
    name: z.string().min(1).max(200).optional().describe("what a run of your own tasks is called"),
    model: z.string().min(1).max(200).optional().describe("for every agent that has no other"),
    maxParallelAgents: z.int().min(1).max(1000).optional(),
    budget,
    rehearse,
    wait,
  }),
  perform: async (given, fleet, calling) => {
    const { plan: id, workflow, parameters, tasks: own, run, name, wait: seconds = 0, ...config } = given;
    if ([id, workflow, own, run].filter((one) => one !== undefined).length !== 1)
      throw new TuttiError("BAD_INPUT", "give one of 'plan', 'workflow', 'tasks' and 'run'", {
        path: "workflow",
        hint: "plan makes a plan; the resource tutti://workflows lists workflows",
      });
    if (run !== undefined) {
      const more = Object.entries({ parameters, name, ...config }).find(([, value]) => value !== undefined);
      if (more)
        throw new TuttiError("BAD_INPUT", `'${more[0]}' cannot be changed of a run that goes on`, { path: more[0] });
      return began({ begin: () => fleet.goOn(run), undo: "pause" }, seconds, fleet, calling);
    }
    const ordered =
      id === undefined ? defined({ workflowId: workflow, parameters, tasks: own }) : await fleet.planned(id, true);
    const all = { ...ordered, ...(own ? defined({ workflowName: name }) : {}) };
    const before = "config" in all ? (all.config as object) : {};
    const order = { ...all, config: { ...before, ...configOf(config) } };
    return began({ begin: () => fleet.begin(order) }, seconds, fleet, calling);
  },
});

const changePlan = conductorTool({
  name: "change_plan",
  title: "Change the plan of a run",
  description:
    "Adds tasks to a run that is under way, or removes some that have not begun and nobody waits for, or whose dependents wait for others instead. Agents of new tasks must work in the run already. It is noted in the run with your reason.",
  does: { destroys: true },
  input: z.strictObject({
    run: runId,
    add: tasks.optional(),
    remove: z.array(z.string().min(1).max(64)).max(MOST_TASKS).optional(),
    instead: z
      .record(z.string(), z.array(z.string().min(1).max(64)).max(MOST_TASKS))
      .optional()
      .describe("for a removed task that others wait for: the ids that they wait for then; none where it is left out"),
    reason: z.string().min(1).max(2000),
  }),
  perform: async ({ run, add = [], remove = [], instead, reason }, fleet) => {
    if (add.length + remove.length === 0)
      throw new TuttiError("BAD_INPUT", "give tasks to 'add', or ids to 'remove'", { path: "add" });
    const change = { add: add as unknown as readonly AgentTask[], remove, reason, ...defined({ instead }) };
    const command = await fleet.change(run, change);
    return { run, command, added: add.map(({ id }) => id), removed: remove };
  },
});

const route = conductorTool({
  name: "route",
  title: "Who does a task best",
  description:
    "The agent that fits a task best, how sure that is, why, and who else. Nothing is begun; no model is asked.",
  does: { reads: true, repeats: true },
  input: z.strictObject({
    task: z.string().min(1).max(20_000),
    exclude: z.array(z.string().min(1).max(64)).max(100).optional(),
  }),
  perform: async ({ task: words, exclude = [] }, fleet) => fleet.route(words, exclude),
});

const approve = conductorTool({
  name: "approve",
  title: "Decide at a gate",
  description:
    "Approves or rejects at a gate of a plan that a person has left to conductors. All others are refused: a person decides those. check_agent_status with the run lists its gates.",
  does: { destroys: true },
  input: z.strictObject({
    run: runId,
    gate: z.string().min(1).max(300),
    decision: z.enum(["approve", "reject"]).optional().describe("default approve"),
    note: z.string().max(5000).optional(),
  }),
  perform: async ({ run, gate, decision = "approve", note }, fleet) => {
    const { workflow, gates } = await fleet.run(run);
    const open = gates.find((one) => one.gate === gate);
    if (!open)
      throw new TuttiError("NOT_FOUND", `run ${run} has no open gate '${gate}'`, {
        path: "gate",
        hint: gates.length > 0 ? `open are ${gates.map((one) => one.gate).join(", ")}` : "none is open",
      });
    const person = `a person decides it: tutti approve ${run} ${gate}`;
    if (!open.isOfPlan)
      throw new TuttiError("WRONG_STATE", `gate '${gate}' asks a person, which cannot be delegated`, { hint: person });
    const name = `${workflow}/${gate}`;
    if (!fleet.delegated.some((pattern) => fits(pattern, name)))
      throw new TuttiError("WRONG_STATE", `gate '${name}' was not left to conductors`, {
        hint: `${person}; or leaves it to conductors by 'delegate: ["${name}"]' in config.yaml`,
      });
    return { run, gate, decision, command: await fleet.decide(run, gate, { decision, ...defined({ note }) }) };
  },
});

/** `*` stands for anything within one of the two parts. */
export function fits(pattern: string, name: string): boolean {
  const [workflow = "", gate, ...more] = pattern.split("/");
  const [own = "", ...rest] = name.split("/");
  return more.length === 0 && gate !== undefined && isLike(own, workflow) && isLike(rest.join("/"), gate);
}

export const RUN_TOOLS: readonly ConductorTool[] = [reportCost, plan, changePlan, runWorkflow, route, approve];
