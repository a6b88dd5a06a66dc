/** Plans of workflows and patterns, conducted by the real core. */
import { describe, expect, test } from "vitest";
import { type AgentFunction, AgentOrchestrator, type AgentTask, type Json, type People } from "../src/index.ts";
import { workflowRegistry } from "../src/workflows/built-in.ts";
import { hierarchy, mapReduce, reviewUntilApproved } from "../src/workflows/patterns.ts";

const approve: People = { ask: async () => ({ decision: "approve" }) };

async function conduct(
  tasks: readonly AgentTask[],
  answer: (task: Parameters<AgentFunction>[0]) => Json = ({ id }) => `${id} done`,
  people: People = approve,
) {
  const names = tasks.flatMap(({ agentName, forEach }) => [agentName, forEach?.reduce?.agentName ?? agentName]);
  const agents = Object.fromEntries(
    names.map((name) => [name, async (task: Parameters<AgentFunction>[0]) => answer(task)]),
  );
  await using orchestrator = new AgentOrchestrator({ agents, maxParallelAgents: 50, people, retryDelay: 0 });
  return await orchestrator.execute({ tasks });
}

describe("workflows", () => {
  test.each(workflowRegistry.list().map(({ id }) => [id]))("%s runs to its end", async (id) => {
    const { tasks } = workflowRegistry.plan(id);
    const results = await conduct(tasks);
    expect(results.status).toBe("complete");
    // Ways that were not chosen are left out, which is no failure.
    const { successfulTasks, skippedTasks } = results.summary;
    expect(successfulTasks + skippedTasks).toBe(tasks.length);
    expect(skippedTasks > 0).toBe(tasks.some(({ when }) => when !== undefined));
  });

  test("the assembly line asks its person, and a no ends it", async () => {
    const asked: string[] = [];
    const people: People = {
      ask: async ({ question }) => {
        asked.push(question);
        return { decision: "reject", note: "not now" };
      },
    };
    const { tasks } = workflowRegistry.plan("review-assembly-line", { question: "Merge it?" });
    const results = await conduct(tasks, undefined, people);
    expect(asked).toEqual(["Merge it?"]);
    expect(results.status).toBe("failed");
    expect(results.tasks["performance-audit"]?.status).toBe("complete");
    expect(results.tasks["review-coordination"]?.status).toBe("failed");
  });
});

describe("patterns", () => {
  const part = (id: string) => ({ id, agentName: id, prompt: `Do ${id}` });

  test("map and reduce", async () => {
    const reduce = { agentName: "editor", prompt: "Put together" };
    const tasks = mapReduce({ source: part("list"), path: "/files", map: part("read"), reduce });
    const results = await conduct(tasks, ({ id, results: seen }) =>
      id === "list" ? { files: ["a", "b"] } : `${id} saw ${Object.keys(seen ?? {}).join(", ")}`,
    );
    expect(results.status).toBe("complete");
    expect(results.tasks["read.2"]?.status).toBe("complete");
    expect(results.tasks["read"]?.output).toBe("read saw list, read.1, read.2");
  });

  test("work and review until approved", async () => {
    let reviews = 0;
    const tasks = reviewUntilApproved({ work: part("write"), review: part("judge") });
    const results = await conduct(tasks, ({ id }) => (id.startsWith("judge") ? { approved: ++reviews === 3 } : id));
    expect(results.status).toBe("complete");
    expect(Object.keys(results.tasks)).toEqual(["write", "judge", "write.2", "judge.2", "write.3", "judge.3"]);
  });

  test("hierarchy", async () => {
    const agents = [{ name: "ann", capabilities: ["sql"] }];
    const work = [{ id: "schema", capability: "sql", prompt: "Design it" }];
    const results = await conduct(hierarchy({ supervisor: "lead", goal: "Ship", agents, work }));
    expect(results.tasks["supervise-compile"]?.output).toBe("supervise-compile done");
  });
});
