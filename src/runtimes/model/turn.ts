/** One reply of a model, streamed. Whatever happens ends in one of three ways; nothing is thrown. */
import type { FinishReason, LanguageModelUsage, ModelMessage, OutputInterface, SystemModelMessage, ToolSet } from "ai";
import type { Json } from "../../domain/json.ts";
import type { TokenUsage } from "../prices.ts";
import type { ToolCall } from "../tools/toolbox.ts";
import type { JsonSchema } from "./schema.ts";
import type { SdkModel } from "./sdk.ts";
import { type Source, withSources } from "./web-search.ts";

export interface TurnOptions {
  readonly model: SdkModel;
  readonly instructions?: string;
  readonly messages: readonly ModelMessage[];
  readonly tools?: readonly ToolOffer[];
  /** What the provider does itself, such as a search of the web. */
  readonly ownTools?: ToolSet;
  /** It must answer now, without asking for another tool. */
  readonly mustAnswer?: boolean;
  readonly maxTokens?: number;
  /** A JSON Schema that the reply must fit. */
  readonly schema?: JsonSchema;
  readonly signal: AbortSignal;
  readonly onDelta?: (text: string) => void;
}

/** A tool as a model is told of it. */
export interface ToolOffer {
  readonly name: string;
  readonly description: string;
  readonly schema: JsonSchema;
}

export interface Reply {
  readonly kind: "reply";
  readonly text: string;
  /** Tools that it asks for. */
  readonly calls: readonly ToolCall[];
  /** The reply as it must be said to the provider again with the next turn, signatures of its thoughts included. */
  readonly said: readonly Json[];
  readonly finishReason: FinishReason;
  readonly usage: TokenUsage;
}
export type Turn =
  | Reply
  | { readonly kind: "fault"; readonly error: unknown; readonly usage?: TokenUsage }
  | { readonly kind: "aborted"; readonly usage?: TokenUsage };

export async function takeTurn(options: TurnOptions): Promise<Turn> {
  const seen = new Seen();
  try {
    const { streamText, wrapLanguageModel } = await import("ai");
    const tools = { ...options.ownTools, ...(await offered(options.tools ?? [])) };
    const hasTools = Object.keys(tools).length > 0;
    const result = streamText({
      model: wrapLanguageModel({ model: options.model, middleware: { wrapStream: withoutWarnings } }),
      messages: [...options.messages],
      ...(hasTools ? { tools } : {}),
      ...(options.mustAnswer && hasTools ? { toolChoice: "none" as const } : {}),
      ...(options.instructions ? { instructions: system(options.instructions) } : {}),
      ...(options.maxTokens === undefined ? {} : { maxOutputTokens: options.maxTokens }),
      ...(options.schema === undefined ? {} : { output: shaped(options.schema) }),
      // Users write their schemas for us, not for the strict mode of one provider, which refuses optional fields.
      providerOptions: {
        // Where that protocol would keep what was said: it is in our journal, and need not lie with the provider too.
        openai: { strictJsonSchema: false, ...(options.ownTools && { store: false }) },
        openaiCompatible: { strictJsonSchema: false },
      },
      abortSignal: options.signal,
      // Retries are the core's: each attempt is journaled.
      maxRetries: 0,
      // Said before a fault, the prompt's tokens have been paid all the same.
      include: { rawChunks: true },
      // Its own way is to print.
      onError: () => {},
    });
    for await (const part of result.stream) {
      if (part.type === "text-delta") {
        seen.text += part.text;
        options.onDelta?.(part.text);
      } else if (part.type === "raw") seen.raw(part.rawValue);
      else if (part.type === "finish-step") seen.finish(part.finishReason, part.usage);
      else if (part.type === "tool-call" && part.providerExecuted) seen.searches++;
      else if (part.type === "tool-call") seen.calls.push(callOf(part));
      else if (part.type === "source" && part.sourceType === "url") seen.sources.push(part);
      else if (part.type === "error") seen.fault ??= { error: part.error };
      else if (part.type === "abort") seen.isAborted = true;
    }
    if (!seen.fault && seen.calls.length > 0) seen.said = await saidIn(result.responseMessages);
  } catch (error) {
    seen.fault ??= { error };
  }
  return seen.turn(options.signal.aborted, options.schema === undefined);
}

/** What has come so far. */
class Seen {
  text = "";
  readonly calls: ToolCall[] = [];
  said: readonly Json[] = [];
  searches = 0;
  readonly sources: Source[] = [];
  fault: { readonly error: unknown } | undefined;
  isAborted = false;
  #finishReason: FinishReason | undefined;
  #usage: TokenUsage | undefined;

