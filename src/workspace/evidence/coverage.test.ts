/** Reports of coverage as four kinds of programs write them. */
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { measuredIn } from "./coverage.ts";

const folder = mkdtempSync(join(tmpdir(), "tutti-coverage-"));
afterAll(() => rmSync(folder, { recursive: true }));

const lines = (hits: string) => [...hits].map((hit, i) => `<line number="${i + 1}" hits="${hit}"/>`).join("");

test.each([
  [
    "coverage/lcov.info",
    (root: string) => `SF:${root}/a.py\nLF:10\nLH:4\nend_of_record\nSF:b.py\nLF:10\nLH:10\nend_of_record\n`,
  ],
  [
    "coverage/coverage-summary.json",
    (root: string) =>
      JSON.stringify({
        total: { lines: { total: 99, covered: 99 } },
        [`${root}/a.py`]: { lines: { total: 10, covered: 4 } },
        [`${root}/b.py`]: { lines: { total: 10, covered: 10 } },
      }),
  ],
  [
    "coverage.json",
    () =>
      JSON.stringify({
        files: {
          "a.py": { summary: { num_statements: 10, covered_lines: 4 } },
          "b.py": { summary: { num_statements: 10, covered_lines: 10 } },
        },
      }),
  ],
  [
    "coverage.xml",
    () =>
      `<coverage><classes><class name="a" filename="a.py"><methods/><lines>${lines("1111000000")}</lines></class>` +
      `<class name="b" filename="b.py"><lines>${lines("1010101010")}</lines></class>` +
      `<class name="b2" filename="b.py"><lines>${lines("0101010101")}</lines></class></classes></coverage>`,
  ],
])("%s", async (name, text) => {
  const root = mkdtempSync(join(folder, "root-"));
  const path = join(root, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text(root));
  expect(await measuredIn(root, 0)).toMatchObject({
    ...{ name, lines: 20, hit: 14, worst: ["a.py: 6 of 10 lines are not reached by a test"] },
  });
  utimesSync(path, 1000, 1000);
  // One that lay there before says nothing of now.
  expect(await measuredIn(root, 2_000_000)).toBeUndefined();
});
