/** What all runs of a host share on the way to providers: places, breakers, and the pace of calls. */
import type { Clock, Limits } from "../domain/ports.ts";
import { Pace } from "../runtimes/model/pace.ts";
import { createLimits } from "./limits.ts";

/** Attempts at once with one provider, over all runs of this process. */
export const PER_PROVIDER = { anthropic: 50, openai: 50, google: 50 };

export interface Traffic {
  readonly limits: Limits;
  readonly pace: Pace;
}

export function trafficBy(clock: Clock): Traffic {
  return { limits: createLimits(PER_PROVIDER, { clock }), pace: new Pace(clock) };
}
