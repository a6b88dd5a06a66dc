import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { AGENT_FILE_LIMIT } from "../agents/front-matter.ts";
import { CATALOG, loadAgents, sourcesAt, sourcesOf } from "./catalog.ts";

const folder = mkdtempSync(join(tmpdir(), "tutti-catalog-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const agent = (name: string, words = "You work.") => `---\nname: ${name}\ndescription: Works\n---\n${words}\n`;

const own = (...names: readonly string[]) =>
  names.map((name) => ({ path: join(folder, name), format: "tutti" as const }));

function put(path: string, text: string): string {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  return file;
}

test("the catalogue of the package has no fault", async () => {
  const { agents, warnings } = loadAgents([CATALOG]);
  expect(warnings).toEqual([]);
  expect(agents.size).toBeGreaterThanOrEqual(26);
});

test("one bad file is named and hides no other; a later folder's agent counts", async () => {
  put("one/deep/er/a.md", agent("a"));
  put("one/notes.txt", "no agent");
  const bad = put("one/bad.md", agent("b").replace("description", "descripton"));
  const large = put("one/large.md", agent("large", "x".repeat(AGENT_FILE_LIMIT)));
  const twice = put("one/z.md", agent("a", "You are second."));
  put("two/a.md", agent("a", "You are the user's own."));
  const { agents, warnings } = loadAgents(own("one", "two", "none"));
  expect([...agents.keys()]).toEqual(["a"]);
  expect(agents.get("a")?.instructions).toBe("You are the user's own.");
  expect(warnings).toEqual([
    { file: bad, line: 3, message: expect.stringContaining("'description'") },
    { file: large, line: 1, message: expect.stringContaining("the limit is") },
    { file: twice, line: 1, message: expect.stringContaining("an agent 'a'") },
  ]);
});

test("of two files in one folder the first counts, and a link leads nowhere", async () => {
  put("three/a.md", agent("a", "First."));
  put("three/b.md", agent("a", "Second."));
  put("outside/secret.md", agent("secret"));
  symlinkSync(join(folder, "outside"), join(folder, "three/link"));
  const { agents } = loadAgents(own("three"));
  expect(agents.get("a")?.instructions).toBe("First.");
  expect(agents.has("secret")).toBe(false);
});

test("a folder that is none is a warning, not the end", async () => {
  const file = put("four", "not a folder");
  const { agents, warnings } = loadAgents([{ path: file }, ...own("two")]);
  expect(warnings).toMatchObject([{ file }]);
  expect(agents.has("a")).toBe(true);
});

test("agents of other products are found where those keep them, and each file's faults are said", () => {
  const claude = put("repo/.claude/agents/deep/reviewer.md", "---\nname: reviewer\ndescription: Reviews: all\n---\nR.");
  put("repo/.opencode/agent/helper.md", "---\ndescription: Helps\nmode: subagent\n---\nH.");
  put("repo/prompts/planner.md", "Plan it.");
  const config = {
    agent: { planner: { description: "Plans", prompt: "{file:./prompts/planner.md}" }, off: { disable: true } },
  };
  const json = put("repo/opencode.json", `// ours\n${JSON.stringify(config)}`);
  put("repo/.codex/agents/scout.toml", 'name = "scout"\ndescription = "Scouts"\ndeveloper_instructions = "S."');
  put("repo/.tutti/agents/own.md", agent("own", "O."));
  const { agents, files, warnings } = loadAgents(sourcesOf(join(folder, "repo")));
  const told = [...agents].map(([name, { instructions }]) => `${name}: ${instructions}`);
  expect(told).toEqual(["reviewer: R.", "helper: H.", "planner: Plan it.", "scout: S.", "own: O."]);
  expect(files.get("reviewer")).toBe(claude);
  expect(warnings).toEqual([
    { file: claude, line: 3, message: expect.stringContaining("read as plain text") },
    { file: json, line: 1, message: "agent 'off': it is disabled" },
  ]);
});

test("a prompt in a file of its own is never one from elsewhere", () => {
  put("secret.md", "the key");
  symlinkSync(join(folder, "secret.md"), join(folder, "link.md"));
  for (const path of ["../secret.md", "./sub/link.md", join(folder, "secret.md")]) {
    const json = put(
      "evil/opencode.json",
      JSON.stringify({ agent: { a: { description: "d", prompt: `{file:${path}}` } } }),
    );
    rmSync(join(folder, "evil/sub"), { recursive: true, force: true });
    mkdirSync(join(folder, "evil/sub"));
    symlinkSync(join(folder, "secret.md"), join(folder, "evil/sub/link.md"));
    const { agents, warnings } = loadAgents([{ path: json, format: "opencode" }]);
    expect([agents.size, warnings[0]?.message]).toEqual([0, expect.stringContaining("leads out of")]);
  }
});

test("a marketplace of plugins is read by what its plugins name, and leads nowhere else", () => {
  const plugins = [
    { name: "one", source: "./plugins/one" },
    { name: "two", source: "./plugins/two", agents: ["./x.md"] },
    { name: "three", source: "./plugins/three" },
    { name: "out", source: "../elsewhere" },
    { name: "far", source: { source: "github", repo: "a/b" } },
  ];
  put("market/.claude-plugin/marketplace.json", JSON.stringify({ name: "m", owner: { name: "o" }, plugins }));
  put("market/plugins/one/agents/a.md", agent("a"));
  put("market/plugins/one/commands/c.md", agent("command"));
  put("market/plugins/two/x.md", agent("x"));
  put(
    "market/plugins/three/.claude-plugin/plugin.json",
    JSON.stringify({ agents: ["./sub/y.md", "../../../elsewhere/z.md"] }),
  );
  put("market/plugins/three/sub/y.md", agent("y"));
  put("elsewhere/agents/z.md", agent("z"));
  put("elsewhere/z.md", agent("z"));
  const { agents, warnings } = loadAgents(sourcesAt(join(folder, "market")));
  expect([[...agents.keys()], warnings]).toEqual([["a", "x", "y"], []]);
  expect(sourcesAt(join(folder, "two"))).toEqual([{ path: join(folder, "two") }]);
});
