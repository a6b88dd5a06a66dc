/** Token buckets, one for each key. They are bounded: beyond `MOST` keys the one unused for longest is forgotten. */
const MOST = 10_000;

export class Buckets {
  readonly #perSecond: number;
  readonly #burst: number;
  readonly #now: () => number;
  readonly #left = new Map<string, { tokens: number; at: number }>();

  constructor(perSecond: number, burst: number, now: () => number = () => performance.now()) {
    this.#perSecond = perSecond;
    this.#burst = burst;
    this.#now = now;
  }

  /** Takes one. 0 where there was one, else the whole seconds after which there will be. */
  take(key: string): number {
    const now = this.#now();
    const known = this.#left.get(key);
    const since = known === undefined ? 0 : ((now - known.at) / 1000) * this.#perSecond;
    const tokens = known === undefined ? this.#burst : Math.min(this.#burst, known.tokens + since);
    this.#left.delete(key);
    this.#left.set(key, { tokens: tokens >= 1 ? tokens - 1 : tokens, at: now });
    if (this.#left.size > MOST) this.#left.delete(this.#left.keys().next().value ?? key);
    return tokens >= 1 ? 0 : Math.max(1, Math.ceil((1 - tokens) / this.#perSecond));
  }
}
