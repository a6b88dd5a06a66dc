/** Agents from the command line: exchanged with other products, trusted, chosen, measured. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { Cli, linesOf, type Terminal } from "./support/cli-kit.ts";
import { FakeProvider } from "./support/fake-provider.ts";

const cli = new Cli();
const jsonOf = async (terminal: Terminal, ...args: readonly string[]) => {
  const { code, out, err } = await terminal.tutti(...args, "--json");
  expect([code, linesOf(out).length, err]).toEqual([0, 1, expect.any(String)]);
  return JSON.parse(out);
};
const HELPER =
  "---\nname: shop-helper\ndescription: Knows our shop: orders, carts\ntools: Read, Bash(git log)\n---\nYou know the shop.\n";

describe("agents of other products", () => {
  test("are checked, imported, exported and come back the same", async () => {
    const terminal = cli.terminal({ "agents/shop-helper.md": HELPER, "agents/notes.md": "# No agent\n" });
    const checked = await jsonOf(terminal, "agents", "check", "agents");
    expect([checked.agents, checked.warnings.map(({ line }: { line: number }) => line)]).toEqual([
      ["shop-helper"],
      [1, 3],
    ]);
    expect(await jsonOf(terminal, "agents", "import", "agents")).toMatchObject({ imported: ["shop-helper"], left: [] });
    expect((await jsonOf(terminal, "agents", "show", "shop-helper")).tools).toEqual(["read", "bash(git log)"]);
    const again = await terminal.tutti("agents", "import", "agents");
    expect([again.code, again.err]).toEqual([
      0,
      expect.stringContaining("left as they are (--force replaces them): shop-helper"),
    ]);
    expect((await terminal.tutti("agents", "import", "agents", "--force")).out).toContain("imported 1 of 1");
    await terminal.tutti("agents", "export", "shop-helper", "--to", "claude", "--out", ".");
    const written = join(terminal.cwd, ".claude/agents/shop-helper.md");
    expect(readFileSync(written, "utf8")).toContain("tools: Read, Bash(git log)");
    const twice = await terminal.tutti("agents", "export", "shop-helper", "--to", "claude", "--out", ".");
    expect([twice.code, twice.err]).toEqual([2, expect.stringContaining("is there already")]);
  });

  test.each<[string, readonly string[], RegExp]>([
    ["a path that leads nowhere", ["agents", "check", "nosuch"], /there is no file or folder nosuch/],
    ["a product that nobody knows", ["agents", "export", "code-reviewer", "--to", "cloude"], /did you mean 'claude'/],
    [
      "an agent that is not there",
      ["agents", "export", "code-reviwer", "--to", "claude"],
      /did you mean 'code-reviewer'/,
    ],
    ["a category that is not there", ["agents", "list", "--category", "securty"], /did you mean 'security'/],
    ["a name that is taken", ["agents", "new", "code-reviewer"], /there is an agent 'code-reviewer' already/],
    ["a word that is none", ["agents", "nosuch"], /known are list, show, new/],
    ["a proposal that is none", ["team", "accept", "x"], /'x' is not proposed/],
    ["a change that is none", ["team", "undo", "x"], /'x' is not accepted/],
    ["a repository that is not there", ["trust", "nosuch"], /there is no folder nosuch/],
  ])("%s ends with 2 and the next step", async (_what, args, pattern) => {
    expect(await cli.terminal().tutti(...args)).toMatchObject({ code: 2, err: expect.stringMatching(pattern) });
  });
});

test("a repository's agents count after they were shown and trusted, until one of them changes", async () => {
  const terminal = cli.terminal({ ".claude/agents/shop-helper.md": HELPER });
  const file = join(terminal.cwd, ".claude/agents/shop-helper.md");
  const ask = ["ask", "shop-helper", "where are carts kept?", "--rehearse", "--speed", "max", "--json"];
  const before = await terminal.tutti(...ask);
  expect([before.code, before.out + before.err]).toEqual([
    2,
    expect.stringContaining("there is no agent 'shop-helper'"),
  ]);
  const shown = await terminal.tutti("trust");
  expect([shown.code, shown.out]).toEqual([2, expect.stringMatching(/shop-helper[\s\S]*may: read, bash\(git log\)/)]);
  expect((await terminal.tutti("trust", "--yes")).code).toBe(0);
  expect((await terminal.tutti(...ask)).code).toBe(0);
  writeFileSync(file, HELPER.replace("Read, Bash(git log)", "Read, Bash"));
  expect((await terminal.tutti(...ask)).code).toBe(2);
  expect((await terminal.tutti("agents", "list")).err).toContain("changed since they were trusted");
  expect((await jsonOf(terminal, "trust", "list")).trusted).toHaveLength(1);
  expect((await terminal.tutti("trust", "--revoke")).out).toContain("no longer trusted");
});

describe("choosing", () => {
  test("says who, how sure, why and who else; nobody is an answer and ends with 1", async () => {
    const terminal = cli.terminal();
    const routed = await jsonOf(terminal, "route", "autovacuum", "cannot keep up and the table bloats");
    expect(routed).toMatchObject({ agent: "postgres-expert", evidence: [{ what: "words" }] });
    expect((await terminal.tutti("route", "who waters the plants in the lobby")).out).toMatch(/^nobody fits\n/);
    expect((await terminal.tutti("route", "who waters the plants in the lobby")).code).toBe(1);
  });

  test("a plan may leave its agents out, and its run says why each was chosen", async () => {
    const plan = {
      tasks: [{ id: "a", description: "autovacuum cannot keep up and the table bloats", prompt: "Say what to do" }],
    };
    const terminal = cli.terminal({
      "plan.json": JSON.stringify(plan),
      "bad.json": JSON.stringify({ tasks: [{ id: "a", description: "qqq", prompt: "zzz" }] }),
    });
    const { out } = await terminal.tutti("run", "plan.json", "--rehearse", "--speed", "max", "--json");
    const added = linesOf(out)
      .map((line) => JSON.parse(line))
      .find(({ type }) => type === "task:added");
    expect(added).toMatchObject({
      agentName: "postgres-expert",
      agentReason: expect.stringContaining("its definition answers"),
    });
    const bad = await terminal.tutti("workflows", "check", "bad.json");
    expect([bad.code, bad.err]).toEqual([2, expect.stringMatching(/bad\.json:1:\d+: .*'agentName' is missing: /)]);
  });
});

test("what agents did with real models is measured, what rehearsed ones did is not", async () => {
  await using provider = await FakeProvider.start();
  provider.replies = [{ text: ["**HIGH**: something."], usage: { fresh: 100, output: 20 } }];
  const terminal = cli.terminal({}, { ANTHROPIC_API_KEY: "k", ANTHROPIC_BASE_URL: provider.url });
  await terminal.tutti("run", "code-review", "--rehearse", "--speed", "max", "--json");
  expect((await terminal.tutti("agents", "stats")).out).toMatch(/^No run with real agents has ended yet/);
  expect((await terminal.tutti("run", "code-review", "--yes")).code).toBe(0);
  const { runs, statistics } = await jsonOf(terminal, "agents", "stats");
  expect([runs, statistics["code-reviewer"]]).toEqual([
    1,
    expect.objectContaining({ attempts: 2, success: 1, firstApproval: 1 }),
  ]);
  expect((await jsonOf(terminal, "agents", "stats", "--by", "workflow")).statistics["code-review"].attempts).toBe(6);
  expect((await terminal.tutti("report")).out).toContain("## Where the time went");
  expect((await terminal.tutti("team")).out).toContain("no reason to change the team");
});

test("a first agent is written, explained, and found by its words", async () => {
  const terminal = cli.terminal();
  const { file } = await jsonOf(terminal, "agents", "new", "invoice-clerk");
  expect(existsSync(file)).toBe(true);
  expect((await terminal.tutti("agents", "check", file)).out).toContain("1 agent can be used, 0 warnings");
});
