/** Lists that people and other tools keep, as boards: before a run, beside one, and ticked after it. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Cli, linesOf, type Terminal } from "./support/cli-kit.ts";
import { repositoryIn } from "./support/repository.ts";

const cli = new Cli();
const HAND = `commands: { hand: { command: sh, args: [-c, 'echo did $TUTTI_TASK'] } }\n`;
const BY_HAND = ["--model", "command/hand", "--yes"] as const;
const TODO =
  "# Release\r\n- [x] Choose a database\r\n- [ ] Write the database schema\r\n- [ ] Write unit tests\r\n## Then\r\n- [ ] Write the README ✓\r\n";

function terminal(files: { readonly [path: string]: string }): Terminal {
  const one = cli.terminal(files);
  mkdirSync(one.home, { recursive: true });
  writeFileSync(join(one.home, "config.yaml"), HAND);
  repositoryIn(one.cwd);
  return one;
}
const board = async (one: Terminal, ...args: readonly string[]) => linesOf((await one.tutti("board", ...args)).out);

test("a list that has not run shows its columns, its waves, who would do what, and its faults by line", async () => {
  const one = terminal({
    "tasks.md":
      "## Phase 1\n- [x] T001 Set up\n- [ ] T002 Write the database schema and its migrations\n## Phase 2\n- [ ] T003 [P] Write unit tests for the parser\n- [ ] T004 [P] Write the API documentation (depends on T009)\n- [~] T005 Deploy\n",
    "tm/tasks.json": JSON.stringify({
      master: {
        tasks: [
          { id: 1, title: "Set up", status: "done" },
          { id: 2, title: "Write unit tests for the parser", status: "in-progress", dependencies: [1] },
          { id: 3, title: "Write the API documentation", status: "pending", dependencies: [2] },
        ],
      },
    }),
  });
  const json = JSON.parse((await one.tutti("board", "tasks.md", "--json")).out);
  expect(json).toMatchObject({
    kind: "spec-kit",
    waves: [["T002"], ["T003", "T004"]],
    problems: [{ line: 6, message: expect.stringMatching(/^T004 waits for T009, which is not in the list/) }],
  });
  expect(
    json.tasks.map((task: { id: string; column: string; line: number }) => [task.id, task.column, task.line]),
  ).toEqual([
    ...[
      ["T001", "done", 2],
      ["T002", "to do", 3],
      ["T003", "to do", 5],
      ["T004", "to do", 6],
      ["T005", "doing", 7],
    ],
  ]);
  expect(json.tasks[2]).toMatchObject({ agentReason: expect.stringMatching(/ with \d+ %/) });
  const lines = await board(one.with({ COLUMNS: "141" }), "tasks.md");
  expect(lines[0]).toBe("tasks.md (spec-kit): 3 to do, 1 doing, 1 of 5 tasks done, 2 waves");
  expect(lines).toContain("wave 2 of 2: 2 tasks side by side");
  expect(lines.find((line) => line.startsWith("· T002"))).toMatch(
    / Write the database schema and its migrations \([\w-]+\)$/,
  );
  const master = await board(one, "tm/tasks.json");
  expect(master[0]).toBe("tm/tasks.json (Task Master): 1 to do, 1 doing, 1 of 3 tasks done, 2 waves");
  expect(master.find((line) => line.includes("▶"))).toMatch(/^ +▶ (?:task-2|2 Write)/);
});

test("beside the newest run a list shows how far it is, and --tick writes its boxes and not a byte besides", async () => {
  const given = `{"master": { "tasks": [\r
  { "id": 1, "title": "Choose a database", "status" : "done" },
\t{"id": 2, "title": "Write unit tests ✓", "status" : "pending"},
    {"id": 3, "title": "Write the API documentation", "type": "checkpoint", "dependencies": [2], "status": "pending"} ] } }`;
  const one = terminal({ "tasks.json": given });
  const text = () => readFileSync(join(one.cwd, "tasks.json"), "utf8");
  const { code, out } = await one.tutti("run", "tasks.json", "--no-wait", ...BY_HAND);
  expect(code).toBe(4);
  expect(out).toMatch(/^1 task of tasks\.json can be ticked: tutti board tasks\.json --tick$/m);
  // Nobody asked for it.
  expect(text()).toBe(given);
  const lines = await board(one, "tasks.json");
  expect(lines[0]).toMatch(/^tasks\.json \(Task Master\), run \w{8} \w+: 1 to do, 2 of 3 tasks done, 2 /);
  expect(lines.filter((line) => /^ *[✔◆] /.test(line)).map((line) => line.trim().slice(0, 8))).toEqual([
    ...["✔ task-1", "✔ task-2", "◆ 3 Writ"],
  ]);
  expect(lines.at(-1)).toBe("1 complete and not ticked: tutti board tasks.json --tick");
  expect((await one.tutti("board", "tasks.json", "--tick")).out).toBe("ticked 1 task in tasks.json\n");
  const once = given.replace('✓", "status" : "pending"', '✓", "status" : "done"');
  expect(text()).toBe(once);
  // What was ticked, by us or by hand, is no other list; anything else is.
  const changed = given.replace("Write the API", "Rewrite the API");
  writeFileSync(join(one.cwd, "tasks.json"), changed);
  expect(await one.tutti("board", "tasks.json", "--tick")).toMatchObject({
    code: 2,
    err: expect.stringMatching(/^error: tasks\.json was changed since run \w{8} began, so nothing is ticked in it/),
  });
  expect(text()).toBe(changed);
});

test("run --tick ticks as it ends; a rehearsal has done nothing, and what is no list has no boxes", async () => {
  const one = terminal({ "todo.md": TODO, "plan.json": "{}" });
  const rehearsed = await one.tutti("run", "todo.md", "--tick", "--rehearse", "--speed", "max");
  expect(rehearsed).toMatchObject({
    code: 2,
    err: expect.stringMatching(/a rehearsal does nothing that could be ticked/),
  });
  const { code, err } = await one.tutti("run", "todo.md", "--tick", ...BY_HAND);
  expect({ code, said: err.split("\n").includes("ticked 3 tasks in todo.md") }).toEqual({ code: 0, said: true });
  expect(readFileSync(join(one.cwd, "todo.md"), "utf8")).toBe(TODO.replaceAll("[ ]", "[x]"));
});
