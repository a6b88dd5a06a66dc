import { describe, expect, test } from "vitest";
import { outputOf, Writer } from "../../test/support/outputs.ts";
import type { Json } from "../domain/json.ts";
import { assemble } from "./assemble.ts";
import type { Source } from "./shown.ts";

interface Planted {
  readonly title: string;
  readonly file: string;
}
const planted = (count: number, of: string): Planted[] =>
  Array.from({ length: count }, (_, i) => ({
    title: `hole ${of}-${i} in module ${of}${i * 7}`,
    file: `src/${of}/unit-${i}.ts`,
  }));

/** How auditors write findings down: each form takes the planted ones in among lesser ones. */
const FORMS: { readonly [form: string]: (found: readonly Planted[], w: Writer) => Json } = {
  "headings with a field": (found, w) =>
    found
      .map(
        ({ title, file }) =>
          `### ${title}\n\n**Severity:** High\n**File:** ${file}\n\n${w.paragraph(3)}\n\n${lesser(w)}`,
      )
      .join("\n"),
  "headings with a label": (found, w) =>
    found.map(({ title, file }) => `### [HIGH] ${title}\n\n${file}: ${w.paragraph(2)}\n\n${lesser(w)}`).join("\n"),
  items: (found, w) =>
    found
      .map(({ title, file }) => `- **HIGH** ${title} (\`${file}\`): ${w.paragraph(2)}\n- Low: ${w.paragraph(3)}`)
      .join("\n"),
  "items with fields": (found, w) =>
    found
      .map(
        ({ title, file }) =>
          `1. ${title}\n   - Severity: high\n   - File: ${file}\n   - Fix: ${w.sentence()}\n2. ${w.sentence()}\n   - Severity: low\n   - Fix: ${w.paragraph(3)}`,
      )
      .join("\n"),
  "a section of a class": (found, w) =>
    `## Low severity\n\n${w.list(12)}\n\n## High severity findings\n\n${found.map(({ title, file }) => `- ${title} in ${file}. ${w.sentence()}`).join("\n")}\n\n## Medium severity\n\n${w.list(20)}`,
  table: (found, w) =>
    `| id | severity | what | file |\n|---|---|---|---|\n${found.map(({ title, file }) => `| 1 | High | ${title} | ${file} |\n| 2 | Low | ${w.sentence()} | src/a.ts |\n| 3 | Low | ${w.paragraph(3)} | src/b.ts |`).join("\n")}`,
  paragraphs: (found, w) =>
    found.map(({ title, file }) => `HIGH: ${title} in ${file}. ${w.sentence()}\n\n${w.paragraph(6)}`).join("\n\n"),
  "paragraphs with a number for the severity": (found, w) =>
    found
      .map(({ title, file }) => `SEV1: ${title} in ${file}. ${w.sentence()}\n\nSEV3: ${w.paragraph(6)}`)
      .join("\n\n"),
  JSON: (found, w) => ({
    summary: w.paragraph(4),
    findings: found.flatMap(({ title, file }) => [
      { severity: "low", title: w.sentence(), detail: w.paragraph(3) },
      { severity: "HIGH", title, file, detail: w.paragraph(2) },
    ]),
  }),
  "JSON with long texts": (found, w) => ({
    results: found.flatMap(({ title, file }) => [
      { risk: "High", title, file, detail: w.paragraph(9), proof: w.paragraph(8) },
      { risk: "Medium", title: w.sentence(), file, detail: w.paragraph(9) },
    ]),
  }),
  "JSON in a fenced string": (found, w) =>
    `\`\`\`json\n${JSON.stringify(found.map(({ title, file }) => ({ level: "critical", title, file, why: w.paragraph(3) })))}\n\`\`\``,
};

const lesser = (w: Writer) => `### ${w.sentence()}\n\n**Severity:** Low\n\n${w.paragraph(5)}\n`;

const report = (dependencies: readonly Source[]) =>
  assemble({
    strategy: "shared",
    task: { id: "report", description: "Security report", prompt: "Compile the audits into one report for the board." },
    dependencies,
  });
const sourceOf = (output: Json, i: number): Source => ({
  task: `audit-${i}`,
  agentName: "auditor",
  description: "Audit",
  output,
  distance: 1,
});

describe.each(Object.entries(FORMS))("written as %s", (_form, write) => {
  test.each([1, 8, 40])("[bar:findings] each of %i HIGH findings of an audit reaches the report", (count) => {
    const w = new Writer(count);
    const found = planted(count, "x");
    const { text, tokens } = report([sourceOf(write(found, w), 0), sourceOf(outputOf("report", 3), 1)]);
    expect(found.filter(({ title, file }) => !text.includes(title) || !text.includes(file))).toEqual([]);
    expect(tokens).toBeLessThan(9000);
  });

  test("[bar:findings] so does each of 40, eight in each of five audits", () => {
    const w = new Writer(99);
    const all = [..."abcde"].map((of) => planted(8, of));
    const { text } = report(all.map((found, i) => sourceOf(write(found, w), i)));
    expect(all.flat().filter(({ title }) => !text.includes(title))).toEqual([]);
  });
});

test("[bar:findings] where there are more than fit, the prompt says how many are missing", () => {
  const found = planted(900, "x");
  const { text, pieces } = report([sourceOf(FORMS["JSON"]?.(found, new Writer(1)) ?? null, 0)]);
  const missing = Number(/(\d+) more findings of high severity are left out/.exec(text)?.[1]);
  expect(missing).toBeGreaterThan(0);
  expect(found.filter(({ title }) => text.includes(title)).length).toBeGreaterThanOrEqual(900 - missing);
  expect(pieces[0]).toMatchObject({ kind: "dependency", name: "audit-0", how: "digest" });
});

test("the worst come first, entries stay whole", () => {
  const entry = (severity: string, i: number) => ({ severity, id: `E${i}`, text: "what was seen there ".repeat(10) });
  const findings = ["low", "high", "low", "critical", "medium"].flatMap((one, i) =>
    Array.from({ length: 20 }, (_, j) => entry(one, i * 100 + j)),
  );
  const { text } = report([sourceOf({ findings }, 0)]);
  expect(text.indexOf('"E300"')).toBeLessThan(text.indexOf('"E100"'));
  expect(text).toContain(`findings[20]: ${JSON.stringify(entry("high", 100))}`);
});
