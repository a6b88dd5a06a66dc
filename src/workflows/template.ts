/** A workflow: a versioned template that turns parameters into the tasks of a plan. */
import type { z } from "zod";
import type { AgentTask } from "../domain/plan.ts";

export const COMPLEXITIES = ["simple", "moderate", "complex"] as const;
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

/** Parameters take their types from the schema, so that a template writes them once. */
export function workflow<P>(template: WorkflowTemplate<P>): WorkflowTemplate<P> {
  return template;
}
