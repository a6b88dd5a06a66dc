/**
 * What has been said between an attempt and its model: the prompt, each reply, and what its tools answered.
 *
 * L1. It is a function of the prompt and the turns that the log keeps: after a crash the same dialogue goes on.
 * L2. What is sent stays within the window: where it would not, the oldest results of tools are left out, as the log
 *     still has them; the prompt, all that the model said, and the last turns stay.
 */
import type { ModelMessage } from "ai";
import type { Needs } from "../../domain/events.ts";
import { defined } from "../../domain/json.ts";
import type { Usage } from "../../domain/ports.ts";
import type { TokenUsage } from "../prices.ts";
import type { ToolResult } from "../tools/toolbox.ts";
import type { PromptPart } from "./prompt.ts";
import type { PaidReply } from "./replies.ts";
import { CACHED } from "./turn.ts";

/** Tokens of a conversation; models with smaller windows are told so by their provider. */
const WINDOW = 150_000;
/** Below this share of it nothing more is left out, so that it is not done again with every turn. */
const AFTER = 0.6;
const CHARACTERS_A_TOKEN = 3.5;
/** Tokens of an answer, where none is known yet. */
const ANSWER = 1000;
/** Turns whose results always stay. */
const RECENT = 4;

interface Said {
  /** What it was told before it said this. */
  readonly heard?: string;
  readonly reply: PaidReply;
  results: readonly ToolResult[];
  isDropped: boolean;
}

export class Dialogue {
  readonly #prompt: readonly PromptPart[];
  readonly #window: number;
  readonly #model: string;
  readonly #turns: Said[] = [];
  /** Turns that are this attempt's own. */
  #counted = 0;
  /** Words of ours after the last reply, such as that it was empty. */
  #urge: string | undefined;
  #heard: string | undefined;
  readonly #used: { input: number; output: number; costUsd: number | null } = { input: 0, output: 0, costUsd: 0 };
  /** Without the turns whose cost nobody knows. */
  #knownUsd = 0;

  /** `isLong`: more turns may follow, so that what was sent is worth its place in a cache. */
  constructor(prompt: readonly PromptPart[], isLong = false, model = "", window = WINDOW) {
    this.#model = model;
    this.#prompt = prompt.map((part, i) => (isLong && i === prompt.length - 1 ? { ...part, shared: true } : part));
    this.#window = window;
  }

  get turns(): number {
    return this.#turns.length;
  }

  /** `counts`: what it used is this attempt's. */
  take(reply: PaidReply, counts = true): void {
    this.#turns.push({ reply, results: [], isDropped: false, ...defined({ heard: this.#heard }) });
    this.#urge = undefined;
    this.#heard = undefined;
    if (counts) this.#count(reply.usage, reply.costUsd);
  }

  /** What the next turn may take: all that is said again, and an answer as long as the longest so far. */
  needs(): Needs {
    const last = this.#turns.at(-1)?.reply;
    const output = Math.max(ANSWER, ...this.#turns.map(({ reply }) => reply.usage.output));
    const tokens = Math.ceil(Math.max(this.#tokens(), last ? last.usage.input + last.usage.output : 0) + output);
    // What another model took before says nothing of the price of this one.
    const own = this.#turns.filter(({ reply }) => (reply.model ?? this.#model) === this.#model);
    const dearest = Math.max(0, ...own.map(({ reply }) => reply.costUsd ?? 0));
    return { tokens, usd: dearest };
  }

  answer(results: readonly ToolResult[]): void {
    const last = this.#turns.at(-1);
    if (last) last.results = results;
    this.#makeRoom();
  }

  /** Says something to the model in our own name before its next turn. */
  urge(words: string): void {
    this.#urge = words;
  }

  /** Passes on what others have said, before its next turn; it stays in the dialogue. */
  hear(words: string): void {
    this.#heard = words;
  }

  /** All turns together, and what a call used that brought none. */
  used(more?: Usage): Usage | undefined {
    if (this.#counted === 0) return more;
    const { input, output, costUsd } = this.#used;
    const cost = more?.costUsd === undefined ? 0 : more.costUsd;
    const isKnown = costUsd !== null && cost !== null;
    return {
      tokensUsed: input + output + (more?.tokensUsed ?? 0),
      costUsd: isKnown ? costUsd + cost : null,
      turns: this.#counted + (more?.turns ?? 0),
      ...(isKnown ? {} : { knownUsd: this.#knownUsd + (cost ?? 0) }),
    };
  }

  messages(): readonly ModelMessage[] {
    const messages: ModelMessage[] = [prompted(this.#prompt)];
    const last = this.#turns.at(-1);
    for (const turn of this.#turns) {
      const { reply, results, heard } = turn;
      if (heard !== undefined) messages.push({ role: "user", content: heard });
      const said = reply.said.length > 0 ? (reply.said as unknown as readonly ModelMessage[]) : assistant(reply.text);
      messages.push(...said);
      if (results.length > 0) messages.push(answered(turn, turn === last));
    }
    if (this.#heard !== undefined) messages.push({ role: "user", content: this.#heard });
    if (this.#urge !== undefined) messages.push({ role: "user", content: this.#urge });
    return messages;
  }

  #count({ input, output }: TokenUsage, costUsd: number | null): void {
    this.#counted++;
    this.#used.input += input;
    this.#used.output += output;
    this.#knownUsd += costUsd ?? 0;
    this.#used.costUsd = this.#used.costUsd === null || costUsd === null ? null : this.#used.costUsd + costUsd;
  }

  #makeRoom(): void {
    if (this.#tokens() <= this.#window) return;
    for (const turn of this.#turns.slice(0, -RECENT)) {
      if (this.#tokens() <= this.#window * AFTER) return;
      turn.isDropped = true;
    }
  }

  #tokens(): number {
    const prompt = this.#prompt.reduce((sum, { text }) => sum + text.length, 0);
    const turns = this.#turns.reduce((sum, turn) => {
      const { reply } = turn;
      const said = reply.said.length > 0 ? JSON.stringify(reply.said).length : reply.text.length;
      return (
        sum +
        said +
        (turn.heard?.length ?? 0) +
        turn.results.reduce((all, { text }) => all + (turn.isDropped ? 0 : text.length), 0)
      );
    }, 0);
    return (prompt + turns) / CHARACTERS_A_TOKEN;
  }
}

function prompted(parts: readonly PromptPart[]): ModelMessage {
  const content = parts.map(({ text, shared }) => ({ type: "text" as const, text, ...(shared ? CACHED : {}) }));
  return { role: "user", content };
}

const assistant = (text: string): readonly ModelMessage[] =>
  text.trim() === "" ? [] : [{ role: "assistant", content: text }];

function answered({ results, isDropped }: Said, isLast: boolean): ModelMessage {
  const told = ({ text }: ToolResult) =>
    isDropped ? `[${text.length} characters were left out to make room; call again if you still need them]` : text;
  const content = results.map((result, i) => ({
    type: "tool-result" as const,
    toolCallId: result.id,
    toolName: result.name,
    output: { type: result.fault ? ("error-text" as const) : ("text" as const), value: told(result) },
    ...(isLast && i === results.length - 1 ? CACHED : {}),
  }));
  return { role: "tool", content };
}
