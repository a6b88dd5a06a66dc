import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { PROMISES, type Promised } from "./promises.ts";
import { type Citation, citationsIn, citationsInShell, disagreements, idsIn } from "./support/promise.ts";

const root = resolve(import.meta.dirname, "..");
const read = (path: string) => readFileSync(join(root, path), "utf8");
const filesIn = (folder: string, end: string) =>
  existsSync(join(root, folder))
    ? readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
        .filter((path) => path.endsWith(end))
        .map((path) => `${folder}/${path}`)
    : [];

const citations: Citation[] = [
  ...["src", "test"].flatMap((folder) =>
    filesIn(folder, ".test.ts").flatMap((path) => citationsIn(path, read(path), "test")),
  ),
  ...filesIn("bench", ".ts").flatMap((path) => citationsIn(path, read(path), "bench")),
  ...citationsInShell(".ci/run", read(".ci/run")),
];

test("every promise is proved, and only what was promised is cited", () => {
  expect(disagreements(PROMISES, citations)).toEqual([]);
});

test("open promises are counted", () => {
  const open = PROMISES.filter(({ open }) => open !== undefined);
  for (const { id, open: why } of open) expect(why?.trim(), `${id} must say why it is open`).not.toBe("");
  const missed = PROMISES.filter(({ missed }) => missed !== undefined);
  const lines = [...open, ...missed].map(({ id, open, missed }) => `\n  ${id}: ${open ?? `missed, ${missed}`}`);
  console.log(`${PROMISES.length} promises, ${open.length} open, ${missed.length} missed${lines.join("")}`);
});

const promise = (id: string, more: Partial<Promised> = {}): Promised => ({
  id,
  text: "words",
  source: "here",
  ...more,
});
const cited = (id: string, by: Citation["by"] = "test"): Citation => ({ id, by, where: "a.test.ts:1" });

test("a planted disagreement is named", () => {
  expect(disagreements([promise("A")], [])).toEqual(["A is not proved by any test: words"]);
  expect(disagreements([promise("A", { by: ["bench"] })], [cited("A")])).toEqual([
    "A is not proved by any bench: words",
  ]);
  expect(disagreements([promise("A", { by: ["bench", "test"] })], [cited("A")])).toHaveLength(1);
  expect(disagreements([], [cited("B")])).toEqual(["a.test.ts:1 cites B, which nobody promised"]);
  expect(disagreements([promise("A"), promise("A")], [cited("A")])).toEqual(["A is promised twice"]);
  expect(disagreements([promise("A", { open: "why" })], [cited("A")])).toEqual(["A is proved: remove its `open`"]);
  expect(disagreements([promise("A", { open: "why" })], [])).toEqual([]);
  expect(disagreements([promise("A", { open: "why", by: ["bench", "test"] })], [cited("A")])).toEqual([]);
  expect(disagreements([promise("A"), promise("B", { by: ["ci"] })], [cited("A"), cited("B", "ci")])).toEqual([]);
});

test("ids stand in brackets at the beginning of a name", () => {
  expect(idsIn("[I2] [bar:chain, readme:x] words [I3]")).toEqual(["I2", "bar:chain", "readme:x"]);
  expect(idsIn("words [I3]")).toEqual([]);
  expect(idsIn("[] and [1] are lists")).toEqual([]);
});

test.each([
  ['test("[A] x", () => {});', ["A"]],
  ["it(`[A] x`, f); describe('[B] y', f);", ["A", "B"]],
  ['test.for([\n  ["a", f(1)],\n])(\n  "[A] %s", f);', ["A"]],
  ['test.each`a`("[A] x", f); test.concurrent.each<Row>(rows)("[B] x", f);', ["A", "B"]],
  ['test.skip("[A] x", f); test.todo("[A] x"); it.fails("[A] x", f); describe.skip("[A] x", f);', []],
  ['test.skip.each(rows)("[A] x", f);', []],
  ['test.skip("x", f);\ntest("[A] y", f);', ["A"]],
  ['// test("[A] x", f)\nconst a = "[A] x"; g("[A] x"); a.test("[A] x");', []],
])("who is cited by %s", (text, ids) => {
  expect(citationsIn("a.test.ts", text, "test").map(({ id }) => id)).toEqual(ids);
});

test("a bench entry cites by any string, a shell script by a comment", () => {
  expect(citationsIn("a.ts", 'entry({ name: "[A] x" }); // "[B]"', "bench")).toEqual([
    { id: "A", by: "bench", where: "a.ts:1" },
  ]);
  expect(citationsInShell("run", "npm ci\n# [A] words\necho [B]")).toEqual([{ id: "A", by: "ci", where: "run:2" }]);
});
