/**
 * Agents that are persons. A task opens a gate with what is to be done and what is known; the answer is its output.
 *
 * H1. Nobody having answered by the deadline is what the definition says: a yes, a no, or a timeout, after which the
 *     fall-backs of the task come, who may be other persons.
 */
import type { Json } from "../domain/json.ts";
import type { Answer, Attempt, AttemptWorld, Outcome, Runtime } from "../domain/ports.ts";
import { isRecord } from "../domain/shape.ts";

export interface Person {
  /** Who that is; else the agent's name says it. */
  readonly person?: string;
  /** What is always said with what is asked. */
  readonly instructions?: string;
  /** Milliseconds that an answer is waited for. Absent: as long as it takes. */
  readonly deadline?: number;
  /** What nobody having answered means. Default: the next of the task's fall-backs is asked. */
  readonly otherwise?: "approve" | "reject" | "escalate";
}

/** Characters of what a person is shown; the whole of it is in the journal. */
const MOST_SHOWN = 20_000;
const NOBODY = "expiry";

export function humanRuntime(personOf: (agentName: string) => Person | undefined): Runtime {
  return {
    converses: true,
    async perform(attempt, world) {
      const person = personOf(attempt.agentName) ?? {};
      return outcomeOf(await asked(attempt, world, person), attempt, person);
    },
  };
}

function asked(attempt: Attempt, world: AttemptWorld, { deadline, person, instructions }: Person): Promise<Answer> {
  const { agentName, task, prompt, shown } = attempt;
  const known = shown?.text ?? prompt;
  const subject: Json = {
    for: person ?? agentName,
    ...(person === undefined ? {} : { agent: agentName }),
    ...(instructions === undefined ? {} : { instructions: instructions.slice(0, MOST_SHOWN) }),
    ...{ task: task.id, shown: known.slice(0, MOST_SHOWN) },
  };
  const to = person === undefined ? "" : `for ${person}: `;
  const question = `${to}${task.description || task.id}: ${prompt.slice(0, 1000)}`;
  return world.ask({ question, subject, ...(deadline === undefined ? {} : { within: deadline }) });
}

function outcomeOf({ decision, note, edited, by }: Answer, { agentName, task }: Attempt, person: Person): Outcome {
  const words = edited ?? note;
  if (by === NOBODY) {
    const { otherwise = "escalate" } = person;
    const reason = `${agentName} did not answer within ${person.deadline} ms`;
    if (otherwise === "approve") return { ok: true, output: `approved: ${reason}` };
    if (otherwise === "reject") return { ok: false, failure: "rejected", reason, retry: "never" };
    return { ok: false, failure: "timeout", reason, retry: "never" };
  }
  const schema = (task as { readonly output?: unknown }).output;
  // Asked for a verdict, as a reviewer is, she gives it by her decision.
  if (isVerdict(schema)) return { ok: true, output: { approved: decision === "approve", reason: words ?? "" } };
  const who = by === undefined ? agentName : `${agentName} (${by})`;
  if (decision === "reject")
    return { ok: false, failure: "rejected", reason: `${who} said no${words ? `: ${words}` : ""}`, retry: "never" };
  if (words === undefined) return { ok: true, output: "approved" };
  if (schema === undefined) return { ok: true, output: words };
  try {
    return { ok: true, output: JSON.parse(words) as Json };
  } catch {
    return { ok: false, failure: "invalid-output", reason: `what ${who} wrote is no JSON`, retry: "safe" };
  }
}

function isVerdict(schema: unknown): boolean {
  const properties = isRecord(schema) ? schema["properties"] : undefined;
  const approved = isRecord(properties) ? properties["approved"] : undefined;
  return isRecord(approved) && approved["type"] === "boolean";
}
