/**
 * A conversation as whoever answers next is shown it. Each exchange is a run of its own, so what was said before travels
 * with the next one: the newest whole, older ones by their beginnings, the oldest only counted.
 *
 * What is shown of a conversation has a limit, however long it is and whatever was said in it.
 */
import { clip } from "../context/digest.ts";
import { estimateTokens } from "../context/tokens.ts";
import type { Json } from "../domain/json.ts";
import { isRecord } from "../domain/shape.ts";

export interface Exchange {
  readonly run: string;
  /** Who was asked. */
  readonly agent: string;
  readonly said: string;
  readonly reply: string;
}

/**
 * Tokens. All of it stays below what a task may bring along whole (8,000), and far below the conductor's window of
 * 24,000, which its tools need too. One exchange may take a third of it, so that three are whole at the least.
 */
const WHOLE = 6000;
const ONE = 1000;
const SHORT = 60;
const SHORT_ALL = 1200;
/** Exchanges that are remembered at all. */
const MOST = 100;

const NOTE =
  "This is one exchange of a conversation: answer the person. What was said before stands here, the oldest first.";

/** Bounded at once: what is remembered of one exchange never grows. */
export function remember(before: readonly Exchange[], next: Exchange): readonly Exchange[] {
  const said = clip(next.said, ONE);
  const reply = clip(next.reply, ONE);
  return [...before, { ...next, said, reply }].slice(-MOST);
}

/** What a task of the next exchange brings along. */
export function conversationContext(exchanges: readonly Exchange[]): { readonly conversation: Json } {
  const shown: Json[] = [];
  let [room, shortRoom, at] = [WHOLE, SHORT_ALL, exchanges.length];
  for (; at > 0; at--) {
    const one = exchanges[at - 1] as Exchange;
    const size = estimateTokens(JSON.stringify(one));
    if (size > room) break;
    room -= size;
    shown.unshift({ ...one });
  }
  for (; at > 0; at--) {
    const { run, agent, said, reply } = exchanges[at - 1] as Exchange;
    const short = { run, agent, said: clip(said, SHORT), reply: clip(reply, SHORT), isCut: true };
    const size = estimateTokens(JSON.stringify(short));
    if (size > shortRoom) break;
    shortRoom -= size;
    shown.unshift(short);
  }
  return { conversation: { note: NOTE, ...(at > 0 && { leftOut: at }), exchanges: shown } };
}

/** The exchanges that a task was shown, read again out of its run. */
export function exchangesIn(context: unknown): readonly Exchange[] {
  const conversation = isRecord(context) ? context["conversation"] : undefined;
  const all = isRecord(conversation) ? conversation["exchanges"] : undefined;
  if (!Array.isArray(all)) return [];
  return all.flatMap((one: unknown): Exchange[] => {
    if (!isRecord(one)) return [];
    const { run, agent, said, reply } = one;
    const isText = [run, agent, said, reply].every((field) => typeof field === "string");
    return isText ? [{ run, agent, said, reply } as Exchange] : [];
  });
}
