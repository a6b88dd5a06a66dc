/**
 * Entries in the order in which they came, until somebody takes them. Some count as soon as they are read, such as
 * `/stop`; so whoever takes says which ones.
 */
interface Waiting {
  readonly fits: (entry: string) => boolean;
  readonly resolve: (entry: string | undefined) => void;
}

/** Entries that wait; then whoever writes them has to. */
export const MOST_WAITING = 200;

export class Lines {
  readonly #entries: string[] = [];
  readonly #waiting = new Set<Waiting>();
  #isOver = false;

  get size(): number {
    return this.#entries.length;
  }
  /** Nothing more comes. */
  get isOver(): boolean {
    return this.#isOver;
  }

  push(entry: string): void {
    this.#entries.push(entry);
    this.look();
  }

  end(): void {
    this.#isOver = true;
    this.look();
  }

  /** The first that fits; undefined where none comes any more, or the signal was given. */
  take(fits: (entry: string) => boolean, signal?: AbortSignal): Promise<string | undefined> {
    const { promise, resolve } = Promise.withResolvers<string | undefined>();
    const waiting = { fits, resolve };
    const leave = () => {
      this.#waiting.delete(waiting);
      resolve(undefined);
    };
    if (signal?.aborted) return Promise.resolve(undefined);
    signal?.addEventListener("abort", leave, { once: true });
    this.#waiting.add(waiting);
    this.look();
    return promise.finally(() => signal?.removeEventListener("abort", leave));
  }

  /** What fits may have changed. */
  look(): void {
    for (const one of this.#waiting) {
      const at = this.#entries.findIndex(one.fits);
      if (at < 0 && !this.#isOver) continue;
      this.#waiting.delete(one);
      one.resolve(at < 0 ? undefined : this.#entries.splice(at, 1)[0]);
    }
  }
}
