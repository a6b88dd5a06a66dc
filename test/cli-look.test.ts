/** What has been run, what there is to run, and what stands in the way: commands that only look. */
import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { Cli, eventsIn, linesOf, REHEARSED, type Terminal } from "./support/cli-kit.ts";

const cli = new Cli();
const jsonOf = async (terminal: Terminal, ...args: readonly string[]) => {
  const { code, out } = await terminal.tutti(...args, "--json");
  expect([code, linesOf(out).length]).toEqual([0, 1]);
  return JSON.parse(out);
};
async function reviewed(): Promise<Terminal> {
  const terminal = cli.terminal();
  expect((await terminal.tutti("run", "code-review", ...REHEARSED, "--json")).code).toBe(0);
  return terminal;
}
/** One for all that only look at it. */
let seen: Promise<Terminal> | undefined;
const looked = (): Promise<Terminal> => {
  seen ??= reviewed();
  return seen;
};

describe("in a home without a run", () => {
  test.each<[string, readonly string[], RegExp]>([
    ["runs", ["runs"], /^There is no run yet\. Try: .* run fullstack-dev --rehearse/],
    ["runs of a status", ["runs", "--status", "paused"], /^No run fits\. All of them: .* runs/],
    ["gates", ["gates"], /^No gate is open\.\n$/],
  ])("%s says so, and what to do", async (_what, args, pattern) => {
    expect(await cli.terminal().tutti(...args)).toMatchObject({
      code: 0,
      out: expect.stringMatching(pattern),
      err: "",
    });
  });

  test.each([["show"], ["events"], ["pause"], ["resume"], ["cancel"], ["approve"], ["retry"]])(
    "%s last says that there is none, with 2",
    async (command) => {
      const { code, out, err } = await cli.terminal().tutti(command, "last");
      expect({ code, out }).toEqual({ code: 2, out: "" });
      expect(err).toMatch(/^error: there is no run yet\n {2}tutti run .* makes one\n$/);
    },
  );

  test("--json gives empty lists", async () => {
    const terminal = cli.terminal();
    expect(await jsonOf(terminal, "runs")).toEqual({ runs: [] });
    expect(await jsonOf(terminal, "gates")).toEqual({ gates: [] });
  });
});

test("a run is named by its id, its beginning, its end or 'last', and a wrong name is answered with the next step", async () => {
  const terminal = await looked();
  const { run } = await jsonOf(terminal, "show", "last");
  for (const name of [run, run.slice(0, 12), run.slice(-8), run.slice(-8).toUpperCase()])
    expect((await jsonOf(terminal, "show", name)).run).toBe(run);
  const { code, err } = await terminal.tutti("show", "zzzzzzzz");
  expect({ code, err }).toEqual({ code: 2, err: "error: there is no run 'zzzzzzzz'\n  tutti runs lists them\n" });
  const task = await terminal.tutti("show", "last", "--task", "quality-reviw");
  expect(task).toMatchObject({ code: 2, err: expect.stringMatching(/did you mean 'quality-review'\?/) });
});

test("show gives the table, one output, or what an attempt was shown", async () => {
  const terminal = await looked();
  const table = (await terminal.tutti("show", "last")).out;
  expect(table).toMatch(/^code-review {2}run [0-9a-z]{26}\nstarted \d{4}-.*\nA rehearsal: no model was called/);
  expect(table).toMatch(/^✔ complete {2}review-summary +code-reviewer +[\d.]+m?s +[\d.]+k +\$[\d.]+$/m);
  expect(table).toMatch(/^✔ complete: 6 of 6 tasks, /m);
  const output = (await terminal.tutti("show", "last", "--task", "review-summary")).out;
  expect(output).toMatch(/^> Rehearsed: no model was called/);
  expect((await jsonOf(terminal, "show", "last", "--task", "review-summary")).output.trimEnd()).toBe(output.trimEnd());
  const shown = await terminal.tutti("show", "last", "--task", "review-summary", "--context");
  expect(shown.out).toMatch(/^review-summary, attempt 1: a prompt of [\d.]+k? tokens\npiece +name +how +tokens +why\n/);
  expect(shown.out).toMatch(/^task +review-summary +whole/m);
  const context = await jsonOf(terminal, "show", "last", "--task", "review-summary", "--context");
  expect(context).toMatchObject([{ taskId: "review-summary", attempt: 1, pieces: expect.any(Array) }]);
});

test("a board has its tasks in columns, wave by wave, within the width of the terminal", async () => {
  const terminal = await looked();
  const { code, out } = await terminal.with({ COLUMNS: "100" }).tutti("board");
  expect(code).toBe(0);
  const lines = linesOf(out);
  expect(lines[0]).toMatch(/^code-review \w{8} rehearsed: complete$/);
  expect(lines[1]).toMatch(/^to do \(0\) +doing \(0\) +done \(6\)$/);
  expect(lines[2]).toBe("wave 1 of 2: 5 tasks side by side");
  expect(lines.filter((line) => /^ {20,}✔ .+\(\S+\) /.test(line)).length).toBeGreaterThan(3);
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(100);
  expect(await jsonOf(terminal, "board", "last")).toMatchObject({ status: "complete", tasks: { length: 6 } });
  // Of a run that has ended there is nothing to wait for.
  expect((await terminal.tutti("board", "last", "--follow")).code).toBe(0);
});

