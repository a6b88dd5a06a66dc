/** One call to a model: sent, watched, paid for. It ends as a reply or by name. */
import { reasonOf } from "../../domain/error.ts";
import type { Attempt, AttemptWorld, Usage } from "../../domain/ports.ts";
import { priceOf, type TokenUsage } from "../prices.ts";
import type { CallerOptions } from "./caller-options.ts";
import { Connections } from "./connections.ts";
import { type Fault, faultOf } from "./faults.ts";
import type { ModelRef } from "./model-ref.ts";
import { Pace } from "./pace.ts";
import { baseUrlOf, labelOf } from "./providers.ts";
import type { PaidReply } from "./replies.ts";
import { sdkModel } from "./sdk.ts";
import { type TurnOptions, takeTurn } from "./turn.ts";
import { canSearchWeb, webSearchOf } from "./web-search.ts";
import { TIMERS, Wire } from "./wire.ts";
import type { Ended } from "./work.ts";

interface Searching {
  /** The agent may search the web; whether its model can is seen here. */
  readonly searches: boolean;
}

export class Caller {
  readonly #options: CallerOptions;
  readonly #connections = new Connections();
  readonly #pace: Pace;
  #calls = 0;

  constructor(options: CallerOptions) {
    this.#options = options;
    this.#pace = options.pace ?? new Pace(options.clock);
  }

  async call(
    ref: ModelRef,
    { searches: isSearcher, ...turnOptions }: Omit<TurnOptions, "model" | "signal" | "ownTools"> & Searching,
    { effectId, restart }: Attempt,
    world: AttemptWorld,
  ): Promise<PaidReply | Ended> {
    const { providers, clock, timers, fetch } = this.#options;
    const { signal } = world;
    const called = { account: labelOf(ref), model: ref.id };
    const turnOf = this.#pace.enter(called, signal);
    const isStopped =
      turnOf &&
      (await (world.rest?.(turnOf) ?? turnOf).then(
        () => false,
        () => true,
      ));
    if (isStopped) return stopped(signal);
    const wire = new Wire({
      clock,
      timers: { ...TIMERS, ...timers },
      signal,
      connections: this.#connections,
      onHead: (status, headers) => this.#pace.heard(called, status, headers),
      id: `${effectId}.${restart}.${++this.#calls}`,
      ...(fetch ? { fetch } : {}),
    });
    try {
      const searches = isSearcher && canSearchWeb(ref);
      const model = await sdkModel(ref, providers, { fetch: wire.fetch, searches });
      const own = searches ? { ownTools: await webSearchOf(ref) } : {};
      const turn = await takeTurn({ ...turnOptions, ...own, model, signal: wire.signal });
      const costUsd = turn.usage ? await this.#cost(ref, turn.usage) : null;
      if (turn.kind === "reply") {
        const { kind: _, ...reply } = turn;
        return { ...reply, costUsd };
      }
      // What was sent and not told a price is of unknown price, not free.
      const unknown = wire.mayCost ? { usage: { tokensUsed: 0, costUsd: null, turns: 1 } } : {};
      const used = turn.usage ? { usage: usageOf(turn.usage, costUsd) } : unknown;
      if (signal.aborted) return { ...stopped(signal), ...used };
      if (wire.expired) return { ok: false, ...expired(wire.expired.reason, ref), ...used };
      const error = turn.kind === "fault" ? turn.error : new Error("the call was aborted");
      return { ok: false, ...faultOf(error, ref, clock.now()), ...used };
    } finally {
      wire.close();
    }
  }

  #cost(ref: ModelRef, usage: TokenUsage): Promise<number | null> {
    const { providers, prices = {}, clock } = this.#options;
    const baseUrl = baseUrlOf(ref, providers);
    return priceOf(ref, usage, { prices, at: clock.now(), ...(baseUrl === undefined ? {} : { baseUrl }) });
  }
}

const usageOf = ({ input, output }: TokenUsage, costUsd: number | null): Usage => ({
  tokensUsed: input + output,
  costUsd,
  turns: 1,
});

export const stopped = (signal: AbortSignal): Ended => ({
  ok: false,
  failure: "stopped",
  reason: reasonOf(signal.reason),
  retry: "safe",
});

const expired = (reason: string, ref: ModelRef): Fault => ({
  failure: "timeout",
  reason: `${ref.text}: ${reason}`,
  retry: "safe",
});
