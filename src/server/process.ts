/**
 * A business process: steps that are done in order, each by the agent that has the capabilities it asks for. It is a
 * run like any other: its state is persisted, and it is seen and steered as the run `processId`.
 */
import type { AgentFile } from "../agents/definition.ts";
import type { Host } from "../app/host.ts";
import { TuttiError } from "../domain/error.ts";
import { didYouMean } from "../domain/nearest.ts";
import type { AgentTask, Condition } from "../domain/plan.ts";
import { fields, isRecord, json, SHAPE_LIMITS, type Shape, text, wrong } from "../domain/shape.ts";
import type { ProcessResult, ProcessStep } from "./api.ts";
import { LARGEST_BODY, readBody } from "./body.ts";
import type { Route } from "./route.ts";

/** Every step waits for all before it, and a plan over HTTP has at most 10,000 dependencies. */
const MOST_STEPS = 100;
/** Does a step that asks for no capability where no step before it has chosen an agent. */
const GENERALIST = "builder";

const list =
  (most: number, check: Shape): Shape =>
  (value) => {
    if (!Array.isArray(value)) return wrong("must be a list");
    if (value.length > most) return wrong(`must have at most ${most} entries`);
    for (const [i, one] of value.entries()) {
      const found = check(one);
      if (found) return wrong(found.fault, `[${i}]${found.at}`);
    }
    return undefined;
  };
const step = fields(
  {
    id: text(64, 1),
    input: json,
    instructions: text(SHAPE_LIMITS.text, 1),
    capabilities: list(20, text(100, 1)),
    conditions: (value) =>
      Array.isArray(value) || isRecord(value)
        ? undefined
        : wrong("must be a condition such as { task, path, op, value }"),
  },
  ["id"],
);
const BODY = fields(
  { process: fields({ name: text(200, 1), steps: list(MOST_STEPS, step) }, ["steps"]), config: () => undefined },
  ["process"],
);
interface Body {
  readonly process: { readonly name?: string; readonly steps: readonly ProcessStep[] };
  readonly config?: unknown;
}

export const processRoutes: readonly Route[] = [
  {
    method: "POST",
    path: "/api/execute",
    async handle(c, { host }) {
      const body = (await readBody(c.env.incoming, LARGEST_BODY, BODY)) as Body;
      const { name = "process", steps } = body.process;
      if (steps.length === 0) throw refuse("process.steps", "a process needs at least one step");
      const tasks = tasksOf(steps, host.library.agents);
      await host.ready(body);
      const planned = prepare(
        host,
        { workflowName: name, tasks, ...(body.config !== undefined && { config: body.config }) },
        steps,
      );
      const prepared = await host.admit(planned);
      const { run, status, reason, rehearsed, tasks: done } = await host.start(prepared);
      const results = tasks.flatMap(({ id, agentName }) => {
        const result = done[id];
        return result ? [{ id, agentName, ...result }] : [];
      });
      return c.json<ProcessResult>({
        ...{ processId: run, status, results },
        ...(reason !== undefined && { reason }),
        ...(rehearsed && { rehearsed }),
      });
    },
  },
];

export function tasksOf(steps: readonly ProcessStep[], agents: ReadonlyMap<string, AgentFile>): AgentTask[] {
  let agentName = agents.has(GENERALIST) ? GENERALIST : ([...agents.keys()].sort()[0] ?? GENERALIST);
  return steps.map(({ id, input, instructions, capabilities = [], conditions }, i) => {
    const when = conditionOf(conditions);
    if (capabilities.length > 0) agentName = agentFor(capabilities, agents, `process.steps[${i}].capabilities`);
    return {
      id,
      agentName,
      description: instructions?.split("\n")[0]?.slice(0, 200) ?? `Step ${id}`,
      prompt: instructions ?? `Do step '${id}' of the process with the input that stands in the context.`,
      // All, not only the last: a step whose only dependency was left out by its condition would be left out too.
      dependencies: steps.slice(0, i).map((before) => before.id),
      ...(input !== undefined && { context: isRecord(input) ? input : { input } }),
      ...(when !== undefined && { when }),
    } as AgentTask;
  });
}

function conditionOf(conditions: ProcessStep["conditions"]): Condition | undefined {
  if (!Array.isArray(conditions)) return conditions as Condition | undefined;
  const [first] = conditions as readonly Condition[];
  return conditions.length > 1 ? { all: conditions as readonly Condition[] } : first;
}

/** Whoever has all of them; among several the one that has least else, because it was made for this. */
function agentFor(wanted: readonly string[], agents: ReadonlyMap<string, AgentFile>, path: string): string {
  const all = [...agents.values()];
  const known = new Set(all.flatMap(({ capabilities = [] }) => capabilities));
  for (const [i, one] of wanted.entries())
    if (!known.has(one))
      throw refuse(
        `${path}[${i}]`,
        `no agent has the capability '${one}'${didYouMean(one, known)}`,
        "GET /api/agents lists what every agent can do",
      );
  const able = all
    .filter(({ capabilities = [] }) => wanted.every((one) => capabilities.includes(one)))
    .sort((a, b) => (a.capabilities?.length ?? 0) - (b.capabilities?.length ?? 0) || (a.name < b.name ? -1 : 1));
  if (able[0]) return able[0].name;
  const who = wanted.map((one) => `'${one}' has ${all.find(({ capabilities }) => capabilities?.includes(one))?.name}`);
  throw refuse(
    path,
    `no single agent has all of these capabilities: ${who.join(", ")}`,
    "make a step for each of them",
  );
}

/** Faults of the plan in the words of the process. */
function prepare(host: Host, order: unknown, steps: readonly ProcessStep[]): ReturnType<Host["prepare"]> {
  try {
    return host.prepare(order);
  } catch (error) {
    if (!(error instanceof TuttiError && error.code === "BAD_INPUT" && error.path?.startsWith("tasks."))) throw error;
    const { path, message, hint } = error;
    const at = steps.findIndex(({ id }, i) => [id, String(i)].some((name) => path.startsWith(`tasks.${name}.`)));
    const field = path.replace(/^.*?\.(when|id)\b/, (_, name: string) => (name === "when" ? "conditions" : name));
    throw refuse(
      at < 0 ? "process.steps" : `process.steps[${at}].${field}`,
      message.replaceAll("'when", "'conditions"),
      hint,
    );
  }
}

function refuse(path: string, message: string, hint?: string): TuttiError {
  return new TuttiError("BAD_INPUT", message, { path, ...(hint !== undefined && { hint }) });
}
