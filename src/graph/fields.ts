/**
 * The fields of a task, each with what it must be. A table of our own instead of a schema library: loading
 * one costs more than the whole of `tutti`, and the errors must offer the nearest spelling anyway.
 */
import { collectorName, commandName } from "../domain/evidence.ts";
import { FAILURES, STEPS } from "../domain/failures.ts";
import { taskIdFault } from "../domain/ids.ts";
import { type AgentTask, FAILURE_POLICIES, KINDS, OPERATORS, type Test } from "../domain/plan.ts";
import {
  few,
  fields,
  isRecord,
  json,
  listOf,
  oneOf,
  SHAPE_LIMITS,
  type Shape,
  text,
  whole,
  wrong,
} from "../domain/shape.ts";

const { text: TEXT } = SHAPE_LIMITS;
export const LIMITS = { description: 10_000, items: 1000, iterations: 100 } as const;

const pointerPath: Shape = (value) =>
  typeof value === "string" && (value === "" || value.startsWith("/"))
    ? undefined
    : wrong('must be a JSON Pointer such as "/approved"');

const testFields = fields({ task: text(64, 1), path: pointerPath, op: oneOf(OPERATORS), value: json }, ["task", "op"]);

/** A test that could never hold is a slip of its author. */
const test: Shape = (value) => {
  const found = testFields(value);
  if (found) return found;
  const { op, value: right } = value as Test;
  if (op === "exists")
    return right === undefined || typeof right === "boolean" ? undefined : wrong("must be true or false", ".value");
  if (right === undefined) return wrong("is missing", ".value");
  return op === "in" && !Array.isArray(right) ? wrong("must be a list", ".value") : undefined;
};

const conditionAt =
  (depth: number): Shape =>
  (value) => {
    if (!isRecord(value)) return wrong("must be an object such as { task, path, op, value }");
    if (depth >= SHAPE_LIMITS.depth) return wrong(`must be nested at most ${SHAPE_LIMITS.depth} deep`);
    const inner = conditionAt(depth + 1);
    if ("all" in value) return fields({ all: listOf(inner) })(value);
    if ("any" in value) return fields({ any: listOf(inner) })(value);
    if ("not" in value) return fields({ not: inner })(value);
    return test(value);
  };

const id: Shape = (value) => {
  const found = text(64, 1)(value);
  if (found) return found;
  const fault = taskIdFault(value as string);
  return fault === undefined ? undefined : wrong(fault);
};

const gate: Shape = (value) =>
  typeof value === "boolean" ? undefined : fields({ question: text(LIMITS.description, 1) })(value);

const amount: Shape = (value) =>
  typeof value === "number" && Number.isFinite(value) && value > 0 ? undefined : wrong("must be a number above 0");
/** For each class of failure the rungs of its ladder. */
export const ladders = fields(Object.fromEntries(FAILURES.map((failure) => [failure, listOf(oneOf(STEPS))])));

const schema: Shape = (value) => (isRecord(value) ? json(value) : wrong("must be an object that is a JSON Schema"));

const percent: Shape = (value) =>
  typeof value === "number" && value > 0 && value <= 100 ? undefined : wrong("must be a number of percent, 1 to 100");
/** One of six ways, each with a field of its own. */
const validator: Shape = (value) => {
  const found = fields({
    ...{ schema, files: listOf(text(2000, 1)), agent: text(200, 1), command: commandName },
    ...{ tests: oneOf(["passing"]), coverage: percent },
  })(value);
  if (found) return found;
  return Object.keys(value as object).length === 1
    ? undefined
    : wrong("must have one of schema, files, agent, command, tests, coverage");
};

const names = listOf(text(200, 1));
const milliseconds = whole(1, 2 ** 31 - 1);

const TASK: { readonly [K in keyof Required<AgentTask>]: Shape } = {
  id,
  agentName: text(200, 1),
  agentReason: text(LIMITS.description),
  description: text(LIMITS.description),
  prompt: text(TEXT),
  dependencies: listOf(text(64, 1)),
  priority: whole(1, 10),
  phase: text(200, 1),
  maxTokens: whole(1, 1e9),
  budget: fields({ usd: amount, tokens: amount, turns: amount }),
  model: text(200, 1),
  downgrade: few(10, listOf(text(200, 1))),
  context: (value) => (isRecord(value) ? json(value) : wrong("must be an object")),
  timeout: milliseconds,
  retries: whole(0, 100),
  onFailure: oneOf(FAILURE_POLICIES),
  fallbacks: listOf(text(200, 1)),
  recovery: ladders,
  when: conditionAt(0),
  until: conditionAt(0),
  repeats: listOf(text(64, 1)),
  maxIterations: whole(1, LIMITS.iterations),
  forEach: fields(
    {
      task: text(64, 1),
      path: pointerPath,
      max: whole(1, LIMITS.items),
      reduce: fields({ agentName: text(200, 1), prompt: text(TEXT) }, ["agentName", "prompt"]),
    },
    ["task"],
  ),
  gate,
  reads: listOf(text(2000, 1)),
  evidence: listOf(collectorName),
  output: schema,
  validate: listOf(validator),
  hedge: (value) => (value === "p95" || !milliseconds(value) ? undefined : wrong("must be milliseconds, or 'p95'")),
  estimatedDuration: milliseconds,
  brief: fields({
    kind: oneOf(KINDS),
    inputs: names,
    outputs: names,
    touches: listOf(text(2000, 1)),
    covers: names,
    criteria: listOf(text(2000, 1)),
    optional: (value) => (typeof value === "boolean" ? undefined : wrong("must be true or false")),
  }),
};

export const taskFields = fields(TASK, ["id", "agentName", "description", "prompt"]);
