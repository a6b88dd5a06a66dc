/**
 * What the caller's thread and the writer's thread say to each other. Requests go over a message port; the
 * acknowledgement of an append, the most frequent answer, is the writer's number in a ring of shared memory, because
 * waking the other thread through shared memory costs a third of a message; a writer's appends end in order. Whoever has written raises the other's counter.
 */
import type { MessagePort } from "node:worker_threads";
import { type ErrorDetail, TuttiError } from "../domain/error.ts";
import type { InboxCommand, Retention, RunQuery } from "../domain/ports.ts";
import type { Cell } from "./codec.ts";

/** Places in the shared numbers. */
export const WAKE_WRITER = 0;
export const WAKE_CALLER = 1;
/** How many acknowledgements and how many messages the writer has given so far. */
export const ACKED = 2;
export const POSTED = 3;
export const RING = 8;
/** The caller never has more slices under way, so the ring never overflows. */
export const RING_SIZE = 1024;
export const CONTROL_BYTES = 4 * (RING + RING_SIZE);

export interface WriterData {
  readonly port: MessagePort;
  readonly control: SharedArrayBuffer;
  readonly path: string;
  readonly index: string;
  readonly synchronous: "full" | "normal";
}

/** A part of a batch. Nothing of it stands until the last part has been committed. */
export interface Slice {
  readonly op: "slice";
  readonly writer: number;
  /** Whether the ring says when it is done with: a last slice when it is durable. */
  readonly ack: boolean;
  readonly first: boolean;
  readonly last: boolean;
  readonly expected: number;
  readonly cells: readonly Cell[];
  /** Hash, text, hash, text, … */
  readonly blobs: readonly string[];
  readonly consumed: number;
}
export type Ask =
  | { readonly op: "open"; readonly how: "create" | "claim"; readonly run: string; readonly writer: number }
  | { readonly op: "close"; readonly writer: number }
  | { readonly op: "look"; readonly writer: number }
  | { readonly op: "command"; readonly run: string; readonly at: number; readonly body: string }
  | { readonly op: "list"; readonly query: RunQuery }
  | { readonly op: "rebuild" }
  | { readonly op: "gc"; readonly retention: Retention }
  | { readonly op: "end" };
export type Request =
  | Slice
  | { readonly op: "abort"; readonly writer: number; readonly error: PlainError }
  | { readonly op: "listen"; readonly writer: number; readonly on: boolean }
  | (Ask & { readonly id: number });

export type Reply =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: PlainError }
  | { readonly writer: number; readonly error: PlainError }
  | { readonly writer: number; readonly commands: readonly InboxCommand[] };

export type PlainError = Pick<TuttiError, "code" | "message" | "retry"> & { hint?: string; data?: unknown };

export function plain(error: TuttiError): PlainError {
  const { code, message, retry, hint, data } = error;
  return { code, message, retry, ...(hint !== undefined && { hint }), ...(data !== undefined && { data }) };
}
export function revive({ code, message, ...detail }: PlainError): TuttiError {
  return new TuttiError(code, message, detail as ErrorDetail);
}
