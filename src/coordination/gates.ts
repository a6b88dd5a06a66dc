/**
 * Gates: where a person or a rule must decide, before a task begins or while an attempt at it is under way. A gate is
 * opened once and decided once.
 */
import type { EventOf, RunEvent } from "../domain/events.ts";

export interface Gates {
  readonly open: Map<string, EventOf<"gate:opened">>;
  readonly decided: Map<string, EventOf<"gate:decided">>;
}

export function createGates(): Gates {
  return { open: new Map(), decided: new Map() };
}

export function evolveGates(gates: Gates, event: RunEvent): void {
  switch (event.type) {
    case "gate:opened":
      gates.open.set(event.gate, event);
      return;
    case "gate:decided":
      gates.open.delete(event.gate);
      gates.decided.set(event.gate, event);
      return;
    case "task:complete":
    case "task:error":
    case "task:retry":
    case "task:cancelled":
    case "task:skipped":
      // Nobody waits for the answer any more.
      for (const { gate, taskId } of gates.open.values()) if (taskId === event.taskId) gates.open.delete(gate);
      return;
    default:
      return;
  }
}

/** How many attempts under way wait for an answer. */
export function asking(gates: Gates): number {
  if (gates.open.size === 0) return 0;
  return new Set([...gates.open.values()].flatMap(({ attempt, taskId }) => (attempt === undefined ? [] : taskId))).size;
}

/** Opened before, whatever became of it. */
export const isKnown = (gates: Gates, gate: string): boolean => gates.open.has(gate) || gates.decided.has(gate);

/** Why this gate cannot be decided, or undefined. */
export function gateFault(gates: Gates, gate: string): string | undefined {
  if (gates.open.has(gate)) return undefined;
  const decided = gates.decided.get(gate);
  return decided ? `gate '${gate}' has been decided already: ${decided.decision}` : `there is no open gate '${gate}'`;
}
