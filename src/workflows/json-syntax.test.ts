import fc from "fast-check";
import { expect, test } from "vitest";
import { jsonSyntaxFault } from "./json-syntax.ts";

test.each<[string, number, string]>([
  ["", 0, "the text ends where a value is expected"],
  ["{'a': 1}", 1, "a name in double quotes is expected here"],
  ['{"a" 1}', 5, "a ':' is expected here"],
  ['{"a": 1 "b": 2}', 8, "a ',' or '}' is expected here"],
  ['{"a": 1,}', 7, "there is a ',' before '}'"],
  ["[1, 2", 5, "the text ends before ']'"],
  ["[1 2]", 3, "a ',' or ']' is expected here"],
  ['["a\nb"]', 1, "this text in quotes is not ended, or holds a bare line break or wrong escape"],
  ["['a']", 1, "a value is expected here; JSON uses double quotes"],
  ["// no\n1", 0, "a value is expected here; JSON has no comments"],
  ["[1] x", 4, "nothing may follow the JSON value"],
  ['{"a": 1, "a": 2}', 9, 'the name "a" is there twice'],
])("%j", (text, offset, message) => {
  expect(jsonSyntaxFault(text)).toEqual({ offset, message });
});

test("what is nested without end is refused, not followed", () => {
  expect(jsonSyntaxFault("[".repeat(1e6))?.message).toBe("nested more than 200 deep");
});

test("any JSON is JSON, indented or not", async () => {
  await fc.assert(
    fc.property(
      fc.jsonValue({ noUnicodeString: false, maxDepth: 5 }),
      fc.constantFrom(undefined, 2, "\t"),
      (value, indent) => {
        expect(jsonSyntaxFault(JSON.stringify(value, null, indent))).toBeUndefined();
      },
    ),
  );
});

test("what it lets through, the engine reads, and the other way round", async () => {
  const noise = fc.string({ unit: fc.constantFrom(...'{}[]",:0.5e-1truefalsn \\u\n'), maxLength: 12 });
  await fc.assert(
    fc.property(noise, (text) => {
      let reads = true;
      try {
        JSON.parse(text);
      } catch {
        reads = false;
      }
      const fault = jsonSyntaxFault(text);
      if (fault?.message.endsWith("is there twice")) return;
      expect(fault === undefined).toBe(reads);
    }),
    { numRuns: 5000 },
  );
});
