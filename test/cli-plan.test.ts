/** `tutti plan` and `tutti do`: from a goal to a plan, a run and a branch. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Cli, eventsIn } from "./support/cli-kit.ts";
import { FakeProvider } from "./support/fake-provider.ts";
import { git, repositoryIn } from "./support/repository.ts";

const cli = new Cli();
let fake: FakeProvider;
beforeAll(async () => {
  fake = await FakeProvider.start();
});
afterAll(() => fake[Symbol.asyncDispose]());

const paid = () => ({ ANTHROPIC_API_KEY: "k", ANTHROPIC_BASE_URL: fake.url });
const GOAL = "User login:\n- JWT with refresh tokens\n- admin page for users\n- API documentation\n";

test("without a model a goal becomes a plan that says so, is saved at home, and can be rehearsed", async () => {
  const terminal = cli.terminal({ "goal.md": GOAL });
  const { code, out, err } = await terminal.tutti("plan", "--file", "goal.md", "--timeout", "2h");
  expect({ code, err }).toEqual({ code: 0, err: "" });
  expect(out).toMatch(/^User login\n3 requirements, \d+ tasks, the longest way about \d+m .* of 2h/);
  expect(out).toMatch(/^planned by patterns and the router, without a model$/m);
  expect(out).toMatch(/^Phase 1: Architecture & Design \(Parallel\)\n├── system-architect: /m);
  expect(out).toMatch(/Forecast for the real run/);
  const file = join(terminal.home, "plans", "user-login.yaml");
  expect(existsSync(file)).toBe(true);
  expect(readdirSync(terminal.cwd)).toEqual([".keep", "goal.md"]);
  const run = await terminal.tutti("run", file, "--rehearse", "--speed", "max", "--json");
  expect(run.code).toBe(0);
  expect(await terminal.tutti("land", "last", "--deliver", "patches:out")).toMatchObject({
    ...{ code: 2, err: expect.stringMatching(/was a rehearsal: nothing was written that could land/) },
  });
  const added = eventsIn(run.out).filter(({ type }) => type === "task:added");
  expect(added).toContainEqual(expect.objectContaining({ agentName: "doc-writer" }));
});

test("--json gives the plan as the file has it, with its problems; --save keeps it where it is wanted", async () => {
  const terminal = cli.terminal();
  const told = JSON.parse((await terminal.tutti("plan", "Fix the login", "--save", "plans/p.json", "--json")).out);
  expect(told).toMatchObject({ goal: "Fix the login", problems: [], file: join(terminal.cwd, "plans/p.json") });
  expect(JSON.parse(readFileSync(told.file, "utf8")).tasks).toEqual(told.tasks);
});

test.each<[string, readonly string[], RegExp]>([
  ["no goal", ["plan"], /there is no goal\n {2}say it in words, or name a --file/],
  ["two goals", ["plan", "this", "--file", "goal.md"], /one in --file/],
  ["a goal that says nothing", ["plan", "x"], /a goal says what is wanted/],
  ["a file that is not there", ["do", "--file", "gaol.md"], /gaol\.md cannot be read/],
  ["a place of another kind", ["plan", "Fix the login", "--save", "p.txt"], /p\.txt must end in \.yaml or \.json/],
  ["two ways to plan", ["plan", "Fix the login", "--patterns", "--model", "a/b"], /--patterns plan without a model/],
  ["a delivery that is none", ["do", "Fix the login", "--deliver", "brunch"], /give branch, branch:NAME, fast-forward/],
  ["a proof of nothing", ["run", "code-review", "--rehearse", "--prove", "x"], /--prove belongs to --deliver/],
  ["an undo of nothing", ["undo"], /there is no run yet/],
])("2: %s is refused with the next step", async (_what, args, pattern) => {
  const { code, out, err } = await cli.terminal({ "goal.md": GOAL }).tutti(...args);
  expect({ code, out }).toEqual({ code: 2, out: "" });
  expect(err).toMatch(pattern);
});

const task = (id: string, agentName: string, kind: string, more: object = {}) => ({
  ...{
    id,
    phase: kind,
    kind,
    agentName,
    description: `${kind} it`,
    prompt: `Please ${kind} what is asked for, ${id}.`,
  },
  ...{ minutes: 5, ...more },
});
const sound = [
  task("login", "developer", "build", {
    outputs: ["login"],
    covers: ["sign-in"],
    criteria: ["works"],
    touches: ["a.txt"],
  }),
  task("check", "code-reviewer", "verify", { inputs: ["login"] }),
];

test("a model plans, and is told what the checker says until nothing is wrong; each exchange is a run", async () => {
  const terminal = cli.terminal({}, paid());
  const faulty = [{ ...sound[0], covers: [], agentName: "develper" }, sound[1]];
  fake.script({ text: [JSON.stringify({ tasks: faulty })] }, { text: [JSON.stringify({ tasks: sound })] });
  const { code, out } = await terminal.tutti("plan", "Sign in", "--yes", "--json");
  expect([code, JSON.parse(out)]).toMatchObject([
    0,
    { plannedBy: expect.stringMatching(/^anthropic\/\S+, put right once$/), tasks: [{ agentName: "developer" }, {}] },
  ]);
  expect(fake.calls).toHaveLength(2);
  const second = JSON.stringify(fake.calls[1]?.body.messages);
  expect(second).toMatch(/there is no agent 'develper': did you mean 'developer'\?/);
  expect((await terminal.tutti("runs")).out.match(/ plan /g)).toHaveLength(2);
});

test("a model that makes no plan is said, and patterns serve", async () => {
  const terminal = cli.terminal({}, paid());
  fake.script({ text: ["I cannot do that"] });
  const { code, out } = await terminal.tutti("plan", "Sign in", "--yes", "--json");
  expect([code, JSON.parse(out)]).toMatchObject([
    0,
    { plannedBy: "patterns and the router, without a model", notes: [expect.stringMatching(/made no plan: /)] },
  ]);
});

test("a run is rolled back to a task: what it delivered is taken back, files and state go on from there", async () => {
  const tasks = ["one", "two", "three"].map((id, i, ids) => ({
    ...{ id, agentName: "builder", description: id, prompt: `Write ${id}` },
    dependencies: i === 0 ? [] : [ids[i - 1]],
  }));
  const terminal = cli.terminal({ "plan.json": JSON.stringify(tasks) }, paid());
  repositoryIn(terminal.cwd);
  const seen: string[] = [];
  fake.answer = ({ body }) => {
    const words = JSON.stringify(body.messages);
    const [task = ""] = /Write (one|two|three)/.exec(words)?.slice(1) ?? [];
    const turns = body.messages.filter(({ role }: { role: string }) => role === "assistant").length;
    if (turns === 0) return { calls: [{ name: "list", input: {} }] };
    if (turns > 1) return { text: ["Done"] };
    seen.push(`${task}: ${[...new Set(words.match(/(one|two|three)\.md/g))].toSorted().join()}`);
    return { calls: [{ name: "write", input: { path: `${task}.md`, text: `${task} ${seen.length}\n` } }] };
  };
  const done = await terminal.tutti("run", "plan.json", "--yes", "--deliver", "fast-forward");
  expect(done.code, done.err).toBe(0);
  expect(readFileSync(join(terminal.cwd, "three.md"), "utf8")).toBe("three 3\n");
  expect((await terminal.tutti("undo", "last", "--to", "tow")).err).toMatch(/has no task 'tow': did you mean 'two'\?/);
  expect(existsSync(join(terminal.cwd, "three.md"))).toBe(true);
  const back = await terminal.tutti("undo", "last", "--to", "two");
  fake.answer = undefined;
  expect(back.code, back.err).toBe(0);
  expect(back.out).toMatch(/^'main' and your files are at [0-9a-f]{12} again; the work goes on before 'two'$/m);
  // Its files were those before 'two': neither its own nor those of 'three'.
  expect(seen.slice(3)).toEqual(["two: one.md", "three: one.md,two.md"]);
  expect(["one", "two", "three"].map((name) => readFileSync(join(terminal.cwd, `${name}.md`), "utf8"))).toEqual([
    ...["one 1\n", "two 4\n", "three 5\n"],
  ]);
});

test("do plans, runs, lands and can be undone", async () => {
  const terminal = cli.terminal({ "a.txt": "one\n" }, paid());
  repositoryIn(terminal.cwd);
  fake.script({ text: ["?"] });
  fake.answer = ({ body }) => {
    const words = JSON.stringify(body.messages);
    const turns = body.messages.filter(({ role }: { role: string }) => role === "assistant").length;
    if (words.includes("Make a plan for a team")) return { text: [JSON.stringify({ tasks: sound })] };
    if (words.includes("Please build") && !words.includes("Please verify") && turns === 0)
      return { calls: [{ name: "write", input: { path: "a.txt", text: "signed in\n" } }] };
    return { text: ["Done"] };
  };
  const { code, out, err } = await terminal.tutti(
    ...["do", "Sign in", "--yes", "--deliver", "branch:signed", "--prove", "grep -q signed a.txt"],
  );
  fake.answer = undefined;
  expect(code, out + err).toBe(0);
  expect(err).toMatch(/planned by anthropic/);
  expect(out).toMatch(/^landed: 1 of 1, on the branch 'signed': git log [0-9a-f]{12}\.\.signed$/m);
  expect(out).toMatch(/^ {2}tutti undo \w{8} /m);
  expect(out).toMatch(/^ {2}git merge signed /m);
  expect(out).not.toContain("cherry-pick");
  expect(git(terminal.cwd, "show", "signed:a.txt")).toBe("signed in");
  expect(readFileSync(join(terminal.cwd, "a.txt"), "utf8")).toBe("one\n");
  const lane = (await terminal.tutti("show", "last", "--task", "land")).out;
  expect(lane).toMatch(/"name": "signed"/);
  const { landedText } = await import(new URL("../dashboard/words.js", import.meta.url).href);
  expect(landedText(JSON.parse(lane), "x")).toBe("landed: 1 of 1, on the branch 'signed'; tutti undo x takes it back");
  const undone = await terminal.tutti("undo");
  expect(undone.out).toMatch(/^the branch 'signed' is gone; what was written is still there: tutti show \w{26}$/m);
  const again = await terminal.tutti("land", "last", "--deliver", "fast-forward", "--json");
  expect(again.code, again.err).toBe(0);
  expect(readFileSync(join(terminal.cwd, "a.txt"), "utf8")).toBe("signed in\n");
  expect((await terminal.tutti("undo", "last")).out).toMatch(/^'main' and your files are at /);
  expect(readFileSync(join(terminal.cwd, "a.txt"), "utf8")).toBe("one\n");
});
