/** What a repository says to every agent: found, trusted, shown, cut, and left out with the reason. */
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Guide, GuideLeftOut } from "../src/domain/ports.ts";
import { guidesIn, RepositoryGuidance } from "../src/library/guides.ts";
import { offerOf, TrustBook } from "../src/library/trust.ts";
import { Cli } from "./support/cli-kit.ts";
import { FakeProvider } from "./support/fake-provider.ts";
import { eventsOf, Homes, work } from "./support/homes.ts";

const homes = new Homes();
const cli = new Cli();
const put = (root: string, path: string, text: string) => {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
};
const trust = (home: string, root: string) =>
  new TrustBook(home).trust({ ...offerOf(root), guides: guidesIn(root) }, 7);
const guidance = (root: string, trusted = guidesIn(root)) => new RepositoryGuidance(root, () => trusted);
const pathOf = (guide: Guide | GuideLeftOut | undefined) => guide?.path;

describe("which file", () => {
  const root = homes.path({
    "AGENTS.md": "root",
    "CLAUDE.md": "never",
    "src/api/AGENTS.md": "api",
    "src/web/CLAUDE.md": "web",
    "node_modules/x/AGENTS.md": "theirs",
  });

  test.each<[string, readonly string[], string]>([
    ["a task that reads nothing", [], "AGENTS.md"],
    ["globs below a folder that has one", ["src/api/**/*.ts"], "src/api/AGENTS.md"],
    ["a file in it", ["src/api/a.ts"], "src/api/AGENTS.md"],
    ["two folders of which one has one", ["src/api/**", "src/web/**"], "AGENTS.md"],
    ["a folder that has only a CLAUDE.md, below an AGENTS.md", ["src/web/*"], "AGENTS.md"],
    ["a folder that is not there", ["src/nosuch/**"], "AGENTS.md"],
    ["a glob that leads out", ["../../**"], "AGENTS.md"],
  ])("of %s", (_what, reads, path) => {
    expect(pathOf(guidance(root).at(reads))).toBe(path);
  });

  test("without any AGENTS.md it is the CLAUDE.md, and a link is none", () => {
    const other = homes.path({ "CLAUDE.md": "theirs", "a/x.ts": "" });
    expect(guidance(other).at(["a/*"])).toMatchObject({ path: "CLAUDE.md", text: "theirs" });
    symlinkSync(join(other, "CLAUDE.md"), join(other, "a/AGENTS.md"));
    expect(pathOf(guidance(other).at(["a/*"]))).toBe("CLAUDE.md");
    expect(Object.keys(guidesIn(root))).toEqual(["AGENTS.md", "CLAUDE.md", "src/api/AGENTS.md", "src/web/CLAUDE.md"]);
  });

  test("one that is too long is cut between letters and says so, and its hash is that of the whole", () => {
    const long = homes.path({ "AGENTS.md": `x${"é".repeat(30_000)}` });
    const guide = guidance(long).at([]);
    if (guide === undefined || "why" in guide) throw new Error("it is not shown");
    expect([guide.isCut, guide.text.slice(0, 3), guide.hash]).toEqual([true, "xéé", guidesIn(long)["AGENTS.md"]]);
    expect(guide.text).toMatch(/^xé{16383}\n\[… AGENTS\.md has 60001 bytes; the rest is not shown …\]$/);
  });

  test("one that is not trusted, or no longer what was trusted, is left out and why", () => {
    expect(guidance(root, {}).at([])).toEqual({ path: "AGENTS.md", why: "it is not trusted: tutti trust" });
    expect(guidance(root, { "AGENTS.md": "0" }).at([])).toMatchObject({
      why: "it changed since it was trusted: tutti trust",
    });
  });
});

describe("what agents are shown", () => {
  async function shown(config = "", isTrusted = true) {
    await using provider = await FakeProvider.start();
    const repository = homes.path({ "AGENTS.md": "Use tabs. Never touch dist/." });
    const home = homes.path({ "config.yaml": config });
    if (isTrusted) trust(home, repository);
    const env = { ANTHROPIC_API_KEY: "k", ANTHROPIC_BASE_URL: provider.url };
    const host = await homes.open({ home, repository, env });
    const handle = host.start(host.prepare({ tasks: [work("a")] }));
    await handle;
    const events = await eventsOf(host.journal, handle.id);
    const seen = events.find((event) => event.type === "context:shown")?.entry as unknown as {
      readonly pieces: readonly {
        readonly kind: string;
        readonly how: string;
        readonly hash: string;
        readonly why: string;
      }[];
    };
    const invoked = events.find((event) => event.type === "agent:invoke");
    const [call] = provider.calls;
    return {
      guide: seen.pieces.find(({ kind }) => kind === "guide"),
      key: invoked?.key,
      sent: JSON.stringify(call?.body.messages),
      repository,
    };
  }

  test("a trusted AGENTS.md stands in the prompt, by its hash in the journal and in the key of the result", async () => {
    const { guide, sent, repository, key } = await shown();
    expect(guide).toMatchObject({ how: "whole", hash: guidesIn(repository)["AGENTS.md"] });
    expect(sent).toMatch(/how to work in this repository, from its AGENTS\.md.*Use tabs\. Never touch dist/);
    const without = await shown("agentsMd: false\n");
    expect([without.guide, without.sent.includes("Use tabs")]).toEqual([undefined, false]);
    expect(without.key).not.toBe(key);
  });

  test("one that nobody trusted is not shown, and the journal says why", async () => {
    const { guide, sent } = await shown("", false);
    expect([guide, sent.includes("Use tabs")]).toEqual([
      expect.objectContaining({ how: "left-out", why: "it is not trusted: tutti trust" }),
      false,
    ]);
  });
});

test("tutti trust shows it, binds to it, and asks again when it changes; agents trusted before still count", async () => {
  const terminal = cli.terminal({
    "AGENTS.md": "Use tabs.",
    "sub/AGENTS.md": "Use blanks.",
    ".claude/agents/helper.md": "---\nname: helper\ndescription: Helps\n---\nYou help.\n",
  });
  const { code, out } = await terminal.tutti("trust", "--yes");
  expect([code, out]).toEqual([
    0,
    expect.stringMatching(/tells every agent[\s\S]*AGENTS\.md\n {2}sub\/AGENTS\.md[\s\S]*helper/),
  ]);
  put(terminal.cwd, "AGENTS.md", "Use nothing.");
  const json = JSON.parse((await terminal.tutti("trust", "--json")).out);
  expect([json.state, json.guides.state]).toEqual([
    { is: "trusted" },
    { is: "changed", added: [], changed: ["AGENTS.md"] },
  ]);
});
