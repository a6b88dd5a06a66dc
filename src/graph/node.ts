/** A task as it stands in the graph of a run, and that graph. */
import type { EventOf, TaskStatus } from "../domain/events.ts";
import type { Json } from "../domain/json.ts";
import type { BlobRef, Selected } from "../domain/plan.ts";
import type { Changes } from "../domain/workspace.ts";
import type { Groups } from "./groups.ts";

export interface Node {
  readonly id: string;
  /** Undefined while it is only known as somebody's dependency. */
  spec: EventOf<"task:added"> | undefined;
  order: number;
  wave: number;
  /** Expected time from the start of this task to the end of the run. */
  rank: number;
  dependsOn: Node[];
  dependents: Node[];
  /** Dependencies that have not settled. */
  open: number;
  arrived: boolean;
  status: TaskStatus;
  how?: "condition" | "failure" | "stopped" | "replaced";
  reason: string | undefined;
  /** Of one that was skipped for a failure: the task with which that began. */
  root?: Node;
  /** Files that it wrote. */
  changes?: Changes;
  output: Json | BlobRef | undefined;
  selected?: Selected;
  /** The gate before it has been passed. */
  passed?: boolean;
  /** Hash of what its last attempt was made from. */
  key: string | undefined;
  /** Taken out of the plan. */
  removed?: boolean;
  note?: string;
  edited?: string;
  /** A `forEach` whose items are in the graph. */
  items?: Node[];
  /** It has failed, and this task looks for a way around it. */
  around?: string;
}

export interface Graph {
  readonly nodes: Map<string, Node>;
  /** The newest repetition of an authored task. */
  readonly latest: Map<string, Node>;
  /** What conditions and expanders read of a task's output. */
  readonly reads: Map<string, Set<string>>;
  readonly waves: Groups<number>;
  readonly phases: Groups<string>;
  /** Tasks that may be left out, as long as they have not settled. */
  readonly optional: Set<Node>;
  /** Nodes that have arrived and wait for nothing but to be begun. */
  readonly free: Set<Node>;
  /** Those of them that nobody has looked at yet. */
  arrivals: Node[];
  /** Tasks in the plan; those that are removed or not there yet do not count. */
  size: number;
  unsettled: number;
  /** Tasks that the start of the run announced; waves and ranks are known once they are all there. */
  announced: number;
  sealed: boolean;
}
