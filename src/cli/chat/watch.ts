/** Runs that go on beside the conversation: their gates and their ends are told as they come. */
import type { RunHandle } from "../../app/handle.ts";
import type { Host } from "../../app/host.ts";
import type { RunEvent } from "../../domain/events.ts";
import { exitOfRun } from "../exit.ts";
import { eventWords, shortRun } from "../plain.ts";
import { gateLines } from "./desk.ts";

const TOLD: ReadonlySet<RunEvent["type"]> = new Set([
  ...(["workflow:complete", "workflow:error", "workflow:cancelled", "workflow:paused"] as const),
]);

export class Watch {
  readonly #host: Host;
  readonly #tell: (line: string) => void;
  readonly #watched = new Map<string, Promise<void>>();
  #stirred = Promise.withResolvers<void>();

  constructor(host: Host, tell: (line: string) => void) {
    this.#host = host;
    this.#tell = tell;
  }

  /** One that is conducted here; what another process conducts is seen by its own commands. */
  add(run: string, ended: (code: number) => void = () => {}): void {
    const handle = this.#host.handle(run);
    if (handle === undefined || this.#watched.has(run)) return;
    const following = this.#follow(handle, ended)
      .catch(() => {
        // It was let go; its journal says the rest.
      })
      .finally(() => this.#watched.delete(run));
    this.#watched.set(run, following);
  }

  get runs(): readonly string[] {
    return [...this.#watched.keys()];
  }

  /** Until all of them have ended or are paused; or nothing of them can go on without a person, and none will come. */
  async settled(): Promise<void> {
    while (this.#watched.size > 0) {
      const stirred = this.#stirred.promise;
      if (this.runs.every((run) => this.#host.handle(run)?.status === "waiting")) return;
      await Promise.race([stirred, ...this.#watched.values()]);
    }
  }

  async #follow(handle: RunHandle, ended: (code: number) => void): Promise<void> {
    for await (const event of handle) {
      this.#stirred.resolve();
      this.#stirred = Promise.withResolvers<void>();
      if (event.type === "gate:opened") for (const line of gateLines(event)) this.#tell(line);
      if (TOLD.has(event.type)) this.#tell(`run ${shortRun(event.run)} ${eventWords(event) ?? ""}`);
    }
    if (handle.status !== undefined) ended(exitOfRun(handle.status));
  }
}
