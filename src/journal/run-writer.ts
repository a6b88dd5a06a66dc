/**
 * A run's writer on the caller's thread. It turns batches into slices and keeps the order:
 *
 * A1 Batches are sent, and end, in the order they were asked for. A large one is sent in slices, a few at a time,
 *    so that neither thread holds more than those; what is asked for meanwhile waits behind it.
 * A2 After the first failure every append that has not been acknowledged, and every later one, fails the same way.
 */
import { reasonOf, TuttiError } from "../domain/error.ts";
import type { Batch, InboxCommand, RunWriter } from "../domain/ports.ts";
import { plain, type Slice } from "./channel.ts";
import type { Client } from "./client.ts";
import { type Cell, checkEvent, pack } from "./codec.ts";
import { closedWriter } from "./refusals.ts";

/** The first slice is small, so that the other thread begins early; each one is twice the last. */
const FIRST_SLICE = 64;
const LAST_SLICE = 1024;
/** Characters in a slice, whatever its number of events. */
const SLICE_WEIGHT = 1 << 20;
/** Batches above this wait in between: no more than a few of their slices are under way. */
const UNPACED = 480;
const UNDER_WAY = 4;
/** Batches that may wait behind a large one. */
const MAX_WAITING = 100_000;

interface Append {
  readonly batch: Batch;
  resolve(): void;
  reject(error: TuttiError): void;
}

function* slicesOf(batch: Batch, run: string, writer: number): Generator<Omit<Slice, "ack">, void> {
  const { events, expected } = batch;
  const blobs: string[] = [];
  for (const [hash, text] of batch.blobs ?? []) blobs.push(hash, text);
  let size = FIRST_SLICE;
  let from = 0;
  do {
    const first = from === 0;
    const cells: Cell[] = [];
    const end = Math.min(events.length, from + size);
    for (let weight = 0; from < end && weight < SLICE_WEIGHT; from++) {
      const event = events[from];
      if (event === undefined) break;
      checkEvent(event, run, expected + 1 + from);
      weight += pack(event, cells);
    }
    size = Math.min(size * 2, LAST_SLICE);
    const last = from >= events.length;
    const consumed = last ? (batch.consumed ?? 0) : 0;
    yield { op: "slice", writer, first, last, expected, cells, blobs: first ? blobs : [], consumed };
    if (last) return;
  } while (from < events.length);
}

export function createRunWriter(options: {
  readonly client: Client;
  readonly writer: number;
  readonly run: string;
  readonly epoch: number;
  readonly head: number;
  /** Called after each acknowledged batch. */
  readonly appended: () => void;
  readonly closed: () => void;
}): RunWriter {
  const { client, writer, run, epoch, head } = options;
  const waiting: Append[] = [];
  /** Slices that the ring will acknowledge, oldest first; a batch's last one carries its append. */
  const underWay: (Append | undefined)[] = [];
  const receivers = new Set<(commands: readonly InboxCommand[]) => void>();
  let progress: (() => void)[] = [];
  let dead: TuttiError | undefined;
  let sending = false;
  let closing: Promise<void> | undefined;

  const moved = () => {
    if (progress.length === 0) return;
    const all = progress;
    progress = [];
    for (const go of all) go();
  };
  const progressed = () => new Promise<void>((resolve) => progress.push(resolve));

  function fail(error: TuttiError): void {
    if (dead !== undefined) return;
    dead = error;
    client.unreserve(underWay.length);
    for (const append of [...underWay.splice(0), ...waiting.splice(0)]) append?.reject(error);
    moved();
  }

  client.hear(writer, {
    acknowledged() {
      const append = underWay.shift();
      if (append !== undefined) {
        append.resolve();
        options.appended();
      }
      moved();
    },
    failed: fail,
    commands(commands) {
      for (const receive of receivers) receive(commands);
    },
  });

  async function send(append: Append): Promise<void> {
    const paced = append.batch.events.length > UNPACED;
    for (const slice of slicesOf(append.batch, run, writer)) {
      const ack = slice.last || paced;
      if (ack) {
        while (!client.reserve()) await client.room();
        if (dead !== undefined) return client.unreserve(1);
        underWay.push(slice.last ? append : undefined);
      }
      client.send({ ...slice, ack });
      while (paced && dead === undefined && underWay.length > UNDER_WAY) await progressed();
      if (dead !== undefined) return;
    }
  }

  /** Sends what waits; a first small batch at once. */
  async function pump(): Promise<void> {
    if (sending) return;
    sending = true;
    for (let append = waiting[0]; append !== undefined; append = waiting[0]) {
      try {
        await send(append);
      } catch (thrown) {
        return refuse(thrown);
      }
      if (dead !== undefined) return append.reject(dead);
      waiting.shift();
      // The acknowledgement may have come first; whoever waits for the end looks again.
      moved();
    }
    sending = false;
  }

  /** A batch that cannot be sent: it fails after those before it have ended, and everything behind it too. */
  function refuse(thrown: unknown): void {
    const words = `a batch of run ${run} cannot be stored: ${reasonOf(thrown)}`;
    const error = thrown instanceof TuttiError ? thrown : new TuttiError("BAD_INPUT", words, { cause: thrown });
    try {
      client.send({ op: "abort", writer, error: plain(error) });
    } catch {
      fail(error);
    }
  }

  return {
    run,
    epoch,
    head,
    append(batch) {
      if (closing !== undefined) return Promise.reject(closedWriter(run));
      if (dead !== undefined) return Promise.reject(dead);
      return new Promise<void>((resolve, reject) => {
        if (waiting.length >= MAX_WAITING) {
          return reject(
            new TuttiError("WRONG_STATE", `${MAX_WAITING} batches of run ${run} wait; wait for them first`),
          );
        }
        waiting.push({ batch, resolve, reject });
        void pump();
      });
    },
    commands(receive) {
      if (closing !== undefined) throw closedWriter(run);
      receivers.add(receive);
      client.send({ op: "listen", writer, on: true });
      return () => {
        if (receivers.delete(receive) && receivers.size === 0 && closing === undefined) {
          client.send({ op: "listen", writer, on: false });
        }
      };
    },
    heard: () => client.ask<void>({ op: "look", writer }),
    close() {
      closing ??= (async () => {
        while (dead === undefined && (waiting.length > 0 || underWay.length > 0)) await progressed();
        receivers.clear();
        // The lock is free even where this fails, and nothing that was acknowledged depends on it.
        await client.ask({ op: "close", writer }).catch(() => undefined);
        client.hear(writer, undefined);
        options.closed();
      })();
      return closing;
    },
  };
}
