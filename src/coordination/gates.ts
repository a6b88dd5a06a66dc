/** Gates: where a person or a rule must decide. A gate is opened once and decided once. */
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
    case "task:cancelled":
    case "task:skipped":
      gates.open.delete(event.taskId);
      return;
    default:
      return;
  }
}

/** Why this gate cannot be decided, or undefined. */
export function gateFault(gates: Gates, gate: string): string | undefined {
  if (gates.open.has(gate)) return undefined;
  const decided = gates.decided.get(gate);
  return decided ? `gate '${gate}' has been decided already: ${decided.decision}` : `there is no open gate '${gate}'`;
}
