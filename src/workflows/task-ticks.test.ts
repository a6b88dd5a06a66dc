import { describe, expect, test } from "vitest";
import { markdownList, type TaskList, taskMasterList } from "./task-lists.ts";
import { listHash, ticked } from "./task-ticks.ts";

const MARKDOWN = [
  "\uFEFF# Plan\r",
  "- [ ] Write `tests`\r",
  "* [x] Choose a framework",
  "\t- [ ] Write tests",
  "1. [~] Deploy  ",
  "2)\t[ ]\tTell   [everybody](https://example.org) ✓",
  "[ ] no item",
].join("\n");
const MASTER = `{ "master": {"tasks":[\n  {"id": 1, "title":"a \\"status\\": \\"pending\\"", "status" : "pending"},
  {"id":"2.1","status":"in-progress","title":"b","subtasks":[{"id":1,"title":"c","status":"pending"}]},\t
  {"id":3,"title":"d"}]}}`;
const list = (content: string): TaskList => {
  const found = content.startsWith("{") ? taskMasterList(JSON.parse(content), content) : markdownList(content);
  if (found === undefined) throw new Error("no list");
  return found;
};
const tick = (content: string, ...ids: readonly string[]) => ticked(content, list(content), new Set(ids));

describe("ticking", () => {
  test("changes the boxes of these tasks and not a byte besides", () => {
    expect(tick(MARKDOWN, "write-tests", "tell-everybody-https-example-org", "choose-a-framework").content).toBe(
      MARKDOWN.replace("- [ ] Write `tests`", "- [x] Write `tests`").replace("2)\t[ ]\tTell", "2)\t[x]\tTell"),
    );
    const { content, ticked: done, boxless } = tick(MASTER, "task-1", "task-2-1", "task-3");
    expect(content).toBe(
      MASTER.replace('"status" : "pending"}', '"status" : "done"}').replace(
        '"status":"in-progress"',
        '"status":"done"',
      ),
    );
    expect(done.map(({ id }) => id)).toEqual(["task-1", "task-2-1"]);
    expect(boxless.map(({ id }) => id)).toEqual(["task-3"]);
  });

  test("of two that say the same, the second keeps its name when the first is ticked", () => {
    const once = tick(MARKDOWN, "write-tests").content;
    expect(list(once).tasks.map(({ id }) => id)).toEqual(["write-tests-2", "tell-everybody-https-example-org"]);
    expect(tick(once, "write-tests-2").content).toBe(once.replace("\t- [ ]", "\t- [x]"));
  });

  test("ticks do not change what a list is known by, and anything else does", () => {
    const hash = (content: string) => listHash(content, list(content));
    expect(hash(tick(MARKDOWN, "write-tests").content)).toBe(hash(MARKDOWN));
    expect(hash(tick(MASTER, "task-1").content)).toBe(hash(MASTER));
    expect(hash(MARKDOWN.replace("Deploy", "deploy"))).not.toBe(hash(MARKDOWN));
    expect(hash(`${MASTER} `)).not.toBe(hash(MASTER));
  });
});

describe("what stands in a list", () => {
  test("is told with its line and state, done or not", () => {
    expect(list(MARKDOWN).items.map(({ id, line, state }) => [id, line, state])).toEqual([
      ["write-tests", 2, "to do"],
      ["choose-a-framework", 3, "done"],
      ["write-tests-2", 4, "to do"],
      ["deploy", 5, "doing"],
      ["tell-everybody-https-example-org", 6, "to do"],
    ]);
    expect(list(MASTER).items.map(({ id, line, state }) => [id, line, state])).toEqual([
      ["task-1", 2, "to do"],
      ["task-2-1", 3, "doing"],
      ["task-3", 4, "to do"],
    ]);
  });

  test("is doubted by line where its author may have slipped", () => {
    const said = (content: string) => list(content).problems.map(({ line, message }) => `${line}: ${message}`);
    expect(said("- [ ] a\n- [] b\n-[ ] c\n- [v] d\n- [x](link) e\n")).toEqual(
      [2, 3, 4].map((line) => `${line}: this looks like a box and is none: write '- [ ] what is to be done'`),
    );
    expect(said("- [ ] T001 a (depends on T009)\n- [ ] T002 b\n- [ ] T002 c\n- [ ] d")).toEqual([
      "1: T001 waits for T009, which is not in the list: did you mean 'T001'?",
      "3: T002 is there twice",
      "4: this box has no number such as T001, as the others have: it is left out",
    ]);
    const [twice, lost, odd] = said(
      '{"tasks":[{"id":1,"title":"a"},\n{"id":1,"title":"b","dependencies":[7]},\n{"id":2,"title":"c","status":"dnoe"}]}',
    );
    expect(twice).toBe("2: task 1 is there twice");
    expect(lost).toBe("2: task 1 waits for 7, which is not in the list");
    expect(odd).toMatch(/^3: task 2 has the status 'dnoe'.* did you mean 'done'\?: it counts as open$/);
  });
});
