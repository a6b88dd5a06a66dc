import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { codeOf } from "./support/code.ts";
import {
  importCycles,
  importsOf,
  impurities,
  type SourceFile,
  tooLong,
  withoutFloor,
  wrongImports,
} from "./support/floors.ts";

const root = resolve(import.meta.dirname, "..");
const src = join(root, "src");
const house: SourceFile[] = readdirSync(src, { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".ts"))
  .map((path) => ({ path: path.replaceAll("\\", "/"), text: readFileSync(join(src, path), "utf8") }));
const manifest: { dependencies?: object; peerDependencies?: object } = JSON.parse(
  readFileSync(join(root, "package.json"), "utf8"),
);
const dependencies = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies });

describe("the house as it stands", () => {
  test("is there", () => expect(house.length).toBeGreaterThan(0));
  test("every room has a floor", () => expect(withoutFloor(house)).toEqual([]));
  test("imports only go downstairs", () => expect(wrongImports(house, dependencies)).toEqual([]));
  test("below the waterline nothing touches clock, chance, network, disk or process", () =>
    expect(impurities(house)).toEqual([]));
  test("[bar:core-size] core fits in 800 lines, its files in 300, every file in 400", () =>
    expect(tooLong(house)).toEqual([]));
  test("[bar:no-cycles] no file imports itself in a circle", () => expect(importCycles(house)).toEqual([]));
});

const file = (path: string, text: string): SourceFile => ({ path, text });
const empty = (...paths: string[]) => paths.map((path) => file(path, ""));

