/** What calling models needs. Apart from the caller, because whoever only names these types must not load the packages' own. */
import type { Clock } from "../../domain/ports.ts";
import type { Prices } from "../prices.ts";
import type { Pace } from "./pace.ts";
import type { Providers } from "./providers.ts";
import type { Timers } from "./wire.ts";

export interface CallerOptions {
  readonly providers: Providers;
  readonly prices?: Prices;
  readonly timers?: Partial<Timers>;
  readonly clock: Clock;
  /** Shared by all that use the same keys. Default: one of its own. */
  readonly pace?: Pace;
  /** In the place of Node's own. Then the timer `connect` cannot be told from `firstByte`. */
  readonly fetch?: typeof fetch;
}
