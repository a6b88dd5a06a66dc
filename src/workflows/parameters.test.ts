import { describe, expect, test } from "vitest";
import { z } from "zod";
import { TuttiError } from "../domain/error.ts";
import { builtInWorkflows } from "./built-in.ts";
import { describeParameters, parseParameters } from "./parameters.ts";
import type { WorkflowTemplate } from "./template.ts";

const registry = builtInWorkflows();
const fullstack = registry.get("fullstack-dev");

/** A template with a parameter of every kind. */
const kinds: WorkflowTemplate = {
  ...fullstack,
  id: "kinds",
  parameters: z.strictObject({
    text: z.string().describe("Some text"),
    amount: z.number().optional(),
    count: z.int().optional(),
    on: z.boolean().optional(),
    mode: z.enum(["fast", "slow"]).optional(),
    names: z.array(z.string()).optional(),
    numbers: z.array(z.number()).optional(),
    points: z.array(z.strictObject({ x: z.number() })).optional(),
    box: z.strictObject({ inner: z.strictObject({ deep: z.string().optional() }).optional() }).optional(),
    free: z.looseObject({}).optional(),
  }),
};

const refused = (pairs: readonly string[], template = kinds): readonly string[] => {
  try {
    parseParameters(pairs, template);
  } catch (thrown) {
    if (thrown instanceof TuttiError && thrown.code === "BAD_INPUT")
      return (thrown.data as readonly { message: string }[]).map(({ message }) => message);
    throw thrown;
  }
  return [];
};

describe("a value is read by the schema", () => {
  test.each<[readonly string[], object]>([
    [["text=a=b"], { text: "a=b" }],
    [["text="], { text: "" }],
    [["text=[WIP] not JSON"], { text: "[WIP] not JSON" }],
    [["text=42"], { text: "42" }],
    [["amount=-1.5e3"], { amount: -1500 }],
    [["count=7"], { count: 7 }],
    [["on=yes"], { on: true }],
    [["on=FALSE"], { on: false }],
    [["mode=slow"], { mode: "slow" }],
    [["names=a, b,,c"], { names: ["a", "b", "c"] }],
    [["names=a", "names=b,c"], { names: ["a", "b", "c"] }],
    [['names=["a, b", "c"]', "names=d"], { names: ["a, b", "c", "d"] }],
    [["names="], { names: [] }],
    [["numbers=1,2.5"], { numbers: [1, 2.5] }],
    [['points=[{"x":1}]'], { points: [{ x: 1 }] }],
    [["box.inner.deep=x"], { box: { inner: { deep: "x" } } }],
    [['box={"inner":{"deep":"x"}}'], { box: { inner: { deep: "x" } } }],
    [["free.anything=x"], { free: { anything: "x" } }],
  ])("%j", (pairs, expected) => {
    expect(parseParameters(pairs, kinds)).toEqual(expected);
  });
});

describe("what cannot be read is refused in words", () => {
  test.each<[string, string]>([
    ["nonsense", "'nonsense' is not of the form key=value"],
    ["=x", "'=x' is not of the form key=value"],
    ["txet=x", "parameter 'txet' is not known: did you mean 'text'?"],
    ["box.iner.deep=x", "parameter 'box.iner' is not known: did you mean 'inner'?"],
    ["text.deep=x", "parameter 'text.deep' is not known; 'text' is text"],
    ["amount=ten", "parameter 'amount' must be a number, not 'ten'"],
    ["amount=", "parameter 'amount' must be a number, not ''"],
    ["count=1.5", "parameter 'count' must be a whole number, not '1.5'"],
    ["on=maybe", "parameter 'on' must be true or false, not 'maybe'"],
    ["mode=fats", "parameter 'mode' must be one of fast, slow, not 'fats': did you mean 'fast'?"],
    ["numbers=1,x", "parameter 'numbers' must be a number, not 'x'"],
    ["box=x", "parameter 'box' is an object: give its fields, such as 'box.inner=…', or JSON"],
  ])("%s", (pair, message) => {
    expect(refused([pair])).toEqual([message]);
  });

  test("broken JSON", () => {
    expect(refused(['box={"inner":'])[0]).toMatch(/^parameter 'box' starts like JSON and is not: /);
  });

  test("all of it at once, and a scalar that is given twice", () => {
    expect(refused(["text=a", "text=b", "count=x"])).toEqual([
      "parameter 'text' is given twice",
      "parameter 'count' must be a whole number, not 'x'",
    ]);
  });

  test.each(["__proto__.x=1", "free.__proto__=1", "free.constructor.prototype=1", "free..x=1"])("%s", (pair) => {
    expect(refused([pair])).toHaveLength(1);
    expect(({} as { x?: unknown }).x).toBeUndefined();
  });
});

test("what is read fits the built-in workflows", () => {
  const pairs = ["projectType=shop", "features=cart,checkout", "techStack.frontend=Vue", 'techStack={"auth":"own"}'];
  expect(registry.plan("fullstack-dev", parseParameters(pairs, fullstack)).parameters).toEqual({
    projectType: "shop",
    features: ["cart", "checkout"],
    techStack: { frontend: "Vue", backend: "Node.js + TypeScript", database: "PostgreSQL", auth: "own" },
  });
});

test("parameters are described as they are typed", () => {
  expect(describeParameters(registry.get("code-review"))).toEqual([
    {
      name: "prUrl",
      type: "text",
      default: "",
      required: false,
      description: "Address of the pull request; empty reviews the changed files, or the working tree",
    },
    {
      name: "changedFiles",
      type: "list of text",
      default: [],
      required: false,
      description: "Files that the change touches; empty means all that differ from the base branch",
    },
    {
      name: "reviewDepth",
      type: "quick | standard | thorough",
      default: "standard",
      required: false,
      description: "'quick' looks for what must stop a merge, 'thorough' also reads callers and history",
    },
  ]);
  expect(describeParameters(fullstack).map(({ name }) => name)).toContain("techStack.database");
  expect(describeParameters(kinds)[0]).toEqual({
    name: "text",
    type: "text",
    required: true,
    description: "Some text",
  });
});
