/** How long a provider asks to be left alone, from the headers of its refusal. What cannot be read is ignored. */

type Headers = { readonly [name: string]: string | undefined };

/** Nobody is believed beyond this. */
const LONGEST = 3_600_000;

/** Milliseconds, or undefined. `now` is only used where the answer brings no date of its own. */
export function retryAfterOf(headers: Headers, now: number): number | undefined {
  // Absolute times are read by the server's clock: ours may be an hour off.
  const date = dateOf(headers["date"]) ?? now;
  const asked =
    amount(headers["retry-after-ms"], 1) ??
    amount(headers["retry-after"], 1000) ??
    until(dateOf(headers["retry-after"]), date) ??
    longest(anthropicResets(headers, date)) ??
    longest(openaiResets(headers));
  return asked === undefined ? undefined : Math.min(LONGEST, Math.ceil(asked));
}

function amount(text: string | undefined, unit: number): number | undefined {
  return text !== undefined && /^\s*\d{1,12}(\.\d+)?\s*$/.test(text) ? Number(text) * unit : undefined;
}

/** An HTTP date or RFC 3339; Date.parse alone would also take `1` for a year. */
function dateOf(text: string | undefined): number | undefined {
  if (text === undefined || !/^\s*([A-Z][a-z]{2}, \d|\d{4}-\d\d-\d\dT)/.test(text)) return undefined;
  const time = Date.parse(text);
  return Number.isNaN(time) ? undefined : time;
}

const until = (time: number | undefined, now: number): number | undefined =>
  time === undefined ? undefined : Math.max(0, time - now);

const longest = (waits: readonly (number | undefined)[]): number | undefined => {
  const known = waits.filter((wait) => wait !== undefined);
  return known.length === 0 ? undefined : Math.max(...known);
};

/** Only a limit that is used up holds us back; the others reset at times that do not matter. */
const isUsedUp = (remaining: string | undefined): boolean =>
  remaining !== undefined && /^\s*0+(\.0*)?\s*$/.test(remaining);

function anthropicResets(headers: Headers, now: number): readonly (number | undefined)[] {
  return ["requests", "tokens", "input-tokens", "output-tokens"]
    .map((kind) => `anthropic-ratelimit-${kind}`)
    .filter((name) => isUsedUp(headers[`${name}-remaining`]))
    .map((name) => until(dateOf(headers[`${name}-reset`]), now));
}

function openaiResets(headers: Headers): readonly (number | undefined)[] {
  return ["requests", "tokens"]
    .filter((kind) => isUsedUp(headers[`x-ratelimit-remaining-${kind}`]))
    .map((kind) => durationOf(headers[`x-ratelimit-reset-${kind}`]));
}

/** How far a limit is used up, as a reply says it. */
export interface RateLimit {
  readonly kind: string;
  readonly limit: number;
  readonly remaining: number;
  /** Milliseconds until it is lifted. */
  readonly resetIn: number;
}

/** The limits that a reply tells whole; what is missing or makes no sense is left out. */
export function limitsOf(headers: Headers, now: number): readonly RateLimit[] {
  const date = dateOf(headers["date"]) ?? now;
  const found: RateLimit[] = [];
  for (const kind of ["requests", "tokens", "input-tokens", "output-tokens"]) {
    const anthropic = `anthropic-ratelimit-${kind}`;
    const told = [
      [
        headers[`${anthropic}-limit`],
        headers[`${anthropic}-remaining`],
        until(dateOf(headers[`${anthropic}-reset`]), date),
      ],
      [
        headers[`x-ratelimit-limit-${kind}`],
        headers[`x-ratelimit-remaining-${kind}`],
        durationOf(headers[`x-ratelimit-reset-${kind}`]),
      ],
    ] as const;
    for (const [most, left, reset] of told) {
      const [limit, remaining] = [amount(most, 1), amount(left, 1)];
      if (limit === undefined || remaining === undefined || reset === undefined || limit <= 0) continue;
      found.push({ kind, limit, remaining, resetIn: Math.min(LONGEST, reset) });
    }
  }
  return found;
}

const UNITS: { readonly [unit: string]: number } = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000, ms: 1 };

/** `6m0s`, `1.5s`, `20ms`. */
function durationOf(text: string | undefined): number | undefined {
  if (text === undefined || !/^(\d{1,9}(\.\d{1,9})?(ms|[dhms]))+$/.test(text)) return undefined;
  let sum = 0;
  for (const [, value, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|[dhms])/g))
    sum += Number(value) * (UNITS[unit ?? ""] ?? 0);
  return sum;
}
