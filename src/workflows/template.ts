/** A workflow: a versioned template that turns parameters into the tasks of a plan. */
import type { z } from "zod";
import type { AgentTask } from "../domain/plan.ts";
import { listOf, oneOf, type Shape, text, whole, wrong } from "../domain/shape.ts";

const COMPLEXITIES = ["simple", "moderate", "complex"] as const;
export type Complexity = (typeof COMPLEXITIES)[number];

/** What a list of workflows shows of one. */
export interface WorkflowEntry {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly category: string;
  readonly tags: readonly string[];
  /** Seconds that the default plan takes with enough places. */
  readonly estimatedDuration: number;
  readonly complexity: Complexity;
}

export interface WorkflowTemplate<P = unknown> extends WorkflowEntry {
  /** Changes whenever the same parameters would give another plan. */
  readonly version: string;
  /** An object schema; every field has a description, and a default where there is a sensible one. */
  readonly parameters: z.ZodType<P>;
  /** Pure: the same parameters give the same tasks. Gets parsed parameters. */
  buildTasks(parameters: P): readonly AgentTask[];
}

/** What every template says of itself, in code or in a file. */
export const ENTRY: { readonly [K in Exclude<keyof WorkflowTemplate, "parameters" | "buildTasks">]: Shape } = {
  id: (value) =>
    typeof value === "string" && /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/.test(value)
      ? undefined
      : wrong("starts with a letter or digit and holds at most 100 letters, digits, '.', '_' or '-'"),
  version: text(100, 1),
  name: text(200, 1),
  description: text(10_000, 1),
  category: text(100, 1),
  tags: listOf(text(100, 1)),
  estimatedDuration: whole(1, 2 ** 31 - 1),
  complexity: oneOf(COMPLEXITIES),
};

/** Parameters take their types from the schema, so that a template writes them once. */
export function workflow<P>(template: WorkflowTemplate<P>): WorkflowTemplate<P> {
  return template;
}
