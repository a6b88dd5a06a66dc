/** Flags that `run` and `ask` share. */
import { type Command, Option } from "commander";
import { CONTEXT_STRATEGIES } from "../domain/plan.ts";
import { budget, duration, pair, several, share, speed, whole } from "./amounts.ts";

export function conductFlags(command: Command): Command {
  return command
    .option("--model <provider/id>", "for every agent that has no other")
    .option("--agent-model <NAME=provider/id>", "for one agent; may be given again", pair)
    .option("--rehearse", "simulate the agents: no model is called, nothing is paid")
    .option("--speed <N|max>", "of a rehearsal: times faster than real, or in virtual time", speed)
    .option("--chaos <rate>", "of a rehearsal: share of attempts that meet a fault, 0 to 1", share)
    .option("--seed <N>", "for chance: the same seed rehearses the same", whole(0, 2 ** 32 - 1))
    .option("--explore", "of several models of an agent, try those that are little known")
    .option("--max-parallel <N>", "agents at work at once (default 5)", whole(1, 1000))
    .addOption(new Option("--context <strategy>", "what tasks see of each other").choices(CONTEXT_STRATEGIES))
    .option("--budget <amount>", "limit, such as 2.50usd or 200ktok: paused when reached", budget)
    .option("--timeout <time>", "limit of working time, such as 5m", duration)
    .option("--reads <glob>", "files of this folder for every task; may be given again", several)
    .option("--evidence-commands", "let tasks that ask for it run this repository's own tests");
}

export function viewFlags(command: Command): Command {
  return command
    .option("--no-wait", "end with code 4 where only a person can go on")
    .option("--verbose", "every event as a log line on standard error")
    .option("--out <dir>", "write each task's output and a report.md there");
}

export const replanFlag = (command: Command): Command =>
  command.option("--no-replan", "leave the plan as it is where a task fails for good or too little is left");
