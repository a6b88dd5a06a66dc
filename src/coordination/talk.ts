/**
 * What agents of a run tell each other: messages, and the board of versioned keys.
 *
 * C1. A message reaches each addressee once, with the first attempt of that agent that begins after it was
 *     sent; later attempts at the same task see it again.
 *     Whoever is at work just then, turn by turn, hears of it before its next turn as well.
 * C2. A key of the board has a version that rises by one with each write; a write may insist on the one it saw.
 */
import { type EventFields, type EventOf, MESSAGE_KINDS, type RunEvent } from "../domain/events.ts";
import type { Command } from "../domain/facts.ts";
import { canonical, type Json } from "../domain/json.ts";
import { didYouMean } from "../domain/nearest.ts";
import type { BoardEntry, Message } from "../domain/ports.ts";

export const TALK_LIMITS = { messages: 10_000, characters: 65_536, keys: 1000 } as const;

export interface Talk {
  readonly messages: Map<number, EventOf<"message:sent">>;
  /** Numbers of messages that wait for an agent. */
  readonly waiting: Map<string, number[]>;
  /** Numbers of messages that a task's attempts have been given. */
  readonly given: Map<string, number[]>;
  readonly board: Map<string, BoardEntry>;
  agents: readonly string[];
}

export function createTalk(): Talk {
  return { messages: new Map(), waiting: new Map(), given: new Map(), board: new Map(), agents: [] };
}

export function evolveTalk(talk: Talk, event: RunEvent): void {
  switch (event.type) {
    case "workflow:start":
      talk.agents = Object.keys(event.agents);
      return;
    case "plan:changed":
      if (event.agents) talk.agents = [...new Set([...talk.agents, ...Object.keys(event.agents)])];
      return;
    case "message:sent":
      talk.messages.set(event.seq, event);
      for (const agent of event.to === "*" ? talk.agents : [event.to]) {
        if (event.to === "*" && agent === event.from) continue;
        const box = talk.waiting.get(agent);
        if (box) box.push(event.seq);
        else talk.waiting.set(agent, [event.seq]);
      }
      return;
    case "message:delivered": {
      talk.waiting.delete(event.agentName);
      talk.given.set(event.taskId, [...(talk.given.get(event.taskId) ?? []), ...event.messages]);
      return;
    }
    case "board:set":
      talk.board.set(event.key, { value: event.value, version: event.version });
      return;
    default:
      return;
  }
}

type Decided<Fields> = { readonly fields: Fields } | { readonly fault: string };

export function decideMessage(talk: Talk, sent: EventFields["message:sent"]): Decided<EventFields["message:sent"]> {
  if (talk.messages.size >= TALK_LIMITS.messages)
    return { fault: `a run carries at most ${TALK_LIMITS.messages} messages` };
  if (sent.to !== "*" && !talk.agents.includes(sent.to))
    return { fault: `there is no agent '${sent.to}' in this run${didYouMean(String(sent.to), talk.agents)}` };
  if (!MESSAGE_KINDS.includes(sent.kind)) return { fault: `a message is one of ${MESSAGE_KINDS.join(", ")}` };
  const fault = sizeFault(sent.content, "a message");
  return fault === undefined ? { fields: sent } : { fault };
}

/** What somebody outside of the run says to an agent. */
export function messageOf({ from, to, kind = "data", content }: Extract<Command, { type: "message" }>) {
  return { from, to, kind, content };
}

/** `expect`: only if the key is at this version; 0 where it is not there yet. */
export function decideBoard(
  talk: Talk,
  { key, value, by, expect }: { key: string; value: Json; by: string; expect?: number },
): Decided<EventFields["board:set"]> {
  const version = talk.board.get(key)?.version ?? 0;
  if (expect !== undefined && !Number.isInteger(expect)) return { fault: "a version of the board is a whole number" };
  if (expect !== undefined && expect !== version) return { fault: `'${key}' is at version ${version}, not ${expect}` };
  if (typeof key !== "string" || key === "" || key.length > 200)
    return { fault: "a key of the board has 1 to 200 characters" };
  if (version === 0 && talk.board.size >= TALK_LIMITS.keys)
    return { fault: `the board holds at most ${TALK_LIMITS.keys} keys` };
  const fault = sizeFault(value, "a value of the board");
  return fault === undefined ? { fields: { key, value, version: version + 1, by } } : { fault };
}

function sizeFault(value: Json, what: string): string | undefined {
  const size = typeof value === "string" ? value.length : canonical(value).length;
  return size > TALK_LIMITS.characters ? `${what} has at most ${TALK_LIMITS.characters} characters` : undefined;
}

/** The messages that the attempts of a task have been given, oldest first. */
export function messagesOf(talk: Talk, task: string): readonly Message[] {
  return (talk.given.get(task) ?? []).flatMap((seq) => {
    const message = talk.messages.get(seq);
    return message ? [{ seq, from: message.from, kind: message.kind, content: message.content }] : [];
  });
}
