/**
 * The writer's thread: one loop that serves all runs of a journal. It sleeps on shared memory, not in an event loop,
 * because that is woken faster.
 *
 * W1 Requests are taken in the order they were sent; between two slices of a large batch other runs are served.
 * W2 What nobody waits for (index, log upkeep, closing files) is done when no request is there, or after every
 *    sixteenth, so that it cannot be put off for ever.
 * W3 A file that somebody else holds for a moment is tried again later; the loop does not wait for it.
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  rmSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import type { DatabaseSync } from "node:sqlite";
import { receiveMessageOnPort } from "node:worker_threads";
import { TuttiError } from "../domain/error.ts";
import type { RunEvent } from "../domain/events.ts";
import {
  ACKED,
  type Ask,
  POSTED,
  plain,
  type Reply,
  type Request,
  RING,
  RING_SIZE,
  revive,
  type Slice,
  WAKE_CALLER,
  WAKE_WRITER,
  type WriterData,
} from "./channel.ts";
import { fault, isBusy, type Open } from "./database.ts";
import { isIndexed } from "./entry.ts";
import { BESIDE, removeRun, runFile } from "./files.ts";
import { collect } from "./gc.ts";
import { Index } from "./index-db.ts";
import { type Claim, claim } from "./owner.ts";
import { exists, notFound } from "./refusals.ts";
import { putCommand, RunFile } from "./run-file.ts";
import { emptyFile } from "./schema.ts";

const POLL = 40;
const RETRY = 10;
/** How long a request may meet a file that somebody else writes; a claim then says who owns it. */
const PATIENCE = 5000;
const CLAIM_PATIENCE = 1000;
/** How long one try may wait for a lock before the others are served. */
const BRIEF = 20;

type Job = Iterator<unknown>;
type Answered = Ask & { readonly id: number };

