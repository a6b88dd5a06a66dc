import { expect, test } from "vitest";
import { allocationOf } from "./allocation.ts";

test("as many of an agent as its tasks of one level", () => {
  const task = (id: string, agentName: string, dependencies: readonly string[] = []) => ({
    id,
    agentName,
    dependencies,
    description: "",
    prompt: "",
  });
  const tasks = [
    task("a", "x"),
    task("b", "y", ["a"]),
    task("c", "y", ["a"]),
    task("d", "y", ["b", "c"]),
    task("e", "x", ["d"]),
  ];
  expect(allocationOf(tasks)).toEqual([
    { agent: "y", tasks: 3, atOnce: 2 },
    { agent: "x", tasks: 2, atOnce: 1 },
  ]);
});
