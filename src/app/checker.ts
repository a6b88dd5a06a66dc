/** Who performs the checks of a run. */
import { CHECKER } from "../domain/check-result.ts";
import type { AgentTask } from "../domain/plan.ts";
import type { AgentDefinition } from "./agents.ts";

const checkerAgent: AgentDefinition = {
  runtime: CHECKER,
  description: "Runs a command of your settings, or a program that looks at the files, and tells what it found.",
};

/** Its name for plans; in a rehearsal it is simulated as all are. */
export const checkerFor = (rehearse: boolean): AgentDefinition =>
  rehearse ? { ...checkerAgent, runtime: "rehearsal" } : checkerAgent;

/** The command that a check names, if it is one. */
export const commandOf = (name: string): string | undefined => /^command:(.+)$/.exec(name)?.[1];

/** Which task runs a command, so that it needs the sandbox where one is required. */
export const firstCommand = (tasks: readonly AgentTask[]): number =>
  tasks.findIndex(
    ({ agentName, evidence = [] }) =>
      agentName === CHECKER && evidence.some((name) => commandOf(name) !== undefined || name === "test-run"),
  );
