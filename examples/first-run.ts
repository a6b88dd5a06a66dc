// Three agents, a small graph, everything journaled. Run it with `npm start`.
import { AgentOrchestrator } from "../src/index.ts";

await using orchestrator = new AgentOrchestrator({
  agents: {
    architect: async (task) => ({ design: `${task.description}: three endpoints, one table` }),
    builder: async (task) => `code for ${task.results["design"].design}`,
    reviewer: async (task) => ({
      output: { approved: true, read: Object.keys(task.results) },
      tokensUsed: 120,
      costUsd: 0.0004,
    }),
  },
  maxParallelAgents: 2,
});

orchestrator
  .addTask({ id: "design", agentName: "architect", description: "to-do API", prompt: "Design it", phase: "plan" })
  .addTask({ id: "api", agentName: "builder", description: "API", prompt: "Build it", dependencies: ["design"] })
  .addTask({ id: "client", agentName: "builder", description: "client", prompt: "Build it", dependencies: ["design"] })
  .addTask({
    id: "review",
    agentName: "reviewer",
    description: "both",
    prompt: "Judge",
    dependencies: ["api", "client"],
  });

const run = orchestrator.execute({ workflow: "first-run" });
for await (const event of run) {
  if (event.type === "wave:start") console.log(`wave ${event.wave}: ${event.taskIds.join(", ")}`);
  if (event.type === "task:complete") console.log(`  ${event.taskId} by ${event.agentName}`);
}
const { status, summary, tasks } = await run;
console.log(`${status}: ${summary.successfulTasks} of ${summary.totalTasks} tasks, ${summary.totalTokens} tokens`);
console.log(`review: ${JSON.stringify(tasks["review"]?.output)}`);
