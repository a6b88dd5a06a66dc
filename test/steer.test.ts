/** A run that one process owns, seen and steered from another. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, expect, test } from "vitest";
import { createSqliteJournal, type EventType, type RunEvent, type TuttiError } from "../src/index.ts";

const CHILD = join(import.meta.dirname, "kill/child.ts");
const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** A program that runs the plan; `reached` resolves with the run once it has been told of such an event. */
function program(plan: string) {
  const folder = mkdtempSync(join(tmpdir(), "tutti-steer-"));
  folders.push(folder);
  const child = spawn(process.execPath, [CHILD, folder, plan], { stdio: ["ignore", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout });
  const waiting = new Map<string, (run: string) => void>();
  const told = new Map<string, string>();
  let done: { status: string; tasks: Record<string, { status: string; output?: unknown }> } | undefined;
  lines.on("line", (line) => {
    if (line.startsWith("done ")) done = JSON.parse(line.slice(5));
    const [run = "", , type = ""] = line.split(" ");
    told.set(type, run);
    waiting.get(type)?.(run);
  });
  return {
    runs: join(folder, "runs"),
    reached: (type: EventType) =>
      new Promise<string>((resolve) =>
        told.has(type) ? resolve(told.get(type) as string) : waiting.set(type, resolve),
      ),
    ended: new Promise<{ code: number | null; done: typeof done }>((resolve) =>
      child.on("close", (code) => resolve({ code, done })),
    ),
  };
}

test("a program that only waits at a gate stays alive until another process approves", async () => {
  const { runs, reached, ended } = program("gated");
  const run = await reached("gate:opened");
  await using journal = createSqliteJournal({ path: runs });
  await journal.command(run, { type: "decide", gate: "release", decision: "approve", note: "ship it" }, Date.now());
  const { code, done } = await ended;
  expect(code).toBe(0);
  expect(done).toMatchObject({ status: "complete", tasks: { release: { status: "complete" } } });
});

test("another process sees every event, is refused as a second owner by name, and cancels", async () => {
  const { runs, reached, ended } = program("gated");
  const run = await reached("gate:opened");
  await using journal = createSqliteJournal({ path: runs });
  const refused = await journal.claim(run).catch((error: TuttiError) => error);
  expect(refused).toMatchObject({ code: "RUN_OWNED", message: expect.stringMatching(/process \d+ on /) });
  const seen: RunEvent[] = [];
  const enough = new AbortController();
  const watching = (async () => {
    for await (const page of journal.tail(run, 1, enough.signal)) {
      seen.push(...page);
      if (seen.at(-1)?.type === "workflow:cancelled") return;
    }
  })();
  await journal.command(run, { type: "cancel", reason: "not today" }, Date.now());
  await watching;
  enough.abort();
  expect(seen.map((event) => event.seq)).toEqual(seen.map((_, i) => i + 1));
  expect((await ended).done).toMatchObject({ status: "cancelled", tasks: { release: { status: "cancelled" } } });
});

test("a command that is none is refused into the journal and harms nothing", async () => {
  const { runs, reached, ended } = program("gated");
  const run = await reached("gate:opened");
  await using journal = createSqliteJournal({ path: runs });
  await journal.command(run, { type: "decide", gate: 7 } as never, Date.now());
  await journal.command(run, { type: "decide", gate: "relaese", decision: "approve" }, Date.now());
  await journal.command(run, { type: "decide", gate: "release", decision: "reject", note: "no" }, Date.now());
  const { done } = await ended;
  expect(done).toMatchObject({
    status: "failed",
    tasks: { release: { status: "failed", reason: "rejected at its gate: no" } },
  });
  const reasons: string[] = [];
  for await (const page of journal.read(run))
    for (const event of page) if (event.type === "fact:refused") reasons.push(event.reason);
  expect(reasons).toEqual(["'gate' must be a string", "there is no open gate 'relaese'"]);
});
