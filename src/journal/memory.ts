/**
 * The journal in memory, for tests, rehearsals and runs that need not outlive their process. It keeps the event
 * objects themselves; otherwise it behaves as the one in SQLite does.
 */
import { hostname } from "node:os";
import type { TuttiError } from "../domain/error.ts";
import { EVENT_CLASS, type RunEvent } from "../domain/events.ts";
import type { Batch, InboxCommand, Journal, ReadOptions, RunEntry, RunWriter } from "../domain/ports.ts";
import { checkEvent, sha256 } from "./codec.ts";
import { commandText } from "./command.ts";
import { entryAfter, isFinal, isIndexed, limitOf } from "./entry.ts";
import { checkRun } from "./files.ts";
import {
  closedJournal,
  closedWriter,
  exists,
  inboxFull,
  MAX_WAITING,
  noBlob,
  notFound,
  owned,
  wrongExpected,
  wrongHash,
} from "./refusals.ts";

const PAGE = 1000;
const done = Promise.resolve();

interface Run {
  readonly id: string;
  readonly events: RunEvent[];
  readonly blobs: Map<string, string>;
  readonly inbox: InboxCommand[];
  /** Called when events or commands have come. */
  readonly watchers: Set<() => void>;
  entry: RunEntry | undefined;
  epoch: number;
  lastCommand: number;
  owner: { readonly since: number } | undefined;
}

export function createMemoryJournal(): Journal {
  const runs = new Map<string, Run>();
  const writers = new Set<RunWriter>();
  const ending = new AbortController();

  function alive(): void {
    if (ending.signal.aborted) throw closedJournal();
  }
  function find(id: string): Run {
    alive();
    checkRun(id);
    const run = runs.get(id);
    if (run === undefined) throw notFound(id);
    return run;
  }
  function own(run: Run): RunWriter {
    const writer = createWriter(run, () => writers.delete(writer));
    writers.add(writer);
    return writer;
  }

  return {
    async create(id) {
      alive();
      checkRun(id);
      if (runs.has(id)) throw exists(id);
      const run: Run = {
        ...{ id, events: [], blobs: new Map(), inbox: [], watchers: new Set() },
        ...{ entry: undefined, epoch: 0, lastCommand: 0, owner: undefined },
      };
      runs.set(id, run);
      return own(run);
    },
    async claim(id) {
      const run = find(id);
      if (run.owner !== undefined) throw owned(id, { pid: process.pid, host: hostname(), since: run.owner.since });
      return own(run);
    },
    async *read(id, options = {}) {
      yield* pages(find(id), options);
    },
    async *tail(id, from, signal) {
      const run = find(id);
      const either = AbortSignal.any([signal, ending.signal]);
      for (let next = Math.max(1, from); !either.aborted; ) {
        for (const page of pages(run, { from: next })) {
          next += page.length;
          yield page;
          if (either.aborted) break;
        }
        if (run.events.length < next && !either.aborted) await moved(run, either);
      }
      if (!signal.aborted) alive();
    },
    async blob(id, hash) {
      const text = find(id).blobs.get(hash);
      if (text === undefined) throw noBlob(id, hash);
      return text;
    },
    async command(id, command, at) {
      const run = find(id);
      if (run.inbox.length >= MAX_WAITING) throw inboxFull(id);
      run.inbox.push({ id: ++run.lastCommand, at, command: JSON.parse(commandText(command)) });
      for (const look of run.watchers) look();
    },
    async list(query = {}) {
      alive();
      const { status, workflow, before } = query;
      return newest(runs)
        .filter((e) => (status ?? e.status) === e.status && (workflow ?? e.workflow) === e.workflow)
        .filter((e) => before === undefined || e.run < before)
        .slice(0, limitOf(query));
    },
    async rebuild() {
      alive();
      return [];
    },
    async gc({ before, keep = 0, dryRun = false }) {
      alive();
      const gone: string[] = [];
      let bytes = 0;
      for (const { run: id } of newest(runs)
        .filter((entry) => isFinal(entry.status))
        .slice(keep)) {
        const run = runs.get(id);
        const last = run?.events.at(-1);
        if (run === undefined || run.owner !== undefined || last === undefined || last.at >= before) continue;
        bytes += JSON.stringify(run.events).length;
        gone.push(id);
        if (!dryRun) runs.delete(id);
      }
      return { runs: gone, bytes };
    },
    async [Symbol.asyncDispose]() {
      ending.abort();
      for (const writer of writers) await writer.close();
    },
  };
}

