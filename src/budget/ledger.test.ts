import * as fc from "fast-check";
import { expect, test } from "vitest";
import { optionsOf } from "../../test/support/run-model.ts";
import { told, who } from "../../test/support/told.ts";
import type { Spent } from "../domain/events.ts";
import type { Budget } from "../domain/plan.ts";
import { createLedger, decideReservation, evolveLedger, type Ledger, lateOf, spawnFault } from "./ledger.ts";

function ledgerWith(budget: Budget | undefined, taskCount = 0): Ledger {
  const ledger = createLedger();
  evolveLedger(
    ledger,
    told("workflow:start", { taskCount, options: optionsOf(budget === undefined ? {} : { budget }) }),
  );
  return ledger;
}
const spent = (more: Partial<Spent> = {}): Spent => ({ duration: 0, tokensUsed: 0, costUsd: 0, ...more });
const done = (id: string, more: Partial<Spent> = {}) =>
  told("task:complete", { ...who(id), attempt: 1, ...spent(more) });
const reserve = (ledger: Ledger, id: string, maxTokens?: number) => {
  const decided = decideReservation(ledger, id, maxTokens);
  if (decided && !decided.short)
    evolveLedger(ledger, told("budget:reserved", { ...who(id), attempt: 1, ...decided.need }));
  return decided;
};

/** A whole attempt: perhaps reserved, then ended in one of the ways there are. */
const attempts = fc.array(
  fc.record({
    task: fc.constantFrom("a", "b", "c"),
    end: fc.constantFrom("task:complete", "task:error", "task:retry", "task:cancelled", "budget:settled"),
    tokensUsed: fc.nat(1000),
    costUsd: fc.option(
      fc.nat(400).map((n) => n / 8),
      { freq: 8 },
    ),
    duration: fc.nat(1000),
    turns: fc.option(fc.nat(9), { nil: undefined }),
    reserved: fc.boolean(),
  }),
);

test("[I6] totals are the sums over all attempts, per task and together, and one unknown cost makes them unknown", async () => {
  await fc.assert(
    fc.property(attempts, (list) => {
      const ledger = ledgerWith({ tokens: 1e9 });
      for (const { task, end, reserved, turns, ...more } of list) {
        const fields = { ...who(task), attempt: 1, ...more, ...(turns === undefined ? {} : { turns }) };
        if (reserved) {
          reserve(ledger, task);
          evolveLedger(ledger, told("budget:settled", fields));
        }
        evolveLedger(ledger, end === "budget:settled" ? told(end, { ...fields, late: true }) : told(end, fields));
        expect([ledger.reservedTokens, ledger.reservedUsd, ledger.reserved.size]).toEqual([0, 0, 0]);
      }
      const sum = (of: typeof list) => ({
        tokensUsed: of.reduce((all, { tokensUsed }) => all + tokensUsed, 0),
        costUsd: of.some(({ costUsd }) => costUsd === null)
          ? null
          : of.reduce((all, { costUsd }) => all + (costUsd ?? 0), 0),
        duration: of.reduce((all, { duration }) => all + duration, 0),
        // What comes late belongs to an attempt that has been counted.
        turns: of.reduce((all, { turns, end }) => all + (turns ?? (end === "budget:settled" ? 0 : 1)), 0),
        attempts: of.filter(({ end }) => end !== "budget:settled").length,
      });
      expect(ledger.total).toEqual(sum(list));
      for (const [id, account] of ledger.tasks) expect(account).toEqual(sum(list.filter(({ task }) => task === id)));
    }),
  );
});

test("[I7] what is set aside is exactly what has been reserved and not settled, and never negative", async () => {
  const steps = fc.array(fc.tuple(fc.constantFrom("a", "b", "c", "d"), fc.boolean(), fc.nat(50)));
  await fc.assert(
    fc.property(steps, (list) => {
      const ledger = ledgerWith({ tokens: 100, usd: 1 });
      const open = new Map<string, number>();
      for (const [id, takes, tokens] of list) {
        if (takes && !open.has(id)) {
          if (!reserve(ledger, id, tokens)?.short) open.set(id, tokens);
        } else if (!takes) {
          evolveLedger(ledger, told("budget:settled", { ...who(id), attempt: 1 }));
          open.delete(id);
        }
        expect(ledger.reservedTokens).toBe([...open.values()].reduce((a, b) => a + b, 0));
        expect(ledger.total.tokensUsed + ledger.reservedTokens).toBeLessThanOrEqual(100);
      }
    }),
  );
});

test("without a cap nothing is reserved, and a budget of added tasks alone is none", () => {
  expect(decideReservation(ledgerWith(undefined), "a", 10)).toBeUndefined();
  expect(decideReservation(ledgerWith({ spawns: 1 }), "a", 10)).toBeUndefined();
});

test("[I7] a reservation is what the task allows, else what attempts used on average", () => {
  const ledger = ledgerWith({ tokens: 1000, usd: 10 });
  expect(decideReservation(ledger, "x", undefined)?.need).toEqual({ tokens: 0, usd: 0 });
  for (const [tokensUsed, costUsd] of [
    [10, 1],
    [21, 2],
  ] as const)
    evolveLedger(ledger, done("a", { tokensUsed, costUsd }));
  expect(decideReservation(ledger, "x", undefined)?.need).toEqual({ tokens: 16, usd: 1.5 });
  expect(decideReservation(ledger, "x", 500)?.need).toEqual({ tokens: 500, usd: 1.5 });
});