  /** Anthropic tells the prompt's tokens at the start, and corrects the reply's at the end. */
  raw(value: unknown): void {
    const { type, message, usage } = (value ?? {}) as {
      type?: unknown;
      message?: { usage?: unknown };
      usage?: unknown;
    };
    if (type === "message_start") this.#usage = rawUsage(message?.usage);
    if (type === "message_delta" && this.#usage) this.#usage = { ...this.#usage, output: rawUsage(usage).output };
  }

  finish(reason: FinishReason, usage: LanguageModelUsage): void {
    this.#finishReason = reason;
    const { cacheReadTokens = 0, cacheWriteTokens = 0 } = usage.inputTokenDetails;
    if (usage.inputTokens === undefined && usage.outputTokens === undefined) return;
    this.#usage = {
      input: usage.inputTokens ?? 0,
      output: usage.outputTokens ?? 0,
      cacheRead: cacheReadTokens,
      cacheWrite: cacheWriteTokens,
    };
  }

  /** `isProse`: words of ours may follow the reply's. */
  turn(isAborted: boolean, isProse: boolean): Turn {
    const used = this.#used();
    const usage = used === undefined ? {} : { usage: used };
    if (this.fault) return isAborted ? { kind: "aborted", ...usage } : { kind: "fault", ...this.fault, ...usage };
    if (this.isAborted) return { kind: "aborted", ...usage };
    const finishReason = this.#finishReason;
    if (finishReason === undefined || finishReason === "error" || finishReason === "interrupted")
      return { kind: "fault", error: new Error(BROKEN_OFF), ...usage };
    const { calls, said } = this;
    const text = isProse && calls.length === 0 ? withSources(this.text, this.sources) : this.text;
    return { kind: "reply", text, calls, said, finishReason, usage: used ?? NOTHING };
  }

  /** Some tell of their search only by the pages that they found. */
  #used(): TokenUsage | undefined {
    const webSearches = Math.max(this.searches, this.sources.length > 0 ? 1 : 0);
    return this.#usage && webSearches > 0 ? { ...this.#usage, webSearches } : this.#usage;
  }
}

export const BROKEN_OFF = "the reply broke off before its end";

const NOTHING: TokenUsage = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 };

function rawUsage(usage: unknown): TokenUsage {
  const told = (usage ?? {}) as { readonly [field: string]: unknown };
  const count = (field: string) => (typeof told[field] === "number" ? told[field] : 0);
  const cacheRead = count("cache_read_input_tokens");
  const cacheWrite = count("cache_creation_input_tokens");
  return {
    input: count("input_tokens") + cacheRead + cacheWrite,
    output: count("output_tokens"),
    cacheRead,
    cacheWrite,
  };
}

/** Anthropic caches up to each mark; other providers ignore the marks and cache by themselves. */
export const CACHED = { providerOptions: { anthropic: { cacheControl: { type: "ephemeral" as const } } } };

const system = (content: string): SystemModelMessage => ({ role: "system", content, ...CACHED });

/** Without a function of their own: the stream ends with the calls, and whoever asked for the turn performs them. */
async function offered(tools: readonly ToolOffer[]): Promise<ToolSet> {
  const { jsonSchema } = await import("ai");
  return Object.fromEntries(
    tools.map(({ name, description, schema }) => [name, { description, inputSchema: jsonSchema(schema as object) }]),
  );
}

/** What is no JSON stays the text that it is: whoever performs the call refuses it by name. */
function callOf(part: { readonly toolCallId: string; readonly toolName: string; readonly input: unknown }): ToolCall {
  return { id: part.toolCallId, name: part.toolName, input: (part.input ?? null) as Json };
}

/** Only the model's own part; what the package answered to calls that it could not read is answered by us. */
async function saidIn(messages: PromiseLike<readonly ModelMessage[]>): Promise<readonly Json[]> {
  const said = (await messages).filter(({ role }) => role === "assistant");
  return JSON.parse(JSON.stringify(said)) as readonly Json[];
}

/** The package would parse the whole text again for every piece of it; we read it once, at its end. */
const shaped = (schema: JsonSchema): OutputInterface<string, string, never> => ({
  name: "object",
  responseFormat: Promise.resolve({ type: "json", schema: schema as object }),
  parseCompleteOutput: async ({ text }) => text,
  parsePartialOutput: async ({ text }) => ({ partial: text }),
  createElementStreamTransform: () => undefined,
});

type WrapStream = NonNullable<import("ai").LanguageModelMiddleware["wrapStream"]>;

/** Warnings are printed where nobody takes them; a library prints nothing. */
const withoutWarnings: WrapStream = async ({ doStream }) => {
  const { stream, ...rest } = await doStream();
  const quiet = stream.pipeThrough(
    new TransformStream({
      transform(part, controller) {
        controller.enqueue(part.type === "stream-start" ? { ...part, warnings: [] } : part);
      },
    }),
  );
  return { ...rest, stream: quiet };
};
