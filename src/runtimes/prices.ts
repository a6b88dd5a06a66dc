/** What tokens cost. A price that nobody knows is null, which is not the same as nothing. */
import { type ModelRef, parseModelRef } from "./model/model-ref.ts";

/** Tokens of one call, or of many. */
export interface TokenUsage {
  /** All of the prompt, what was read from and written to a cache included. */
  readonly input: number;
  readonly output: number;
  readonly cacheRead: number;
  readonly cacheWrite: number;
  /** By the provider itself; they are paid each. */
  readonly webSearches?: number;
}

/** USD for a million tokens. A cache price that is absent is the input price. */
export interface ModelPrice {
  readonly input: number;
  readonly output: number;
  readonly cacheRead?: number;
  readonly cacheWrite?: number;
  /** USD for a thousand searches. */
  readonly webSearches?: number;
}
/** By `provider/id`, or by the bare id. */
export type Prices = { readonly [model: string]: ModelPrice };

export interface PriceOptions {
  /** The user's own prices; they win. */
  readonly prices?: Prices;
  /** When it was used, in milliseconds since 1970: some prices depend on it. Default: now. */
  readonly at?: number;
  /** Where a compatible server is; well-known ones have known prices. */
  readonly baseUrl?: string;
}

const MILLION = 1_000_000;

/** USD, or null where no price is known. Never throws: a price list must not fail a finished reply. */
export type CostOf = (model: string | ModelRef, usage: TokenUsage, options?: PriceOptions) => number | null;

/** The list is only read where somebody asks for it; afterwards it answers at once. */
export async function loadPrices(): Promise<CostOf> {
  const { calcPrice } = await import("@pydantic/genai-prices");
  return (model, usage, options = {}) => {
    const ref = typeof model === "string" ? readRef(model) : model;
    const own = ownPrice(ref?.text ?? String(model), ref?.id, options.prices);
    if (own) return ownCost(own, usage);
    const place = ref && placeOf(ref, options.baseUrl);
    if (!place) return null;
    const tokens = {
      input_tokens: usage.input,
      output_tokens: usage.output,
      cache_read_tokens: usage.cacheRead,
      cache_write_tokens: usage.cacheWrite,
      ...(usage.webSearches === undefined ? {} : { web_searches: usage.webSearches }),
    };
    const timestamp = options.at === undefined ? {} : { timestamp: new Date(options.at) };
    try {
      const price = calcPrice(tokens, ref.id, { ...place, ...timestamp });
      // It takes what it has no price for as free.
      if (usage.webSearches && price?.model_price.web_searches_kcount === undefined) return null;
      return price?.total_price ?? null;
    } catch {
      // It throws where the parts of a usage do not add up, as some servers report them.
      return null;
    }
  };
}

export async function priceOf(
  model: string | ModelRef,
  usage: TokenUsage,
  options: PriceOptions = {},
): Promise<number | null> {
  return (await loadPrices())(model, usage, options);
}

function readRef(model: string): ModelRef | undefined {
  try {
    return parseModelRef(model, [model.split("/")[1] ?? ""]);
  } catch {
    return undefined;
  }
}

function placeOf(
  ref: ModelRef,
  baseUrl: string | undefined,
): { providerId: string } | { providerApiUrl: string } | null {
  if (ref.provider === "compatible") return baseUrl === undefined ? null : { providerApiUrl: baseUrl };
  return ref.provider === "ollama" ? null : { providerId: ref.provider };
}

function ownPrice(text: string, id: string | undefined, prices: Prices = {}): ModelPrice | undefined {
  const name = [text, id].find((one) => one !== undefined && Object.hasOwn(prices, one));
  return name === undefined ? undefined : prices[name];
}

function ownCost(price: ModelPrice, usage: TokenUsage): number | null {
  const { input, output, cacheRead = input, cacheWrite = input } = price;
  const { webSearches = 0 } = usage;
  if (webSearches > 0 && price.webSearches === undefined) return null;
  const fresh = Math.max(0, usage.input - usage.cacheRead - usage.cacheWrite);
  const sum = fresh * input + usage.output * output + usage.cacheRead * cacheRead + usage.cacheWrite * cacheWrite;
  return sum / MILLION + (webSearches * (price.webSearches ?? 0)) / 1000;
}
