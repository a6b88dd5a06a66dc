/** Events for tests of one slice: only the fields that it looks at. */
import type { EventFields, EventType, RunEvent } from "../../src/domain/events.ts";

let seq = 0;

export function told<T extends EventType>(type: T, fields: Partial<EventFields[T]> & { at?: number } = {}): RunEvent {
  return { type, run: "r", seq: ++seq, at: 0, ...fields } as unknown as RunEvent;
}

export const who = (taskId: string, agentName = "a") => ({ taskId, agentName });
