/** A real process on a real disk, killed again and again. */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, expect, test, vi } from "vitest";
import { random } from "../src/domain/random.ts";
import type { RunEvent, TaskResult } from "../src/index.ts";
import { createSqliteJournal } from "../src/index.ts";
import type { PlanName } from "./kill/plans.ts";

// Nothing here asserts a time; a busy machine only takes longer.
vi.setConfig({ testTimeout: 600_000 });

const CHILD = join(import.meta.dirname, "kill/child.ts");
/** 100 in `npm run check`. */
const ROUNDS = Number(process.env["TUTTI_KILLS"] ?? 20);
// Not in the system's temporary folder, which may be memory: this is about a disk.
const base = join(import.meta.dirname, "../.tmp");
mkdirSync(base, { recursive: true });
const folder = mkdtempSync(join(base, "kill-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Lived {
  run: string | undefined;
  /** Last event that the program was told of before it died. */
  seq: number;
  done: { status: string; tasks: Record<string, TaskResult> } | undefined;
}

/** Runs the program until it ends or has been told so many events; then it is killed at once. */
function live(place: string, plan: PlanName, run: string | undefined, killAfter: number): Promise<Lived> {
  const child = spawn(process.execPath, [CHILD, place, plan, ...(run ? [run] : [])], {
    env: { ...process.env, NODE_COMPILE_CACHE: join(tmpdir(), "tutti-tests-code") },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lived: Lived = { run, seq: 0, done: undefined };
  let told = 0;
  createInterface({ input: child.stdout }).on("line", (line) => {
    if (line.startsWith("done ")) {
      lived.done = JSON.parse(line.slice(5));
      return;
    }
    const [id, seq] = line.split(" ");
    lived.run = id;
    lived.seq = Number(seq);
    if (++told >= killAfter) child.kill("SIGKILL");
  });
  return new Promise((resolve) => child.on("close", () => resolve(lived)));
}

async function journaled(place: string, run: string): Promise<readonly RunEvent[]> {
  await using journal = createSqliteJournal({ path: join(place, "runs") });
  const events: RunEvent[] = [];
  for await (const page of journal.read(run)) events.push(...page);
  return events;
}

function actedIn(place: string): readonly string[] {
  const log = join(place, "acted.log");
  return existsSync(log) ? readFileSync(log, "utf8").trim().split("\n") : [];
}

/** Runs the graph again and again, each run killed until it ends, until there have been enough kills. */
async function lane(name: string, seed: number, enough: number): Promise<void> {
  const die = random(seed);
  let kills = 0;
  for (let i = 0; kills < enough; i++) {
    const place = join(folder, `${name}-${i}`);
    mkdirSync(place);
    let run: string | undefined;
    let done: Lived["done"];
    while (!done) {
      const last = kills < enough ? 1 + Math.floor(die() * 60) : Number.POSITIVE_INFINITY;
      const lived = await live(place, "graph", run, last);
      if (!lived.run) continue;
      run = lived.run;
      done = lived.done;
      if (!done) kills++;
      const events = await journaled(place, run);
      expect(events.length, "acknowledged events are there").toBeGreaterThanOrEqual(lived.seq);
      expect(events.map((event) => event.seq)).toEqual(events.map((_, n) => n + 1));
    }
    expect(done.status).toBe("complete");
    await nothingTwice(place, run as string);
  }
}

/** Each act is an invocation that the journal holds, and none comes after its task was complete. */
async function nothingTwice(place: string, run: string): Promise<void> {
  const events = await journaled(place, run);
  const completed = new Map(events.flatMap((event) => (event.type === "task:complete" ? [[event.taskId, event]] : [])));
  expect(completed.size).toBe(30);
  const invoked = events.filter((event) => event.type === "agent:invoke");
  const acted = actedIn(place);
  expect(acted.length).toBeLessThanOrEqual(invoked.length);
  for (const event of invoked) expect(event.seq).toBeLessThan(completed.get(event.taskId)?.seq ?? 0);
  expect(new Set(acted)).toEqual(new Set(invoked.map((event) => `${run}/${event.taskId}#${event.attempt}`)));
}

test(`[bar:kill-nine] [I2] [I3] [readme:resume] ${ROUNDS} times killed: no acknowledged event is lost, no gap, no completed task runs again`, async () => {
  const half = Math.ceil(ROUNDS / 2);
  await Promise.all([lane("left", 20_261_121, half), lane("right", 20_261_122, ROUNDS - half)]);
});

test("[bar:dead-letter] [I3] [I5] a task that kills its host ends as a dead letter, and nothing else is lost", async () => {
  const place = join(folder, "poison");
  mkdirSync(place);
  let lived: Lived = { run: undefined, seq: 0, done: undefined };
  for (let lives = 0; lives < 10 && !lived.done; lives++)
    lived = await live(place, "poison", lived.run, Number.POSITIVE_INFINITY);
  const { done } = lived;
  expect(done?.status).toBe("failed");
  expect(done?.tasks["poison"]).toMatchObject({
    status: "failed",
    reason: expect.stringContaining("its host died 4 times"),
  });
  expect(done?.tasks["after-poison"]?.status).toBe("skipped");
  for (const id of ["before", "beside", "after-beside"]) expect(done?.tasks[id]?.status).toBe("complete");
  const acted = actedIn(place).filter((line) => line.includes("/poison#1"));
  expect(acted).toHaveLength(4);
});
