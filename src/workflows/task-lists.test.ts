import { describe, expect, test } from "vitest";
import { planFaults } from "../graph/check.ts";
import { markdownList, type TaskList, taskMasterList } from "./task-lists.ts";

const links = (list: TaskList | undefined) =>
  Object.fromEntries((list?.tasks ?? []).map(({ id, dependencies = [] }) => [id, dependencies]));
const isPlan = (list: TaskList | undefined) =>
  planFaults((list?.tasks ?? []).map((task) => ({ ...task, agentName: "builder" })));

describe("tasks.json of Task Master", () => {
  const tasks = [
    { id: 1, title: "Set up", status: "done" },
    {
      id: 2,
      title: "API",
      description: "REST",
      details: "Use Hono",
      status: "pending",
      dependencies: [1],
      priority: "high",
    },
    {
      ...{ id: 3, title: "Page", status: "pending", dependencies: [2], testStrategy: "by hand", priority: "low" },
      subtasks: [
        { id: 1, title: "List", details: "of users" },
        { id: 2, title: "Form", status: "done" },
      ],
      acceptanceCriteria: ["users are listed"],
    },
    { id: "4.1", title: "Ship", type: "checkpoint", dependencies: [3] },
  ];

  test("becomes a plan: what is done is left out, parts and tests are told, a checkpoint is a gate", () => {
    const list = taskMasterList({ tasks });
    expect(list).toMatchObject({ kind: "Task Master", done: 1 });
    expect(links(list)).toEqual({ "task-2": [], "task-3": ["task-2"], "task-4-1": ["task-3"] });
    const [api, page, ship] = list?.tasks ?? [];
    expect(api).toMatchObject({ description: "API", prompt: "API\n\nREST\n\nUse Hono", priority: 8 });
    expect(page).toMatchObject({ priority: 3, brief: { criteria: ["users are listed"] } });
    expect(page?.prompt).toBe("Page\n\nIts parts:\n- List: of users\n\nHow it is tested: by hand");
    expect(ship).toMatchObject({ gate: { question: "Ship: go on?" } });
    expect(isPlan(list)).toEqual([]);
  });

  test("also where it holds a list for each tag", () => {
    expect(taskMasterList({ master: { tasks, metadata: {} } })?.tasks).toHaveLength(3);
  });

  test.each([
    ["a plan of ours", { tasks: [{ id: "a", agentName: "b", title: "x", description: "", prompt: "p" }] }],
    ["something else", { tasks: [1, 2] }],
    ["nothing", { tasks: [] }],
    ["no object", 7],
  ])("%s is none", (_what, value) => expect(taskMasterList(value)).toBeUndefined());
});

describe("tasks.md of spec-kit", () => {
  const list = markdownList(`# Tasks
## Phase 1: Setup
- [x] T001 Make the project
- [ ] T002 [P] Linter
- [ ] T003 [P] Formatter
## Phase 2: Stories
- [ ] T004 [US1] Model in src/model.ts
- [ ] T005 [P] [US1] Service (depends on T004)
- [ ] T006 [P] [US2] Page (depends on T002, T001)
- [ ] T007 Join them
`);

  test("phases come one after another, [P] goes beside its neighbours, and what is named is waited for", () => {
    expect(list).toMatchObject({ kind: "spec-kit", done: 1 });
    expect(links(list)).toEqual({
      ...{ T002: [], T003: [], T004: ["T002", "T003"], T005: ["T004"], T006: ["T004", "T002"] },
      T007: ["T004", "T005", "T006"],
    });
    expect(list?.tasks[2]).toMatchObject({ description: "Model in src/model.ts", phase: "Phase 2: Stories" });
    expect(isPlan(list)).toEqual([]);
  });
});

describe("a Markdown checklist", () => {
  test("sections come one after another, items side by side, numbered ones in order, a parent after its parts", () => {
    const list = markdownList(`# Release
Some words.
- [ ] **Changelog**
- [x] Version
- [ ] Docs
  - [ ] Guide
  - [ ] Guide
## Then
1. [ ] Tag \`v2\`
2. [ ] Announce
* not a task
`);
    expect(list).toMatchObject({ kind: "checklist", done: 1 });
    expect(links(list)).toEqual({
      changelog: [],
      docs: ["guide", "guide-2"],
      guide: [],
      "guide-2": [],
      "tag-v2": ["changelog", "docs", "guide", "guide-2"],
      announce: ["changelog", "docs", "guide", "guide-2", "tag-v2"],
    });
    expect(list?.tasks[0]).toMatchObject({ description: "Changelog", phase: "Release" });
    expect(isPlan(list)).toEqual([]);
  });

  test("where everything is ticked nothing is left, and where there is no box there is no list", () => {
    expect(markdownList("- [x] a\n- [X] b\n")).toMatchObject({ tasks: [], done: 2 });
    expect(markdownList("# A\n- b\n[ ] c\n")).toBeUndefined();
  });

  test("a hostile one is read in no time", () => {
    const began = process.cpuUsage().user;
    markdownList(
      `- [ ] ${"*".repeat(50_000)}\n${"- [ ] T1 [P] [".repeat(2000)}\n${"  ".repeat(9000)}- [ ] x\n`.repeat(3),
    );
    expect(process.cpuUsage().user - began).toBeLessThan(2_000_000);
  });
});