test.each<[string, Budget, Partial<Spent>, number | undefined, string | undefined]>([
  ["just fits", { tokens: 100 }, { tokensUsed: 50 }, 50, undefined],
  [
    "is one too many",
    { tokens: 100 },
    { tokensUsed: 50 },
    51,
    "the budget of 100 tokens does not allow task 'x': 50 used, 51 more expected",
  ],
  [
    "is told without the digits that a sum of fractions leaves",
    { usd: 0.3 },
    { costUsd: 0.1 + 0.2 },
    0,
    "the budget of 0.3 usd does not allow task 'x': 0.3 used, 0.3 more expected",
  ],
  [
    "is nothing when the cap is reached",
    { tokens: 100 },
    { tokensUsed: 100 },
    0,
    "the budget of 100 tokens does not allow task 'x': 100 used, 0 more expected",
  ],
  [
    "finds the money gone",
    { usd: 1 },
    { costUsd: 1 },
    undefined,
    "the budget of 1 usd does not allow task 'x': 1 used, 1 more expected",
  ],
  ["costs what nobody knows", { usd: 1 }, { costUsd: null }, undefined, undefined],
  [
    "is one turn more",
    { turns: 3 },
    { turns: 3 },
    undefined,
    "the budget of 3 turns does not allow task 'x': 3 used, 1 more expected",
  ],
  [
    "meets a budget of nothing",
    { tokens: 0 },
    {},
    0,
    "the budget of 0 tokens does not allow task 'x': 0 used, 0 more expected",
  ],
])("an attempt that %s", (_what, budget, used, maxTokens, reason) => {
  const ledger = ledgerWith(budget);
  evolveLedger(ledger, done("a", used));
  expect(reserve(ledger, "x", maxTokens)?.short?.reason).toBe(reason);
});

test("what is under way counts against the caps", () => {
  const ledger = ledgerWith({ tokens: 100, turns: 2 });
  expect(reserve(ledger, "a", 60)?.short).toBeUndefined();
  expect(reserve(ledger, "b", 60)?.short).toMatchObject({ limit: "tokens", used: 60, cap: 100, taskId: "b" });
  expect(reserve(ledger, "b", 40)?.short).toBeUndefined();
  expect(reserve(ledger, "c", 0)?.short).toMatchObject({ limit: "tokens" });
});

test("a cap can be raised alone, and the others stay", () => {
  const ledger = ledgerWith({ tokens: 1, usd: 2 });
  evolveLedger(ledger, told("workflow:resumed", { budget: { tokens: 5 } }));
  evolveLedger(ledger, told("plan:changed", { budget: { turns: 3 } }));
  evolveLedger(ledger, told("workflow:resumed", { recovered: true }));
  expect(ledger.caps).toEqual({ tokens: 5, usd: 2, turns: 3 });
});

test("tasks that the start announced are not spawned; those after them are counted", () => {
  const ledger = ledgerWith({ spawns: 2 }, 2);
  for (let i = 0; i < 3; i++) evolveLedger(ledger, told("task:added", who(`t${i}`)));
  expect(spawnFault(ledger, 1)).toBeUndefined();
  expect(spawnFault(ledger, 2)).toBe("the budget of 2 added tasks does not allow 2 more; 1 have been added");
  expect(spawnFault(ledgerWith(undefined), 1e6)).toBeUndefined();
  // Lowered below what has been added: nothing more, and nothing wrong with what is there.
  evolveLedger(ledger, told("workflow:resumed", { budget: { spawns: 0 } }));
  expect([spawnFault(ledger, 0), spawnFault(ledger, 1)]).toEqual([undefined, expect.any(String)]);
});

test("a task that ended without an attempt cost nothing, also where its cost would be unknown", () => {
  const ledger = ledgerWith(undefined);
  evolveLedger(ledger, told("task:error", { ...who("a"), attempt: 0, ...spent({ costUsd: null }) }));
  expect(ledger.total).toMatchObject({ attempts: 0, costUsd: 0 });
});

test("[I6] an attempt that was given up may say once what it used, one that said it may not say it again", () => {
  const ledger = ledgerWith(undefined);
  evolveLedger(ledger, told("task:retry", { ...who("a"), attempt: 1, ...spent({ duration: 9 }) }));
  evolveLedger(ledger, told("task:retry", { ...who("a"), attempt: 2, ...spent({ tokensUsed: 3 }) }));
  const isUnheard = (attempt: number) => lateOf(ledger, "a", attempt, spent({ tokensUsed: 5 })) !== undefined;
  expect([1, 2, 3].map(isUnheard)).toEqual([true, false, false]);
  evolveLedger(ledger, told("budget:settled", { ...who("a"), attempt: 1, ...spent({ tokensUsed: 5 }), late: true }));
  expect(isUnheard(1)).toBe(false);
  expect(ledger.total.tokensUsed).toBe(8);
});
