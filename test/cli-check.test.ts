/** `tutti check`: builds, tests and analyses of a real repository, side by side, and one report. No model is asked. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Host } from "../src/app/host.ts";
import type { CheckReport } from "../src/domain/check-result.ts";
import { sandbox } from "../src/process/sandbox.ts";
import { Cli, linesOf, type Terminal } from "./support/cli-kit.ts";
import { git, repositoryIn } from "./support/repository.ts";

const cli = new Cli();

/** Ends with 0 once somebody has put a file `go` beside its mark, and with 9 where nobody does. */
const MEET =
  "touch mark; i=0; while [ ! -e go ] && [ $i -lt 1000 ]; do sleep 0.01; i=$((i+1)); done; [ -e go ] || exit 9";

function project(commands: { readonly [name: string]: string }): Terminal {
  const one = cli.terminal(
    {
      "src/a.ts": "export const one = 1;\n",
      "test/a.test.ts": "import one\n\nexpect(one).toBe(2)\n",
      "package.json": '{ "name": "sample", "scripts": { "test": "sh -c \'echo own tests; exit 4\'" } }\n',
    },
    { SECRET: "hidden", COLUMNS: "80" },
  );
  const named = Object.entries(commands).map(([name, line]) => [name, ["sh", "-c", line]] as const);
  const config = JSON.stringify({ evidenceCommands: Object.fromEntries(named) });
  mkdirSync(one.home, { recursive: true });
  writeFileSync(join(one.home, "config.yaml"), config);
  repositoryIn(one.cwd);
  return one;
}
const reportIn = (text: string): CheckReport & { readonly run: string; readonly status: string } => JSON.parse(text);
const statesIn = ({ checks }: CheckReport) => Object.fromEntries(checks.map(({ task, state }) => [task, state]));

