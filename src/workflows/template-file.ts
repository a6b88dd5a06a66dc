/** A workflow of one's own as a file: `{{name}}` in prompts and descriptions stands for a parameter. */
import { z } from "zod";
import { TuttiError } from "../domain/error.ts";
import { didYouMean } from "../domain/nearest.ts";
import type { AgentTask } from "../domain/plan.ts";
import { fields, isRecord, listOf, oneOf, type Shape, text, wrong } from "../domain/shape.ts";
import { criticalPath } from "../graph/critical-path.ts";
import { type AgentFor, withAgents } from "./agent-for.ts";
import { readMarkdown } from "./markdown-file.ts";
import { fieldsFaults, inOrder, isFaults, type Surroundings, tasksFaults } from "./plan-file.ts";
import { LIMITS } from "./schema.ts";
import { type PlanFileFault, readSource, type Source, type Step } from "./source.ts";
import { type Complexity, ENTRY, type WorkflowTemplate } from "./template.ts";

export type TemplateResult =
  | { readonly ok: true; readonly template: WorkflowTemplate }
  | { readonly ok: false; readonly faults: readonly PlanFileFault[] };

const TYPES = ["string", "number", "integer", "boolean", "list"] as const;

interface Parameter {
  readonly type: (typeof TYPES)[number];
  readonly default?: unknown;
  readonly description?: string;
  readonly enum?: readonly string[];
}

interface TemplateFile {
  readonly id: string;
  readonly version?: string;
  readonly name: string;
  readonly description: string;
  readonly category?: string;
  readonly tags?: readonly string[];
  readonly estimatedDuration?: number;
  readonly complexity?: Complexity;
  readonly parameters?: { readonly [name: string]: Parameter };
  readonly tasks: readonly AgentTask[];
}

/** Seconds of a task that names none. */
const USUAL = 60;

/** Reads `.tutti/workflows/*.{yaml,yml,json,md}`. Tasks that name no agent get one when the plan is made. */
export function templateFrom(content: string, fileName: string, known: Surroundings = {}): TemplateResult {
  const read = sourceOf(content, fileName);
  if (!("source" in read)) return { ok: false, faults: read };
  const { source } = read;
  const { value } = source;
  if (!isRecord(value))
    return { ok: false, faults: [source.fault([], "", "a workflow file is an object with 'id', 'name', 'tasks', …")] };
  const faults = [
    ...read.faults,
    ...fieldsFaults(source, value, FIELDS, []),
    ...REQUIRED.filter((name) => value[name] === undefined).map((name) =>
      source.fault([], name, `'${name}' is missing`),
    ),
    ...(value["tasks"] === undefined ? [] : tasksFaults(source, value["tasks"], ["tasks"], somebody(known))),
    ...parameterFaults(source, value["parameters"]),
    ...placeholderFaults(source, value),
  ];
  if (faults.length > 0) return { ok: false, faults: inOrder(once(faults)) };
  // Every field was checked just now.
  return { ok: true, template: templateOf(value as unknown as TemplateFile, known.agentFor) };
}

/** What several tasks share is wrong once. */
const once = (faults: readonly PlanFileFault[]): readonly PlanFileFault[] => [
  ...new Map(faults.map((one) => [`${one.line}:${one.column} ${one.message}`, one])).values(),
];

function sourceOf(content: string, fileName: string) {
  if (/\.md$/i.test(fileName)) return readMarkdown(content, fileName);
  const source = readSource(content, fileName);
  return isFaults(source) ? source : { source, faults: [] };
}

/** Who does a task is chosen by its words, which the parameters are part of: that comes later. */
function somebody({ agentFor, ...known }: Surroundings): Surroundings {
  if (agentFor === undefined) return known;
  const agentName = known.agents?.values().next().value ?? "agent";
  return { ...known, agentFor: () => ({ agentName, agentReason: "" }) };
}

function templateOf(file: TemplateFile, agentFor: AgentFor | undefined): WorkflowTemplate {
  const { path: _path, length } = criticalPath(file.tasks, (task) => (task.estimatedDuration ?? USUAL * 1000) / 1000);
  return {
    id: file.id,
    version: file.version ?? "1.0.0",
    name: file.name,
    description: file.description,
    category: file.category ?? "custom",
    tags: file.tags ?? [],
    estimatedDuration: file.estimatedDuration ?? Math.max(1, Math.ceil(length)),
    complexity: file.complexity ?? "moderate",
    parameters: schemaOf(file.parameters ?? {}),
    buildTasks: (given) => {
      const tasks = file.tasks.map((task) => filled(task, isRecord(given) ? given : {}));
      const { tasks: all, nobody } = withAgents(tasks, agentFor);
      for (const [i, why] of nobody)
        throw new TuttiError("BAD_INPUT", `task '${tasks[i]?.id}' names no agent, and ${why}`, {
          path: `tasks[${i}].agentName`,
        });
      return all as readonly AgentTask[];
    },
  };
}

const REQUIRED = ["id", "name", "description", "tasks"] as const;

const FIELDS: { readonly [K in keyof Required<TemplateFile>]: Shape } = {
  ...ENTRY,
  parameters: (value) => (isRecord(value) ? undefined : wrong("must be an object: { name: { type, default, … } }")),
  tasks: () => undefined,
};

