/** The hash of all that a task's result is made from (I11). Equal keys: the same work. */
import type { EventOf } from "../domain/events.ts";
import { byCodeUnit, canonical, type Json, sha256 } from "../domain/json.ts";
import type { AgentCard } from "../domain/plan.ts";

export interface Ingredients {
  readonly spec: EventOf<"task:added">;
  readonly agentName: string;
  readonly card: AgentCard | undefined;
  readonly prompt: string;
  readonly note: string | undefined;
  /** What was wrong with the reply before. */
  readonly hint?: string | undefined;
  /** Hash of each output it is shown, by the name it is shown under. */
  readonly shown: { readonly [task: string]: string };
  readonly messages: readonly { readonly from: string; readonly content: Json }[];
  /** How its prompt is put together out of them; absent for an agent that is shown no prompt of ours. */
  readonly how?: { readonly contextStrategy: string; readonly pruningThreshold: number } | undefined;
  /** Which of several equal tasks this is, so that N voters stay N. */
  readonly sample: number;
}

export function contentKey(made: Ingredients): string {
  const { spec, card } = made;
  // A list in a fixed order: only what may be written in any order is put into one.
  const plain = [
    made.agentName,
    card?.hash,
    card?.runtime,
    spec.model ?? card?.model,
    spec.maxTokens,
    spec.description,
    spec.output === undefined ? undefined : canonical(spec.output),
    made.how?.contextStrategy,
    made.how?.pruningThreshold,
  ];
  const shown = Object.keys(made.shown)
    .sort(byCodeUnit)
    .map((task) => [task, made.shown[task]]);
  const said = made.messages.map(({ from, content }) => [from, canonical(content)]);
  const given = [spec.context, spec.item].map((value) => (value === undefined ? null : canonical(value)));
  const cheaper = spec.downgrade === undefined ? {} : { downgrade: spec.downgrade };
  const checked = spec.validate === undefined ? {} : { validate: spec.validate };
  const more = Object.entries({ ...cheaper, ...checked, ...(made.hint === undefined ? {} : { hint: made.hint }) });
  const asked = [plain, made.prompt, made.note, given, shown, said, made.sample];
  return sha256(JSON.stringify(more.length === 0 ? asked : [...asked, canonical(more as unknown as Json)]));
}

/** Why no key can be trusted for this task, or undefined. */
export function uncacheable(
  agentName: string,
  card: AgentCard | undefined,
  spec?: { readonly reads?: readonly string[]; readonly evidence?: readonly string[] },
): string | undefined {
  if (spec?.reads?.length) return "it reads files, which may change";
  if (spec?.evidence?.length) return "it is shown what programs find in files, which may change";
  if (card?.hash !== undefined) return undefined;
  return `agent '${agentName}' is a function without a version`;
}
