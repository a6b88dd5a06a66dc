/** Asks about open gates where the run is shown, one at a time; what somebody else decides meanwhile is not asked. */
import type { RunHandle } from "../app/handle.ts";
import type { RunEvent } from "../domain/events.ts";
import type { Live } from "./live.ts";
import { ask } from "./question.ts";
import { subjectLines } from "./subject-text.ts";
import { oneLine } from "./text.ts";

interface Open {
  readonly gate: string;
  readonly question: string;
  readonly subject: unknown;
  readonly decided: AbortController;
}

export class GateDesk {
  readonly #handle: RunHandle;
  readonly #live: Live | undefined;
  readonly #open = new Map<string, Open>();
  #isAsking = false;

  constructor(handle: RunHandle, live: Live | undefined) {
    this.#handle = handle;
    this.#live = live;
  }

  take(event: RunEvent): void {
    if (event.type === "gate:opened") {
      const { gate, question, subject } = event;
      this.#open.set(gate, { gate, question, subject, decided: new AbortController() });
      void this.#work();
    }
    if (event.type === "gate:decided") this.#forget(event.gate);
    if (event.type === "workflow:stopping" || event.type === "workflow:paused") this.close();
  }

  close(): void {
    for (const gate of [...this.#open.keys()]) this.#forget(gate);
  }

  #forget(gate: string): void {
    this.#open.get(gate)?.decided.abort();
    this.#open.delete(gate);
  }

  async #work(): Promise<void> {
    if (this.#isAsking) return;
    this.#isAsking = true;
    for (let [next] = this.#open.values(); next; [next] = this.#open.values()) {
      this.#live?.hold();
      await this.#decide(next);
      this.#live?.release();
      this.#open.delete(next.gate);
    }
    this.#isAsking = false;
  }

  async #decide({ gate, question, subject, decided }: Open): Promise<void> {
    const what = subjectLines(subject).map((line) => `${line}\n`);
    const words = `\n◆ gate '${gate}': ${oneLine(question)}\n${what.join("")}  [a]pprove, [r]eject, or [l]ater? A note may follow, as in: a ship it\n> `;
    for (;;) {
      const answer = await ask(words, decided.signal);
      if (answer === undefined || decided.signal.aborted) return;
      const [, choice = "", note = ""] = /^(\S+)\s*(.*)$/s.exec(answer) ?? [];
      const how = { by: "terminal", ...(note === "" ? {} : { note }) };
      // Somebody else may have been faster, or the run may have stopped.
      const settle = (decision: Promise<void>) => decision.catch(() => {});
      if (/^(?:a|approve|y|yes)$/i.test(choice)) return settle(this.#handle.approve(gate, how));
      if (/^(?:r|reject|n|no)$/i.test(choice)) return settle(this.#handle.reject(gate, how));
      if (/^(?:l|later)$/i.test(choice)) return;
    }
  }
}
