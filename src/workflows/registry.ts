/** The workflows that there are, by id. Registering, finding and planning; no plan leaves here unchecked. */
import { z } from "zod";
import { reasonOf, TuttiError } from "../domain/error.ts";
import { didYouMean } from "../domain/nearest.ts";
import type { AgentTask } from "../domain/plan.ts";
import { checkPlan } from "../graph/check.ts";
import { parameterFaults, refuse } from "./faults.ts";
import { ENTRY, type WorkflowEntry, type WorkflowTemplate } from "./template.ts";

/** As people write them: a version and a schema may be left out, and any parameters are taken then. */
export type Registrable<P> = Omit<WorkflowTemplate<P>, "version" | "parameters"> &
  Partial<Pick<WorkflowTemplate<P>, "version" | "parameters">>;

export interface WorkflowFilter {
  readonly category?: string;
  /** A workflow is listed if it has all of them. */
  readonly tags?: readonly string[];
}

export interface WorkflowPlan {
  readonly workflow: WorkflowTemplate;
  /** As the schema read them, defaults filled in. */
  readonly parameters: unknown;
  readonly tasks: readonly AgentTask[];
}

export class WorkflowRegistry {
  readonly #templates = new Map<string, WorkflowTemplate>();

  constructor(templates: readonly WorkflowTemplate[] = []) {
    for (const template of templates) this.register(template);
  }

  /** Throws BAD_INPUT for a template that is malformed or whose id is taken. */
  register<P>(template: Registrable<P>): void {
    const found = templateFault(template);
    if (found) throw new TuttiError("BAD_INPUT", `workflow template: ${found.message}`, { path: found.path });
    if (this.#templates.has(template.id))
      throw new TuttiError("BAD_INPUT", `workflow '${template.id}' is there already`, {
        path: "id",
        hint: "give the template another id",
      });
    const whole = { ...template, version: template.version ?? "1.0.0", parameters: template.parameters ?? ANY };
    // A template may be an instance of a class: its method keeps its object.
    const buildTasks = (parameters: unknown) => template.buildTasks(parameters as P);
    this.#templates.set(template.id, Object.freeze({ ...whole, buildTasks }));
  }

  /** Of a file that changed or went. */
  protected remove(id: string): void {
    this.#templates.delete(id);
  }

  has(id: string): boolean {
    return this.#templates.has(id);
  }

  /** Throws NOT_FOUND with the nearest id. */
  get(id: string): WorkflowTemplate {
    if (typeof id !== "string") throw new TuttiError("BAD_INPUT", "a workflow id must be text", { path: "workflowId" });
    const template = this.#templates.get(id);
    if (template) return template;
    const ids = [...this.#templates.keys()];
    throw new TuttiError(
      "NOT_FOUND",
      `there is no workflow '${id.slice(0, 100)}'${didYouMean(id.slice(0, 100), ids)}`,
      {
        path: "workflowId",
        hint: `known are ${ids.join(", ")}`,
      },
    );
  }

  /** In the order of registration. */
  list({ category, tags = [] }: WorkflowFilter = {}): readonly WorkflowEntry[] {
    return [...this.#templates.values()]
      .filter((one) => category === undefined || one.category === category)
      .filter((one) => tags.every((tag) => one.tags.includes(tag)))
      .map(({ id, name, description, category: of, tags: its, estimatedDuration, complexity }) => ({
        id,
        name,
        description,
        category: of,
        tags: its,
        estimatedDuration,
        complexity,
      }));
  }

  /** A checked plan. Throws BAD_INPUT with every wrong parameter, or for a template that yields a faulty plan. */
  plan(id: string, parameters: unknown = {}): WorkflowPlan {
    const workflow = this.get(id);
    const parsed = workflow.parameters.safeParse(parameters, { reportInput: true });
    if (!parsed.success) refuse(id, parameterFaults(workflow.parameters, parsed.error.issues));
    return { workflow, parameters: parsed.data, tasks: checkPlan(tasksOf(workflow, parsed.data)) };
  }
}

const ANY = z.looseObject({});

function tasksOf(workflow: WorkflowTemplate, parameters: unknown): readonly AgentTask[] {
  try {
    return workflow.buildTasks(parameters);
  } catch (cause) {
    if (cause instanceof TuttiError) throw cause;
    throw new TuttiError("BAD_INPUT", `workflow '${workflow.id}' could not build its tasks: ${reasonOf(cause)}`, {
      cause,
    });
  }
}

function templateFault(template: unknown): { path: string; message: string } | undefined {
  if (typeof template !== "object" || template === null) return { path: "", message: "must be an object" };
  for (const [name, check] of Object.entries(ENTRY)) {
    const value: unknown = Reflect.get(template, name);
    const found = name === "version" && value === undefined ? undefined : check(value);
    if (found) return { path: `${name}${found.at}`, message: `'${name}${found.at}' ${found.fault}` };
  }
  if (typeof Reflect.get(template, "buildTasks") !== "function")
    return { path: "buildTasks", message: "'buildTasks' must be a function" };
  const schema: unknown = Reflect.get(template, "parameters");
  // Any copy of Zod will do, not only ours.
  const parses =
    typeof schema === "object" && schema !== null && typeof Reflect.get(schema, "safeParse") === "function";
  return schema === undefined || parses
    ? undefined
    : { path: "parameters", message: "'parameters' must be a Zod schema" };
}
