import { expect, test } from "vitest";
import { type Json, pointer } from "../domain/json.ts";
import type { Condition } from "../domain/plan.ts";
import { holds, inWords, testsOf } from "./condition.ts";

const OUTPUT: Json = {
  n: 3,
  s: "words here",
  t: true,
  z: null,
  list: [1, { a: "b" }, null],
  "a/b": { "~": 7 },
  "": { "": 1 },
};
/** The task `x` has this output; `y` has none. */
const read = (task: string, path: string) => (task === "x" ? pointer(OUTPUT, path) : { found: false });

/** `/n lt 4`, or with `y` before it of the task that has no output. */
function says(words: string): boolean {
  const [, y, path = "", op, value] = /^(y )?(\S*) (\w+) ?(.*)$/.exec(words) ?? [];
  const test = { task: y ? "y" : "x", path, op, ...(value ? { value: JSON.parse(value) } : {}) };
  return holds(test as Condition, read);
}

test.each([
  ["/n eq 3", "/n eq 4", '/n eq "3"', "/z eq false", "/none eq null", "y /n eq 3"],
  ["/z eq null", "/none eq null"],
  ['/list/1 eq {"a":"b"}', '/list/1 eq {"a":"c"}', "/list/1 eq null"],
  ['/list eq [1,{"a":"b"},null]', '/list eq [1,null,{"a":"b"}]', "/list eq []"],
  ["/n ne 4", "/n ne 3"],
  ["/none ne 3", "/z ne null"],
  ["y /n ne 3", '/s ne "words here"'],
  ["/n lt 4", "/n lt 3", '/n lt "4"', "/z lt 1", "/t lt 2", "/none lt 9", "/list lt 9"],
  ["/n lte 3", "/n lte 2"],
  ["/n gt 2", "/n gt 3", "/z gt -1"],
  ["/n gte 3", "/n gte 4", "/t gte 1"],
  ['/s lt "x"', '/s lt "a"'],
  ['/s gte "words"', '/s gte "x"'],
  ["/n in [1,2,3]", "/n in [1,2]", '/n in ["3"]', "/n in []", "/none in [null]", "/n in 3"],
  ["/z in [null]", "/z in [0,false]"],
  ['/list/1 in [{"a":"b"}]', '/list/1 in ["b"]'],
  ['/s contains "here"', '/s contains "there"', "/s contains 3", "/none contains null"],
  ['/list contains {"a":"b"}', '/list contains {"a":1}', "/list contains 2"],
  ["/list contains null", "/n contains 3", '/list/1 contains "a"'],
  ["/n exists", "/none exists", "y  exists"],
  ["/z exists true", "/z exists false"],
  ["/none exists false", "/n exists false"],
  ["y /n exists false", "/list/9 exists"],
  ["/list/0 eq 1", "/list/00 eq 1", "/list/-1 eq null", "/list/- exists"],
  ["/list/2 exists", "/list/length exists", "/s/length exists", "/n/toString exists", "/constructor exists"],
  ["/a~1b/~0 eq 7", "/a/b eq 7", "/a~1b/~ eq 8"],
  ["// eq 1", "/ eq 1", "/ exists false"],
  [" exists", " eq 3"],
])("%s holds, and what comes after it does not", (yes, ...no) => {
  expect(says(yes)).toBe(true);
  for (const words of no) expect(says(words), words).toBe(false);
});

const T: Condition = { task: "x", path: "/t", op: "eq", value: true };
const F: Condition = { not: T };

test.each<[boolean, Condition]>([
  [true, { all: [T, T] }],
  [false, { all: [T, F] }],
  [true, { all: [] }],
  [true, { any: [F, T] }],
  [false, { any: [F, F] }],
  [false, { any: [] }],
  [true, { not: { not: T } }],
  [true, { all: [{ any: [F, T] }, { not: { all: [T, F] } }] }],
])("it is %s of conditions put together", (is, condition) => {
  expect(holds(condition, read)).toBe(is);
});

test("a condition is said in words that a person reads, and names all that it asks", () => {
  const condition: Condition = { all: [T, { not: { any: [F, { task: "y", op: "exists" }] } }] };
  expect(inWords(condition)).toBe("x /t eq true and not (not (x /t eq true) or y exists)");
  expect(testsOf(condition).map(({ task }) => task)).toEqual(["x", "x", "y"]);
});
