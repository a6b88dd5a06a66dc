import { expect, test } from "vitest";
import { placesSaid } from "./places-said.ts";

const FILES = ["src/a.ts", "test/a.test.ts", "b_test.go", "c.py"];
const fileOf = (name: string) => FILES.find((one) => name === one || name.endsWith(`/${one}`));
const places = (said: string) => placesSaid(said, fileOf).map(({ path, line }) => `${path}:${line}`);

test.each([
  ["src/a.ts(3,14): error TS2322: no", ["src/a.ts:3"]],
  ["    at check (file:///home/project/test/a.test.ts:7:3)", ["test/a.test.ts:7"]],
  ["    b_test.go:12: got 1", ["b_test.go:12"]],
  ['  File "/home/project/c.py", line 4, in f', ["c.py:4"]],
  ["\u001b[31msrc/a.ts:5:1 lint/no\u001b[0m\nsrc/a.ts:5:9 again\nsrc/a.ts:8", ["src/a.ts:5", "src/a.ts:8"]],
  ["/home/project/src/a.ts\n   1:14  error  no\n   2:3  warning  no\n\n   9:9  nobody's", ["src/a.ts:1", "src/a.ts:2"]],
  ["node:internal/x.js:3 and elsewhere.ts:3 at 12:30", []],
])("%j names %j", (said, wanted) => expect(places(said)).toEqual(wanted));

test("what it says of one place is that line, and there is an end to places", () => {
  expect(placesSaid("x\n  src/a.ts:3 broken  \n", fileOf)).toEqual([
    { path: "src/a.ts", line: 3, text: "src/a.ts:3 broken" },
  ]);
  expect(placesSaid(Array.from({ length: 900 }, (_, i) => `src/a.ts:${i + 1}`).join("\n"), fileOf)).toHaveLength(200);
});
