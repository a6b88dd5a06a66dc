/**
 * How an event lies in a row. What has a column of its own is not repeated in the body; the checksum is over
 * every column, the number included, so that a row that was changed, swapped or cut is noticed.
 */
import { hash } from "node:crypto";
import { crc32 } from "node:zlib";
import { TuttiError } from "../domain/error.ts";
import { EVENT_CLASS, type RunEvent } from "../domain/events.ts";

/** Bodies above this many characters lie in the blob table, under their hash. */
export const LARGE = 8192;

export const CLASS = { run: 0, attempt: 1, talk: 2 } as const;
const BY_TYPE = new Map<string, number>(Object.entries(EVENT_CLASS).map(([type, name]) => [type, CLASS[name]]));

/** What a message holds per event: at, type, task, attempt, body. */
export type Cell = string | number | null;
export const CELLS = 5;

export function classOf(type: string): number {
  return BY_TYPE.get(type) ?? CLASS.run;
}

/** Adds an event's cells to the list; returns how many characters they weigh. */
export function pack(event: RunEvent, cells: Cell[]): number {
  const { taskId, attempt } = event as { readonly taskId?: unknown; readonly attempt?: unknown };
  const task = typeof taskId === "string" && taskId.isWellFormed() ? taskId : null;
  const number = task !== null && typeof attempt === "number" && Number.isSafeInteger(attempt) ? attempt : null;
  const body = bodyOf(event);
  cells.push(event.at, event.type, task, number, body);
  return body.length + 64;
}

/**
 * The fields that have no column. Events are made with type, run, number and time in front, in this order, and cutting
 * those off the text costs half of what leaving them out of the value does. Any other order takes the longer way.
 */
function bodyOf(event: RunEvent): string {
  const text = JSON.stringify(event);
  const head = `{"type":"${event.type}","run":"${event.run}","seq":${event.seq},"at":${event.at},`;
  if (text.startsWith(head)) return `{${text.slice(head.length)}`;
  return JSON.stringify({ ...event, type: undefined, run: undefined, seq: undefined, at: undefined });
}

export function checksum(seq: number, klass: Cell, at: Cell, type: Cell, task: Cell, attempt: Cell, body: Cell) {
  return crc32(`${seq} ${klass} ${at} ${type} ${task === null ? "" : `=${task}`} ${attempt} ${body}`);
}

/** A row as it is read: seq, class, at, type, task, attempt, body, crc. */
export type Row = readonly unknown[];

/** The event of a row, or undefined where the row does not match its checksum or number. */
export function unpack(run: string, seq: number, row: Row, blob: (hash: string) => string | undefined) {
  const [number, klass, at, type, task, attempt, stored, crc] = row as [number, ...Cell[]];
  if (number !== seq || typeof stored !== "string" || typeof type !== "string" || typeof at !== "number") return;
  if (crc !== checksum(seq, klass as Cell, at, type, task as Cell, attempt as Cell, stored)) return;
  const body = stored.startsWith("{") ? stored : blob(stored);
  if (body === undefined) return;
  const event = JSON.parse(body) as Record<string, unknown>;
  event["type"] = type;
  event["run"] = run;
  event["seq"] = seq;
  event["at"] = at;
  if (task !== null) event["taskId"] = task;
  if (attempt !== null) event["attempt"] = attempt;
  return event as unknown as RunEvent;
}

export const sha256 = (text: string): string => hash("sha256", text);

/** Checks what the caller hands over; both journals refuse the same things. */
export function checkEvent(event: RunEvent, run: string, seq: number): void {
  if (event.run === run && event.seq === seq && Number.isFinite(event.at)) return;
  const is = `run ${event.run}, seq ${event.seq}, at ${event.at}`;
  throw new TuttiError(
    "BAD_INPUT",
    `an event of run ${run} must be numbered ${seq} and have a time; this one is ${is}`,
  );
}
