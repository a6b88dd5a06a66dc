/** Tools to talk with the other agents of a run, and to share what all of them need. */
import { z } from "zod";
import { MESSAGE_KINDS } from "../../domain/events.ts";
import type { Json } from "../../domain/json.ts";
import { type Tool, tool } from "./tool.ts";

const name = z.string().min(1).max(200);
const json = z.json() as z.ZodType<Json>;

const sendMessage = tool({
  name: "send_message",
  description:
    "Sends a message to another agent of this run, or to all with '*'. It reaches its addressee with the next task that it begins.",
  effect: "change",
  input: z.strictObject({ to: name, text: z.string().min(1).max(60_000), kind: z.enum(MESSAGE_KINDS).optional() }),
  resourceOf: ({ to }) => to,
  perform: async ({ to, text, kind }, { world }) => {
    await world.send(to, text, kind);
    return `sent to ${to}`;
  },
});

const boardGet = tool({
  name: "board_get",
  description: "Reads a key of the board that all agents of this run share, with its version.",
  effect: "look",
  input: z.strictObject({ key: name }),
  resourceOf: ({ key }) => key,
  perform: async ({ key }, { world }) => {
    const entry = world.board.get(key);
    return entry ? JSON.stringify(entry) : `[the board has no key '${key}']`;
  },
});

const boardSet = tool({
  name: "board_set",
  description:
    "Writes a key of the board. With 'version' only if the key still has that version (0: not there yet), so that nobody's word is lost.",
  effect: "change",
  input: z.strictObject({ key: name, value: json, version: z.int().min(0).optional() }),
  resourceOf: ({ key }) => key,
  perform: async ({ key, value, version }, { world }) =>
    `'${key}' has version ${await world.board.set(key, value, version)} now`,
});

export const TALK_TOOLS: readonly Tool[] = [sendMessage, boardGet, boardSet];
