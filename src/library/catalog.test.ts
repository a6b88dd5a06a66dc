import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { AGENT_FILE_LIMIT } from "../agents/definition.ts";
import { CATALOG, loadAgents } from "./catalog.ts";

const folder = mkdtempSync(join(tmpdir(), "tutti-catalog-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const agent = (name: string, words = "You work.") => `---\nname: ${name}\ndescription: Works\n---\n${words}\n`;

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
  const { agents, warnings } = loadAgents([join(folder, "one"), join(folder, "two"), join(folder, "none")]);
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
  const { agents } = loadAgents([join(folder, "three")]);
  expect(agents.get("a")?.instructions).toBe("First.");
  expect(agents.has("secret")).toBe(false);
});

test("a folder that is none is a warning, not the end", async () => {
  const file = put("four", "not a folder");
  const { agents, warnings } = loadAgents([file, join(folder, "two")]);
  expect(warnings).toMatchObject([{ file }]);
  expect(agents.has("a")).toBe(true);
});
