/** Commands on their way into an inbox. */
import { TuttiError } from "../domain/error.ts";
import type { Command } from "../domain/facts.ts";

const MAX_BODY = 1 << 20;

export function commandText(command: Command): string {
  const text = JSON.stringify(command);
  if (text.length <= MAX_BODY) return text;
  throw new TuttiError("BAD_INPUT", `a command of ${text.length} characters is too long; at most ${MAX_BODY} fit`);
}