const PARAMETER: { readonly [K in keyof Required<Parameter>]: Shape } = {
  type: oneOf(TYPES),
  default: () => undefined,
  description: text(LIMITS.text),
  enum: listOf(text(LIMITS.text, 1)),
};
const shapeOfParameter = fields(PARAMETER, ["type"]);

function parameterFaults(source: Source, parameters: unknown): PlanFileFault[] {
  if (!isRecord(parameters)) return [];
  return Object.entries(parameters).flatMap(([name, value]) => {
    const path = `parameters.${name}`;
    const at = ["parameters", name];
    if (!/^[A-Za-z][A-Za-z0-9_-]{0,63}$/.test(name))
      return [
        source.fault(at, path, `'${name}': a parameter's name is a letter, then letters, digits, '_' or '-'`, "key"),
      ];
    if (!isRecord(value)) return [source.fault(at, path, `'${path}' must be an object with a 'type'`)];
    const faults = [...fieldsFaults(source, value, PARAMETER, at)];
    if (value["type"] === undefined) faults.push(source.fault(at, `${path}.type`, `'${path}.type' is missing`, "key"));
    if (shapeOfParameter(value)) return faults;
    const one = value as unknown as Parameter;
    if (one.enum && one.type !== "string" && one.type !== "list")
      faults.push(
        source.fault([...at, "enum"], `${path}.enum`, `'${path}.enum' is for parameters of type string or list`),
      );
    else if (one.default !== undefined && !kindOf(one).safeParse(one.default).success)
      faults.push(
        source.fault([...at, "default"], `${path}.default`, `'${path}.default' does not fit: ${wanted(one)}`),
      );
    return faults;
  });
}

const wanted = ({ type, enum: names }: Parameter): string =>
  names ? `${type === "list" ? "a list of " : ""}${names.join(", ")}` : `type ${type}`;

function schemaOf(parameters: { readonly [name: string]: Parameter }): z.ZodType {
  const shape = Object.entries(parameters).map(([name, one]) => {
    const kind = kindOf(one);
    const whole = one.default === undefined ? kind : kind.default(one.default);
    return [name, one.description === undefined ? whole : whole.describe(one.description)] as const;
  });
  return z.strictObject(Object.fromEntries(shape));
}

function kindOf({ type, enum: names }: Parameter): z.ZodType {
  const word = names && names.length > 0 ? z.enum([...names]) : z.string().max(LIMITS.text);
  switch (type) {
    case "string":
      return word;
    case "list":
      return z.array(word).max(LIMITS.list);
    case "number":
      return z.number();
    case "integer":
      return z.int();
    case "boolean":
      return z.boolean();
  }
}

/** `\{{name}}` is the way to write the characters themselves. */
const PLACEHOLDER = /(\\?)\{\{\s*([A-Za-z][\w-]*)\s*\}\}/g;

/** One pass: what a parameter brings in is not looked at again. */
function fill(template: string, given: { readonly [name: string]: unknown }): string {
  return template.replace(PLACEHOLDER, (whole, mark: string, name: string) => {
    if (mark !== "") return whole.slice(1);
    const value = Object.hasOwn(given, name) ? given[name] : undefined;
    return value === undefined ? "" : Array.isArray(value) ? value.join(", ") : String(value);
  });
}

function filled(task: AgentTask, given: { readonly [name: string]: unknown }): AgentTask {
  const { forEach, gate } = task;
  const question = typeof gate === "object" ? gate.question : undefined;
  return {
    ...task,
    description: fill(task.description, given),
    prompt: fill(task.prompt, given),
    ...(forEach?.reduce && {
      forEach: { ...forEach, reduce: { ...forEach.reduce, prompt: fill(forEach.reduce.prompt, given) } },
    }),
    ...(question !== undefined && { gate: { question: fill(question, given) } }),
  };
}

const FILLED: readonly (readonly string[])[] = [
  ["description"],
  ["prompt"],
  ["forEach", "reduce", "prompt"],
  ["gate", "question"],
];

function placeholderFaults(source: Source, file: { readonly [name: string]: unknown }): PlanFileFault[] {
  const { tasks, parameters } = file;
  if (!Array.isArray(tasks)) return [];
  const names = isRecord(parameters) ? Object.keys(parameters) : [];
  return tasks.flatMap((task: unknown, i) =>
    FILLED.flatMap((path) => {
      const steps: Step[] = ["tasks", i, ...path];
      const words = path.reduce<unknown>((value, step) => (isRecord(value) ? value[step] : undefined), task);
      if (typeof words !== "string") return [];
      return [...words.matchAll(PLACEHOLDER)].flatMap(([whole, mark, name = ""]) => {
        if (mark !== "" || names.includes(name)) return [];
        const hint = didYouMean(name, names) || (names.length > 0 ? `; known are ${names.join(", ")}` : "");
        return [
          source.faultAt(
            steps,
            whole,
            ["tasks", idOf(task) ?? i, ...path].join("."),
            `there is no parameter '${name}'${hint}`,
          ),
        ];
      });
    }),
  );
}

const idOf = (task: unknown): string | undefined =>
  isRecord(task) && typeof task["id"] === "string" ? task["id"] : undefined;