function createWriter(run: Run, closed: () => void): RunWriter {
  const epoch = ++run.epoch;
  const held = { since: Date.now() };
  run.owner = held;
  const ends = new Set<() => void>();
  let dead: TuttiError | undefined;
  let open = true;

  function write({ expected, events, blobs, consumed }: Batch): void {
    if (!open) throw closedWriter(run.id);
    if (dead !== undefined) throw dead;
    if (expected !== run.events.length) throw wrongExpected(run.id, run.events.length, expected);
    let seq = expected;
    for (const event of events) checkEvent(event, run.id, ++seq);
    if (blobs !== undefined) {
      for (const [hash, text] of blobs) if (sha256(text) !== hash) throw wrongHash(run.id, hash);
      for (const [hash, text] of blobs) run.blobs.set(hash, text);
    }
    for (const event of events) {
      run.events.push(event);
      if (isIndexed(event.type)) run.entry = entryAfter(run.entry, event);
    }
    if (consumed !== undefined) while ((run.inbox[0]?.id ?? Number.POSITIVE_INFINITY) <= consumed) run.inbox.shift();
    if (run.watchers.size > 0) for (const look of run.watchers) look();
  }

  return {
    run: run.id,
    epoch,
    head: run.events.length,
    append(batch) {
      try {
        write(batch);
        return done;
      } catch (thrown) {
        if (open) dead ??= thrown as TuttiError;
        return Promise.reject(thrown);
      }
    },
    commands(receive) {
      if (!open) throw closedWriter(run.id);
      let given = 0;
      const look = () => {
        const fresh = run.inbox.filter((command) => command.id > given);
        if (fresh.length === 0) return;
        given = fresh.at(-1)?.id ?? given;
        queueMicrotask(() => {
          if (ends.has(end)) receive(fresh);
        });
      };
      const end = () => {
        run.watchers.delete(look);
        ends.delete(end);
      };
      ends.add(end);
      run.watchers.add(look);
      look();
      return end;
    },
    // What is there is given in a microtask that came before.
    heard: () => new Promise((resolve) => queueMicrotask(resolve)),
    async close() {
      open = false;
      for (const end of ends) end();
      if (run.owner === held) run.owner = undefined;
      closed();
    },
  };
}

function* pages(run: Run, { from = 1, to, attempt }: ReadOptions): Generator<readonly RunEvent[], void> {
  const first = Math.max(1, from) - 1;
  if (attempt !== undefined) {
    const found = run.events.slice(first, to).filter((event) => isOf(event, attempt));
    for (let i = 0; i < found.length; i += PAGE) yield found.slice(i, i + PAGE);
    return;
  }
  for (let i = first; ; ) {
    const page = run.events.slice(i, Math.min(i + PAGE, to ?? i + PAGE));
    if (page.length === 0) return;
    i += page.length;
    yield page;
  }
}

function isOf(event: RunEvent, of: { readonly taskId: string; readonly attempt: number }): boolean {
  if (EVENT_CLASS[event.type] !== "attempt" || !("attempt" in event)) return false;
  return event.taskId === of.taskId && event.attempt === of.attempt;
}

function newest(runs: ReadonlyMap<string, Run>): RunEntry[] {
  const entries = [...runs.values()].flatMap((run) => run.entry ?? []);
  return entries.sort((a, b) => (a.run < b.run ? 1 : -1));
}

function moved(run: Run, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const go = () => {
      run.watchers.delete(go);
      signal.removeEventListener("abort", go);
      resolve();
    };
    run.watchers.add(go);
    signal.addEventListener("abort", go);
  });
}
