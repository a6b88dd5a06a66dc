/** What the owner of a run would only write down as refused is said to whoever asks. */
import { gateFault } from "../coordination/gates.ts";
import { decideMessage } from "../coordination/talk.ts";
import type { RunState } from "../core/state.ts";
import { TuttiError } from "../domain/error.ts";
import type { Command } from "../domain/facts.ts";

export function checkTalk(state: RunState, command: Command): void {
  const refused = (fault: string, path: string) => new TuttiError("BAD_INPUT", fault, { path });
  if (command.type === "decide") {
    const fault = gateFault(state.gates, command.gate);
    if (fault !== undefined) throw refused(fault, "gate");
  }
  if (command.type === "message") {
    const { kind = "data", ...said } = command;
    const decided = decideMessage(state.talk, { kind, ...said });
    if ("fault" in decided) throw refused(decided.fault, "agent");
  }
}
