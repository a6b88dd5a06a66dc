/**
 * A program that is killed: `child.ts <folder> <plan> [run]`. It tells every event that it is told, one number a line,
 * and writes down each time that an agent really acts.
 */
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { AgentOrchestrator } from "../../src/index.ts";
import { PLANS, type PlanName } from "./plans.ts";

const [folder = "", plan = "graph", run] = process.argv.slice(2);
const acted = (line: string) => appendFileSync(join(folder, "acted.log"), `${line}\n`);

await using orchestrator = new AgentOrchestrator({
  agents: {
    worker: async (task, context) => {
      acted(context.effectId);
      await new Promise((resolve) => setTimeout(resolve, task.index ?? 2));
      return { made: [task.id, ...Object.values(task.results).map((one) => JSON.stringify(one).length)] };
    },
    killer: (_task, context) => {
      acted(context.effectId);
      process.kill(process.pid, "SIGKILL");
      return new Promise(() => {});
    },
  },
  maxParallelAgents: 6,
  // Killed a hundred times by chance, a task of the graph must not be taken for the one that kills its host.
  ...(plan === "graph" ? { maxRestarts: 100 } : {}),
  journal: { path: join(folder, "runs") },
});

orchestrator.on("*", (event) => process.stdout.write(`${event.run} ${event.seq} ${event.type}\n`));
const handle = run ? orchestrator.resume(run) : orchestrator.execute({ tasks: PLANS[plan as PlanName] });
const results = await handle;
process.stdout.write(`done ${JSON.stringify({ status: results.status, tasks: results.tasks })}\n`);
