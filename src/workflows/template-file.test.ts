import { describe, expect, test } from "vitest";
import { WorkflowRegistry } from "./registry.ts";
import { templateFrom } from "./template-file.ts";

const FLOW = `id: release-notes
name: Release notes
description: Writes and checks release notes
tags: [docs]
parameters:
  version: { type: string, description: "Which release" }
  audience: { type: string, enum: [users, developers], default: users }
  topics: { type: list, default: [fixes, features] }
  limit: { type: integer, default: 10 }
tasks:
  - id: write
    agentName: docs-architect
    description: Notes for {{version}}
    prompt: |
      Write notes on {{version}} for {{ audience }}:
      {{topics}}, at most {{limit}}. Keep \\{{this}} as it is.
    estimatedDuration: 90000
  - id: check
    agentName: reviewer
    description: Check
    prompt: Check the notes
    dependencies: [write]
    gate: { question: "Publish {{version}}?" }
`;

const faults = (text: string, fileName = "flow.yaml"): string[] => {
  const result = templateFrom(text, fileName);
  if (result.ok) return [];
  return result.faults.map(({ line, column, path, message }) => `${line}:${column} ${path}: ${message}`);
};

const registered = (): WorkflowRegistry => {
  const result = templateFrom(FLOW, "flow.yaml");
  if (!result.ok) throw new Error(JSON.stringify(result.faults));
  const registry = new WorkflowRegistry();
  registry.register(result.template);
  return registry;
};

test("a file becomes a workflow like any other", () => {
  expect(registered().list()).toEqual([
    {
      id: "release-notes",
      name: "Release notes",
      description: "Writes and checks release notes",
      category: "custom",
      tags: ["docs"],
      estimatedDuration: 150,
      complexity: "moderate",
    },
  ]);
});

test("parameters fill the placeholders, once", () => {
  const { tasks } = registered().plan("release-notes", { version: "2.0 {{limit}}", topics: ["a", "b"] });
  expect(tasks[0]?.description).toBe("Notes for 2.0 {{limit}}");
  expect(tasks[0]?.prompt).toBe("Write notes on 2.0 {{limit}} for users:\na, b, at most 10. Keep {{this}} as it is.\n");
  expect(tasks[1]?.gate).toEqual({ question: "Publish 2.0 {{limit}}?" });
});

test.each<[object, RegExp]>([
  [{}, /parameter 'version' must be text; it is missing/],
  [{ version: "1", audience: "user" }, /must be one of users, developers.*did you mean 'users'/],
  [{ version: "1", limit: 1.5 }, /parameter 'limit' must be a whole number/],
  [{ version: "1", topic: "a" }, /parameter 'topic' is not known: did you mean 'topics'/],
])("its parameters are checked: %j", (parameters, message) => {
  expect(() => registered().plan("release-notes", parameters)).toThrow(message);
});

describe("a fault is told with line and column", () => {
  test.each<[string, string, string]>([
    [
      "{{topics}}, at",
      "{{topcs}}, at",
      "16:7 tasks.write.prompt: there is no parameter 'topcs': did you mean 'topics'?",
    ],
    [
      "Notes for {{version}}",
      "Notes for {{x}}",
      "13:28 tasks.write.description: there is no parameter 'x'; known are version, audience, topics, limit",
    ],
    [
      "Publish {{version}}",
      "Publish {{versoin}}",
      "23:32 tasks.check.gate.question: there is no parameter 'versoin': did you mean 'version'?",
    ],
    [
      "type: integer",
      "type: int",
      "9:18 parameters.limit.type: 'parameters.limit.type' must be one of string, number, integer, boolean, list",
    ],
    [
      "default: 10",
      "default: ten",
      "9:36 parameters.limit.default: 'parameters.limit.default' does not fit: type integer",
    ],
    [
      "default: users",
      "default: user",
      "7:65 parameters.audience.default: 'parameters.audience.default' does not fit: users, developers",
    ],
    ["tags: [docs]", "tag: [docs]", "4:1 tag: 'tag' is not a known field: did you mean 'tags'?"],
    ["name: Release notes\n", "", "1:1 name: 'name' is missing"],
    [
      "dependencies: [write]",
      "dependencies: [wriet]",
      "22:20 tasks.check.dependencies: task 'check' depends on 'wriet': did you mean 'write'?",
    ],
    ["limit: { type: integer,", "limit: {", "9:3 parameters.limit.type: 'parameters.limit.type' is missing"],
  ])("%j → %j", (from, to, fault) => {
    expect(faults(FLOW.replace(from, to))).toEqual([fault]);
  });

  test("in JSON as well", () => {
    expect(faults('{\n  "id": "x y"\n}', "flow.json")).toEqual([
      "1:1 name: 'name' is missing",
      "1:1 description: 'description' is missing",
      "1:1 tasks: 'tasks' is missing",
      "2:9 id: 'id' starts with a letter or digit and holds at most 100 letters, digits, '.', '_' or '-'",
    ]);
  });
});
