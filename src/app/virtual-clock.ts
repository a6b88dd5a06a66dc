/** Time that passes only when it is told to. */
import { Heap } from "../domain/heap.ts";
import type { Clock } from "../domain/ports.ts";

interface Timer {
  readonly time: number;
  readonly order: number;
  call: (() => void) | undefined;
}

export class VirtualClock implements Clock {
  #now: number;
  #order = 0;
  readonly #timers = new Heap<Timer>((a, b) => (a.time === b.time ? a.order < b.order : a.time < b.time));

  constructor(start = Date.UTC(2026, 0, 1)) {
    this.#now = start;
  }

  now(): number {
    return this.#now;
  }

  at(time: number, call: () => void): () => void {
    const timer: Timer = { time, order: this.#order++, call };
    this.#timers.push(timer);
    return () => {
      timer.call = undefined;
    };
  }

  /** Goes to the next timer and fires it. False when there is none. */
  step(): boolean {
    for (let timer = this.#timers.pop(); timer; timer = this.#timers.pop()) {
      if (!timer.call) continue;
      this.#now = Math.max(this.#now, timer.time);
      timer.call();
      return true;
    }
    return false;
  }

  /** Lets so many milliseconds pass; what is due in them fires in order, and what it causes runs in between. */
  async pass(milliseconds: number): Promise<void> {
    const end = this.#now + milliseconds;
    await settled();
    for (let next = this.#next(); next !== undefined && next <= end; next = this.#next()) {
      this.step();
      await settled();
    }
    this.#now = end;
  }

  #next(): number | undefined {
    for (let timer = this.#timers.peek(); timer; timer = this.#timers.peek()) {
      if (timer.call) return timer.time;
      this.#timers.pop();
    }
    return undefined;
  }
}

/** Everything that only waits for promises has gone as far as it can. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
