/** One reply, in the words of each protocol. */

export interface FakeReply {
  /** The pieces of the text, one event each. Default: `["Hello", " there"]`. */
  readonly text?: readonly string[];
  /** Tools that it asks for, after its text. `input` as text is sent as it is, fit or not. */
  readonly calls?: readonly { readonly id?: string; readonly name: string; readonly input: unknown }[];
  /** In the words of Anthropic or OpenAI. Default: that it came to its end. */
  readonly stop?: string;
  readonly usage?: FakeUsage;
  readonly headers?: Readonly<Record<string, string>>;
  /** Another status than 200 is answered with `error`, or with `body` as it is. */
  readonly status?: number;
  readonly error?: { readonly type: string; readonly message: string };
  readonly body?: string;
  /** Milliseconds before anything is answered. */
  readonly delay?: number;
  /** Writes so many events, or bytes, and then, as `fault` says, */
  readonly after?: number | { readonly bytes: number };
  /** …waits for this and writes the rest, or, as `fault` says, */
  readonly until?: Promise<void>;
  /** …destroys the socket, ends as if all were said, or holds it open and says no more. */
  readonly fault?: "cut" | "end" | "hold";
  /** Answers nothing at all, not even a head. */
  readonly silent?: true;
}
/** Tokens, as Anthropic counts them: fresh ones apart from those of the cache. */
export interface FakeUsage {
  readonly fresh: number;
  readonly cacheRead?: number;
  readonly cacheWrite?: number;
  readonly output: number;
}

export type Protocol = "anthropic" | "openai" | "google";

export function protocolOf(path: string): Protocol | undefined {
  if (path.endsWith("/v1/messages")) return "anthropic";
  if (path.endsWith("/chat/completions")) return "openai";
  if (path.endsWith("/v1/responses")) return "openai";
  return path.includes(":streamGenerateContent") ? "google" : undefined;
}

const TEXT = ["Hello", " there"];
const USAGE: FakeUsage = { fresh: 10, output: 5 };
const data = (value: unknown) => `data: ${JSON.stringify(value)}\n\n`;
const named = (value: { readonly type: string; readonly [field: string]: unknown }) =>
  `event: ${value.type}\n${data(value)}`;

/** Server-sent events, one a string. */
export function eventsOf(protocol: Protocol, reply: FakeReply): readonly string[] {
  return { anthropic, openai, google }[protocol](reply);
}

const inputOf = ({ input }: { readonly input: unknown }) => (typeof input === "string" ? input : JSON.stringify(input));
const idOf = ({ id }: { readonly id?: string }, i: number) => id ?? `call_${i}`;

function anthropic(reply: FakeReply): readonly string[] {
  const { calls = [], usage = USAGE } = reply;
  const { text = calls.length > 0 ? [] : TEXT, stop = calls.length > 0 ? "tool_use" : "end_turn" } = reply;
  const { output_tokens, ...input } = anthropicUsage(usage);
  const message = { id: "msg_1", type: "message", role: "assistant", model: "fake", content: [], stop_reason: null };
  return [
    named({ type: "message_start", message: { ...message, usage: { ...input, output_tokens: 1 } } }),
    named({ type: "content_block_start", index: 0, content_block: { type: "text", text: "" } }),
    named({ type: "ping" }),
    ...text.map((piece) =>
      named({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text: piece } }),
    ),
    named({ type: "content_block_stop", index: 0 }),
    ...calls.flatMap((call, i) => {
      const content_block = { type: "tool_use", id: idOf(call, i), name: call.name, input: {} };
      const delta = { type: "input_json_delta", partial_json: inputOf(call) };
      return [
        named({ type: "content_block_start", index: i + 1, content_block }),
        named({ type: "content_block_delta", index: i + 1, delta }),
        named({ type: "content_block_stop", index: i + 1 }),
      ];
    }),
    named({
      type: "message_delta",
      delta: { stop_reason: stop, stop_sequence: null },
      usage: { output_tokens },
    }),
    named({ type: "message_stop" }),
  ];
}

function openai(reply: FakeReply): readonly string[] {
  const { calls = [], usage = USAGE } = reply;
  const { text = calls.length > 0 ? [] : TEXT, stop = calls.length > 0 ? "tool_calls" : "stop" } = reply;
  const chunk = (delta: object, finish_reason: string | null = null) =>
    data({ ...openaiHead("chat.completion.chunk"), choices: [{ index: 0, delta, finish_reason }] });
  return [
    chunk({ role: "assistant", content: "" }),
    ...text.map((content) => chunk({ content })),
    ...calls.map((call, index) => {
      const asked = { name: call.name, arguments: inputOf(call) };
      return chunk({ tool_calls: [{ index, id: idOf(call, index), type: "function", function: asked }] });
    }),
    chunk({}, stop),
    data({ ...openaiHead("chat.completion.chunk"), choices: [], usage: openaiUsage(usage) }),
    "data: [DONE]\n\n",
  ];
}

function google(reply: FakeReply): readonly string[] {
  const { calls = [], stop = "STOP", usage = USAGE } = reply;
  const { text = calls.length > 0 ? [] : TEXT } = reply;
  const { fresh, cacheRead = 0, output } = usage;
  const usageMetadata = {
    promptTokenCount: fresh + cacheRead,
    cachedContentTokenCount: cacheRead,
    candidatesTokenCount: output,
  };
  const piece = (parts: readonly object[], more: object = {}) =>
    data({ candidates: [{ content: { role: "model", parts }, index: 0, ...more }], usageMetadata });
  const asked = calls.map(({ name, input }) => piece([{ functionCall: { name, args: input } }]));
  return [...text.map((one) => piece([{ text: one }])), ...asked, piece([], { finishReason: stop })];
}

/** The same without streaming. */
export function jsonOf(protocol: Protocol, reply: FakeReply): string {
  const { text = TEXT, usage = USAGE, body } = reply;
  if (body !== undefined) return body;
  const whole = text.join("");
  if (protocol === "anthropic")
    return JSON.stringify({
      ...{ id: "msg_1", type: "message", role: "assistant", model: "fake", content: [{ type: "text", text: whole }] },
      ...{ stop_reason: reply.stop ?? "end_turn", usage: anthropicUsage(usage) },
    });
  const message = { role: "assistant", content: whole };
  const choices = [{ index: 0, message, finish_reason: reply.stop ?? "stop" }];
  return JSON.stringify({ ...openaiHead("chat.completion"), choices, usage: openaiUsage(usage) });
}

const openaiHead = (object: string) => ({ id: "c1", object, created: 1, model: "fake" });

const anthropicUsage = ({ fresh, cacheRead = 0, cacheWrite = 0, output }: FakeUsage) => ({
  input_tokens: fresh,
  cache_read_input_tokens: cacheRead,
  cache_creation_input_tokens: cacheWrite,
  output_tokens: output,
});

const openaiUsage = ({ fresh, cacheRead = 0, cacheWrite = 0, output }: FakeUsage) => ({
  prompt_tokens: fresh + cacheRead + cacheWrite,
  completion_tokens: output,
  total_tokens: fresh + cacheRead + cacheWrite + output,
  prompt_tokens_details: { cached_tokens: cacheRead },
});
