/**
 * What all runs of a home together may spend in a day.
 *
 * A run under way counts with what it has spent today and all that it may still spend; a paused one only with what it has
 * spent, and is looked at again when it goes on.
 */
import type { RunState } from "../core/state.ts";
import { TuttiError } from "../domain/error.ts";
import type { Command } from "../domain/facts.ts";
import { defined } from "../domain/json.ts";
import type { Budget } from "../domain/plan.ts";
import type { Journal, RunEntry } from "../domain/ports.ts";
import { load } from "../drivers/local/load.ts";
import { type Amounts, type Claim, type Claimed, Claims } from "../library/claims.ts";
import type { Settings } from "../library/settings.ts";
import type { CostOf } from "../runtimes/prices.ts";
import { isEnded } from "../scheduling/life.ts";
import { checkPrices } from "./crew-of-files.ts";
import type { RunHandle } from "./handle.ts";

export interface DayBudget {
  readonly usd?: number;
  readonly tokens?: number;
}

const LIMITS = ["usd", "tokens"] as const;
type Limit = (typeof LIMITS)[number];
/** Runs of a day that are looked at. */
const MOST_RUNS = 1000;
const MOST_NAMED = 3;
const NOTHING: Amounts = { usd: 0, tokens: 0 };
/** Of a run that is over nothing is to come, whatever was claimed for it. */
const ANYTHING: Amounts = { usd: Number.POSITIVE_INFINITY, tokens: Number.POSITIVE_INFINITY };

/** What of the day is gone, and what is set aside for whom. */
interface Day {
  readonly spent: Amounts;
  readonly held: readonly Held[];
}
interface Held extends Amounts {
  readonly by: string;
}
/** The day by its journals, and what each of its runs may have spent by its end, as far as those say. */
interface Journaled extends Day {
  readonly ends: ReadonlyMap<string, Amounts>;
}
export interface Admission {
  readonly budget: Budget;
  /** It is counted until the run is in the journal. */
  readonly claim: Claim;
}

/**
 * The budget of a run that begins now: its own, or what is left of the day where that is less. Throws BAD_INPUT where
 * nothing is left.
 */
async function admitted(
  own: Budget | undefined,
  day: DayBudget,
  { journal, claims, now }: { readonly journal: Journal; readonly claims: Claims; readonly now: number },
): Promise<Admission> {
  const claim = claims.make();
  try {
    // In this order: what has just begun is in the one or in the other.
    const before = await claim.before();
    const budget = within(own, day, withClaims(await dayOf(journal, now), before), NOTHING);
    claim.settle({ usd: budget.usd ?? 0, tokens: budget.tokens ?? 0 });
    return { budget, claim };
  } catch (error) {
    claim.giveBack();
    throw error;
  }
}

/** What others have claimed and no journal says yet. A claim of a run that goes on ends as its journal says so. */
function withClaims({ spent, held, ends }: Journaled, claims: readonly Claimed[], but?: string): Day {
  const left = claims.flatMap(({ run, ...amounts }): Amounts[] => {
    if (run === undefined) return [amounts];
    const said = ends.get(run) ?? amounts;
    return run === but ? [] : [{ usd: beyond(amounts.usd, said.usd), tokens: beyond(amounts.tokens, said.tokens) }];
  });
  const all = left.reduce((sum, one) => ({ usd: sum.usd + one.usd, tokens: sum.tokens + one.tokens }), NOTHING);
  const isClaimed = LIMITS.some((limit) => all[limit] > 0);
  return { spent, held: isClaimed ? [...held, { ...all, by: "runs that are just beginning" }] : held };
}

const beyond = (amount: number, other: number): number => Math.max(0, amount - other);

/** The caps with which a run goes on: what it asks for, or what it has spent and what is left of the day. */
async function resumed(
  state: RunState,
  asked: Budget | undefined,
  day: DayBudget,
  { journal, claims, now }: { readonly journal: Journal; readonly claims: Claims; readonly now: number },
): Promise<Budget | undefined> {
  const { caps, knownUsd, total } = state.ledger;
  const used = { usd: knownUsd, tokens: total.tokensUsed };
  const wanted = { ...caps, ...asked };
  const claim = claims.make(state.run);
  let budget: Budget;
  try {
    const before = await claim.before();
    const all = withClaims(await dayOf(journal, now, state.run), before, state.run);
    budget = within(wanted, day, all, used);
    claim.settle({ usd: budget.usd ?? used.usd, tokens: budget.tokens ?? used.tokens });
  } catch (error) {
    claim.giveBack();
    throw error;
  }
  const isSame = LIMITS.every((limit) => budget[limit] === wanted[limit]);
  return isSame
    ? asked
    : {
        ...asked,
        ...Object.fromEntries(LIMITS.flatMap((limit) => (budget[limit] === undefined ? [] : [[limit, budget[limit]]]))),
      };
}

/** Of whose home it is. */
interface Home {
  readonly home: string;
  readonly journal: Journal;
  readonly settings: Settings;
  readonly costOf: CostOf;
}

/** The day of one home, for whoever begins runs there and lets them go on. */
export class Days {
  readonly #of: Home;
  readonly #now: () => number;
  #claims: Claims | undefined;

  constructor(of: Home, now: () => number) {
    this.#of = of;
    this.#now = now;
  }

