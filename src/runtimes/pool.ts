/**
 * Programs that were dear to begin and have done their work: kept for a while, for whoever wants the same.
 *
 * Z1. Each is lent to one at a time, and only after it has proven that it is as it was when it began.
 * Z2. What lies idle keeps our process alive no longer. It ends with it, after its time, or where there are too many.
 */

/** Something that more than one may use, one after the other. */
export interface Lendable {
  /** Whether it has come to rest after its last loan; absent: it has at once. */
  settled?(): Promise<boolean>;
  /** It answers, and nothing is left in it of whoever had it before. */
  isAsNew(): Promise<boolean>;
  /** False: it must keep our process alive no longer. */
  hold(isHeld: boolean): void;
  close(): Promise<void>;
}

export interface PoolLimits {
  /** Idle at once. */
  readonly most: number;
  /** Milliseconds. */
  readonly idle: number;
}
const LIMITS: PoolLimits = { most: 8, idle: 60_000 };

interface Idle<One> {
  readonly key: string;
  readonly one: One;
  readonly timer: NodeJS.Timeout;
  isSettled: boolean;
}

export class Pool<One extends Lendable> implements AsyncDisposable {
  readonly #limits: PoolLimits;
  readonly #idle: Idle<One>[] = [];
  readonly #closing = new Set<Promise<unknown>>();
  #isOver = false;

  constructor(limits: Partial<PoolLimits> = {}) {
    this.#limits = { ...LIMITS, ...limits };
  }

  /** How many could be lent now. */
  get ready(): number {
    return this.#idle.filter(({ isSettled }) => isSettled).length;
  }

  /** What lies idle under the key and has proven itself; whatever could not is ended. */
  async take(key: string): Promise<One | undefined> {
    for (;;) {
      const found = this.#idle.findLast((entry) => entry.key === key && entry.isSettled);
      if (!found) return undefined;
      this.#forget(found);
      const { one } = found;
      one.hold(true);
      if (await one.isAsNew().catch(() => false)) return one;
      void this.end(one);
    }
  }

  give(key: string, one: One): void {
    if (this.#isOver) return void this.end(one);
    one.hold(false);
    const timer = setTimeout(() => this.#drop(entry), this.#limits.idle).unref();
    const entry: Idle<One> = { key, one, timer, isSettled: one.settled === undefined };
    this.#idle.push(entry);
    if (!entry.isSettled) void this.#settle(entry);
    const [oldest] = this.#idle;
    if (this.#idle.length > this.#limits.most && oldest) this.#drop(oldest);
  }

  /** Whoever lets the pool go waits until it is gone. */
  end(one: One): Promise<void> {
    const closing = one.close().catch(() => {});
    this.#closing.add(closing);
    return closing.finally(() => this.#closing.delete(closing));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    for (const entry of [...this.#idle]) this.#drop(entry);
    await Promise.all(this.#closing);
  }

  async #settle(entry: Idle<One>): Promise<void> {
    entry.isSettled = (await entry.one.settled?.().catch(() => false)) === true;
    if (!entry.isSettled) this.#drop(entry);
  }

  #drop(entry: Idle<One>): void {
    if (!this.#idle.includes(entry)) return;
    this.#forget(entry);
    entry.one.hold(true);
    void this.end(entry.one);
  }

  #forget(entry: Idle<One>): void {
    clearTimeout(entry.timer);
    this.#idle.splice(this.#idle.indexOf(entry), 1);
  }
}