export function serve(data: WriterData, { open }: { readonly open: Open }): void {
  const { port, path } = data;
  const control = new Int32Array(data.control);
  const runs = new Map<number, RunFile>();
  const listening = new Map<number, RunFile>();
  const jobs: Job[] = [];
  const retries: { request: Answered; until: number }[] = [];
  mkdirSync(path, { recursive: true, mode: 0o700 });
  const index = new Index(data.index, path, open);
  let empty: Buffer | undefined;
  let acked = 0;
  /** When the inboxes were last looked into. */
  let looked = 0;

  const wake = () => {
    Atomics.add(control, WAKE_CALLER, 1);
    Atomics.notify(control, WAKE_CALLER);
  };
  const acknowledge = (writer: number) => {
    Atomics.store(control, RING + (acked++ % RING_SIZE), writer);
    Atomics.store(control, ACKED, acked);
    wake();
  };
  const reply = (message: Reply) => {
    port.postMessage(message);
    Atomics.add(control, POSTED, 1);
    wake();
  };
  const later = (work: () => void) => jobs.push(once(work));
  const step = () => {
    const job = jobs[0];
    try {
      if (job?.next().done !== false) jobs.shift();
    } catch {
      // Nobody waits for it, and what it left undone is done again in time.
      jobs.shift();
    }
  };
  /** A job whose outcome somebody waits for. */
  const answer = (id: number, run: string, work: () => Job) => {
    jobs.push(
      (function* () {
        try {
          const job = work();
          let turn = job.next();
          for (; turn.done !== true; turn = job.next()) yield;
          reply({ id, value: turn.value });
        } catch (thrown) {
          reply({ id, error: plain(fault(thrown, run)) });
        }
      })(),
    );
  };

  function slice(part: Slice): void {
    const file = runs.get(part.writer);
    if (file === undefined) return;
    try {
      const durable = file.slice(part, isIndexed);
      if (part.ack) acknowledge(part.writer);
      if (durable) after(file);
    } catch (thrown) {
      reply({ writer: part.writer, error: plain(fault(thrown, file.run)) });
    }
  }

  function after(file: RunFile): void {
    const noted = file.noted();
    if (noted.length > 0) {
      later(() => {
        for (const { type, at, body } of noted) {
          index.note({ ...JSON.parse(body), type, at, run: file.run, seq: 0 } as RunEvent);
        }
      });
    }
    if (file.wantsUpkeep) later(() => file.upkeep());
  }

  function createFile(file: string, run: string): void {
    if (existsSync(file)) throw exists(run);
    const stale = BESIDE.filter((end) => existsSync(file + end));
    empty ??= emptyFile(open, path);
    const draft = `${file}.new-${process.pid}-${data.control.byteLength}-${Math.trunc(performance.now() * 1000)}`;
    try {
      const to = openSync(draft, "wx", 0o600);
      try {
        writeSync(to, empty);
        fsyncSync(to);
      } finally {
        closeSync(to);
      }
      linkSync(draft, file);
      for (const end of stale) rmSync(file + end, { force: true });
    } catch (thrown) {
      throw (thrown as NodeJS.ErrnoException).code === "EEXIST" ? exists(run) : thrown;
    } finally {
      if (existsSync(draft)) unlinkSync(draft);
    }
  }

  function openRun(how: "create" | "claim", run: string, last: boolean): RunFile {
    const file = runFile(path, run);
    if (how === "create") createFile(file, run);
    else if (!existsSync(file)) throw notFound(run);
    const db = open(file, { timeout: BRIEF });
    let held: Claim | undefined;
    try {
      // A new run's first row need not be synced: the first append syncs it together with its own.
      db.exec(`pragma wal_autocheckpoint = 0; pragma synchronous = ${how === "create" ? "off" : "full"}`);
      held = claim({ db, open, folder: path, run, last });
      db.exec(`pragma busy_timeout = 5000; pragma synchronous = ${data.synchronous}`);
      return new RunFile({ run, file, folder: path, db, claim: held, fresh: how === "create" });
    } catch (thrown) {
      held?.lock.close();
      db.close();
      // What is not there to its owner must not be there to anybody.
      if (how === "create" && !isBusy(thrown) && !(thrown instanceof TuttiError)) removeRun(file);
      throw thrown;
    }
  }

  function release(writer: number): RunFile | undefined {
    const file = runs.get(writer);
    runs.delete(writer);
    listening.delete(writer);
    file?.release();
    return file;
  }

  function command(run: string, at: number, body: string): void {
    const file = runFile(path, run);
    const own = [...runs.values()].find((one) => one.run === run && one.dead === undefined);
    if (own?.inTransaction) throw Object.assign(new Error("a batch is being written"), { errcode: 5 });
    if (own !== undefined) {
      own.command(at, body);
      looked = 0;
      return;
    }
    if (!existsSync(file)) throw notFound(run);
    const db: DatabaseSync = open(file, { timeout: BRIEF });
    try {
      putCommand(db, run, at, body);
    } finally {
      db.close();
    }
  }

  /** Does a request and says so; throws where it must be tried again or has failed. */
  function perform(request: Answered, last: boolean): void {
    const { id } = request;
    switch (request.op) {
      case "open": {
        const file = openRun(request.how, request.run, last);
        runs.set(request.writer, file);
        return reply({ id, value: { epoch: file.claim.epoch, head: file.claim.head } });
      }
      case "close": {
        const file = release(request.writer);
        // After what the index is still to be told, before the file is shut.
        answer(id, file?.run ?? "", () => once(() => undefined));
        if (file !== undefined) later(() => file.shut());
        return;
      }
      case "look":
        look();
        return reply({ id, value: undefined });
      case "command":
        command(request.run, request.at, request.body);
        return reply({ id, value: undefined });
      case "list":
        return answer(id, "index", function* () {
          yield* index.reconcile();
          return index.list(request.query);
        });
      case "rebuild":
        return answer(id, "index", () => index.rebuild());
      case "gc":
        return answer(id, "index", function* () {
          yield* index.reconcile();
          return yield* collect(request.retention, index, path, open);
        });
      case "end":
        return;
    }
  }

  function attempt(request: Answered, until: number): void {
    const last = performance.now() >= until;
    try {
      perform(request, last);
    } catch (thrown) {
      if (isBusy(thrown) && !last) {
        // What has been created is there now and only remains to be claimed.
        retries.push({ request: request.op === "open" ? { ...request, how: "claim" } : request, until });
      } else reply({ id: request.id, error: plain(fault(thrown, "run" in request ? request.run : "")) });
    }
  }

  function take(request: Request): void {
    switch (request.op) {
      case "slice":
        return slice(request);
      case "abort": {
        const file = runs.get(request.writer);
        if (file === undefined || file.dead !== undefined) return;
        file.kill(revive(request.error));
        return reply({ writer: request.writer, error: request.error });
      }
      case "listen": {
        const file = runs.get(request.writer);
        file?.listen();
        if (file !== undefined && request.on) listening.set(request.writer, file);
        else listening.delete(request.writer);
        looked = 0;
        return;
      }
      default:
        return attempt(request, performance.now() + (request.op === "open" ? CLAIM_PATIENCE : PATIENCE));
    }
  }

  function look(): void {
    for (const [writer, file] of listening) {
      try {
        for (let commands = file.poll(); commands.length > 0; commands = file.poll()) reply({ writer, commands });
      } catch (thrown) {
        if (!isBusy(thrown)) reply({ writer, error: plain(file.kill(thrown)) });
      }
    }
  }

  for (let taken = 0; ; ) {
    const seen = Atomics.load(control, WAKE_WRITER);
    const message = receiveMessageOnPort(port)?.message as Request | undefined;
    if (message?.op === "end") {
      for (const writer of [...runs.keys()]) {
        try {
          const file = release(writer);
          later(() => file?.shut());
        } catch {
          // The lock is free all the same; the file is closed with this thread.
        }
      }
      while (jobs.length > 0) step();
      index.close();
      return reply({ id: message.id, value: undefined });
    }
    if (message !== undefined) {
      take(message);
      if (++taken % 16 !== 0) continue;
    }
    if (jobs.length > 0) step();
    const due = looked + (retries.length > 0 ? RETRY : POLL);
    if ((listening.size > 0 || retries.length > 0) && performance.now() >= due) {
      looked = performance.now();
      look();
      for (const { request, until } of retries.splice(0)) attempt(request, until);
    }
    if (message !== undefined || jobs.length > 0) continue;
    const pause = retries.length > 0 ? RETRY : listening.size > 0 ? POLL : Number.POSITIVE_INFINITY;
    Atomics.wait(control, WAKE_WRITER, seen, pause);
  }
}

const once = (work: () => void): Job => ({
  next() {
    work();
    return { done: true, value: undefined };
  },
});