describe("a planted fault is named", () => {
  test("a room or a loose file without a floor", () => {
    expect(withoutFloor(empty("utils/a.ts", "loose.ts", "index.ts", "core/a.ts"))).toEqual([
      "utils/a.ts: its room has no floor",
      "loose.ts: its room has no floor",
    ]);
  });

  test.each([
    ["upstairs", 'import { a } from "../app/a.ts";', "upstairs"],
    ["upstairs, types only", 'import type { A } from "../app/a.ts";', "upstairs"],
    ["upstairs, as a type in place", 'let a: import("../app/a.ts").A;', "upstairs"],
    ["upstairs, for its effect", 'import "../app/a.ts";', "upstairs"],
    ["upstairs, passed on", "export * from '../app/a.ts';", "upstairs"],
    ["upstairs, names passed on", 'export {\n  a,\n} from "../app/a.ts";', "upstairs"],
    ["upstairs, dynamic", 'await import(/* now */ "../app/a.ts");', "upstairs"],
    ["upstairs, dynamic, in a template", "await import(`../app/$" + "{name}.ts`);", "upstairs"],
    ["upstairs, by URL", 'new Worker(new URL("../app/a.ts", import.meta.url));', "upstairs"],
    ["upstairs, by a chosen URL", 'new URL(ts ? "../app/a.ts" : "../app/a.js", import.meta.url);', "upstairs"],
    ["a neighbour", 'import { a } from "../runtimes/a.ts";', "a neighbour"],
    ["the front door", 'import { a } from "../index.ts";', "the front door is for people outside"],
    ["the front door by its name", 'import { a } from "tutti/testing";', "the front door is for people outside"],
    ["a file outside src", 'import { a } from "../../test/a.ts";', "outside the house"],
    ["a test", 'import { a } from "./a.test.ts";', "a test is not a part"],
    ["a package that is not a dependency", 'import a from "@scope/thing/deep";', "not a dependency"],
  ])("%s", (_name, text, fault) => {
    const wrong = wrongImports([file("journal/b.ts", text)], []);
    expect(wrong.length).toBeGreaterThan(0);
    for (const line of wrong) expect(line).toMatch(new RegExp(`^journal/b\\.ts:\\d+ imports .*: ${fault}$`));
  });

  test.each([
    ["its own room", 'import { a } from "./a.ts";'],
    ["downstairs", 'import type { A } from "../domain/a.ts";\nimport { b } from "../process/b.ts";'],
    ["Node and a dependency", 'import { a } from "node:fs";\nimport { z } from "zod";'],
    ["a commented import", '// import { a } from "../app/a.ts";\n/* import "../app/a.ts" */'],
    ["words in strings", 'const a = \'import "../app/a.ts"\';\nconst from = Array.from("../app/a.ts");'],
  ])("but not %s", (_name, text) => {
    expect(wrongImports([file("journal/b.ts", text)], ["zod"])).toEqual([]);
  });

  test("the front door itself may open every room", () => {
    expect(wrongImports([file("index.ts", 'export { a } from "./app/a.ts";')], [])).toEqual([]);
  });

  test.each([
    ["Date.now()", "clock"],
    ["new Date()", "clock"],
    ["[new Date, 1]", "clock"],
    ["Date()", "clock"],
    ["performance.now()", "clock"],
    ["performance.timeOrigin", "clock"],
    ["AbortSignal.timeout(5)", "clock"],
    ["setTimeout(f, 1)", "clock"],
    ["[1].forEach(setImmediate)", "clock"],
    ["setInterval(f)", "clock"],
    ["queueMicrotask(f)", "clock"],
    ["`a $" + "{Math.random()}`", "chance"],
    ["crypto.randomUUID()", "chance"],
    ["randomBytes(4)", "chance"],
    ["fetch('x')", "network"],
    ["new WebSocket('x')", "network"],
    ["process.env", "process"],
    ["globalThis['process']", "process"],
    ["console.log(1)", "process"],
    ["await import('./b.ts')", "disk"],
    ["require('fs')", "disk"],
    ["a.localeCompare(b)", "this machine's locale"],
    ["new Intl.DateTimeFormat()", "this machine's locale"],
    ["new WeakRef(a)", "garbage collection"],
    ["Math;", "another name for clock, chance or network"],
  ])("below the waterline: %s", (expression, what) => {
    const planted = file("core/b.ts", `/* Date.now() */\nconst a = ${expression};\n`);
    expect(impurities([planted])).toEqual([expect.stringMatching(new RegExp(`^core/b\\.ts:2 .*: ${what}$`))]);
    expect(impurities([{ ...planted, path: "process/b.ts" }])).toEqual([]);
  });

  test.each([
    'import { readFileSync } from "node:fs";',
    'import type { Readable } from "node:stream";',
    'import { createHash, randomUUID } from "node:crypto";',
    'import * as crypto from "node:crypto";',
    'import crypto from "node:crypto";',
    'export { randomBytes as hash } from "node:crypto";',
  ])("below the waterline: %s", (text) => {
    expect(impurities([file("domain/b.ts", text)])).toEqual([expect.stringContaining("domain/b.ts:1 imports node:")]);
  });

  test("a module's own state below the waterline", () => {
    expect(impurities([file("graph/b.ts", "let n = 0;\n  let inner = 1;\n")])).toEqual([
      "graph/b.ts:1 let: state of a module",
    ]);
  });

  test.each([
    "// Date.now() and process.env\n/** Math.random() */",
    "const a = \"Date.now()\" + 'process.env' + `setTimeout(f)`;",
    "const a = /Date.now()[/`]process.exit/.test(b) ? 1 / 2 : b / 3;",
    "const a = new Date(at).toISOString() + Date.parse(b);",
    "const a = agent.performance.successRate + performance.successRate + clock.setTimeout(1);",
    'import { createHash, hash as digest } from "node:crypto";\nconst b = digest("sha256", a);',
    "const a = pre.fetch(b); const processed = reprocess(a);",
    "const a = `x $" + "{b ? `y $" + "{c}` : { d: 1 }.d} Date.now()`; // `",
  ])("but not %s", (text) => {
    expect(impurities([file("core/b.ts", text)])).toEqual([]);
  });

  test("a circle of imports, types included, with the way round it", () => {
    const circle = [
      file("domain/a.ts", 'import type { B } from "./b.ts";'),
      file("domain/b.ts", 'import { c } from "./c.ts";'),
      file("domain/c.ts", 'export { a } from "./a.ts";\nimport "./d.ts";'),
      file("domain/d.ts", 'import type { D } from "./d.ts";'),
      file("domain/e.ts", 'import "./a.ts";'),
    ];
    expect(importCycles(circle)).toEqual([
      "domain/a.ts → domain/b.ts → domain/c.ts → domain/a.ts",
      "domain/d.ts → domain/d.ts",
    ]);
    expect(importCycles(circle.filter(({ path }) => !/[bd]\.ts$/.test(path)))).toEqual([]);
  });

  test("a file or a core that is too long", () => {
    const lines = (count: number) => "x\n".repeat(count);
    expect(
      tooLong([file("app/a.ts", lines(401)), file("core/b.ts", lines(301)), file("app/c.ts", lines(400))]),
    ).toEqual(["app/a.ts: 401 lines, at most 400", "core/b.ts: 301 lines, at most 300"]);
    expect(tooLong(["a", "b", "c"].map((name) => file(`core/${name}.ts`, lines(267))))).toEqual([
      "core: 801 lines in all, at most 800",
    ]);
    expect(tooLong([file("core/a.ts", lines(300)), file("core/a.test.ts", lines(400))])).toEqual([]);
  });
});

describe("reading code", () => {
  test("blanks comments, strings, templates and regular expressions, and nothing else", () => {
    const text = 'a("x\\"y"); // z\nb(`p $' + "{c({ d: `q` })} r`) / 2; /* e\nf */ return /[/]g/i;";
    const { blanked } = codeOf(text);
    expect(blanked.length).toBe(text.length);
    expect(blanked.replace(/[ ]+/g, " ")).toBe('a(" "); \nb(` $' + "{c({ d: ` ` })} `) / 2; \n return / /i;");
  });

  test("knows the names that an import takes", () => {
    expect(importsOf('import { type A, b as c } from "./d.ts";')).toEqual([
      { spec: "./d.ts", line: 1, names: ["A", "b"] },
    ]);
  });
});
