/** Plans that the killed program runs. */
import type { AgentTask } from "../../src/index.ts";

function task(id: string, dependencies: readonly string[] = [], agentName = "worker"): AgentTask {
  return { id, agentName, description: id, prompt: id, dependencies };
}

/** Six layers of five, each task after two of the layer before. */
const graph = Array.from({ length: 30 }, (_, i) => {
  const above = Math.floor(i / 5) * 5 - 5;
  return task(`t${i}`, above < 0 ? [] : [`t${above + (i % 5)}`, `t${above + ((i + 2) % 5)}`]);
});

const poison = [
  task("before"),
  task("poison", ["before"], "killer"),
  task("beside", ["before"]),
  task("after-poison", ["poison"]),
  task("after-beside", ["beside"]),
];

const gated = [task("build"), { ...task("release", ["build"]), gate: { question: "ship?" } }];

export const PLANS = { graph, poison, gated } as const;
export type PlanName = keyof typeof PLANS;
