/** `tutti chat`: talk to the conductor, or to any agent, on the terminal or over lines. */
import type { Command } from "commander";
import type { Host } from "../../app/host.ts";
import { TuttiError } from "../../domain/error.ts";
import { defined } from "../../domain/json.ts";
import type { Budget } from "../../domain/plan.ts";
import { budget, speed, whole } from "../amounts.ts";
import { define, exiting } from "../define.ts";
import type { Io } from "../io.ts";

interface Flags {
  readonly model?: string;
  readonly agent?: string;
  readonly budget?: Budget;
  readonly rehearse?: true;
  readonly speed?: number | "max";
  readonly seed?: number;
  readonly continue?: string | true;
  readonly yes?: true;
  readonly json?: true;
}

const HELP = `
Words go to whoever is talked to, the conductor at first. Each exchange is a run, and the next one knows what was said.
/help lists the commands: /agent NAME, /ask "TEXT", /agents, /plan GOAL, /do, /runs, /gates, /approve GATE, /cost, /stop, /quit.
Prompts in .claude/commands (once trusted) and in $TUTTI_HOME/commands are commands too.
Ctrl-C stops an exchange, twice cuts it off; at an empty prompt it leaves, as Ctrl-D does.`;

export function chat(program: Command, io: Io): void {
  const example =
    "tutti chat\ntutti chat --agent system-architect --budget 1usd\ntutti chat --continue\nprintf '/ask \"Who fits a code review?\"\\n/cost\\n' | tutti chat --rehearse";
  define(program, "chat", "talk to the conductor or to an agent; every exchange is a run", example)
    .option("--agent <name>", "talk to this agent instead of the conductor")
    .option("--model <provider/id>", "of whoever is asked")
    .option("--budget <amount>", "limit of the whole conversation, such as 2usd or 200ktok", budget)
    .option("--continue [run]", "go on with the last conversation, or with the one that this run is of")
    .option("--rehearse", "simulate who is asked: no model is called, nothing is paid")
    .option("--speed <N|max>", "of a rehearsal: times faster than real (default 15), or in virtual time", speed)
    .option("--seed <N>", "of a rehearsal: the same seed says the same", whole(0, 2 ** 32 - 1))
    .option("--yes", "do not ask before the first real run")
    .addHelpText("after", HELP)
    .action(exiting(io, (flags: Flags) => act(io, flags)));
}

async function act(io: Io, flags: Flags): Promise<number> {
  const [{ openHome, warnOf, runOf }, { Chat, CHAT }, { promptsOf }, { Speaker }, { Session }, { agentOf }, begin] =
    await Promise.all([
      import("../home.ts"),
      import("../../app/chat.ts"),
      import("../../app/prompts.ts"),
      import("../chat/speaker.ts"),
      import("../chat/session.ts"),
      import("../known-agent.ts"),
      import("../begin.ts"),
    ]);
  const { rehearse, seed, json, yes, model, speed: pace = begin.OFFERED_SPEED } = flags;
  if (rehearse === undefined && (flags.speed ?? seed) !== undefined)
    throw new TuttiError("BAD_INPUT", `${flags.speed === undefined ? "--seed" : "--speed"} belongs to a rehearsal`, {
      hint: "add --rehearse, or leave it out",
    });
  const rehearsal = rehearse && { speed: pace, ...(seed !== undefined && { seed }) };
  const options = defined({ model, budget: flags.budget, rehearsal });
  const speaker = new Speaker(io, CHAT, json === true);
  await using home = await openHome(io, { onDelta: (delta) => speaker.hear(delta) });
  const { host } = home;
  warnOf(io, home);
  const prompts = promptsOf({ home: io.home, repository: io.cwd });
  for (const warning of prompts.warnings) io.err(`warning: ${warning}`);
  if (prompts.untrusted > 0)
    io.err(`note: ${prompts.untrusted} prompts of this folder are not trusted and are no commands: ${io.me} trust`);
  const conversation = new Chat(host, options);
  if (flags.continue !== undefined) {
    const run = flags.continue === true ? await lastOf(host, rehearse === true) : await runOf(host, flags.continue);
    await conversation.continueFrom(run);
  }
  if (flags.agent !== undefined && flags.agent !== "conductor") agentOf(host, flags.agent);
  if (flags.agent !== undefined) conversation.agent = flags.agent;
  // What was paid for must not end with a closed pipe.
  io.outlive();
  if (io.canAsk) welcome(io, conversation.agent, conversation.exchanges.length);
  const session = new Session({
    ...{ io, host, chat: conversation, prompts, speaker, isJson: json === true, yes: yes === true },
  });
  // Awaited here: the home must stay open until it has ended.
  return await session.run();
}

async function lastOf(host: Host, isRehearsed: boolean): Promise<string> {
  const all = await host.journal.list({ workflow: "chat", limit: 100 });
  const found = all.find(({ rehearsed = false }) => rehearsed === isRehearsed);
  if (found) return found.run;
  const what = isRehearsed ? "rehearsed conversation" : "conversation";
  throw new TuttiError("NOT_FOUND", `there is no ${what} yet`, {
    path: "--continue",
    hint: "leave it out to begin one",
  });
}

function welcome(io: Io, agent: string, before: number): void {
  const known = before > 0 ? `; ${before} exchanges before this one are known` : "";
  io.err(`You talk to ${agent}${known}. /help lists the commands, Ctrl-D leaves.`);
}
