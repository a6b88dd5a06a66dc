/**
 * What a conductor and all that it begins may take together. What is under way counts with all that it may still take;
 * what has ended, with what it took.
 */
import type { RunState } from "../core/state.ts";
import { TuttiError } from "../domain/error.ts";
import type { Budget } from "../domain/plan.ts";
import type { AttemptLog } from "../domain/ports.ts";
import { isEnded } from "../scheduling/life.ts";
import { begunRuns } from "./begun.ts";
import type { Chosen } from "./crew-of-files.ts";
import type { FleetHome } from "./fleet-home.ts";
import type { Planned } from "./order.ts";

const LIMITS = ["usd", "tokens"] as const;
/** Of what is left: what one run may have of it, and what it gets that asks for nothing. */
const MOST_SHARE = 0.9;
const USUAL_SHARE = 0.5;

export class Purse {
  readonly #home: Pick<FleetHome, "state" | "journal">;
  readonly #run: string;
  readonly #log: AttemptLog;
  #begun: Promise<Set<string>> | undefined;
  /** What all that it began has taken and may still take, as it was when something last began. */
  #aside = { usd: 0, tokens: 0 };

  /** Of the run of a conductor, with that run's own caps. */
  constructor(home: Pick<FleetHome, "state" | "journal">, run: string, log: AttemptLog) {
    this.#home = home;
    this.#run = run;
    this.#log = log;
  }

  get aside(): { readonly usd: number; readonly tokens: number } {
    return this.#aside;
  }

  /** Whether money was given at all. */
  async isCapped(): Promise<boolean> {
    return (await this.#home.state(this.#run)).ledger.caps.usd !== undefined;
  }

  async began(run: string): Promise<boolean> {
    return (await this.#runs()).has(run);
  }

  /** All that it began and that is not over. */
  async live(): Promise<readonly string[]> {
    const states = await Promise.all(
      [...(await this.#runs())].map((run) => this.#home.state(run).catch(() => undefined)),
    );
    return states.flatMap((state) => (state && !isEnded(state.life) ? [state.run] : []));
  }

  /** Looks again what has ended meanwhile, and took less than it might have. */
  async look(): Promise<void> {
    const [usd, tokens] = await Promise.all(LIMITS.map((limit) => this.#taken(limit)));
    this.#aside = { usd: usd ?? 0, tokens: tokens ?? 0 };
  }

  /**
   * With no more budget than is left; where none was asked for, with half of it, so that something is left for whoever
   * conducts. Throws BAD_INPUT where nothing is.
   */
  async hold<P extends Planned & Chosen>(prepared: P): Promise<P> {
    if (prepared.config.rehearse) return prepared;
    const { ledger } = await this.#home.state(this.#run);
    const left: { usd?: number; tokens?: number } = {};
    for (const limit of LIMITS) {
      const cap = ledger.caps[limit];
      if (cap === undefined) continue;
      const rest = cap - usedIn(ledger, limit) - (await this.#taken(limit));
      if (rest <= 0)
        throw new TuttiError("BAD_INPUT", `nothing is left of the conductor's budget of ${cap} ${limit}`, {
          path: `budget.${limit}`,
          hint: "wait until something ends, or say what is missing and let a person raise it",
        });
      left[limit] = Math.min(rest * MOST_SHARE, prepared.config.budget?.[limit] ?? rest * USUAL_SHARE);
      if (limit === "tokens") left[limit] = Math.floor(left[limit]);
    }
    const budget: Budget = { ...prepared.config.budget, ...left };
    return Object.keys(left).length === 0 ? prepared : { ...prepared, config: { ...prepared.config, budget } };
  }

  /** Also in the log of whoever conducts: a crash must not forget it, and whoever watches sees it. */
  async note(run: string): Promise<void> {
    const runs = await this.#runs();
    await this.#log.append({ type: "agent:progress", entry: { text: `began run ${run}`, run } });
    runs.add(run);
    await this.look();
  }

  async #taken(limit: (typeof LIMITS)[number]): Promise<number> {
    return takenBy(this.#home, await this.#runs(), limit);
  }

  /** Also what it began before a crash: the log of the conductor's own run says it. */
  #runs(): Promise<Set<string>> {
    this.#begun ??= begunRuns(this.#home.journal, this.#run);
    return this.#begun;
  }
}

/** What these runs have taken, and may still take where they go on. */
export async function takenBy(
  home: Pick<FleetHome, "state">,
  runs: Iterable<string>,
  limit: (typeof LIMITS)[number],
): Promise<number> {
  let sum = 0;
  for (const run of runs) {
    const state = await home.state(run).catch(() => undefined);
    if (!state) continue;
    const used = usedIn(state.ledger, limit);
    sum += isEnded(state.life) ? used : Math.max(used, state.ledger.caps[limit] ?? used);
  }
  return sum;
}

/** Also the turns of what is under way that stand in its log. */
function usedIn({ knownUsd, total, logged }: RunState["ledger"], limit: (typeof LIMITS)[number]): number {
  const ended = limit === "usd" ? knownUsd : total.tokensUsed;
  return [...logged.values()].reduce((sum, one) => sum + one[limit], ended);
}
