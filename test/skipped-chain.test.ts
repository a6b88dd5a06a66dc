import { expect, test } from "vitest";
import { AgentOrchestrator } from "../src/index.ts";

test("of a chain of tasks that could not begin each names the failure with which that began, and not every link", async () => {
  const agents = {
    broken: () => Promise.reject(new Error("the door is locked")),
    sound: () => Promise.resolve("done"),
  };
  await using orchestrator = new AgentOrchestrator({ agents });
  const chain = ["a", "b", "c", "d"];
  for (const [i, id] of chain.entries())
    orchestrator.addTask({
      ...{ id, agentName: id === "a" ? "broken" : "sound", description: id, prompt: id, retries: 0 },
      dependencies: chain.slice(0, i).slice(-1),
    });
  const { tasks } = await orchestrator.execute();
  expect(chain.slice(1).map((id) => tasks[id]?.reason)).toEqual([
    "needs 'a', which failed: the door is locked",
    "needs 'b', which was skipped because 'a' failed: the door is locked",
    "needs 'c', which was skipped because 'a' failed: the door is locked",
  ]);
});
