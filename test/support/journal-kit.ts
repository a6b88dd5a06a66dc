/** What tests of the SQLite journal share: folders, owners in other processes, refusals, a sample run. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { hash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath, pathToFileURL } from "node:url";
import { TuttiError } from "../../src/domain/error.ts";
import type { RunEvent } from "../../src/domain/events.ts";
import type { Journal } from "../../src/domain/ports.ts";
import { createSqliteJournal, type SqliteJournalOptions } from "../../src/journal/sqlite.ts";
import { checkpointEvent, completeEvent, startEvent, turnEvent } from "../../src/testing/journal-contract-kit.ts";
import type { Faults } from "./journal-faulty-writer.ts";

const root = mkdtempSync(join(tmpdir(), "tutti-faults-"));
const children = new Set<ChildProcess>();
export const journals = new Set<Journal>();
let made = 0;
export const RUN = runId(1);
export function runId(n: number): string {
  return `01k0000000${String(n).padStart(16, "0")}`;
}
export function folder(): string {
  const path = join(root, `${++made}`);
  mkdirSync(path);
  return path;
}
export function open(path: string, options: Partial<SqliteJournalOptions> = {}): Journal {
  const journal = createSqliteJournal({ path, ...options });
  journals.add(journal);
  return journal;
}
/** The entry of a writer's thread that has these faults. */
export function faulty(path: string, faults: Faults): URL {
  const entry = join(path, "faulty.mjs");
  const from = new URL("./journal-faulty-writer.ts", import.meta.url).href;
  writeFileSync(entry, `import { serveFaulty } from "${from}"; await serveFaulty(${JSON.stringify(faults)});`);
  return pathToFileURL(entry);
}
/** For `afterEach`: ends what a test has started. */
export async function cleanUp(): Promise<void> {
  for (const child of children) child.kill("SIGKILL");
  children.clear();
  for (const journal of journals) await journal[Symbol.asyncDispose]();
  journals.clear();
}
/** For `afterAll`. */
export function removeAll(): void {
  rmSync(root, { recursive: true, force: true });
}

interface Said {
  readonly acknowledged?: number;
  readonly code?: string;
  readonly message?: string;
  readonly pid?: number;
  readonly epoch?: number;
  readonly head?: number;
}
/** A process that owns a run; `next` gives what it says. */
export async function owner(path: string, run: string) {
  const script = fileURLToPath(new URL("./journal-owner.ts", import.meta.url));
  const child = spawn(process.execPath, [script, path, run], { stdio: ["pipe", "pipe", "inherit"] });
  children.add(child);
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const next = async (): Promise<Said> => JSON.parse((await lines.next()).value ?? "{}") as Said;
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  await next();
  return {
    child,
    next,
    tell: (line: string) => child.stdin.write(`${line}\n`),
    async kill() {
      child.kill("SIGKILL");
      await exited;
    },
  };
}
export async function refusal(work: Promise<unknown>): Promise<TuttiError> {
  const thrown = await work.then(
    () => assert.fail("it should have been refused"),
    (error: unknown) => error,
  );
  assert.ok(thrown instanceof TuttiError, `a TuttiError, not ${thrown instanceof Error ? thrown.stack : thrown}`);
  return thrown;
}
/** What was read, or the error that reading ended with. */
export async function outcome<T>(work: Promise<T>): Promise<T | TuttiError> {
  return work.catch((thrown: unknown) => {
    assert.ok(thrown instanceof TuttiError, `a TuttiError, not ${thrown instanceof Error ? thrown.stack : thrown}`);
    return thrown;
  });
}
export const numbers = (events: readonly RunEvent[]) => events.map((event) => event.seq);
export const count = (to: number) => Array.from({ length: to }, (_, i) => i + 1);

/** A run with every kind of row, closed cleanly. */
export async function sample(path: string): Promise<RunEvent[]> {
  const journal = open(path);
  const writer = await journal.create(RUN);
  const events = [startEvent(RUN), checkpointEvent(RUN, 2, "large".repeat(2000))];
  for (let seq = 3; seq <= 60; seq++) {
    events.push(seq % 3 === 0 ? checkpointEvent(RUN, seq) : turnEvent(RUN, seq, `task-${seq % 3}`, 1));
  }
  events.push(completeEvent(RUN, 61));
  const blobs = new Map([[hash("sha256", '"blob"'), '"blob"']]);
  for (const event of events) await writer.append({ expected: event.seq - 1, events: [event], blobs });
  await journal[Symbol.asyncDispose]();
  return events;
}
