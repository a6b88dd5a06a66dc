/**
 * The journal in SQLite: a folder with one file per run. All writing is done by one thread of its own, so that the
 * caller's thread never waits for a disk; reading has its own connections.
 */
import { join } from "node:path";
import type { Journal, RunEntry, RunWriter } from "../domain/ports.ts";
import { Client } from "./client.ts";
import { commandText } from "./command.ts";
import { loadOpen, type Open } from "./database.ts";
import { checkRun } from "./files.ts";
import { blobOf, readRun, tailRun } from "./reader.ts";
import { closedJournal } from "./refusals.ts";
import { createRunWriter } from "./run-writer.ts";

export interface SqliteJournalOptions {
  /** The folder that holds the runs' files; made where it is missing. */
  readonly path: string;
  /** `full`: an acknowledged batch survives a power cut. `normal`: only the end of the process. */
  readonly synchronous?: "full" | "normal";
  /** The host index. Default: `host.db` in the folder. */
  readonly index?: string;
  /** Another entry for the writer's thread, for tests. */
  readonly worker?: URL;
}

const ENTRY = new URL(import.meta.url.endsWith(".ts") ? "./writer.ts" : "./writer.js", import.meta.url);
/** Runs whose index has been found sound; beyond this many the oldest is checked again. */
const MAX_TRUSTED = 1000;

export function createSqliteJournal(options: SqliteJournalOptions): Journal {
  const { path, synchronous = "full", index = join(path, "host.db"), worker = ENTRY } = options;
  const client = new Client(worker, { path, index, synchronous });
  const writers = new Set<RunWriter>();
  const tails = new Map<string, Set<() => void>>();
  const trusted = new Set<string>();
  const ending = new AbortController();
  let lastWriter = 0;
  let opening: Promise<Open> | undefined;
  let closed: Promise<void> | undefined;

  function alive(): void {
    if (closed !== undefined) throw closedJournal();
  }
  const opener = () => {
    opening ??= loadOpen();
    return opening;
  };

  async function take(how: "create" | "claim", run: string): Promise<RunWriter> {
    alive();
    checkRun(run);
    const writer = ++lastWriter;
    const { epoch, head } = await client.ask<{ epoch: number; head: number }>({ op: "open", how, run, writer });
    const made = createRunWriter({
      ...{ client, writer, run, epoch, head },
      appended() {
        for (const look of tails.get(run) ?? []) look();
      },
      closed: () => writers.delete(made),
    });
    writers.add(made);
    return made;
  }

  function watch(run: string, look: () => void): () => void {
    const all = tails.get(run) ?? new Set();
    tails.set(run, all.add(look));
    return () => {
      all.delete(look);
      if (all.size === 0) tails.delete(run);
    };
  }

  return {
    create: (run) => take("create", run),
    claim: (run) => take("claim", run),
    async *read(run, range = {}) {
      alive();
      checkRun(run);
      const open = await opener();
      if (trusted.size > MAX_TRUSTED) trusted.clear();
      for (const page of readRun(open, path, run, { ...range, trusted })) {
        yield page;
        alive();
      }
    },
    async *tail(run, from, signal) {
      alive();
      checkRun(run);
      const open = await opener();
      const either = AbortSignal.any([signal, ending.signal]);
      yield* tailRun(open, path, run, { from, signal: either, watch: (look) => watch(run, look) });
      if (!signal.aborted) alive();
    },
    async blob(run, hash) {
      alive();
      checkRun(run);
      return blobOf(await opener(), path, run, hash);
    },
    async command(run, command, at) {
      alive();
      checkRun(run);
      await client.ask({ op: "command", run, at, body: commandText(command) });
    },
    async list(query = {}) {
      alive();
      return client.ask<RunEntry[]>({ op: "list", query });
    },
    async rebuild() {
      alive();
      return client.ask({ op: "rebuild" });
    },
    async gc(retention) {
      alive();
      return client.ask({ op: "gc", retention });
    },
    [Symbol.asyncDispose]() {
      closed ??= (async () => {
        ending.abort();
        await Promise.all([...writers].map((writer) => writer.close()));
        await client.end();
      })();
      return closed;
    },
  };
}