test("[I10] a build, a failing test, a lint and an analysis go side by side, each held in files of its own, to one report", async () => {
  const one = project({
    build: `${MEET}; mkdir dist; echo built > dist/a.js`,
    test: `${MEET}; [ -e dist ] && exit 8; echo "FAIL test/a.test.ts:3:13 expected 1 to be 2"; exit 1`,
    lint: `${MEET}; [ -z "$SECRET" ] || exit 7; printf '%s\\n  1:14  error  no constants\\n' "$PWD/src/a.ts"; exit 1`,
  });
  writeFileSync(join(one.cwd, "src/key.ts"), `export const key = "${["AKIA", "Z7QK4NM3XWPL2RTD"].join("")}";\n`);
  const running = one.tutti("check", "build", "test", "lint", "secret-scan", "todo", "--json", "--out", "results");
  const worktrees = join(one.home, "worktrees");
  const marked = () => {
    const runs = existsSync(worktrees) ? readdirSync(worktrees) : [];
    const all = runs.flatMap((run) => readdirSync(join(worktrees, run)).map((name) => join(worktrees, run, name)));
    return all.filter((folder) => existsSync(join(folder, "mark")));
  };
  // None of the three can end before all of them are at work.
  await expect.poll(() => marked().length, { timeout: 8000 }).toBe(3);
  for (const folder of marked()) writeFileSync(join(folder, "go"), "");
  const { code, out } = await running;
  expect(code).toBe(1);
  expect(linesOf(out)).toHaveLength(1);
  const report = reportIn(out);
  expect(report).toMatchObject({ status: "failed", verdict: "red" });
  expect(statesIn(report)).toEqual({ build: "green", test: "red", lint: "red", "secret-scan": "red", todo: "green" });
  const [build, failed, lint, secrets] = report.checks.map(({ result }) => result);
  expect(build).toMatchObject({ kind: "command", exit: 0, findings: [], notes: [] });
  expect(failed).toMatchObject({ exit: 1, findings: [{ path: "test/a.test.ts", line: 3 }] });
  expect(lint).toMatchObject({ exit: 1, findings: [{ path: "src/a.ts", line: 1, text: "1:14  error  no constants" }] });
  expect(secrets).toMatchObject({ kind: "analysis", findings: [{ path: "src/key.ts", line: 1, severity: "high" }] });
  expect(await sandbox()).toBeDefined();
  // Nothing is left of them, neither among the user's files nor elsewhere.
  expect(git(one.cwd, "status", "--porcelain").split("\n")).toEqual(["?? results/", "?? src/key.ts"]);
  expect(existsSync(worktrees) ? readdirSync(worktrees) : []).toEqual([]);
  const markdown = readFileSync(join(one.cwd, "results/report.md"), "utf8");
  expect(markdown).toMatch(/^## Checks: red$/m);
  expect(markdown).toMatch(/^\| build \| green \| .* \| exit 0 /m);
  expect(markdown).toMatch(/^- `test\/a\.test\.ts:3`: FAIL /m);
  const shown = (await one.tutti("show", "last")).out;
  expect(shown).toMatch(/^✖ test +\S+ {2}exit 1 \(sh -c /m);
  expect(shown).toMatch(/^ {4}src\/a\.ts:1 {2}1:14 {2}error {2}no constants$/m);
  for (const line of linesOf(shown)) expect(line.length).toBeLessThanOrEqual(80);
});

test("all green ends with 0, without a model, and says how much of it tests reach; what is red goes by what counts as a fault", async () => {
  const covered = "mkdir coverage; printf 'SF:src/a.ts\\nLF:10\\nLH:8\\nend_of_record\\n' > coverage/lcov.info";
  const one = project({ test: covered });
  writeFileSync(join(one.cwd, "src/b.ts"), "export const run = (text: string) => eval(text);\n");
  const green = await one.tutti("check", "test", "code-risks", "--fail-on", "never");
  expect(green.code).toBe(0);
  expect(green.out).toMatch(/^checks: green, 2 of 2 checks green; /m);
  expect(green.out).toMatch(/^✔ test +\S+ {2}exit 0, tests reach 80 % of 10 lines/m);
  const red = reportIn((await one.tutti("check", "code-risks", "--fail-on", "low", "--json")).out);
  expect(red).toMatchObject({ verdict: "red", checks: [{ result: { findings: [{ path: "src/b.ts", line: 1 }] } }] });
});

test("[I10] only the settings say what is run, and the repository's own test where that was allowed", async () => {
  const one = project({ lint: "exit 0" });
  expect(await one.tutti("check", "lnt")).toMatchObject({
    code: 2,
    err: expect.stringMatching(/did you mean 'lint'\?/),
  });
  expect(await one.tutti("check", "test")).toMatchObject({
    code: 2,
    err: expect.stringMatching(/there is no check 'test'\n(?:.*\n)*.*--evidence-commands/),
  });
  expect(await one.tutti("check", "lint", "--fail-on", "hihg")).toMatchObject({ code: 2 });
  const own = reportIn((await one.tutti("check", "test", "--evidence-commands", "--json")).out);
  expect(own.checks[0]?.result).toMatchObject({ exit: 4, said: "own tests", findings: [] });
});

const open = ({ home, cwd }: Terminal) => Host.open({ home, repository: cwd, env: { PATH: process.env["PATH"] } });
const order = (evidence: readonly string[], config: object = {}) => ({
  tasks: [{ id: "a", agentName: "check-runner", description: "a", prompt: "a", evidence }],
  config,
});

test("[I10, I13] a plan names checks, and never what is run; a rehearsal runs none and calls none green", async () => {
  await using host = await open(project({ lint: "exit 1" }));
  for (const [evidence, words] of [
    [["command:lnt"], /runs the command 'lnt', and your settings name none such: did you mean 'lint'\?/],
    [[], /is a check and names none under 'evidence'/],
    [["todo", "licences"], /is a check and names 2 under 'evidence'/],
  ] as const)
    expect(() => host.prepare(order(evidence))).toThrow(words);
  const { run, status } = await host.start(host.prepare(order(["command:lint"], { rehearse: true, speed: "max" })));
  expect(status).toBe("complete");
  expect((await host.show(run)).checks).toMatchObject({
    ...{ verdict: "red", checks: [{ state: "not run", reason: "a rehearsal runs no check" }] },
  });
});

test("without commands of one's own it says that nothing was built or tested", async () => {
  const { code, err } = await project({}).tutti("check");
  expect([code, err]).toEqual([0, expect.stringContaining("no build and no test is among these checks")]);
  expect((await project({ lint: "true" }).tutti("check")).err).not.toContain("no build and no test");
});
