/** How long an attempt would take and how much it would use: from its history, else from what such models typically do. */
import type { Random } from "../../domain/random.ts";

/** Half of all lie below the one, nine in ten below the other. */
export interface Spread {
  readonly p50: number;
  readonly p90: number;
}
export interface History {
  readonly latencyMs: Spread;
  readonly tokens: { readonly input?: number; readonly output: Spread };
  /** Of 1: attempts that failed. */
  readonly failureRate: number;
}

export interface Predicted {
  readonly latencyMs: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
}

interface Tier {
  readonly name: RegExp;
  /** Milliseconds until the first token. */
  readonly first: number;
  readonly tokensPerSecond: number;
}

/** By words in their names; the first that fits. Rounded from public speed tables; history replaces them. */
const TIERS: readonly Tier[] = [
  { name: /^ollama\//, first: 500, tokensPerSecond: 30 },
  { name: /haiku|mini|nano|flash|lite|small|\b[1-9]b\b/, first: 600, tokensPerSecond: 150 },
  { name: /opus|\bpro\b|\bo[134]\b|ultra|large/, first: 2000, tokensPerSecond: 50 },
  { name: /./, first: 1200, tokensPerSecond: 80 },
];
const OTHER: Tier = { name: /^/, first: 1200, tokensPerSecond: 80 };

/** What a task of software work typically yields, where nothing is known of it. */
const TYPICAL_OUTPUT: Spread = { p50: 1200, p90: 3000 };
const CHARACTERS_A_TOKEN = 3.5;

const tokensIn = (text: string): number => Math.ceil(text.length / CHARACTERS_A_TOKEN);
export const charactersOf = (tokens: number): number => Math.floor(tokens * CHARACTERS_A_TOKEN);

export function predict(
  random: Random,
  asked: { readonly model: string; readonly prompt: string; readonly maxTokens?: number; readonly history?: History },
): Predicted {
  const { history, model, maxTokens = Number.POSITIVE_INFINITY } = asked;
  const drawn = draw(random, history?.tokens.output ?? TYPICAL_OUTPUT);
  const outputTokens = Math.max(1, Math.min(Math.round(drawn), maxTokens));
  const inputTokens = history?.tokens.input ?? tokensIn(asked.prompt);
  const tier = TIERS.find(({ name }) => name.test(model)) ?? OTHER;
  // The pace of one model varies less than the length of what it says.
  const typical = tier.first + (outputTokens / tier.tokensPerSecond) * 1000 * draw(random, { p50: 1, p90: 1.4 });
  const latencyMs = Math.round(history ? draw(random, history.latencyMs) : typical);
  return { latencyMs, inputTokens, outputTokens };
}

/** Log-normal: times and lengths are never below nothing, and some are very long. Both halves are always drawn. */
function draw(random: Random, { p50, p90 }: Spread): number {
  const radius = Math.sqrt(-2 * Math.log(1 - random()));
  const normal = radius * Math.cos(2 * Math.PI * random());
  const sigma = p50 > 0 && p90 > p50 ? Math.log(p90 / p50) / 1.2816 : 0;
  return p50 * Math.exp(sigma * Math.max(-3, Math.min(3, normal)));
}
