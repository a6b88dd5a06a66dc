/** What a run has of the run that it came from: results that stay, by task, and results that may be used again, by key. */
import type { RunEvent } from "../domain/events.ts";
import type { Inherited } from "../domain/plan.ts";

export interface Inheritance {
  readonly byTask: Map<string, Inherited>;
  readonly byKey: Map<string, Inherited>;
}

export const createInheritance = (): Inheritance => ({ byTask: new Map(), byKey: new Map() });

export function evolveInheritance({ byTask, byKey }: Inheritance, event: RunEvent): void {
  if (event.type !== "workflow:start") return;
  for (const one of event.inherited ?? []) {
    byTask.set(one.taskId, one);
    if (one.key !== undefined) byKey.set(one.key, one);
  }
}
