/** A place among those that all runs of a host share; lent to others while its holder only waits for them. */
import type { Outcome } from "../../domain/ports.ts";

type Leave = (got?: Outcome) => void;

export class Place {
  readonly #enter: () => Promise<Leave | undefined>;
  #leave: Leave | undefined;
  #isOver = false;

  constructor(leave: Leave | undefined, enter: () => Promise<Leave | undefined>) {
    this.#leave = leave;
    this.#enter = enter;
  }

  /** For good, with how the attempt ended. */
  end(got: Outcome | undefined): void {
    this.#isOver = true;
    this.#give(got);
  }

  /** Two who wait for each other's place would wait for ever: whoever asks gives his away until he has his answer. */
  async lend<T>(act: () => Promise<T>): Promise<T> {
    this.#give();
    try {
      return await act();
    } finally {
      if (!this.#isOver) this.#leave = await this.#enter();
      // It ended while it waited to come back.
      if (this.#isOver) this.#give();
    }
  }

  #give(got?: Outcome): void {
    const leave = this.#leave;
    this.#leave = undefined;
    leave?.(got);
  }
}
