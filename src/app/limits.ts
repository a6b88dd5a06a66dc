/** What all runs of this process share of each provider: its places, and the breakers of its models. */
import { TuttiError } from "../domain/error.ts";
import type { AgentCard } from "../domain/plan.ts";
import type { Limits, Outcome } from "../domain/ports.ts";
import { Breaker, type BreakerOptions, type Pass } from "./breakers.ts";
import { systemClock } from "./system.ts";

/** Breakers that nobody has used for longest are forgotten beyond this. */
const MOST_BREAKERS = 1000;

/**
 * At most so many attempts at once for each provider named; others are not held up. First come, first served. A model
 * that keeps failing is left alone for a while, by all runs together.
 */
export function createLimits(
  places: { readonly [provider: string]: number },
  options: Partial<BreakerOptions> = {},
): Limits {
  const free = new Map(Object.entries(places));
  const queues = new Map<string, (() => void)[]>();
  const breakers = new Map<string, Breaker>();
  const breakerOf = ({ model = "" }: AgentCard, provider: string): Breaker => {
    const key = JSON.stringify([provider, model]);
    const breaker = breakers.get(key) ?? new Breaker({ provider, model }, { clock: systemClock, ...options });
    breakers.delete(key);
    breakers.set(key, breaker);
    if (breakers.size > MOST_BREAKERS)
      for (const [old, one] of breakers) if (one.isIdle && one !== breaker && breakers.delete(old)) break;
    return breaker;
  };
  const leavePlace = (provider: string) => {
    const next = queues.get(provider)?.shift();
    if (next) next();
    else free.set(provider, (free.get(provider) ?? 0) + 1);
  };
  return {
    async enter(agent, signal, hear) {
      const { provider } = agent;
      if (provider === undefined) return () => {};
      const breaker = breakerOf(agent, provider);
      const isCounted = free.has(provider);
      let pass = await breaker.enter(signal, hear);
      while (isCounted) {
        const left = free.get(provider) ?? 0;
        if (left > 0) free.set(provider, left - 1);
        else await queueUp(queues, provider, signal).catch((error) => leave(breaker, pass, error));
        if (pass.isProbe || !breaker.isOpen) break;
        // It opened while this one waited for its place.
        leavePlace(provider);
        breaker.end(pass, undefined);
        pass = await breaker.enter(signal, hear);
      }
      let given = false;
      return (got?: Outcome) => {
        if (given) return;
        given = true;
        if (isCounted) leavePlace(provider);
        breaker.end(pass, got);
      };
    },
  };
}
function leave(breaker: Breaker, pass: Pass, error: unknown): never {
  breaker.end(pass, undefined);
  throw error;
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
