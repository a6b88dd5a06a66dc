/** A command comes from any process that may write into the inbox; this says whether it is one. */
import { MESSAGE_KINDS } from "../domain/events.ts";
import { COMMANDS, type Command } from "../domain/facts.ts";
import { fields, isRecord, json, listOf, oneOf, type Shape, text, whole, wrong } from "../domain/shape.ts";

const any: Shape = () => undefined;
const amount: Shape = (value) =>
  typeof value === "number" && Number.isFinite(value) && value >= 0 ? undefined : wrong("must be a number from 0");
const type = oneOf(COMMANDS);
const words = text(10_000);
const budget = fields({ usd: amount, tokens: amount, turns: amount, spawns: amount });
const agents: Shape = (value) => (isRecord(value) ? json(value) : wrong("must be an object"));

const instead: Shape = (value) => {
  if (!isRecord(value)) return wrong("must be an object: the id of a task, and a list of those in its stead");
  for (const [task, ids] of Object.entries(value)) {
    const found = listOf(text(64, 1))(ids);
    if (found) return wrong(found.fault, `.${task}${found.at}`);
  }
  return undefined;
};

/** The tasks of a change are checked with the plan that they come into. */
const SHAPES: { readonly [T in Command["type"]]: Shape } = {
  pause: fields({ type, reason: words }),
  resume: fields({ type, budget, globalTimeout: whole(1, Number.MAX_SAFE_INTEGER) }),
  cancel: fields({ type, reason: words }),
  decide: fields(
    { type, gate: words, decision: oneOf(["approve", "reject"]), note: words, edited: text(1 << 20), by: words },
    ["gate", "decision"],
  ),
  change: fields({ type, add: listOf(any), agents, remove: listOf(words), instead, budget, reason: words }),
  message: fields({ type, from: words, to: words, kind: oneOf(MESSAGE_KINDS), content: json }, [
    "from",
    "to",
    "content",
  ]),
  checkpoint: fields({ type, name: text(200) }, ["name"]),
};

/** Why this is no command, or undefined. */
export function commandFault(value: unknown): string | undefined {
  if (!isRecord(value)) return "a command is an object with a type";
  const kind = type(value["type"]);
  if (kind) return `'type' ${kind.fault}`;
  const found = SHAPES[value["type"] as Command["type"]](value);
  return found && `'${found.at.replace(/^\./, "")}' ${found.fault}`;
}
