/** What commander says of a command line that it cannot read, as an error like every other. */
import type { Command, CommanderError } from "commander";
import { TuttiError } from "../domain/error.ts";
import { nearest } from "../domain/nearest.ts";

export function usageFault(error: CommanderError, words: readonly string[], program: Command, me: string): TuttiError {
  const { path, command } = commandIn(words, program);
  const [first = "", ...more] = wordsOf(error, words).split("\n");
  const [, own] = /^\(Did you mean (?:one of )?(.+)\?\)$/.exec(more.join(" ")) ?? [];
  const choice = own ?? choiceNear(first);
  const message = choice === undefined ? first : `${first.replace(/\.$/, "")}: did you mean '${choice}'?`;
  const group = command.commands.length > 0 ? "the commands" : "arguments and flags";
  const field = fieldIn(first);
  return new TuttiError("BAD_INPUT", message, {
    hint: `${[me, ...path].join(" ")} --help shows ${group}`,
    ...(field === undefined ? {} : { path: field }),
  });
}

/** `help` for what does not exist has shown the help of all instead. */
const wordsOf = ({ code, message }: CommanderError, [, word = ""]: readonly string[]): string =>
  code === "commander.help" ? `there is no command '${word}'` : message.replace(/^error: /, "");

/** The command that the words lead to. */
function commandIn(words: readonly string[], program: Command): { path: readonly string[]; command: Command } {
  let command = program;
  const path: string[] = [];
  for (const word of words) {
    const next = command.commands.find((one) => one.name() === word);
    if (!next) break;
    command = next;
    path.push(word);
  }
  return { path, command };
}

function choiceNear(message: string): string | undefined {
  const [, given = "", choices] = /argument '(.*)' is invalid\. Allowed choices are (.+)\.$/.exec(message) ?? [];
  return choices === undefined ? undefined : nearest(given, choices.split(", "));
}

const fieldIn = (message: string): string | undefined => /'(--?[\w-]+|\w+)[^']*'/.exec(message)?.[1];
