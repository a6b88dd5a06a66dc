import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { parseDocument, stringify } from "yaml";
import { readPlainYaml } from "./plain-yaml.ts";

/** What YAML itself makes of a text, as front matter is read; undefined where it finds a fault. */
function read(text: string): unknown {
  const document = parseDocument(text, { uniqueKeys: true });
  return document.errors.length > 0 ? undefined : document.toJS({ maxAliasCount: 10 });
}
/** Says whether the quick way answered. */
function compare(text: string): boolean {
  const quick = readPlainYaml(text);
  if (quick !== undefined) expect(quick, text).toStrictEqual(read(text));
  return quick !== undefined;
}

const signs = [
  ...["a", "b", "key", "null", "True", "0", "1", "7.50", "0x1f", "1e3", ".5", "+1", "~", "é", "中", "😀", "<<", "a: b"],
  ...[" ", "  ", "    ", "\n", "\n", "\n  ", "\n- ", "\n  - ", "\t", "\r", "\u00a0", "\u0085", "\u2028", "\ufeff"],
  ...[":", ": ", ":\n", " #", "#", "-", "- ", "?", ",", ", ", "[", "]", "{", "}", "&a", "*a", "!", "|", ">", "|-\n  "],
  ...[">-\n  ", "|+", ">2", "'", "''", '"', '\\"', "\\n", "\\", "\\x41", "\\/", "%", "@", "`", "---", "...", "=", "."],
];
const noise = fc.array(fc.constantFrom(...signs), { maxLength: 12 }).map((all) => all.join(""));
/** Nearly what it takes: words, with something odd among them now and then. */
const words = fc.constantFrom(
  "a",
  "b c",
  "-",
  "x, y",
  "[a, b]",
  "1.5",
  "c: d",
  "#e",
  "f #",
  "'g'",
  '"h \\" i"',
  "j:",
  " k",
);
const some = fc.oneof(
  words,
  fc.tuple(words, noise, words).map((parts) => parts.join("")),
  noise,
);
const block = fc.tuple(fc.constantFrom(" >-", " >", " |", " |-", "", " >1", " |+"), fc.array(some, { maxLength: 3 }));
const margin = fc.constantFrom("", "  ", "  ", "  - ", "  - ", "- ", "   ");
const entry = fc.oneof(
  some.map((one) => ` ${one}`),
  fc
    .tuple(block, margin, margin)
    .map(([[sign, lines], usual, last]) =>
      [sign, ...lines.map((line, i) => (i + 1 < lines.length ? usual : last) + line)].join("\n"),
    ),
);
const key = fc.constantFrom("", "", "-", " ", "1", "é", "?");
const documents = fc
  .array(fc.tuple(key, entry), { minLength: 1, maxLength: 4 })
  .map((all) => all.map(([odd, said], i) => `${"abcd"[i]}${odd}:${said}`));

test("where it answers, YAML says the same, whatever the text", () => {
  let answered = 0;
  fc.assert(
    fc.property(documents, (lines) => {
      if (compare(lines.join("\n"))) answered += 1;
      if (compare(`${lines.join("\n")}\n`)) answered += 1;
    }),
    { numRuns: 10_000 },
  );
  expect(answered).toBeGreaterThan(500);
});

test("it reads what YAML writes for any words, or leaves it", () => {
  const scalar = fc.oneof(noise, fc.string({ unit: "binary", maxLength: 60 }), fc.double(), fc.integer());
  const value = fc.oneof(scalar, fc.array(scalar, { maxLength: 4 }), fc.dictionary(noise, scalar, { maxKeys: 2 }));
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom("name", "a", "b2", "c-d", "true"), value), (head) => {
      compare(stringify(head, { lineWidth: 0 }));
      compare(stringify(head));
    }),
    { numRuns: 1000 },
  );
});

test("it reads all of the catalogue, and the very same", () => {
  const root = join(import.meta.dirname, "..", "..", "catalog", "agents");
  const heads = readdirSync(root, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".md"))
    .map((path) => readFileSync(join(root, path), "utf8").split(/^---$/m)[1]?.slice(1) ?? "");
  expect(heads.filter((head) => !compare(head))).toEqual([]);
  const written = heads.map((head) => stringify(read(head), { lineWidth: 0 }));
  expect(written.filter((head) => !compare(head)).length).toBeLessThan(written.length / 20);
});

test.each([
  ["name: a\ntools:\n- read\n- bash", { name: "a", tools: ["read", "bash"] }],
  ["a: 'it''s'\nb: \"x \\\"y\\\"\"\nc: 12\nd: 0.50", { a: "it's", b: 'x "y"', c: 12, d: 0.5 }],
  ["a: >-\n  one\n  two\nb: |\n  one\n    two\n", { a: "one two", b: "one\n  two\n" }],
  ["a: [x, y.z]\nb: []", { a: ["x", "y.z"], b: [] }],
])("%j", (text, expected) => {
  expect(readPlainYaml(text)).toStrictEqual(expected);
});

test.each([
  ...["a: 1\na: 2", "a: b: c", "a: b # c", "a: &x b", "a: *x", "a: !x b", "a:\n  b: c", "a: b\n  c", "a:", "true: a"],
  ...[
    "a: yes\n\tb: c",
    "a: - b",
    "a:\n  - b\n - c",
    "a:\n  - b: c",
    'a: "\\x41"',
    "a: null",
    "a: -1",
    "",
    "a: >-\n\n  b",
  ],
])("%j is left to YAML", (text) => {
  expect(readPlainYaml(text)).toBeUndefined();
});
