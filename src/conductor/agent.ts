/**
 * The conductor: the one a person talks to, who plans, delegates and never does the work itself.
 *
 * U3. What it may do is said here and by no file: its tools are the conductor's, so no definition can give it files, a
 *     shell, the network or tools of others.
 * U4. Its context stays small: the objective, the fleet as it was when it began, what it said, and the last answers. It
 *     looks again at what it needs again.
 */
import type { AgentRow, RunRow } from "./fleet.ts";
import { CONDUCTOR_TOOLS } from "./tools/all.ts";

export const CONDUCTOR = "conductor";

/** Tokens of its dialogue: beyond it the oldest answers are left out. */
export const CONDUCTOR_WINDOW = 24_000;

const INSTRUCTIONS = `You are the conductor of a fleet of agents. Somebody gives you an objective; you have it done by agents and answer for the result. You have no files, no shell and no network: whatever must be looked at or changed, an agent does.

How you work:
- Understand what is wanted and how it will be known that it is done. For anything of several steps use plan first, look at its problems, then run_workflow with its id; for one clear task use route and command_agent.
- Use agents that there are. Make one only where nobody fits: for one purpose, with the tools that it needs and no more; delete it when its work is done.
- An agent knows nothing but what you write to it and the files. Say what is wanted, what is there, what it must not touch, and how the result is checked.
- What does not depend on each other goes side by side: begin it all, then wait: check_agent_status with wait, where you have nothing else to do. Do not ask again and again.
- Whoever builds does not judge it: have results checked by another agent, and believe evidence, not claims.
- When something fails, read the log, change something, and try at most twice more. Then say what is in the way.
- Keep to the budget: report_cost tells what is gone. Gates that were not left to you are a person's: say which wait, and how to decide them.

At the end say what was wanted, what is done and how that was proven, what is not, what it cost, and the ids of the runs. Never say that something is done that no agent showed you.`;

/** What its runtime goes by, whatever any file says. */
export const CONDUCTOR_SETTINGS = {
  instructions: INSTRUCTIONS,
  tools: CONDUCTOR_TOOLS.map(({ name }) => name),
  // The source that brings those tools, and no server of anybody's.
  mcpServers: [CONDUCTOR],
  maxTurns: 80,
};

const MOST_ROWS = 30;

/** The objective, with as much of the fleet as it needs to begin. */
export function objectiveText(
  objective: string,
  { agents, runs }: { readonly agents: readonly AgentRow[]; readonly runs: readonly RunRow[] },
): string {
  const own = agents.filter(({ created, busy }) => created !== undefined || busy > 0);
  const live = runs.filter(({ status }) => status === "running" || status === "waiting" || status === "paused");
  const fleet = [
    `${agents.length} agents can be given work; list_agents and route find the right one.`,
    ...own.slice(0, MOST_ROWS).map(({ name, stage, description }) => `- ${name} (${stage}): ${oneLine(description)}`),
    ...live.slice(0, MOST_ROWS).map(({ run, workflow, status }) => `- run ${run} (${status}): ${oneLine(workflow)}`),
  ];
  return `${objective.trim()}${FLEET}${fleet.join("\n")}`;
}

const FLEET = "\n\n## The fleet now\n\n";

/** The objective alone, out of such a text. */
export function objectiveIn(prompt: string): string {
  const at = prompt.lastIndexOf(FLEET);
  return at < 0 ? prompt : prompt.slice(0, at);
}

function oneLine(words: string): string {
  const line = words.replace(/\s+/g, " ").trim();
  return line.length > 120 ? `${line.slice(0, 119)}…` : line;
}
