import { expect, test } from "vitest";
import { subjectLines } from "./subject-text.ts";

test("what a program printed is shown at a gate line by line, and all else as it is", () => {
  const trouble = { output: "'npm test' ended with 1\n> test\nred" };
  expect(subjectLines({ task: "a", trouble, tried: ["x: no", "y: no"], count: { of: 2 } })).toEqual([
    ...["  task: a", "  trouble: output: 'npm test' ended with 1", "    > test", "    red"],
    ...["  tried: x: no", "    y: no", '  count: {"of":2}'],
  ]);
});
