/**
 * How many tokens a text costs, before a provider says so. An estimate errs upwards for prose and code; what
 * providers report corrects it through the factor of an estimator.
 */
import { isIdeograph } from "../domain/words.ts";

/** What reported usage has taught about one model's tokens. */
export interface TokenEstimator {
  /** Reported tokens for each estimated one. 1 while nothing is known. */
  readonly factor: number;
}

/** A token is about 3.5 characters of ASCII, 2 of other alphabets, 1 of Chinese, Japanese or Korean. In 14ths of a token. */
export const TOKEN = 14;
export const ASCII_COST = 4;
const BEYOND_ASCII = /[^\0-\x7f]/;
const ASCII = /[\0-\x7f]+/g;
const ALPHABET = 7;
const IDEOGRAPH = 14;

/** In 14ths of a token. Half of a surrogate pair counts as a whole token: emoji take two. */
export function costOf(code: number): number {
  if (code < 0x80) return ASCII_COST;
  if (code < 0x2e80) return ALPHABET;
  return isIdeograph(code) || (code >= 0xd800 && code <= 0xdfff) ? IDEOGRAPH : ALPHABET;
}

export function estimateTokens(text: string, estimator?: TokenEstimator): number {
  let cost = ASCII_COST * text.length;
  // Nearly all is ASCII: a pattern takes that out sooner than a loop passes it over.
  const beyond = BEYOND_ASCII.test(text) ? text.replace(ASCII, "") : "";
  for (let i = 0; i < beyond.length; i++) cost += costOf(beyond.charCodeAt(i)) - ASCII_COST;
  return Math.ceil((cost / TOKEN) * factorOf(estimator));
}

/** The estimator after a provider has reported what an estimated prompt really took. Moves a fifth of the way. */
export function learnTokens(before: TokenEstimator | undefined, estimated: number, reported: number): TokenEstimator {
  const factor = factorOf(before);
  if (!(estimated > 0 && reported > 0)) return { factor };
  const seen = (reported / estimated) * factor;
  return { factor: bounded(factor + (bounded(seen) - factor) / 5) };
}

export function factorOf(estimator: TokenEstimator | undefined): number {
  return estimator === undefined ? 1 : bounded(estimator.factor);
}

/** A wrong report must not make prompts vanish or explode. */
function bounded(factor: number): number {
  return Number.isFinite(factor) ? Math.min(3, Math.max(0.5, factor)) : 1;
}

/** The longest start of a text that costs at most so many tokens; never half of a surrogate pair. */
export function head(text: string, tokens: number): string {
  let left = tokens * TOKEN;
  let i = 0;
  while (i < text.length) {
    left -= costOf(text.charCodeAt(i));
    if (left < 0) break;
    i++;
  }
  return text.slice(0, whole(text, i));
}

/** The longest end of a text that costs at most so many tokens. */
export function tail(text: string, tokens: number): string {
  let left = tokens * TOKEN;
  let i = text.length;
  while (i > 0) {
    left -= costOf(text.charCodeAt(i - 1));
    if (left < 0) break;
    i--;
  }
  const cut = whole(text, i);
  return text.slice(cut === i ? i : i + 1);
}

/** The nearest place at or before `index` that does not split a surrogate pair. */
export function whole(text: string, index: number): number {
  if (index <= 0 || index >= text.length) return index;
  const isLow = (text.charCodeAt(index) & 0xfc00) === 0xdc00;
  return isLow && (text.charCodeAt(index - 1) & 0xfc00) === 0xd800 ? index - 1 : index;
}
