/** Workflows as files: the user's own count, those of a repository once somebody has seen them, and as long as they stay. */
import { rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { TrustBook } from "../src/library/trust.ts";
import { hashesOf, workflowsOffered } from "../src/library/workflow-files.ts";
import { Cli, REHEARSED } from "./support/cli-kit.ts";
import { Homes } from "./support/homes.ts";
import { started } from "./support/server-kit.ts";

const cli = new Cli();
const homes = new Homes();
const markdown = (words: string) =>
  `---\ndescription: ${words}\n---\n## Phase: Do\n### one: First\nagent: builder\n\n${words} $ARGUMENTS\n`;
const yaml = (id: string) =>
  `id: ${id}\nname: N\ndescription: D\ntasks:\n  - { id: a, agentName: builder, description: d, prompt: p }\n`;
const FILES = {
  ".claude/workflows/ship.md": markdown("Ship"),
  ".claude/workflows/deploy.js": "export const meta = { name: 'deploy' };\nthrow new Error('it was run');\n",
  ".tutti/workflows/look.yaml": yaml("look"),
  ".tutti/workflows/bad.json": "{",
};

test("a repository's are listed with the command that trusts them, and run by id and parameters once they are", async () => {
  const terminal = cli.terminal(FILES, { COLUMNS: "200" });
  const run = (...args: readonly string[]) => terminal.tutti("run", ...args, ...REHEARSED, "--json");
  const listed = await terminal.tutti("workflows");
  expect(listed.out).toMatch(
    /^ship {2}cannot be run\n {2}\.claude\/workflows\/ship\.md is not trusted; .*tutti trust$/m,
  );
  expect(listed.out).toMatch(
    /^deploy {2}cannot be run\n {2}\S+deploy\.js is a program of Claude Code; Tutti runs no program/m,
  );
  expect(listed.err).toMatch(/note: 3 workflows of this folder are not trusted as they are: tutti trust/);
  expect(await run("ship")).toMatchObject({ code: 2, err: expect.stringMatching(/workflow 'ship': .*is not trusted/) });
  expect((await terminal.tutti("trust")).out).toMatch(/ship\.md\n {2}Ship\n {2}one: builder\n/);
  expect((await terminal.tutti("trust", "--yes")).code).toBe(0);
  const { workflows, notUsed } = JSON.parse((await terminal.tutti("workflows", "--json")).out);
  expect(workflows.map(({ id }: { id: string }) => id).slice(-2)).toEqual(["look", "ship"]);
  expect(notUsed.map(({ file, not }: { file: string; not: string }) => [file, not])).toEqual([
    [".tutti/workflows/bad.json", "faulty"],
    [".claude/workflows/deploy.js", "program"],
  ]);
  expect((await run("ship", "-p", "arguments=it")).code).toBe(0);
  expect((await terminal.tutti("show", "last")).out).toContain("ship");
  expect((await run("deploy")).err).toMatch(/is a program of Claude Code; Tutti runs no program/);
  expect((await run(".claude/workflows/deploy.js")).err).toMatch(/it is a program, and Tutti runs none/);
  expect((await terminal.tutti("trust", "list")).out).toMatch(/ship\.md/);
});

test("one that changed is named and does not count; the others do, and what is taken back counts no more", async () => {
  const terminal = cli.terminal(FILES);
  await terminal.tutti("trust", "--yes");
  writeFileSync(join(terminal.cwd, ".claude/workflows/ship.md"), markdown("Sink"));
  const run = (id: string) => terminal.tutti("run", id, ...REHEARSED, "--json");
  expect((await run("ship")).err).toMatch(/ship\.md changed since it was trusted; .*tutti trust/);
  expect((await run("look")).code).toBe(0);
  expect((await terminal.tutti("trust", "--yes")).out).toMatch(/ship\.md {2}changed/);
  expect((await run("ship")).code).toBe(0);
  await terminal.tutti("trust", "--revoke");
  expect((await run("look")).err).toMatch(/look\.yaml is not trusted/);
  // Whoever names a file has seen it.
  expect((await run(".tutti/workflows/look.yaml")).code).toBe(0);
});

test("the user's own count as they are; no id is taken twice, and no link is followed", async () => {
  const home = homes.path({ "workflows/mine.md": markdown("Mine"), "workflows/issue.yaml": yaml("issue") });
  const elsewhere = homes.path({ "far.yaml": yaml("far") });
  symlinkSync(join(elsewhere, "far.yaml"), join(home, "workflows/far.yaml"));
  const { workflows } = await homes.open({ home });
  expect(workflows.has("mine")).toBe(true);
  expect(workflows.has("far")).toBe(false);
  expect(workflows.unused()).toMatchObject([
    { not: "faulty", why: expect.stringMatching(/there is a workflow 'issue' already/) },
  ]);
});

test("a server knows them as they lie there now", async () => {
  const repository = homes.path(FILES);
  await using api = await started({ repository });
  const ids = async () => (await api.get("/api/workflows/list")).body.workflows.map(({ id }: { id: string }) => id);
  const begin = () =>
    api.post("/api/workflows/execute", { workflowId: "look", config: { rehearse: true, speed: "max" } });
  expect(await ids()).not.toContain("look");
  expect(await begin()).toMatchObject({
    status: 409,
    body: { error: { message: expect.stringMatching(/not trusted/) } },
  });
  const found = workflowsOffered(repository);
  const book = new TrustBook(api.host.home);
  book.trust(
    {
      root: repository,
      loaded: { agents: new Map(), files: new Map(), warnings: [] },
      hashes: {},
      workflows: hashesOf(found),
    },
    1,
  );
  expect(await ids()).toContain("look");
  expect((await begin()).status).toBe(202);
  rmSync(join(repository, ".tutti/workflows/look.yaml"));
  expect(await ids()).not.toContain("look");
  expect((await begin()).status).toBe(404);
});
