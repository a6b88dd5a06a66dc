/** A file with a plan, or with the choice of a workflow: the body of an execution, checked whole, faults with their place. */
import { TuttiError } from "../domain/error.ts";
import { didYouMean } from "../domain/nearest.ts";
import type { AgentTask, Requirement } from "../domain/plan.ts";
import { fields, isRecord, json, listOf, type Shape, text, wrong } from "../domain/shape.ts";
import { type AgentFor, withAgents } from "./agent-for.ts";
import { everyFault } from "./every-fault.ts";
import type { ParameterFault } from "./faults.ts";
import { FILE_CONFIG } from "./order-config.ts";
import type { WorkflowRegistry } from "./registry.ts";
import { MOST_FAULTS, type PlanFileFault, readSource, type Source, type Step } from "./source.ts";

export type { PlanFileFault } from "./source.ts";

/** As `POST /api/workflows/execute` takes it: a workflow by its id, or tasks. */
export interface PlanFile {
  readonly workflowName?: string;
  readonly workflowId?: string;
  readonly parameters?: { readonly [name: string]: unknown };
  readonly config?: { readonly [name: string]: unknown };
  readonly tasks?: readonly AgentTask[];
  /** What whoever planned it wanted, so that it can be checked again. */
  readonly goal?: string;
  readonly plannedBy?: string;
  readonly requirements?: readonly Requirement[];
  readonly given?: readonly string[];
  readonly deliverables?: readonly string[];
}

export type PlanFileResult =
  | { readonly ok: true; readonly plan: PlanFile }
  | { readonly ok: false; readonly faults: readonly PlanFileFault[] };

/** What is known besides the file. Absent: not checked. */
export interface Surroundings {
  readonly agents?: ReadonlySet<string>;
  readonly registry?: WorkflowRegistry;
  /** Chooses an agent for a task that names none. Absent: every task must name one. */
  readonly agentFor?: AgentFor;
}

/** Reads `.json`, `.yaml` or `.yml`. A bare list is a list of tasks. */
export function readPlanFile(content: string, fileName: string, known: Surroundings = {}): PlanFileResult {
  const source = readSource(content, fileName);
  if (isFaults(source)) return { ok: false, faults: source };
  const { value } = source;
  const faults = Array.isArray(value) ? tasksFaults(source, value, [], known) : bodyFaults(source, known);
  if (faults.length > 0) return { ok: false, faults: inOrder(faults) };
  const plan = (Array.isArray(value) ? { tasks: value } : value) as PlanFile;
  if (plan.tasks === undefined) return { ok: true, plan };
  return { ok: true, plan: { ...plan, tasks: withAgents(plan.tasks, known.agentFor).tasks as readonly AgentTask[] } };
}

/** One error for all faults, the first in its message. */
export function planFileError(fileName: string, faults: readonly PlanFileFault[]): TuttiError {
  const [first] = faults;
  const more = faults.length > 1 ? ` (and ${faults.length - 1} more)` : "";
  const place = first ? `:${first.line}:${first.column}: ${first.message}` : "";
  return new TuttiError("BAD_INPUT", `${fileName}${place}${more}`, {
    ...(first && { path: first.path }),
    data: faults,
    hint: `tutti workflows check ${fileName} shows every fault`,
  });
}

export const isFaults = (value: Source | readonly PlanFileFault[]): value is readonly PlanFileFault[] =>
  Array.isArray(value);

/** Top to bottom, as a person goes through the file. */
export const inOrder = (faults: readonly PlanFileFault[]): readonly PlanFileFault[] =>
  faults.toSorted((a, b) => a.line - b.line || a.column - b.column).slice(0, MOST_FAULTS);

const record: Shape = (value) => (isRecord(value) ? undefined : wrong("must be an object"));

const BODY: { readonly [name: string]: Shape } = {
  workflowName: text(200, 1),
  workflowId: text(200, 1),
  parameters: (value) => record(value) ?? json(value),
  config: record,
  tasks: () => undefined,
  goal: text(20_000, 1),
  plannedBy: text(200, 1),
  requirements: listOf(fields({ id: text(64, 1), text: text(10_000, 1) }, ["id", "text"])),
  given: listOf(text(2000, 1)),
  deliverables: listOf(text(200, 1)),
};

