/**
 * The model that an attempt begins with: its own, or a cheaper one that its author allows where what is left of a budget
 * in money covers no attempt, or turn, with its own and one with the cheaper.
 *
 * B4. Nothing goes to another model that its author did not name, nor to one whose price is not known to be lower.
 */
import type { Needs } from "../domain/events.ts";
import { defined } from "../domain/json.ts";
import type { Budget, ModelPrice } from "../domain/plan.ts";
import { decideReservation, isHeldBack, type Ledger, taskShortage } from "./ledger.ts";

export interface Modelled {
  readonly model: string;
  /** Why this one. */
  readonly modelReason?: string;
  /** What it would have been if the budget had room for it. */
  readonly downgradedFrom?: string;
}
interface Task {
  readonly taskId: string;
  readonly maxTokens?: number;
  readonly budget?: Omit<Budget, "spawns"> | undefined;
}
export interface Ways {
  /** As nobody looks at the budget. */
  readonly own: Modelled;
  /** The model of the attempt before, by whose price is known what the next turn takes. */
  readonly last: string;
  /** What may be used instead, in its author's order. */
  readonly cheaper: readonly string[];
  readonly prices: { readonly [model: string]: ModelPrice };
}
export type Way =
  | { readonly modelled: Modelled; readonly need?: Needs }
  | { readonly short?: NonNullable<ReturnType<typeof decideReservation>>["short"] };

const NOBODY = new Map<string, never>();

/** `isAlone`: nothing else is under way, so that waiting would not help. */
export function decideWay(ledger: Ledger, task: Task, ways: Ways, isAlone: boolean): Way {
  const { own, last, cheaper } = ways;
  const { taskId, maxTokens, budget = {} } = task;
  const left = ledger.needs.get(taskId);
  const before = left ? last : own.model;
  const found = decideReservation(ledger, taskId, maxTokens);
  const need = found?.need ?? left;
  const isHeld = !isAlone && isHeldBack(ledger, taskId);
  const whyNot = (model: string): string | undefined => {
    const take = need && pricedAs(need, shareOf(ways, model, before));
    const short = found && decideReservation(ledger, taskId, maxTokens, take)?.short;
    return short?.reason ?? (take && left && taskShortage(ledger, taskId, budget, take, NOBODY));
  };
  const settle = (modelled: Modelled): Way => ({
    modelled,
    ...defined({ need: found && pricedAs(found.need, shareOf(ways, modelled.model, before)) }),
  });
  const reason = whyNot(own.model);
  if (reason === undefined && !isHeld) return settle(own);
  // It left off for want of room with the last one: only a cheaper one helps while others are under way.
  const than = isHeld ? last : own.model;
  const model = cheaper.find((one) => isCheaper(ways, one, than) && whyNot(one) === undefined);
  if (model !== undefined && need && need.usd > 0) {
    const why = reason ?? `the budget has no room for ${than} while others are under way`;
    const modelReason = `cheaper than ${own.model}, because ${why}`;
    return settle({ model, modelReason, downgradedFrom: own.model });
  }
  const { short } = found
    ? (decideReservation(ledger, taskId, maxTokens, pricedAs(found.need, shareOf(ways, own.model, before))) ?? {})
    : {};
  // Its task's own budget: the attempt itself says so, and fails by name.
  if (!short && !isHeld) return settle(own);
  return { ...defined({ short }) };
}

/** Whether a turn that has no room with this model would have it with one that is allowed instead. */
export function hasCheaper(
  ledger: Ledger,
  { taskId, budget = {} }: Task,
  ways: Pick<Ways, "last" | "cheaper" | "prices">,
  needs: Needs,
  inFlight: Parameters<typeof taskShortage>[4],
): boolean {
  return ways.cheaper.some((one) => {
    if (!isCheaper(ways, one, ways.last)) return false;
    return !taskShortage(ledger, taskId, budget, pricedAs(needs, shareOf(ways, one, ways.last)), inFlight);
  });
}

/** Of what agents use most is read: three tokens for each that is written. */
const mixed = (price: ModelPrice | undefined) => price && 0.75 * price.input + 0.25 * price.output;

type Priced = Pick<Ways, "prices">;

function isCheaper({ prices }: Priced, model: string, than: string): boolean {
  const [price, other] = [mixed(prices[model]), mixed(prices[than])];
  return price !== undefined && other !== undefined && price < other;
}

/** What is not known is taken to cost the same. */
function shareOf({ prices }: Priced, model: string, than: string): number {
  const [price, other] = [mixed(prices[model]), mixed(prices[than])];
  return price === undefined || other === undefined || other === 0 ? 1 : price / other;
}

const pricedAs = ({ tokens, usd }: Needs, share: number): Needs => ({ tokens, usd: usd * share });
