/**
 * `<AGENT_MESSAGE to="name">…</AGENT_MESSAGE>` in a reply: what an agent wants to tell another. In a fenced block or
 * between backticks it is talk about messages, and stays text. One pass over the tags, in order.
 */
import { MESSAGE_KINDS, type MessageKind } from "../domain/events.ts";
import { didYouMean } from "../domain/nearest.ts";

export const AGENT_MESSAGE_LIMITS = { messages: 100, characters: 32_768 } as const;

export interface AgentMessage {
  /** An agent's name; `*` for all. */
  readonly to: string;
  readonly kind: MessageKind;
  readonly content: string;
}
export interface FoundMessages {
  readonly messages: readonly AgentMessage[];
  /** The reply without them. */
  readonly text: string;
  /** Why something that looked like a message is none, in words for a person. */
  readonly faults: readonly string[];
}

interface Tag {
  readonly start: number;
  readonly end: number;
  readonly fence?: string;
  /** Of an opening tag. */
  readonly attributes?: string;
}

const TAGS = /^ {0,3}(`{3,}|~{3,})([^\n]*)|<AGENT_MESSAGE(\s[^<>]*)?>|<\/AGENT_MESSAGE\s*>/gm;
const ATTRIBUTE = /([A-Za-z_-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g;
const FAULTS = 20;

export function messagesIn(reply: string): FoundMessages {
  if (!reply.includes("<AGENT_MESSAGE")) return { messages: [], text: reply, faults: [] };
  const tags = tagsOf(reply);
  const messages: AgentMessage[] = [];
  const faults: string[] = [];
  const rest: string[] = [];
  let from = 0;
  let fence: string | undefined;
  const fault = (said: string) => {
    if (faults.length < FAULTS) faults.push(said);
  };
  for (let i = 0; i < tags.length; i++) {
    const tag = tags[i] as Tag;
    if (tag.fence !== undefined) fence = fenceAfter(fence, tag);
    if (tag.attributes === undefined || fence !== undefined || isQuoted(reply, tag.start)) continue;
    const close = closeOf(tags, i);
    if (close < 0) {
      fault("a message is not closed by </AGENT_MESSAGE>; it was left in the text");
      continue;
    }
    const { start, end } = tags[close] as Tag;
    const made = messageOf(tag.attributes, reply.slice(tag.end, start).trim());
    if (typeof made !== "string" && messages.length >= AGENT_MESSAGE_LIMITS.messages) {
      fault(`a reply carries at most ${AGENT_MESSAGE_LIMITS.messages} messages; the rest was left in the text`);
      break;
    }
    i = close;
    if (typeof made === "string") {
      fault(`${made}; it was left in the text`);
      continue;
    }
    messages.push(made);
    rest.push(reply.slice(from, tag.start));
    from = end;
  }
  rest.push(reply.slice(from));
  const text = messages.length === 0 ? reply : rest.map(trimmedEnd).join("\n").trim();
  return { messages, text, faults };
}

function trimmedEnd(part: string, i: number, parts: readonly string[]): string {
  const start = i === 0 ? part : part.replace(/^[ \t]*\n/, "");
  return i === parts.length - 1 ? start : start.trimEnd();
}

function tagsOf(reply: string): Tag[] {
  const tags: Tag[] = [];
  for (const match of reply.matchAll(TAGS)) {
    const at = { start: match.index, end: match.index + match[0].length };
    if (match[1] !== undefined) {
      // A fence that holds a backtick in its first line is inline code.
      if (match[1].startsWith("`") && match[2]?.includes("`")) continue;
      tags.push({ ...at, fence: match[1] + (match[2]?.trim() ? " " : "") });
    } else if (match[0].startsWith("</")) tags.push(at);
    else tags.push({ ...at, attributes: match[3] ?? "" });
  }
  return tags;
}

/** The fence that is open after a fence line: it is closed by one of its kind that is as long and says nothing more. */
function fenceAfter(open: string | undefined, { fence = "" }: Tag): string | undefined {
  if (open === undefined) return fence.trim();
  return fence.startsWith(open) && !fence.endsWith(" ") ? undefined : open;
}

/** The tag that closes a message: one outside the message's own code, else the first. Another opening ends the search. */
function closeOf(tags: readonly Tag[], opened: number): number {
  let fence: string | undefined;
  let inCode = -1;
  for (let i = opened + 1; i < tags.length; i++) {
    const tag = tags[i] as Tag;
    if (tag.fence !== undefined) fence = fenceAfter(fence, tag);
    else if (tag.attributes !== undefined) {
      if (fence === undefined || inCode >= 0) break;
    } else if (fence === undefined) return i;
    else if (inCode < 0) inCode = i;
  }
  return inCode;
}

/** An odd number of backticks before it in its line: it stands between two. */
function isQuoted(reply: string, at: number): boolean {
  const line = reply.slice(Math.max(reply.lastIndexOf("\n", at - 1) + 1, at - 1000), at);
  let ticks = 0;
  for (const character of line) if (character === "`") ticks++;
  return ticks % 2 === 1;
}

function messageOf(attributes: string, content: string): AgentMessage | string {
  const said = new Map<string, string>();
  for (const [, name = "", double, single] of attributes.matchAll(ATTRIBUTE))
    said.set(name.toLowerCase(), (double ?? single ?? "").trim());
  const type = said.get("type") ?? (said.get("to") === "*" ? "broadcast" : "data");
  const kind = MESSAGE_KINDS.find((one) => one === type);
  if (kind === undefined)
    return `a message is of type ${MESSAGE_KINDS.join(", ")}, not '${type.slice(0, 40)}'${didYouMean(type, MESSAGE_KINDS)}`;
  const to = kind === "broadcast" ? "*" : said.get("to");
  if (to === undefined || to === "" || to.length > 200) return 'a message says to whom it goes: to="name"';
  if (content === "") return `a message to '${to}' is empty`;
  if (content.length > AGENT_MESSAGE_LIMITS.characters)
    return `a message to '${to}' has ${content.length} characters; the limit is ${AGENT_MESSAGE_LIMITS.characters}`;
  return { to, kind, content };
}
