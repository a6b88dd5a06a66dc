/** What `tutti run` was given, as an order: a workflow or a file, its parameters, and how to conduct it. */
import { existsSync, readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import type { Host } from "../app/host.ts";
import type { Order, OrderConfig } from "../app/order.ts";
import { withOrder } from "../conductor/order.ts";
import { reasonOf, TuttiError } from "../domain/error.ts";
import { didYouMean } from "../domain/nearest.ts";
import type { AgentTask, Budget, ContextStrategy, ListOf } from "../domain/plan.ts";
import { isRecord } from "../domain/shape.ts";
import { isMarkdownWorkflow } from "../workflows/markdown-file.ts";
import { parseParameters } from "../workflows/parameters.ts";
import { isFaults, readPlanFile } from "../workflows/plan-file.ts";
import { type PlanFileFault, readSource } from "../workflows/source.ts";
import { markdownList, type TaskList, taskMasterList } from "../workflows/task-lists.ts";
import { listHash } from "../workflows/task-ticks.ts";
import { templateFrom } from "../workflows/template-file.ts";
import { budget } from "./amounts.ts";
import { type LandFlags, landingOf } from "./land-flags.ts";
import { checkEdited } from "./plan-check.ts";

export interface ConductFlags {
  readonly model?: string;
  readonly agentModel?: { readonly [agent: string]: string };
  readonly rehearse?: true;
  readonly speed?: number | "max";
  readonly chaos?: number;
  readonly seed?: number;
  readonly explore?: true;
  readonly maxParallel?: number;
  readonly context?: ContextStrategy;
  readonly budget?: Budget;
  /** Milliseconds. */
  readonly timeout?: number;
  readonly reads?: readonly string[];
  readonly evidenceCommands?: true;
  /** False: the plan stays as it is. */
  readonly replan?: boolean;
  readonly patterns?: true;
}
export interface InputFlags extends ConductFlags, LandFlags {
  readonly param?: readonly string[];
  readonly params?: string;
}

export const isFile = (target: string): boolean => /\.(?:json|ya?ml|md)$/i.test(target);

/** `doubt`: hears what of a plan its reader should decide. */
export async function orderOf(
  host: Host,
  target: string,
  flags: InputFlags,
  cwd: string,
  doubt: (words: string) => void = () => {},
): Promise<Order> {
  checkFlags(flags);
  if (!isFile(target) && !host.workflows.has(target) && (target.includes("/") || existsSync(resolve(cwd, target))))
    throw new TuttiError("BAD_INPUT", `${target} is neither a workflow nor a file of tasks`, {
      path: "workflow",
      hint: /\.js$/i.test(target)
        ? "it is a program, and Tutti runs none of a repository in its own process; workflows are .md, .yaml or .json"
        : "files of tasks end in .json, .yaml, .yml or .md; tutti workflows lists the workflows",
    });
  const given = isFile(target)
    ? await fileOrder(host, target, { cwd, doubt, timeout: flags.timeout })
    : ({ workflowId: target, parameters: {} } satisfies Order);
  const parameters = await parametersOf(host, given, flags, cwd);
  const deliver = landingOf(flags, cwd);
  const config = { ...given.config, ...configOf(flags), ...(deliver && { deliver }) };
  return { ...given, ...(Object.keys(parameters).length > 0 ? { parameters } : {}), config };
}

/** Surroundings that know whom a model would choose for the tasks that name nobody, where it is to be asked. */
async function decided(host: Host, content: string, target: string): Promise<Host["surroundings"]> {
  const known = host.surroundings;
  if (!host.settings.route?.rerank) return known;
  const asked: { readonly description: string; readonly prompt: string }[] = [];
  const agentFor: typeof known.agentFor = (task) => {
    asked.push(task);
    return known.agentFor(task);
  };
  // What is wrong with the file is said when it is read again.
  if (readPlanFile(content, target, { ...known, agentFor }).ok) await host.ready({ tasks: asked });
  return known;
}

function checkFlags({ rehearse, speed, chaos }: ConductFlags): void {
  const alone = speed !== undefined ? "--speed" : chaos !== undefined ? "--chaos" : undefined;
  if (alone !== undefined && !rehearse)
    throw new TuttiError("BAD_INPUT", `${alone} belongs to a rehearsal`, { hint: "add --rehearse, or leave it out" });
}

export function configOf(flags: ConductFlags): OrderConfig {
  const { agentModel, maxParallel, context, timeout, reads, model, rehearse, speed, chaos, seed, explore } = flags;
  const all = {
    ...{ model, rehearse, speed, chaos, seed, explore, reads, budget: flags.budget },
    ...{ replan: flags.replan === false ? false : flags.patterns ? ("patterns" as const) : undefined },
    ...{ agentModels: agentModel, maxParallelAgents: maxParallel, contextStrategy: context, globalTimeout: timeout },
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

interface Reading {
  readonly cwd: string;
  readonly doubt: (words: string) => void;
  readonly timeout: number | undefined;
}

async function fileOrder(host: Host, target: string, { cwd, doubt, timeout }: Reading): Promise<Order> {
  const content = await textOf(resolve(cwd, target), target);
  const listed = isTemplate(content, target) ? undefined : listIn(content, target);
  if (listed) return listOrder(host, listed, target, { file: resolve(cwd, target), hash: listHash(content, listed) });
  const known = host.surroundings;
  if (isTemplate(content, target)) {
    const result = templateFrom(content, target, known);
    if (!result.ok) throw faultsOf(target, result.faults);
    const { template } = result;
    // A file of the workflow folders may be among the workflows already.
    const path = resolve(cwd, target);
    const isKnown = host.workflows.files.some((one) => one.path === path && one.not === undefined);
    if (!isKnown) host.workflows.register(template);
    return { workflowId: template.id };
  }
  const result = readPlanFile(content, target, await decided(host, content, target));
  if (!result.ok) throw faultsOf(target, result.faults);
  const { faults, doubts } = checkEdited(host, { name: target, content, cwd }, result.plan, timeout);
  if (faults.length > 0) throw faultsOf(target, faults);
  for (const one of doubts) doubt(one);
  // What whoever planned it wanted is for those who read it; its tasks say the rest, and what may run side by side.
  const { goal: _, plannedBy: __, requirements: ___, given: ____, deliverables: _____, ...plan } = result.plan;
  const limit = plan.config?.["budget"];
  const config = { ...plan.config, ...(typeof limit === "string" && { budget: budgetIn(target, limit) }) };
  const name = plan.tasks ? { workflowName: plan.workflowName ?? nameOf(target) } : {};
  const tasks = plan.tasks && { tasks: withOrder(plan.tasks) };
  return { ...plan, ...tasks, ...name, config };
}

/** A list of tasks as other tools and people keep them, if it is one. */
export function listIn(content: string, target: string): TaskList | undefined {
  if (/\.md$/i.test(target)) {
    const list = markdownList(content);
    if (list) return list;
    throw new TuttiError(
      "BAD_INPUT",
      `${target} holds no task: there is no box to tick, such as '- [ ] Write the API'`,
      {
        path: "workflow",
        hint: `a goal in words is planned by: tutti plan --file ${target}`,
      },
    );
  }
  if (!/\.json$/i.test(target)) return undefined;
  const source = readSource(content, target);
  return isFaults(source) ? undefined : taskMasterList(source.value, content);
}

async function listOrder(host: Host, { tasks, done, kind }: TaskList, target: string, list: ListOf): Promise<Order> {
  if (tasks.length === 0)
    throw new TuttiError("BAD_INPUT", `${target}: all ${done} tasks of this ${kind} are done`, { path: "workflow" });
  await host.ready({ tasks });
  return { workflowName: nameOf(target), tasks: tasks as readonly AgentTask[], config: { list } };
}

/** A workflow of one's own has an id or a name; a plan has neither. */
export function isTemplate(content: string, fileName: string): boolean {
  if (/\.md$/i.test(fileName)) return isMarkdownWorkflow(content);
  const source = readSource(content, fileName);
  return !isFaults(source) && isRecord(source.value) && ("id" in source.value || "name" in source.value);
}

export const nameOf = (file: string): string => basename(file).replace(/\.[^.]+$/, "");

function budgetIn(file: string, text: string): Budget {
  try {
    return budget(text);
  } catch (error) {
    throw new TuttiError("BAD_INPUT", `${file}: 'config.budget': ${reasonOf(error)}`, { path: "config.budget" });
  }
}

/** One error that names every fault with its place. */
export function faultsOf(file: string, faults: readonly PlanFileFault[]): TuttiError {
  const [first] = faults;
  const data = faults.map((fault) => ({ ...fault, file }));
  const message =
    faults.length === 1 && first
      ? `${file}:${first.line}:${first.column}: ${first.message}`
      : `${file} has ${faults.length} faults`;
  return new TuttiError("BAD_INPUT", message, { data, ...(first?.path && { path: first.path }) });
}

export async function textOf(path: string, name: string): Promise<string> {
  if (!existsSync(path))
    throw new TuttiError("BAD_INPUT", `there is no file ${name}${didYouMean(basename(path), namesBeside(path))}`, {
      path: name,
      hint: "name a file of tasks, or a workflow: tutti workflows lists them",
    });
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw new TuttiError("BAD_INPUT", `${name} cannot be read: ${reasonOf(error)}`, { path: name });
  }
}

function namesBeside(path: string): readonly string[] {
  try {
    return readdirSync(dirname(path)).filter(isFile);
  } catch {
    return [];
  }
}

type Parameters = { readonly [name: string]: unknown };

/** The file's own, then those of `--params`, then those of `-p`. */
async function parametersOf(host: Host, order: Order, flags: InputFlags, cwd: string): Promise<Parameters> {
  const { param = [], params } = flags;
  const own = order.parameters ?? {};
  if (param.length === 0 && params === undefined) return own;
  if (order.workflowId === undefined)
    throw new TuttiError("BAD_INPUT", "-p and --params belong to a workflow; tasks of your own have none", {
      path: "parameters",
    });
  const template = host.workflows.get(order.workflowId);
  const file = params === undefined ? {} : await recordIn(params, cwd);
  return merged(merged(own, file), parseParameters(param, template));
}

async function recordIn(name: string, cwd: string): Promise<Parameters> {
  const source = readSource(await textOf(resolve(cwd, name), name), name);
  if (isFaults(source)) throw faultsOf(name, source);
  if (!isRecord(source.value))
    throw new TuttiError("BAD_INPUT", `${name} must hold an object: a name and a value for each parameter`, {
      path: name,
    });
  return source.value;
}

function merged(below: Parameters, above: Parameters): Parameters {
  const result: Record<string, unknown> = { ...below };
  for (const [name, value] of Object.entries(above)) {
    const before = Object.hasOwn(below, name) ? below[name] : undefined;
    result[name] = isRecord(before) && isRecord(value) ? merged(before, value) : value;
  }
  return result;
}
