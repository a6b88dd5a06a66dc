/** What is said at the end of a run whose work was to land. */
import { expect, test } from "vitest";
import { isDelivered, landedLines } from "./landed-text.ts";

const AFTER = "b".repeat(40);
const output = (delivered: object | null, leftOut: readonly object[] = []) =>
  JSON.parse(
    JSON.stringify({ onto: { commit: "a".repeat(40), name: "main" }, landed: [{ task: "one" }], leftOut, delivered }),
  );

test.each([
  [{ as: "branch", name: "new", after: AFTER }, "landed: 1 of 1, on the branch 'new': git log aaaaaaaaaaaa..new"],
  [
    { as: "fast-forward", name: "main", before: "c".repeat(40), after: AFTER },
    "landed: 1 of 1, on 'main', which moved from cccccccccccc to bbbbbbbbbbbb",
  ],
  [{ as: "patches", name: "/out", after: AFTER }, "landed: 1 of 1, as patches in /out: git am /out/*.patch"],
  [null, "landed: nothing, since no file was changed"],
])("where it is: %o", (delivered, line) => {
  expect(landedLines(output(delivered))).toEqual([line]);
  expect(isDelivered(output(delivered))).toBe(delivered !== null);
});

test("that the branch has moved on meanwhile is said, with whether the work still fits it", () => {
  const drifted = (conflicts: readonly string[]) =>
    landedLines({ ...output({ as: "branch", name: "new", after: AFTER }), drifted: { to: "d".repeat(40), conflicts } });
  expect(drifted([])[1]).toBe("'main' has moved on since to dddddddddddd: what landed still merges with it");
  expect(drifted(["a.txt"])[1]).toMatch(/dddddddddddd: what landed conflicts with it in a\.txt; land it again/);
});

test("what was left out is named with its agent and why, in a line", () => {
  const leftOut = [{ task: "two", agent: "her", reason: `red\n${"x".repeat(1000)}` }];
  const [first = "", second = ""] = landedLines(output({ as: "branch", name: "new", after: AFTER }, leftOut));
  expect(first).toMatch(/^landed: 1 of 2/);
  expect(second).toMatch(/^left out: two \(her\): red x+…$/);
  expect(second.length).toBeLessThan(450);
});

test.each([undefined, null, "done", { landed: 1 }])("of %o nothing is said", (said) => {
  expect(landedLines(said)).toEqual([]);
});
