/** What a model is told: the context first, which siblings share and providers may cache, the task last. */
import type { Json } from "../../domain/json.ts";
import type { Attempt, Message } from "../../domain/ports.ts";

export interface PromptPart {
  readonly text: string;
  /** Likely to be sent again soon word for word, by a sibling or a retry. */
  readonly shared?: true;
}

/** Below this no provider caches, and a mark would only cost. */
const SHORTEST_SHARED = 4096;

/** Uses the context that was assembled for this attempt, where there is one. */
export function promptFor(attempt: Attempt): readonly PromptPart[] {
  if (attempt.shown !== undefined) return [{ text: attempt.shown.text }];
  const results = Object.entries(attempt.results).map(([task, output]) => section(`Result of task '${task}'`, output));
  const first = results.join("\n\n");
  const rest = [
    ...attempt.messages.map(messageSection),
    ...(attempt.note === undefined ? [] : [section("Note of the person who approved this task", attempt.note)]),
    ...(isEmpty(attempt.task.context) ? [] : [section("Context", attempt.task.context)]),
    ...(attempt.task.item === undefined ? [] : [section(`Item ${attempt.task.index ?? ""}`.trim(), attempt.task.item)]),
    first === "" && !hasMore(attempt) ? attempt.prompt : section("Your task", attempt.prompt),
  ].join("\n\n");
  return first === "" ? [{ text: rest }] : split(`${first}\n\n${rest}`, first.length + 2);
}

function split(text: string, shared: number): readonly PromptPart[] {
  if (shared < SHORTEST_SHARED || shared >= text.length) return [{ text }];
  return [{ text: text.slice(0, shared), shared: true }, { text: text.slice(shared) }];
}

const hasMore = ({ messages, note, task }: Attempt): boolean =>
  messages.length > 0 || note !== undefined || !isEmpty(task.context) || task.item !== undefined;

const isEmpty = (context: Attempt["task"]["context"]): boolean =>
  context === undefined || Object.keys(context).length === 0;

const messageSection = ({ from, kind, content }: Message): string => section(`Message from ${from} (${kind})`, content);

const section = (title: string, value: Json | undefined): string =>
  `## ${title}\n\n${typeof value === "string" ? value : JSON.stringify(value, null, 2)}`;
