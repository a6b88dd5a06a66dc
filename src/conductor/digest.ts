/** What happened, short enough for a context that is to stay small. */
import type { RunEvent } from "../domain/events.ts";
import type { Json } from "../domain/json.ts";
import { isBlobRef } from "../domain/plan.ts";
import { isRecord } from "../domain/shape.ts";

const LONGEST_LINE = 400;
/** What lies in the blob store. */
const LONG = "[long]";

export function cut(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most)}… [${text.length - most} more characters]` : text;
}

/** An output as its beginning: text as it is, anything else as JSON. */
export function shortOf(value: unknown, most: number): string {
  return cut(typeof value === "string" ? value : (JSON.stringify(value) ?? ""), most);
}

/** What whoever conducts knows already, or has no use for. */
const SILENT: ReadonlySet<RunEvent["type"]> = new Set([
  ...(["task:added", "task:start", "context:shown", "budget:reserved", "budget:settled"] as const),
  ...(["message:delivered", "workspace:opened"] as const),
]);

/** What one event of an agent says; the fields that every event has are not said again. Undefined: nothing. */
export function eventText(event: RunEvent): string | undefined {
  if (SILENT.has(event.type)) return undefined;
  const text = textOf(event);
  return cut(text.replace(/\s+/g, " ").trim(), LONGEST_LINE);
}

function textOf(event: RunEvent): string {
  switch (event.type) {
    case "agent:invoke":
      return `attempt ${event.attempt} with ${event.model}`;
    case "turn:complete":
      return `says: ${field(event.entry, "reply")}${callsIn(event.entry)}`;
    case "tool:call":
      return `calls ${field(event.entry, "name")} ${field(event.entry, "input")}`;
    case "tool:result": {
      const fault = field(event.entry, "fault");
      return `${fault === "" ? "result" : fault} of ${field(event.entry, "name")}: ${field(event.entry, "text")}`;
    }
    case "agent:progress":
      return field(event.entry, "text");
    case "task:complete":
      return `done after ${event.duration} ms: ${isBlobRef(event.output) ? LONG : shortOf(event.output, LONGEST_LINE)}`;
    case "task:error":
    case "task:skipped":
    case "task:cancelled":
      return event.reason;
    case "gate:opened":
      return `waits for a person at gate ${event.gate}: ${event.question}`;
    default: {
      const { type: _, seq: __, at: ___, run: ____, ...rest } = event as RunEvent & { readonly run?: string };
      return "reason" in rest && typeof rest.reason === "string" ? rest.reason : JSON.stringify(rest);
    }
  }
}

function field(entry: Json, name: string): string {
  const value = isRecord(entry) ? entry[name] : undefined;
  if (isBlobRef(value)) return LONG;
  return value === undefined ? "" : typeof value === "string" ? value : JSON.stringify(value);
}

function callsIn(entry: Json): string {
  const calls = isRecord(entry) && Array.isArray(entry["calls"]) ? entry["calls"] : [];
  const names = calls.flatMap((call: unknown) => (isRecord(call) ? [String(call["name"])] : []));
  return names.length > 0 ? ` [asks for ${names.join(", ")}]` : "";
}