test("events are all there from a number on, and following a run that has ended ends", async () => {
  const terminal = await looked();
  const all = eventsIn((await terminal.tutti("events", "last", "--json")).out);
  const tail = eventsIn((await terminal.tutti("events", "last", "--json", "--from", "9")).out);
  expect(tail).toEqual(all.slice(8));
  const followed = await terminal.tutti("events", "last", "--follow", "--json");
  expect(followed.code).toBe(0);
  expect(eventsIn(followed.out)).toEqual(all);
  expect((await terminal.tutti("events", "last")).out).toMatch(/^ {4}1 \w{8} +\+0ms code-review started: 6 tasks/);
});

test("report is Markdown with every output, and runs lists what was run, newest first", async () => {
  const terminal = await reviewed();
  await terminal.tutti("run", "security-audit", ...REHEARSED, "--json");
  const report = (await terminal.tutti("report")).out;
  expect(report).toMatch(/^# security-audit: complete\n/);
  const { markdown } = await jsonOf(terminal, "report", "last");
  expect(markdown.trimEnd()).toBe(report.trimEnd());
  const { runs } = await jsonOf(terminal, "runs");
  expect(runs.map(({ workflow }: { workflow: string }) => workflow)).toEqual(["security-audit", "code-review"]);
  const { out } = await terminal.tutti("runs", "--workflow", "code-review");
  expect(linesOf(out)).toHaveLength(2);
  expect(out).toMatch(/^✔ complete +[0-9a-z]{26} +code-review +.* +6\/6 +\$[\d.]+$/m);
});

test("retry and fork make new runs that say where they come from", async () => {
  const terminal = cli.terminal();
  expect((await terminal.tutti("run", "code-review", ...REHEARSED, "--chaos", "1", "--json")).code).toBe(1);
  const retried = await terminal.tutti("retry", "last", "--json");
  expect(eventsIn(retried.out)[0]).toMatchObject({ type: "workflow:start", parent: { how: "retry" } });
  await terminal.tutti("run", "code-review", ...REHEARSED, "--json");
  const forked = await terminal.tutti("fork", "last", "--from", "review-summary", "--set", "prompt=Say it");
  expect(forked.code).toBe(0);
  expect(forked.out).toMatch(/quality-review reused: /);
  expect((await terminal.tutti("show", "last")).out).toMatch(/^a fork of [0-9a-z]{26}$/m);
  const wrong = await terminal.tutti("fork", "last", "--from", "review-summary", "--set", "promt=x");
  expect(wrong).toMatchObject({ code: 2, err: expect.stringMatching(/'promt': did you mean 'prompt'\?/) });
  const none = await terminal.tutti("fork", "last", "--from", "review-sumary");
  expect(none).toMatchObject({ code: 2, err: expect.stringMatching(/did you mean 'review-summary'\?/) });
});

test("workflows and agents are listed and shown, with --json wherever it stands", async () => {
  const terminal = cli.terminal();
  expect((await jsonOf(terminal, "workflows")).workflows).toHaveLength(11);
  expect(await jsonOf(terminal, "workflows", "list")).toEqual(await jsonOf(terminal, "workflows"));
  expect((await terminal.tutti("workflows")).out).toMatch(
    /^code-review {2}quality, about 2m 30s\n {2}Reviews a change/m,
  );
  const shown = (await terminal.tutti("workflows", "show", "code-review")).out;
  expect(shown).toMatch(/Parameters \(-p name=value\):\n {2}prUrl {2}text/);
  expect(shown).toMatch(/ {2}review-summary +code-reviewer +after quality-review/);
  const { parameters, tasks } = await jsonOf(terminal, "workflows", "show", "code-review");
  expect([parameters.length, tasks.length]).toEqual([3, 6]);
  const { agents } = await jsonOf(terminal, "agents");
  const listed = (await terminal.tutti("agents")).out;
  for (const { name } of agents) expect(listed).toMatch(new RegExp(`^${name}(  .*)?$`, "m"));
  expect(await jsonOf(terminal, "agents", "show", "builder")).toMatchObject({ name: "builder" });
  const wrong = await terminal.tutti("agents", "shwo");
  expect(wrong).toMatchObject({ code: 2, err: expect.stringMatching(/'tutti agents shwo': did you mean 'show'\?/) });
});

test("init writes a sample that is sound and runs, and never over a file that is there", async () => {
  const terminal = cli.terminal();
  const { out } = await terminal.tutti("init");
  expect(out).toMatch(/^wrote \.tutti\/workflows\/sample\.yaml$/m);
  expect((await terminal.tutti("workflows", "check", ".tutti/workflows/sample.yaml")).out).toMatch(/is sound/);
  expect((await terminal.tutti("run", "sample", ...REHEARSED)).err).toMatch(
    /sample\.yaml is not trusted; .*tutti trust/,
  );
  expect((await terminal.tutti("trust", "--yes")).out).toMatch(/question\.md\n[\s\S]* {2}history: whoever fits best/);
  const question = await terminal.tutti("run", "question", ...REHEARSED, "--json");
  expect(eventsIn(question.out).at(-1)).toMatchObject({ status: "complete", summary: { successfulTasks: 3 } });
  const run = await terminal.tutti("run", "sample", "-p", "topic=caching", ...REHEARSED);
  expect(run.code).toBe(0);
  expect(run.out).toMatch(/✔ complete: 4 of 4 tasks/);
  expect(await jsonOf(terminal, "init")).toMatchObject({ written: [], kept: { length: 3 } });
});

test("a faulty workflow file is a warning with its place, hides no other, and check gives every fault", async () => {
  const terminal = cli.terminal({ ".tutti/workflows/x.yaml": "id: x\n" });
  await terminal.tutti("trust", "--yes");
  const { code, err } = await terminal.tutti("run", "code-review", ...REHEARSED, "--json");
  expect({ code, err }).toMatchObject({
    code: 0,
    err: expect.stringMatching(/^warning: .*x\.yaml:1:1: .*\(and \d more\)/),
  });
  const checked = await terminal.tutti("workflows", "check", ".tutti/workflows/x.yaml", "--json");
  expect(checked.code).toBe(2);
  expect(JSON.parse(checked.out)).toMatchObject({
    ok: false,
    faults: expect.arrayContaining([expect.objectContaining({ line: 1 })]),
  });
});

test("doctor says what was found, and 1 with what is wrong", async () => {
  const terminal = cli.terminal({}, { OPENAI_API_KEY: "k" });
  const { code, out } = await terminal.tutti("doctor");
  expect(code).toBe(0);
  expect(out).toMatch(/^✔ ok +providers +openai \(OPENAI_API_KEY\)$/m);
  const broken = cli.terminal({}, { TUTTI_HOME: cli.homes.path({ "config.yaml": "modle: x\n" }) });
  expect(await broken.tutti("doctor")).toMatchObject({
    code: 1,
    out: expect.stringMatching(/^✖ wrong +settings +.*config\.yaml: 'modle'.*did you mean 'model'\?$/m),
  });
});

test("a home that cannot be one, and a token that is too short, are named with their variable", async () => {
  const file = join(cli.homes.path({ file: "" }), "file");
  const home = await cli.terminal({}, { TUTTI_HOME: file }).tutti("runs");
  expect(home).toMatchObject({ code: 2, err: expect.stringMatching(/cannot be Tutti's home: .*\n +set TUTTI_HOME/) });
  const token = await cli.terminal({}, { TUTTI_TOKEN: "short" }).tutti("serve", "--port", "0");
  expect(token).toMatchObject({ code: 2, err: expect.stringMatching(/TUTTI_TOKEN must have at least 16/) });
});

test("gc deletes what ended long enough ago, keeps the newest, and only says so with --dry-run", async () => {
  const terminal = cli.terminal();
  for (const _ of [1, 2]) await terminal.tutti("ask", "builder", "hi", "--rehearse", "--speed", "100000");
  const files = () => readdirSync(join(terminal.home, "runs")).filter((name) => name.endsWith(".db"));
  expect(files()).toHaveLength(2);
  const old = ["gc", "--older-than", "1ms"];
  expect(await jsonOf(terminal, "gc")).toMatchObject({ runs: [], dryRun: false });
  expect((await jsonOf(terminal, ...old, "--dry-run")).runs).toHaveLength(2);
  expect(files()).toHaveLength(2);
  const gone = await terminal.tutti(...old, "--keep", "1");
  expect(gone).toMatchObject({ code: 0, err: expect.stringMatching(/^deleted 1 run, [\d.]+ MB\n$/) });
  expect(files()).toHaveLength(1);
});

test("a damaged run is a named error of that run alone, and what looks at others goes on", async () => {
  const terminal = await reviewed();
  const { run } = await jsonOf(terminal, "show", "last");
  await terminal.tutti("run", "security-audit", ...REHEARSED, "--json");
  const file = join(terminal.home, "runs", `${run}.db`);
  for (const end of ["-wal", "-shm"]) rmSync(`${file}${end}`, { force: true });
  writeFileSync(file, "this is no database, and long enough to be looked at");
  const { code, err } = await terminal.tutti("show", run);
  expect({ code, err }).toEqual({
    code: 1,
    err: expect.stringMatching(/^error: journal of run \w+: its file is damaged/),
  });
  expect(err.match(/restore the file/g)).toHaveLength(1);
  expect((await terminal.tutti("show", "last")).code).toBe(0);
});

test("nothing is written into the folder where it is called", async () => {
  const terminal = await reviewed();
  await terminal.tutti("doctor");
  expect(readdirSync(terminal.cwd)).toEqual([".keep"]);
});
