/** Prompts as files: what they ask, what they may not, and who may bring them. */
import { mkdirSync, realpathSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { askedBy, readPrompt } from "../src/agents/prompt-file.ts";
import { promptsOf } from "../src/app/prompts.ts";
import { promptHashes } from "../src/library/prompts.ts";
import { Talks } from "./support/chat-kit.ts";
import { Cli } from "./support/cli-kit.ts";
import { FakeProvider } from "./support/fake-provider.ts";

const cli = new Cli();
const talks = new Talks();
let fake: FakeProvider;
beforeAll(async () => {
  fake = await FakeProvider.start();
});
afterAll(() => fake[Symbol.asyncDispose]());

const prompt = (source: string, name = "fix") => {
  const read = readPrompt(source, name);
  if ("fault" in read) throw new Error(read.fault);
  return read.prompt;
};

test("front matter says what it is for; without one the first words do", () => {
  expect(
    prompt("---\ndescription: Fix it\nargument-hint: [number]\nmodel: opus\nallowed-tools: Bash(git:*)\n---\nFix $1"),
  ).toEqual({
    ...{ name: "fix", description: "Fix it", argumentHint: "number", body: "Fix $1" },
  });
  expect(prompt("---\nmodel: claude-sonnet-5\nagent: builder\n---\nGo")).toMatchObject({
    model: "claude-sonnet-5",
    agent: "builder",
  });
  expect(prompt("Explain it")).toMatchObject({ description: "Explain it", body: "Explain it" });
  expect(readPrompt("---\ndescription: x\n---\n", "fix")).toEqual({ fault: "it asks nothing: its text is empty" });
  expect(readPrompt("x", "a b")).toMatchObject({ fault: expect.stringContaining("cannot be a command") });
});

test("arguments take their places, and what they say is not looked through again", () => {
  const asked = (body: string, args: string) => askedBy(prompt(body), args).text;
  expect(asked("Fix $1 in $2: $ARGUMENTS", 'a "b c"')).toBe('Fix a in b c: a "b c"');
  expect(asked("Say $1 and $3", "$2 two")).toBe("Say $2 and ");
  expect(asked("Look", "here")).toBe("Look\n\nArguments: here");
});

test("files are read by the rules for reads, and none outside the folder; commands are never run", () => {
  const { reads, notes, text } = askedBy(
    prompt(
      "See @src/a.ts, @./docs/b.md and @$1. Not @../up.txt, @/etc/passwd, @~/.ssh/id_rsa or @name, a@b.de.\nNow: !`touch ran` and !`x`",
    ),
    "src/../c.md",
  );
  expect(reads).toEqual(["src/a.ts", "docs/b.md", "c.md"]);
  expect(notes).toEqual([
    ...["not run: touch ran; prompts run no commands", "not run: x; prompts run no commands"],
    ...["../up.txt", "/etc/passwd", "~/.ssh/id_rsa"].map((path) => `not read: ${path} lies outside this folder`),
  ]);
  expect(text).toContain('[the output of "touch ran" is not here: prompts run no commands]');
});

test("those of a repository count as they were trusted, those of the home at once, and no link does", () => {
  const home = cli.homes.path({ "commands/mine.md": "Mine", "commands/both.md": "Home's" });
  const repository = cli.homes.path({
    ...{
      ".claude/commands/both.md": "Theirs",
      ".claude/commands/web/fix.md": "Web",
      ".claude/commands/api/fix.md": "Api",
    },
    ...{ "secret.md": "secret", ".claude/commands/large.md": "x".repeat(70_000) },
  });
  symlinkSync(join(repository, "secret.md"), join(repository, ".claude/commands/link.md"));
  const names = () => [...promptsOf({ home, repository }).prompts.keys()].sort();
  expect(names()).toEqual(["both", "mine"]);
  expect(promptsOf({ home, repository }).untrusted).toBe(3);
  const hashes = promptHashes(repository);
  expect(Object.keys(hashes)).toEqual(["api/fix", "both", "web/fix"].map((name) => `.claude/commands/${name}.md`));
  mkdirSync(home, { recursive: true });
  const root = realpathSync(repository);
  writeFileSync(join(home, "trust.json"), JSON.stringify({ trusted: [{ root, at: 1, hashes: {}, prompts: hashes }] }));
  expect(names()).toEqual(["both", "fix", "mine", "web:fix"]);
  expect(promptsOf({ home, repository }).prompts.get("both")?.body).toBe("Home's");
  writeFileSync(join(repository, ".claude/commands/web/fix.md"), "Changed");
  expect(names()).toEqual(["both", "fix", "mine"]);
});

test("once trusted they are slash commands: asked with their files, never with a command's output; ours win", async () => {
  const terminal = cli.terminal({
    ".claude/commands/review.md":
      "---\ndescription: Look at a file\nargument-hint: <file>\n---\nReview @$1 !`touch ran.txt`",
    ...{ ".claude/commands/cost.md": "Not ours", "a.txt": "the text of a\n", ".env": "KEY=sk-hidden-value\n" },
  });
  const env = { ANTHROPIC_API_KEY: "k", ANTHROPIC_BASE_URL: fake.url };
  const untrusted = await talks.begin(terminal, env, "--yes").end("/review a.txt");
  expect([untrusted.code, untrusted.err]).toEqual([
    2,
    expect.stringMatching(/2 prompts of this folder are not trusted/),
  ]);
  const trusted = await terminal.tutti("trust", "--yes");
  expect(trusted.out).toMatch(/brings prompts for tutti chat:\n {2}\.claude\/commands\/cost\.md\n/);
  const agent = ["--yes", "--agent", "code-reviewer"];
  const { out, err } = await talks
    .begin(terminal, env, ...agent)
    .end("/help", "/review a.txt", "/review .env", "/cost");
  expect(out).toMatch(/^ {2}\/review <file> +Look at a file$/m);
  expect(out).toMatch(/^this chat: 2 exchanges: /m);
  expect(err).toMatch(/^\/review: not run: touch ran\.txt; prompts run no commands$/m);
  const [first, second] = fake.calls.map(({ body }) => JSON.stringify(body.messages));
  expect(first).toContain("the text of a");
  expect(second).not.toContain("sk-hidden-value");
});
