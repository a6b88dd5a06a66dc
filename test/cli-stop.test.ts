/** Runs that are stopped in the middle, by a signal, a crash, a closed pipe or a terminal that goes away. */
import { expect, test } from "vitest";
import { BIN, Cli, linesOf, runIn, type Terminal } from "./support/cli-kit.ts";
import { HeldProvider } from "./support/held-provider.ts";

const cli = new Cli();
const MODEL = ["--model", "anthropic/claude-sonnet-4-5", "--yes"] as const;
const REVIEWS = [
  "Code Quality Review",
  "Security Review",
  "Performance Review",
  "Test Coverage Review",
  "Documentation Review",
] as const;
const SUMMARY = "Review Summary";
const [QUALITY, SECURITY, ...OTHERS] = REVIEWS;

/** A chain of two: `first`, and `second` after it. */
const CHAIN = JSON.stringify({
  tasks: [
    { id: "a", agentName: "builder", description: "first", prompt: "Do a" },
    { id: "b", agentName: "builder", description: "second", prompt: "Do b", dependencies: ["a"] },
  ],
});

async function chain(): Promise<{ provider: HeldProvider; terminal: Terminal }> {
  const provider = await HeldProvider.start(["first", "second"]);
  return { provider, terminal: cli.terminal({ "tasks.json": CHAIN }, provider.env) };
}

const shown = async (terminal: Terminal) => JSON.parse((await terminal.tutti("show", "last", "--json")).out);

test("[bar:cli-kill] [I3] [readme:resume] after kill -9 in the middle of `tutti run`, `tutti resume` completes it and no completed task's model call is made again", async () => {
  const provider = await HeldProvider.start([...REVIEWS, SUMMARY]);
  const terminal = cli.terminal({}, provider.env);
  provider.release(QUALITY, SECURITY);
  const first = terminal.start("run", "code-review", ...MODEL);
  await first.says(/ quality-review complete/);
  await first.says(/ security-review complete/);
  await provider.asked(Object.fromEntries(REVIEWS.map((name) => [name, 1])));
  first.child.kill("SIGKILL");
  expect((await first.ended).code).toBeNull();

  provider.release(...OTHERS, SUMMARY);
  const second = await terminal.tutti("resume", "last");
  expect(second.err).toBe("");
  expect(second.code).toBe(0);
  expect(provider.counts()).toEqual({
    ...{ [QUALITY]: 1, [SECURITY]: 1, [SUMMARY]: 1 },
    ...Object.fromEntries(OTHERS.map((name) => [name, 2])),
  });
  const { status, tasks } = await shown(terminal);
  expect(status).toBe("complete");
  expect(tasks["quality-review"].output).toContain(`the answer of ${QUALITY}`);
});

test("Ctrl-C once lets what is under way end, ends with 130 and can be resumed", async () => {
  const { provider, terminal } = await chain();
  const run = terminal.start("run", "tasks.json", ...MODEL);
  await provider.asked({ first: 1 });
  run.child.kill("SIGINT");
  await run.says(/stopping: what is under way may end\. Ctrl-C again ends at once/);
  provider.release("first", "second");
  const { code, out } = await run.ended;
  expect(code).toBe(130);
  expect(out).toMatch(/paused: 1 of 2 tasks.*stopped by Ctrl-C/);
  expect(out).toMatch(new RegExp(`resume ${runIn(out).slice(-8)} +# goes on`));
  expect(provider.counts()).toEqual({ first: 1 });
  expect((await terminal.tutti("resume", "last")).code).toBe(0);
  expect(provider.counts()).toEqual({ first: 1, second: 1 });
});

test("Ctrl-C twice ends at once with 130, and the run can be resumed", async () => {
  const { provider, terminal } = await chain();
  const run = terminal.start("run", "tasks.json", ...MODEL);
  await provider.asked({ first: 1 });
  run.child.kill("SIGINT");
  await run.says(/stopping/);
  run.child.kill("SIGINT");
  expect((await run.ended).code).toBe(130);
  provider.release("first", "second");
  expect((await terminal.tutti("resume", "last")).code).toBe(0);
  expect(provider.counts()).toEqual({ first: 2, second: 1 });
});

test("--detach gives the run's id at once, and the run goes on without the terminal and its process group", async () => {
  const { provider, terminal } = await chain();
  const begun = terminal.start("run", "tasks.json", ...MODEL, "--detach", "--json");
  const { code, out } = await begun.ended;
  expect(code).toBe(0);
  const { run, pid } = JSON.parse(out);
  expect(run).toMatch(/^[0-9a-z]{26}$/);
  // Nothing is left in the group that a closing terminal would end, and the run lives.
  expect(() => process.kill(-(begun.child.pid ?? 0), "SIGHUP")).toThrow(/ESRCH/);
  expect(() => process.kill(pid, 0)).not.toThrow();
  const follow = terminal.start("events", run, "--follow");
  await follow.says(/ a started by builder/);
  provider.release("first", "second");
  const followed = await follow.ended;
  expect(followed.code).toBe(0);
  expect(followed.out).toMatch(/complete: 2 of 2 tasks/);
  expect(await shown(terminal)).toMatchObject({ run, status: "complete" });
});

test("what is wrong with a detached run is said in the foreground, and nothing is begun", async () => {
  const terminal = cli.terminal();
  const { code, out, err } = await terminal.tutti("run", "code-reveiw", "--rehearse", "--detach");
  expect({ code, out }).toEqual({ code: 2, out: "" });
  expect(err).toMatch(/did you mean 'code-review'/);
  expect((await terminal.tutti("runs")).out).toMatch(/There is no run yet/);
});

test("a run whose reader has gone ends as it would have, and says nothing of the closed pipe", async () => {
  const { provider, terminal } = await chain();
  const run = terminal.start("run", "tasks.json", ...MODEL);
  await run.says(/ a started by builder/);
  run.child.stdout?.destroy();
  provider.release("first", "second");
  const { code, err } = await run.ended;
  expect({ code, err }).toEqual({ code: 0, err: "" });
  expect(await shown(terminal)).toMatchObject({ status: "complete" });
});

test("a listing whose reader has gone ends quietly", async () => {
  const terminal = cli.terminal();
  await terminal.tutti("run", "code-review", "--rehearse", "--speed", "max", "--json");
  const line = `"$0" "$1" events last --json | head -n 1; echo "\${PIPESTATUS[0]}"`;
  const piped = cli.spawn("bash", ["-c", line, process.execPath, BIN], { env: { TUTTI_HOME: terminal.home } });
  const { out, err } = await piped.ended;
  expect(err).toBe("");
  const [event = "", code] = linesOf(out);
  expect([JSON.parse(event).type, code]).toEqual(["workflow:start", "0"]);
});
