/** Evidence: what programs find in a repository, in rehearsals too, and what they leave alone. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { COLLECTORS, type EvidenceSet, type Finding, placeOf } from "../src/domain/evidence.ts";
import { repositoryEvidence } from "../src/workspace/evidence/repository.ts";
import { Cli, REHEARSED } from "./support/cli-kit.ts";
import { eventsOf, work } from "./support/homes.ts";
import { CLEAN, KEY, PLANTED, planted } from "./support/planted.ts";

const cli = new Cli();

/** As somebody would have it: with a commit, and what git ignores. */
function repository(files: { readonly [path: string]: string }): string {
  const root = cli.homes.path(files);
  const git = (...args: readonly string[]) =>
    execFileSync(
      "git",
      ["-c", "user.name=T", "-c", "user.email=t@localhost", "-c", "init.defaultBranch=main", ...args],
      { cwd: root, stdio: "pipe" },
    );
  git("init", "-q");
  git("add", "-A", "-f", ".");
  git("commit", "-q", "-m", "All of it");
  return root;
}

const faults = ({ findings }: EvidenceSet) => findings.filter(({ severity }) => severity !== "info");

describe("[bar:evidence]", () => {
  test.each(["code-review", "security-audit"])(
    "a rehearsal of %s reports at least 11 of 12 planted faults with their lines, and hardly anything else",
    async (workflow) => {
      const terminal = cli.terminal(planted());
      execFileSync("git", ["init", "-q"], { cwd: terminal.cwd });
      const out = join(terminal.home, "out");
      const { code } = await terminal.tutti(
        "run",
        workflow,
        ...REHEARSED,
        "--json",
        "--evidence-commands",
        "--out",
        out,
      );
      expect(code).toBe(0);
      const report = readFileSync(join(out, "report.md"), "utf8");
      const [, evidence = ""] = report.split("## Evidence\n");
      const [listed = ""] = evidence.split(/\n##/);
      const lines = listed.split("\n").filter((line) => line.startsWith("- **"));
      const missed = PLANTED.filter(
        ({ at, by }) => !lines.some((line) => line.includes(`\`${at}\``) && line.includes(`(${by})`)),
      );
      const extra = lines.filter((line) => !PLANTED.some(({ at }) => line.includes(`\`${at}\``)));
      expect(missed.length, JSON.stringify(missed)).toBeLessThanOrEqual(1);
      expect(extra.length, extra.join("\n")).toBeLessThanOrEqual(3);
      expect(report).toContain("A rehearsal");
      expect(report).not.toContain(KEY);
    },
  );

  test("three clean repositories raise at most three false alarms in all", async () => {
    const alarms: Finding[] = [];
    for (const files of CLEAN) alarms.push(...faults(await repositoryEvidence(repository(files)).collect(COLLECTORS)));
    expect(alarms.length, JSON.stringify(alarms, null, 1)).toBeLessThanOrEqual(3);
  });
});

test("without leave nothing of the repository runs", async () => {
  const root = repository({
    "package.json": JSON.stringify({ name: "x", scripts: { test: "touch ran" } }),
    "a.test.js": 'test.only("x", () => { expect(1).toBe(1); });\n',
    "b.test.js": 'test("x", () => {\n  add(1, 2);\n});\ntest("y", () => {\n  expect(add(1, 2)).toBe(3);\n});\n',
    "test_c.py": "@pytest.mark.skip\ndef test_c():\n    assert True\n",
  });
  const { findings, notes } = await repositoryEvidence(root).collect(["test-run", "command:lint"]);
  expect(findings.map((one) => `${one.severity} ${placeOf(one)}`)).toEqual([
    "high a.test.js:1",
    "medium test_c.py:1",
    "low b.test.js:1",
  ]);
  expect(notes.map(({ text }) => text).join("\n")).toMatch(/not run: allow it[\s\S]*no command 'lint'/);
});

test("[bar:bad-input] a name that no program has is refused with the nearest one", async () => {
  const terminal = cli.terminal({
    "tasks.json": JSON.stringify({
      tasks: [{ id: "a", agentName: "builder", description: "a", prompt: "Do a", evidence: ["secret-scam"] }],
    }),
  });
  const { code, err } = await terminal.tutti("run", "tasks.json", ...REHEARSED);
  expect(code).toBe(2);
  expect(err).toMatch(/did you mean 'secret-scan'\?/);
});

test("findings stand in the prompt, in the journal and in the results", async () => {
  const repo = repository(planted());
  const host = await cli.homes.open({ repository: repo });
  const ask = (id: string) => work(id, { evidence: ["code-risks", "repo-map"] });
  const handle = host.start(host.prepare({ tasks: [ask("a"), ask("b")], config: { rehearse: true, speed: "max" } }));
  await handle;
  const shown = await host.show(handle.id);
  const faulty = shown.evidence?.findings.filter(({ severity }) => severity === "high") ?? [];
  expect(faulty.map(placeOf)).toEqual(["src/client.js:3", "src/orders.js:4", "src/rules.js:2"]);
  const events = (await eventsOf(host.journal, handle.id)).flatMap((event) =>
    event.type === "context:shown" ? [event.entry] : [],
  );
  expect(events).toHaveLength(2);
  for (const entry of events) {
    const { text, pieces } = entry as unknown as { text: string; pieces: readonly { kind: string; name: string }[] };
    expect(text).toContain("[HIGH] src/rules.js:2 it runs a text as code");
    expect(pieces.filter(({ kind }) => kind === "evidence").map(({ name }) => name)).toEqual([
      "code-risks",
      "repo-map",
    ]);
  }
});

test("a text that is made to mislead is one line, cut, and no markup in the report", async () => {
  const terminal = cli.terminal({
    "a.js": `// TODO security: <img src=x onerror=alert(1)> [click](javascript:alert) \u202e${"x".repeat(1000)}\n`,
    "t.json": JSON.stringify({ tasks: [work("a", { evidence: ["todo"] })] }),
  });
  const out = join(terminal.home, "out");
  await terminal.tutti("run", "t.json", ...REHEARSED, "--json", "--out", out);
  const line = readFileSync(join(out, "report.md"), "utf8")
    .split("\n")
    .find((one) => one.includes("(todo)"));
  expect(line).toMatch(/^- \*\*MEDIUM\*\* `a.js:1`: .{50,400} \(todo\)$/);
  expect(line).not.toMatch(/[^\\]<img|[^\\]\[click|\u202e/);
});

test("a command of the user's settings runs on a copy of the files, and what it says is cited", async () => {
  const root = repository({
    "src/a.js": "let a;\n",
    "check.sh": "echo src/a.js:1: never used; touch was-here; exit 1\n",
  });
  const named = { lint: ["bash", "check.sh"] };
  const commands = { env: { PATH: process.env["PATH"] }, hidden: [], areAllowed: false, named };
  const { findings } = await repositoryEvidence(root, commands).collect(["command:lint"]);
  expect(findings).toMatchObject([
    {
      collector: "command:lint",
      severity: "high",
      path: "src/a.js",
      line: 1,
      text: expect.stringMatching(/ended with code 1; src\/a.js:1: never used/),
    },
  ]);
  expect(existsSync(join(root, "was-here"))).toBe(false);
});

test("what leads out of the repository is not looked at, and a secret is never told whole", async () => {
  const outside = cli.homes.path({ "leak.js": `export const key = "${KEY}";\n` });
  const root = repository({ "a.js": `const mine = "${KEY}";\n` });
  symlinkSync(join(outside, "leak.js"), join(root, "leak.js"));
  symlinkSync(outside, join(root, "folder"));
  const { findings } = await repositoryEvidence(root).collect(["secret-scan"]);
  expect(findings.map(placeOf)).toEqual(["a.js:1"]);
  expect(JSON.stringify(findings)).not.toContain(KEY);
});

test("the same files are looked at once, and changed ones again", async () => {
  const root = repository({ "a.js": "eval(input);\n" });
  const evidence = repositoryEvidence(root);
  const first = await evidence.collect(["code-risks"]);
  expect((await evidence.collect(["code-risks"])).findings[0]).toBe(first.findings[0]);
  writeFileSync(join(root, "a.js"), "\neval(input);\n");
  expect((await evidence.collect(["code-risks"])).findings.map(placeOf)).toEqual(["a.js:2"]);
});

test("git is asked once while nothing changes, and again after a change of a file, a commit or what is staged", async () => {
  const root = repository({ "a.js": "one\n" });
  const git = (...args: readonly string[]) =>
    execFileSync("git", ["-c", "user.name=T", "-c", "user.email=t@localhost", ...args], { cwd: root, stdio: "pipe" });
  const evidence = repositoryEvidence(root);
  const both = async () => (await evidence.collect(["git-diff", "git-history"])).findings;
  const [first] = await Promise.all([both(), both()]);
  expect(first).toMatchObject([{ collector: "git-history", text: expect.stringContaining("All of it") }]);
  expect((await both())[0]).toBe(first[0]);
  writeFileSync(join(root, "a.js"), "one\ntwo\n");
  const second = await both();
  expect(second.map(placeOf)).toContain("a.js:2");
  writeFileSync(join(root, "b.js"), "new\n");
  await both();
  // Nothing of the files changes by that.
  git("add", "b.js");
  expect((await both()).map(placeOf)).toContain("b.js:1");
  git("commit", "-q", "--all", "-m", "More of it");
  const last = await both();
  expect(last.map(({ text }) => text)).toContainEqual(expect.stringContaining("More of it"));
  expect(last.map(placeOf)).not.toContain("b.js:1");
});

test("files beyond what is read at once are said to be left out, once for all who look", async () => {
  const root = repository({ "a.ts": "let x = 1;\n" });
  // Holes: as long as they say, and of no weight.
  for (let i = 0; i < 9; i++) {
    mkdirSync(join(root, `p${i}`));
    writeFileSync(join(root, `p${i}`, "package-lock.json"), "");
    truncateSync(join(root, `p${i}`, "package-lock.json"), 8 * 1024 * 1024);
  }
  const { notes } = await repositoryEvidence(root).collect(["todo", "licences"]);
  expect(notes).toEqual([{ collector: "all", text: "only the first 67108864 bytes were looked at" }]);
});
