import { describe, expect, test } from "vitest";
import { WorkflowRegistry } from "./registry.ts";
import { conditionIn } from "./short-condition.ts";
import { templateFrom } from "./template-file.ts";

const FLOW = `---
id: release-notes
description: Writes and checks release notes
tags: docs, release
model: anthropic/claude-sonnet-5
reads: ["CHANGELOG.md"]
parameters:
  version: { type: string, description: Which release }
---

# Release notes

What stands before the first phase is for readers.

## Phase: Look

Stay within {{version}}.

### scout: What changed
agent: codebase-explorer
output: { type: object, properties: { risky: { type: boolean } } }

List what changed. \`\`\`## Phase: not one\`\`\`

\`\`\`md
## Phase: text between fences
### neither
\`\`\`

### Ask the team

Ask who did what about $ARGUMENTS.

## Phase 2: Write (in order)

### write: Write {{version}}
agent: docs-architect
needs: scout
expects: every change is named
reads: docs/{a,b}.md
when: scout /risky eq true

Write them.

#### Headings of level four belong to the prompt

### check
agent: reviewer
gate: Publish {{version}}?
validate: { agent: code-reviewer }

Check them.
`;

const agents = new Set(["codebase-explorer", "docs-architect", "reviewer", "code-reviewer"]);
const agentFor = ({ prompt }: { readonly prompt: string }) =>
  prompt.includes("nobody") ? { nobody: "nothing fits" } : { agentName: "reviewer", agentReason: "by its words" };
const read = (text: string) => templateFrom(text, "release-notes.md", { agents, agentFor });

const faults = (text: string): string[] => {
  const result = read(text);
  return result.ok ? [] : result.faults.map(({ line, column, message }) => `${line}:${column} ${message}`);
};
const planned = (text: string, parameters: object) => {
  const result = read(text);
  if (!result.ok) throw new Error(JSON.stringify(result.faults));
  const registry = new WorkflowRegistry();
  registry.register(result.template);
  return registry.plan(result.template.id, parameters).tasks;
};

