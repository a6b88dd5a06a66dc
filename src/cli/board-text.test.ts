import { expect, test } from "vitest";
import { type BoardRow, boardLines, wavesOf } from "./board-text.ts";
import { painter, widthOf } from "./text.ts";

const row = (id: string, label: string, more: Partial<BoardRow> = {}): BoardRow => ({
  ...{ id, label, agent: "database-architect", status: "pending", dependencies: [], duration: 0 },
  ...more,
});
const ROWS = [
  row("T001", "T001 Set up the project", { agent: "", status: "complete", isTicked: true }),
  row("T002", "T002 Write the schema of the database, and all migrations that lead to it, in 日本語", {
    ...{ status: "complete", duration: 65_000 },
  }),
  row("T003", "T003 Write the tests", { dependencies: ["T002"], status: "running", startedAt: 1000 }),
  row("build-the-page", "Build **the** page\u001b[31m", { dependencies: ["T003"], isAtGate: true }),
];
const draw = (columns: number, isSteady = false, rows = 99) =>
  boardLines(
    { title: "tasks.md (spec-kit)", rows: ROWS, notes: [`tasks.md:7: ${"long ".repeat(40)}`] },
    { columns, rows, now: 4000, paint: painter(false), pace: 1, isSteady },
  );

test.each([39, 59, 79, 139].flatMap((columns) => [[columns, true] as const, [columns, false] as const]))(
  "at %d columns no line is wider, columns stand one below the other, and an agent can be read (steady: %s)",
  (columns, isSteady) => {
    const lines = draw(columns, isSteady);
    for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(columns);
    const at = (text: string) => lines.map((line) => line.indexOf(text)).find((place) => place >= 0);
    expect(at("▶ T")).toBe(at("doing (1)"));
    expect(at("✔ T")).toBe(at("done (2)"));
    expect(at("◆ ")).toBe(0);
    expect(lines.join("\n")).not.toContain("\u001b");
    if (columns > 60) expect(lines.join("\n")).toMatch(/T002.* \(d/);
  },
);

test("in enough room a task is told in words, once, with how long it took", () => {
  const text = draw(139).join("\n");
  expect(text).toMatch(/^◆ Build \*\*the\*\* page \(database-architect\)$/m);
  expect(text).toMatch(/✔ T002 Write the schema.*… \(database-architect\) 1m 05s$/m);
  expect(text).toMatch(/▶ T003 Write .*… \(database.* 3\.0s/);
  expect(text).toMatch(/^done, or somebody's already: 1 task\n +✔ T001 Set up the project$/m);
});

test("a board higher than the terminal says how much is missing", () => {
  expect(draw(80, true, 5)).toHaveLength(5);
  expect(draw(80, true, 5).at(-1)).toMatch(/^… \d+ more lines$/);
});

test("waves are levels, in whatever order tasks stand, and a circle ends", () => {
  const of = (...all: readonly (readonly [string, ...string[]])[]) =>
    wavesOf(all.map(([id, ...dependencies]) => ({ id, dependencies }))).map((wave) => wave.map(({ id }) => id));
  expect(of(["c", "b"], ["b", "a"], ["a"], ["d", "gone"])).toEqual([["a", "d"], ["b"], ["c"]]);
  expect(of(["a", "b"], ["b", "a"]).flat().sort()).toEqual(["a", "b"]);
});
