/** `tutti message`: a word to an agent of a run; its next attempt reads it. */
import type { Command } from "commander";
import { define, exiting } from "../define.ts";
import type { Io } from "../io.ts";
import { send } from "../send.ts";

export function message(program: Command, io: Io): void {
  const example = "tutti message last backend-architect 'Use PostgreSQL'\ntutti message last '*' 'No new dependencies'";
  define(
    program,
    "message <run> <agent> <text>",
    "tell an agent of a run something; '*' is all of them",
    example,
  ).action(
    exiting(io, (run: string, agent: string, text: string, flags: { json?: true }) =>
      act(io, run, agent, text, flags.json),
    ),
  );
}

async function act(io: Io, word: string, agent: string, text: string, isJson: boolean | undefined): Promise<number> {
  const [{ openHome, runOf }, { TuttiError }, { didYouMean }] = await Promise.all([
    import("../home.ts"),
    import("../../domain/error.ts"),
    import("../../domain/nearest.ts"),
  ]);
  {
    await using home = await openHome(io);
    const { start } = await home.host.state(await runOf(home.host, word));
    const names = Object.keys(start?.agents ?? {});
    if (agent !== "*" && !names.includes(agent))
      throw new TuttiError("BAD_INPUT", `no agent '${agent}' works in this run${didYouMean(agent, names)}`, {
        path: "agent",
        hint: `it has ${names.join(", ")}`,
      });
  }
  return send(io, word, { type: "message", from: "user", to: agent, content: text }, isJson);
}
