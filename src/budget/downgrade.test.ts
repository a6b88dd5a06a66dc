import { expect, test } from "vitest";
import { optionsOf } from "../../test/support/run-model.ts";
import { told, who } from "../../test/support/told.ts";
import type { Budget } from "../domain/plan.ts";
import { decideWay, hasCheaper } from "./downgrade.ts";
import { createLedger, evolveLedger } from "./ledger.ts";

const PRICES = { dear: { input: 3, output: 15 }, cheap: { input: 1, output: 5 }, free: { input: 0, output: 0 } };
const ways = (more: object = {}) => ({
  ...{ own: { model: "dear" }, last: "dear", cheaper: ["cheap"], prices: PRICES },
  ...more,
});
/** One attempt has used 6 dollars of the budget, and another has left off because its next turn takes 3. */
function ledgerWith(budget: Budget, needs = { tokens: 100, usd: 3 }) {
  const ledger = createLedger();
  evolveLedger(ledger, told("workflow:start", { taskCount: 2, options: optionsOf({ budget }) }));
  const used = { duration: 0, tokensUsed: 1000, costUsd: 6 };
  evolveLedger(ledger, told("task:complete", { ...who("a"), attempt: 1, ...used }));
  const off = { attempt: 1, duration: 0, tokensUsed: 0, costUsd: 0, turns: 0, failure: "budget" as const, needs };
  evolveLedger(ledger, told("task:retry", { ...who("x"), ...off }));
  return ledger;
}
const decide = (budget: Budget, more: object = {}, task: object = {}, isAlone = true) =>
  decideWay(ledgerWith(budget), { taskId: "x", ...task }, ways(more), isAlone);

test("the own model goes first, then the first allowed one that is cheaper and fits, by how their prices compare", () => {
  expect(decide({ usd: 9 })).toEqual({ modelled: { model: "dear" }, need: { tokens: 100, usd: 3 } });
  expect(decide({ usd: 7.5 })).toEqual({
    modelled: {
      model: "cheap",
      downgradedFrom: "dear",
      modelReason: expect.stringMatching(/^cheaper than dear, because the budget of 7.5 usd/),
    },
    need: { tokens: 100, usd: 1 },
  });
  expect(decide({ usd: 6.5 })).toMatchObject({ short: { limit: "usd" } });
  expect(decide({ usd: 6.5 }, { cheaper: ["cheap", "free"] })).toMatchObject({ modelled: { model: "free" } });
  // What the next turn takes was estimated with the cheaper one: its own would take three times as much.
  expect(decide({ usd: 12 }, { last: "cheap" })).toMatchObject({ modelled: { model: "cheap" }, need: { usd: 3 } });
  expect(decide({ usd: 15 }, { last: "cheap" })).toMatchObject({ modelled: { model: "dear" }, need: { usd: 9 } });
});

test("nobody goes to a model that is dearer, of unknown price, or not allowed, and tokens cost the same with all", () => {
  for (const cheaper of [[], ["unknown"], ["dear"]]) expect(decide({ usd: 7.5 }, { cheaper })).toHaveProperty("short");
  expect(decide({ usd: 7.5 }, { own: { model: "cheap" }, last: "cheap", cheaper: ["dear"] })).toHaveProperty("short");
  expect(decide({ usd: 7.5 }, { own: { model: "unknown" } })).toHaveProperty("short");
  expect(decide({ tokens: 1050 })).toMatchObject({ short: { limit: "tokens" } });
  expect(decide({})).toEqual({ modelled: { model: "dear" } });
});

test("while others are under way only a still cheaper one is begun, and a task's own budget counts as well", () => {
  expect(decide({ usd: 7.5 }, {}, {}, false)).toMatchObject({ modelled: { model: "cheap" } });
  expect(decide({ usd: 7.5 }, { last: "cheap" }, {}, false)).toEqual({ short: expect.anything() });
  expect(decide({}, {}, { budget: { usd: 2 } })).toMatchObject({ modelled: { model: "cheap" } });
  expect(decide({}, {}, { budget: { usd: 0.5 } })).toEqual({ modelled: { model: "dear" } });
  const left = (usd: number, last: string) =>
    hasCheaper(ledgerWith({}), { taskId: "x", budget: { usd } }, ways({ last }), { tokens: 1, usd: 3 }, new Map());
  expect([left(2, "dear"), left(0.5, "dear"), left(2, "cheap")]).toEqual([true, false, false]);
});
