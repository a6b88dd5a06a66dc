/** Ctrl-C: once, the run is paused and what is under way may end; twice, the process ends where it stands. */
import type { RunHandle } from "../app/handle.ts";
import { EXIT } from "./exit.ts";

const SIGNALS = ["SIGINT", "SIGTERM"] as const;

export class Interrupts {
  readonly #handle: RunHandle;
  readonly #say: (line: string) => void;
  readonly #restore: () => void;
  #count = 0;
  #isAtGate = false;

  constructor(handle: RunHandle, say: (line: string) => void, restore: () => void) {
    this.#handle = handle;
    this.#say = say;
    this.#restore = restore;
    for (const signal of SIGNALS) process.on(signal, this.#take);
  }

  get count(): number {
    return this.#count;
  }

  /** The first found nothing at work: only a person could have ended what is under way. */
  get isAtGate(): boolean {
    return this.#isAtGate;
  }

  close(): void {
    for (const signal of SIGNALS) process.off(signal, this.#take);
  }

  readonly #take = (): void => {
    this.#count++;
    if (this.#count > 1) {
      // All that was acknowledged is on disk; a resume begins what was under way again.
      this.#restore();
      process.exit(EXIT.interrupted);
    }
    this.#isAtGate = this.#handle.status === "waiting";
    this.#say("stopping: what is under way may end. Ctrl-C again ends at once; either way `tutti resume` goes on.");
    // It may have ended or be stopping just now.
    this.#handle.pause("stopped by Ctrl-C").catch(() => {});
  };
}