  /** Its own budget where no day is limited. */
  async admit(own: Budget | undefined, models: Iterable<string>): Promise<Partial<Admission>> {
    const { settings, journal, home } = this.#of;
    const { dayBudget } = settings;
    if (dayBudget === undefined) return defined({ budget: own });
    checkPrices(models, dayBudget, "dayBudget.usd", this.#of);
    return admitted(own, dayBudget, { journal, claims: this.#claimsOf(home), now: this.#now() });
  }

  /** What somebody orders, with no more budget than is left of the day. */
  async ordered(state: RunState, command: Command): Promise<Command> {
    const { settings, journal, home } = this.#of;
    const { dayBudget } = settings;
    const isRaise = command.type === "resume" || (command.type === "change" && command.budget !== undefined);
    if (!isRaise || dayBudget === undefined || state.start?.rehearsed) return command;
    const budget = await resumed(state, command.budget, dayBudget, {
      ...{ journal, claims: this.#claimsOf(home), now: this.#now() },
    });
    return { ...command, ...defined({ budget }) };
  }

  close(): void {
    this.#claims?.close();
  }

  #claimsOf(home: string): Claims {
    this.#claims ??= new Claims(home, this.#now);
    return this.#claims;
  }
}

/** What was claimed for a run counts until its journal says it. */
export function counted(handle: RunHandle, claim: Claim | undefined): RunHandle {
  const giveBack = () => claim?.giveBack();
  if (claim) handle.opened().then(giveBack, giveBack);
  return handle;
}

/** `used`: what the run itself has spent so far, which its cap counts too. */
function within(own: Budget | undefined, day: DayBudget, { spent, held }: Day, used: Amounts): Budget {
  const left: { -readonly [limit in keyof Budget]: Budget[limit] } = { ...own };
  for (const limit of LIMITS) {
    const cap = day[limit];
    if (cap === undefined) continue;
    const aside = held.reduce((sum, one) => sum + one[limit], 0);
    const rest = cap - spent[limit] - aside;
    if (rest <= 0) throw refused(limit, cap, spent[limit], aside, held);
    left[limit] = Math.min(own?.[limit] ?? Number.POSITIVE_INFINITY, used[limit] + rest);
  }
  return left;
}

function refused(limit: Limit, cap: number, spent: number, aside: number, held: Day["held"]): TuttiError {
  const text = (amount: number) =>
    limit === "usd" ? `${Number(amount.toFixed(4))} usd` : `${Math.round(amount)} tokens`;
  const who = held.filter((one) => one[limit] > 0).sort((a, b) => b[limit] - a[limit]);
  const named = who.slice(0, MOST_NAMED).map((one) => `${one.by}: ${text(one[limit])}`);
  const more = who.length > named.length ? [`${who.length - named.length} more`] : [];
  const by =
    aside > 0
      ? `${text(aside)} set aside for what is under way (${[...named, ...more].join(", ")})`
      : "nothing set aside";
  return new TuttiError(
    "BAD_INPUT",
    `the day's budget of ${cap} ${limit} is spent or set aside: ${text(spent)} spent today, ${by}, nothing left`,
    {
      path: `dayBudget.${limit}`,
      hint: `wait for tomorrow, raise dayBudget.${limit} in config.yaml${aside > 0 ? ", cancel or pause a run that has some set aside, or give runs a --budget of their own, so that less is" : ""}`,
    },
  );
}

/** The day of whoever pays: where this machine is. */
function midnight(now: number): number {
  return new Date(now).setHours(0, 0, 0, 0);
}

/** Without what is set aside for `but`, which asks. */
async function dayOf(journal: Journal, now: number, but?: string): Promise<Journaled> {
  const since = midnight(now);
  const entries = await journal.list({ limit: MOST_RUNS });
  let spent = NOTHING;
  const held: Held[] = [];
  const ends = new Map<string, Amounts>();
  for (const entry of entries.filter((one) => !one.rehearsed && (one.endedAt ?? since) >= since)) {
    const own = await ofRun(journal, entry, since);
    spent = { usd: spent.usd + own.spent.usd, tokens: spent.tokens + own.spent.tokens };
    ends.set(entry.run, own.end);
    if (own.ahead && entry.run !== but) held.push({ ...own.ahead, by: entry.run });
  }
  return { spent, held, ends };
}

async function ofRun(
  journal: Journal,
  { run, summary, startedAt, endedAt }: RunEntry,
  since: number,
): Promise<{ readonly spent: Amounts; readonly ahead?: Amounts; readonly end: Amounts }> {
  const isOver = endedAt !== undefined && summary !== undefined;
  if (isOver && startedAt >= since && summary.totalCostUsd !== null)
    return { spent: { usd: summary.totalCostUsd, tokens: summary.totalTokens }, end: ANYTHING };
  const state = await load(journal, run).catch(() => undefined);
  if (!state) return { spent: { usd: 0, tokens: summary?.totalTokens ?? 0 }, end: ANYTHING };
  const { caps, knownUsd, total } = state.ledger;
  const used = { usd: knownUsd, tokens: total.tokensUsed };
  // Of one that was begun on another day only what it has used since counts.
  const before = startedAt >= since ? NOTHING : await usedBefore(journal, run, since);
  const spent = { usd: used.usd - before.usd, tokens: used.tokens - before.tokens };
  if (isEnded(state.life)) return { spent, end: ANYTHING };
  if (state.life.stage === "paused") return { spent, end: used };
  const end = (limit: Limit) => Math.max(used[limit], caps[limit] ?? 0);
  const all = { usd: end("usd"), tokens: end("tokens") };
  return { spent, ahead: { usd: all.usd - used.usd, tokens: all.tokens - used.tokens }, end: all };
}

async function usedBefore(journal: Journal, run: string, since: number): Promise<Amounts> {
  let last = 0;
  for await (const page of journal.read(run))
    for (const { seq, at } of page) {
      if (at < since) last = seq;
    }
  if (last === 0) return NOTHING;
  const { ledger } = await load(journal, run, last);
  return { usd: ledger.knownUsd, tokens: ledger.total.tokensUsed };
}
