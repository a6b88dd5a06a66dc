/** Places that all runs of this process share, per provider. */
import { TuttiError } from "../domain/error.ts";
import type { Limits } from "../domain/ports.ts";

/** At most so many attempts at once for each provider named; others are not held up. First come, first served. */
export function createLimits(places: { readonly [provider: string]: number }): Limits {
  const free = new Map(Object.entries(places));
  const queues = new Map<string, (() => void)[]>();
  return {
    async enter(agent, signal) {
      const { provider } = agent;
      const left = provider === undefined ? undefined : free.get(provider);
      if (provider === undefined || left === undefined) return () => {};
      if (left > 0) free.set(provider, left - 1);
      else await queueUp(queues, provider, signal);
      let given = false;
      return () => {
        if (given) return;
        given = true;
        const next = queues.get(provider)?.shift();
        if (next) next();
        else free.set(provider, (free.get(provider) ?? 0) + 1);
      };
    },
  };
}

function queueUp(queues: Map<string, (() => void)[]>, provider: string, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const queue = queues.get(provider) ?? [];
    queues.set(provider, queue);
    const leave = () => {
      queue.splice(queue.indexOf(go), 1);
      reject(new TuttiError("WRONG_STATE", "the attempt was stopped while it waited for a place"));
    };
    const go = () => {
      signal.removeEventListener("abort", leave);
      resolve();
    };
    if (signal.aborted)
      return reject(new TuttiError("WRONG_STATE", "the attempt was stopped while it waited for a place"));
    signal.addEventListener("abort", leave, { once: true });
    queue.push(go);
  });
}
