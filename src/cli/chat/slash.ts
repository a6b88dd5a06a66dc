/** The slash commands: what each does, by the functions of the commands that they are named after. */

import { askedBy } from "../../agents/prompt-file.ts";
import { TuttiError } from "../../domain/error.ts";
import { didYouMean } from "../../domain/nearest.ts";
import { listGates } from "../commands/gates.ts";
import { listRuns } from "../commands/runs.ts";
import { EXIT } from "../exit.ts";
import { runOf } from "../home.ts";
import { shortRun } from "../plain.ts";
import { viewRun } from "../run-view.ts";
import { sendTo } from "../send.ts";
import { showRun, showTask } from "../show-views.ts";
import { oneLine } from "../text.ts";
import { decidedBy } from "./desk.ts";
import { firstWord, unquoted } from "./entry.ts";
import { agent, agents } from "./fleet.ts";
import { cost } from "./money.ts";
import { doIt, plan } from "./plans.ts";
import type { Slash, Talk } from "./talk.ts";

const RUNS_SHOWN = 10;

const COMMANDS: readonly Slash[] = [
  { name: "help", help: "these commands", perform: help },
  { name: "agent", args: "[NAME]", help: "talk to this agent; without a name to the conductor", perform: agent },
  { name: "ask", args: "[@NAME] TEXT", help: "ask whoever is talked to, or another once", perform: ask },
  { name: "agents", args: "[all | WORDS]", help: "who is at work, who can be asked", perform: agents },
  { name: "plan", args: "[GOAL]", help: "make a plan and keep it; without a goal: the last", perform: plan },
  { name: "do", args: "[GOAL]", help: "run the last plan beside this conversation", perform: doIt },
  { name: "runs", help: "the newest runs", perform: runs },
  { name: "show", args: "RUN [TASK]", help: "how a run stands, or what became of a task", perform: show },
  { name: "gates", args: "[RUN]", help: "what waits for a person", perform: gates },
  { name: "approve", args: "GATE [NOTE]", help: "let what waits there go ahead", perform: decide("approve") },
  { name: "reject", args: "GATE [NOTE]", help: "or not", perform: decide("reject") },
  { name: "cost", help: "what this conversation and the day have cost", perform: cost },
  { name: "stop", args: "[RUN]", help: "end the exchange and what this conversation began, or one run", perform: stop },
  { name: "quit", help: "leave; what is under way is paused", perform: quit },
];

/** Other words for the same. */
const ALSO: { readonly [name: string]: string } = { exit: "quit", "?": "help" };

/** Those of files too, under the names that are typed; ours win. */
export function namesFor({ prompts }: Pick<Talk, "prompts">): readonly string[] {
  const own = COMMANDS.map(({ name }) => name);
  return [...own, ...[...prompts.prompts.keys()].filter((name) => !own.includes(name.toLowerCase()))];
}

/** Throws NOT_FOUND with the nearest name. */
export async function perform(talk: Talk, command: string, rest: string): Promise<number> {
  const found = COMMANDS.find(({ name }) => name === (ALSO[command] ?? command));
  if (found) return found.perform(talk, rest);
  const file = [...talk.prompts.prompts].find(([name]) => name.toLowerCase() === command)?.[1];
  const names = namesFor(talk).map((name) => `/${name}`);
  if (file === undefined)
    throw new TuttiError("NOT_FOUND", `there is no command '/${command}'${didYouMean(`/${command}`, names)}`, {
      path: "command",
      hint: "/help lists them; words for the agent begin with no slash",
    });
  const { text, reads, notes } = askedBy(file, rest);
  for (const note of notes) talk.tell(`/${command}: ${oneLine(note)}`);
  const { agent: who, model } = file;
  return talk.ask({
    words: text,
    reads,
    ...(who !== undefined && { agent: who }),
    ...(model !== undefined && { model }),
  });
}

async function help({ io, prompts, isJson, chat }: Talk): Promise<number> {
  const files = [...prompts.prompts].filter(([name]) => namesFor({ prompts }).includes(name));
  if (isJson) {
    const commands = COMMANDS.map(({ name, args, help: what }) => ({ name, args, description: what }));
    const own = files.map(([name, { description, argumentHint: args }]) => ({ name, args, description }));
    io.json({ type: "chat:help", commands: [...commands, ...own] });
    return EXIT.done;
  }
  const rows = [
    ...COMMANDS.map(({ name, args = "", help: what }) => [`/${name} ${args}`.trim(), what] as const),
    ...files.map(([name, one]) => [`/${name} ${one.argumentHint ?? ""}`.trim(), one.description] as const),
  ];
  for (const [call, what] of rows) io.out(`  ${oneLine(call).padEnd(24)} ${oneLine(what)}`);
  io.out(`  ${"anything else".padEnd(24)} goes to ${chat.agent}; a line that ends in \\ goes on`);
  return EXIT.done;
}

async function ask(talk: Talk, rest: string): Promise<number> {
  const [, name, words = rest] = /^@(\S+)\s*([\s\S]*)$/.exec(rest) ?? [];
  const text = unquoted(words);
  if (text === "")
    throw new TuttiError("BAD_INPUT", "/ask asks nothing", {
      path: "text",
      hint: '/ask "what is wrong with src/a.ts?"',
    });
  return talk.ask({ words: text, ...(name !== undefined && { agent: name }) });
}

function runs({ io, host, isJson }: Talk): Promise<number> {
  return listRuns(io, host, { limit: RUNS_SHOWN, ...(isJson && { json: true as const }) });
}

async function show({ io, host, isJson }: Talk, rest: string): Promise<number> {
  const [word, task] = firstWord(rest);
  const view = await viewRun(host, await runOf(host, word || "last"));
  if (task !== "") await showTask(io, host, view, task, isJson);
  else if (isJson) io.json(view.shown);
  else showRun(io, view);
  return EXIT.done;
}

async function gates({ io, host, isJson }: Talk, rest: string): Promise<number> {
  return listGates(io, host, rest === "" ? undefined : await runOf(host, rest), isJson);
}

function decide(decision: "approve" | "reject") {
  return async ({ io, host, chat, isJson }: Talk, rest: string): Promise<number> => {
    const { run, gate, note } = await decidedBy(host, rest, new Set([...chat.own, ...chat.begun]));
    const order = { type: "decide" as const, gate, decision, by: "chat", ...(note !== undefined && { note }) };
    return sendTo(io, host, run, { order, isJson });
  };
}

/** The exchange is cut off, and what conversations begin ends with them; a run that is named is anybody's. */
async function stop(talk: Talk, rest: string): Promise<number> {
  const { io, host, chat, isJson, tell } = talk;
  const reason = "stopped from the conversation";
  if (rest !== "") {
    const run = await runOf(host, rest);
    return sendTo(io, host, run, { order: { type: "cancel", reason }, isJson });
  }
  const cut = talk.cut();
  const live = chat.begun.filter((run) => host.handle(run) !== undefined);
  await Promise.allSettled(live.map((run) => host.command(run, { type: "cancel", reason })));
  const stopped = [...(cut === undefined ? [] : ["the exchange"]), ...live.map((run) => `run ${shortRun(run)}`)];
  tell(stopped.length === 0 ? "nothing is under way" : `stopped ${stopped.join(", ")}`);
  return EXIT.done;
}

async function quit(talk: Talk): Promise<number> {
  talk.leave();
  return EXIT.done;
}