test("headings are phases and tasks, lines below them say who and when, prose is the prompt", () => {
  const [scout, ask, write, check] = planned(FLOW, { version: "2.0", arguments: "the API" });
  expect(scout).toMatchObject({
    id: "scout",
    agentName: "codebase-explorer",
    description: "What changed",
    phase: "Look",
    model: "anthropic/claude-sonnet-5",
    reads: ["CHANGELOG.md"],
  });
  expect(scout?.dependencies).toBeUndefined();
  expect(scout?.prompt).toMatch(/^Stay within 2\.0\.\n\nList what changed\.[\s\S]*### neither\n```$/);
  expect(ask).toMatchObject({ id: "ask-the-team", agentName: "reviewer", agentReason: "by its words" });
  expect(ask?.prompt).toMatch(/about the API\.$/);
  expect(write).toMatchObject({
    description: "Write 2.0",
    phase: "Write",
    dependencies: ["scout", "ask-the-team"],
    when: { task: "scout", path: "/risky", op: "eq", value: true },
    reads: ["CHANGELOG.md", "docs/{a,b}.md"],
    brief: { criteria: ["every change is named"] },
  });
  expect(write?.prompt).toMatch(/#### Headings[\s\S]*It is done when:\n- every change is named$/);
  expect(check).toMatchObject({
    dependencies: ["write"],
    gate: { question: "Publish 2.0?" },
    validate: [{ agent: "code-reviewer" }],
  });
});

test("its id and name come from the file where it says none, and $ARGUMENTS is a parameter that may be empty", () => {
  const result = read("---\ndescription: One step\n---\n## Phase: Do\n### do: It\n\nDo $ARGUMENTS now.\n");
  expect(result).toMatchObject({ ok: true, template: { id: "release-notes", name: "release-notes", tags: [] } });
  if (result.ok) expect(result.template.buildTasks({ arguments: "" })[0]?.prompt).toBe("Do  now.");
});

test("a task that nobody fits is refused by name when its plan is made", () => {
  const text = "---\ndescription: One\n---\n## Phase: Do\n### it: It\n\nFor nobody.\n";
  expect(() => planned(text, {})).toThrow(/task 'it' names no agent, and nothing fits/);
});

describe("a fault is told with the line and column of the Markdown", () => {
  test.each<[string, string, string]>([
    [
      "agent: docs-architect",
      "agnet: docs-architect",
      "37:1 'agnet' is nothing that a task says of itself: did you mean 'agent'?",
    ],
    [
      "agent: docs-architect",
      "agent: docs-architct",
      "37:8 task 'write': there is no agent 'docs-architct': did you mean 'docs-architect'?",
    ],
    ["needs: scout", "needs: [scuot]", "38:9 task 'write' depends on 'scuot': did you mean 'scout'?"],
    ["when: scout /risky eq true", "when: scout /risky is true", "41:7 'when' compares by 'is'"],
    [
      "when: scout /risky eq true",
      "when: scout, risky",
      "41:7 'when' cannot be read: write it as in 'triage /kind eq bug'",
    ],
    ["when: scout", "when: scuot", "41:7 task 'write': 'when' reads task 'scuot': did you mean 'scout'?"],
    [
      "gate: Publish {{version}}?",
      "gate: Publish {{versoin}}?",
      "49:15 there is no parameter 'versoin': did you mean 'version'?",
    ],
    ["Stay within {{version}}", "Stay within {{versoin}}", "17:13 there is no parameter 'versoin'"],
    [
      "### write: Write {{version}}",
      "### write: Write {{x}}",
      "36:18 there is no parameter 'x'; known are version, arguments",
    ],
    ["Write them.", "Write {{them}}.", "43:7 there is no parameter 'them'"],
    ["Check them.\n", "\n", "47:5 task 'check' has no prompt"],
    ["## Phase 2: Write", "## Fase 2: Write", "34:4 '## Fase 2: Write (in order)' is no phase"],
    ["(in order)", "(in ordr)", "34:13 a phase is (parallel) or (in order), not (in ordr): did you mean 'in order'?"],
    [
      "## Phase: Look\n\nStay within {{version}}.\n",
      "",
      "16:5 task 'scout: What changed' stands before the first phase",
    ],
    ["### check", "### scout", "47:5 task 'scout' is there twice"],
    ["tags: docs", "tag: docs", "4:1 'tag' is not a known field: did you mean 'tags'?"],
    ["type: string,", "type: text,", "8:20 'parameters.version.type' must be one of string, number"],
    ["description: Writes and checks release notes\n", "", "2:1 'description' is missing"],
    ["output: { type: object", "output: { type: [object", "21:67 Flow sequence"],
    [
      "expects: every",
      "expects:\n  - 1\nretires: 2\nhedge: every",
      "41:1 'retires' is nothing that a task says of itself: did you mean 'retries'?",
    ],
    [
      "validate: { agent: code-reviewer }",
      "priority: 11",
      "50:11 task 'check': 'priority' must be a whole number from 1 to 10",
    ],
    ["\n---\n\n# Release", "\n\n# Release", "1:1 the front matter does not end"],
  ])("%j → %j", (from, to, fault) => {
    expect(FLOW).toContain(from);
    const told = faults(FLOW.replace(from, to));
    expect(
      told.some((one) => one.startsWith(fault)),
      told.join("\n"),
    ).toBe(true);
  });

  test("without a phase, and with a phase that has no task", () => {
    expect(faults("---\ndescription: x\n---\nOnly words.\n")).toContainEqual(
      "1:1 a workflow has phases: begin one with '## Phase: Look'",
    );
    expect(faults("---\ndescription: x\n---\n## Phase: Look\nWords.\n")).toContainEqual(
      expect.stringMatching(/^4:11 phase 'Look' has no task: begin one with '### id: What it does'/),
    );
  });
});

test("a condition in a line is one test, or several by 'and' or by 'or'", () => {
  expect(conditionIn("a exists")).toEqual({ task: "a", op: "exists" });
  expect(conditionIn("a /k in [1, 2] and not b eq x y")).toEqual({
    all: [{ task: "a", path: "/k", op: "in", value: [1, 2] }, { not: { task: "b", op: "eq", value: "x y" } }],
  });
  expect(conditionIn("a eq 1 or b eq 2")).toEqual({
    any: [
      { task: "a", op: "eq", value: 1 },
      { task: "b", op: "eq", value: 2 },
    ],
  });
  expect(conditionIn("a eq 1 or b eq 2 and c eq 3")).toMatchObject({ fault: expect.stringContaining("mixes") });
});