function bodyFaults(source: Source, known: Surroundings): readonly PlanFileFault[] {
  const { value } = source;
  if (!isRecord(value)) return [source.fault([], "", "a plan file is a list of tasks, or an object with 'tasks'")];
  const faults = [...fieldsFaults(source, value, BODY, [])];
  if (isRecord(value["config"])) faults.push(...fieldsFaults(source, value["config"], FILE_CONFIG, ["config"]));
  const { tasks, workflowId } = value;
  if (tasks === undefined && workflowId === undefined)
    faults.push(source.fault([], "", "a plan file needs 'tasks', or the 'workflowId' of a workflow"));
  if (tasks !== undefined && workflowId !== undefined)
    faults.push(source.fault(["workflowId"], "workflowId", "there are both 'tasks' and 'workflowId'; keep one", "key"));
  else if (tasks !== undefined) faults.push(...tasksFaults(source, tasks, ["tasks"], known));
  else if (typeof workflowId === "string" && known.registry)
    faults.push(...workflowFaults(source, known.registry, workflowId, value["parameters"]));
  return faults;
}

/** Whether a name is wrong, and not what it stands for. */
const aboutName = (fault: string): boolean => /is not (?:a known field|allowed as a name)/.test(fault);

/** Each field by itself, so that one fault does not hide the next. */
export function* fieldsFaults(
  source: Source,
  value: { readonly [name: string]: unknown },
  shapes: { readonly [name: string]: Shape },
  at: readonly Step[],
): Iterable<PlanFileFault> {
  for (const [name, one] of Object.entries(value)) {
    const path = [...at, name].join(".");
    const shape = Object.hasOwn(shapes, name) ? shapes[name] : undefined;
    if (!shape) {
      const hint = didYouMean(name, Object.keys(shapes)) || `; known are ${Object.keys(shapes).join(", ")}`;
      yield source.fault([...at, name], path, `'${path}' is not a known field${hint}`, "key");
      continue;
    }
    const found = shape(one);
    if (!found) continue;
    const inner = [...found.at.matchAll(/\.([^.[]+)|\[(\d+)\]/g)].map(([, key, i]): Step => key ?? Number(i));
    const place = aboutName(found.fault) ? "key" : "value";
    yield source.fault([...at, name, ...inner], `${path}${found.at}`, `'${path}${found.at}' ${found.fault}`, place);
  }
}

export function tasksFaults(
  source: Source,
  tasks: unknown,
  at: readonly Step[],
  { agents, agentFor }: Surroundings,
): readonly PlanFileFault[] {
  const filled = withAgents(tasks, agentFor);
  return everyFault(filled.tasks, agents ? { agents } : {}).map(({ steps, path, message, atKey }) => {
    const nobody = message.endsWith("'agentName' is missing") ? filled.nobody.get(Number(steps[0])) : undefined;
    const said = nobody === undefined ? message : `${message}: ${nobody}`;
    return source.fault([...at, ...steps], path, said, atKey ? "key" : "value");
  });
}

function workflowFaults(
  source: Source,
  registry: WorkflowRegistry,
  workflowId: string,
  parameters: unknown,
): readonly PlanFileFault[] {
  try {
    registry.plan(workflowId, parameters ?? {});
    return [];
  } catch (thrown) {
    if (!(thrown instanceof TuttiError)) throw thrown;
    if (thrown.code === "NOT_FOUND") return [source.fault(["workflowId"], "workflowId", thrown.message)];
    const faults = (Array.isArray(thrown.data) ? thrown.data : []) as readonly ParameterFault[];
    if (faults.length === 0) return [source.fault(["workflowId"], "workflowId", thrown.message)];
    return faults.map(({ path, message }) => {
      const steps = path.split(/[.[\]]+/).filter(Boolean);
      const inner = steps.map((step): Step => (/^\d+$/.test(step) ? Number(step) : step));
      const at = message.includes("is not known") ? "key" : "value";
      return source.fault(["parameters", ...inner], `parameters${path && `.${path}`}`, message, at);
    });
  }
}
