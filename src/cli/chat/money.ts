/** What a conversation has cost so far, by agent; and the day. */
import { fleetOf } from "../../app/conducting.ts";
import type { RunCost, Spending } from "../../conductor/fleet.ts";
import { EXIT } from "../exit.ts";
import { moneyText, plural, tokensText } from "../units.ts";
import type { Talk } from "./talk.ts";

/** Runs that are read for the sum of a conversation, the newest. */
const MOST = 200;

const sumOf = (all: readonly Spending[]): Spending => ({
  tokensUsed: all.reduce((sum, { tokensUsed }) => sum + tokensUsed, 0),
  costUsd: all.reduce<number | null>(
    (sum, { costUsd }) => (sum === null || costUsd === null ? null : sum + costUsd),
    0,
  ),
});
const spentText = ({ tokensUsed, costUsd }: Spending): string =>
  `${tokensText(tokensUsed)} tokens, ${costUsd === null ? "cost unknown" : moneyText(costUsd)}`;

export async function cost({ io, host, chat, isJson }: Talk): Promise<number> {
  using fleet = fleetOf(host, { by: "chat", isPerson: true });
  const runs = [...chat.own, ...chat.begun].slice(-MOST);
  const mine = (await Promise.all(runs.map((run) => fleet.costs(run)))).flatMap((one) => one.runs);
  const today = await fleet.costs();
  const byAgent = agentsIn(mine);
  const left = await chat.left();
  if (isJson) {
    const exchanges = chat.own.length;
    io.json({ type: "chat:cost", exchanges, ...sumOf(mine), left, byAgent: Object.fromEntries(byAgent), today });
    return EXIT.done;
  }
  const began = chat.begun.length > 0 ? ` and ${plural(chat.begun.length, "run")} that it began` : "";
  io.out(`this chat: ${plural(chat.own.length, "exchange")}${began}: ${spentText(sumOf(mine))}`);
  for (const [name, spent] of byAgent) io.out(`  ${name}: ${spentText(spent)}`);
  if (left) {
    const { usd, tokens } = left;
    const parts = [
      ...(usd === undefined ? [] : [moneyText(usd)]),
      ...(tokens === undefined ? [] : [`${tokensText(tokens)} tokens`]),
    ];
    io.out(`left of its budget: ${parts.join(", ")}`);
  }
  const real = today.runs.filter(({ rehearsed }) => !rehearsed);
  const more = today.leftOut > 0 ? ` (${today.leftOut} older ones are not counted)` : "";
  const { usd } = today.dayBudget ?? {};
  const of = usd === undefined ? "" : ` of ${moneyText(usd)}`;
  io.out(`today, without rehearsals: ${plural(real.length, "run")}${more}: ${spentText(sumOf(real))}${of}`);
  return EXIT.done;
}

function agentsIn(runs: readonly RunCost[]): ReadonlyMap<string, Spending> {
  const found = new Map<string, Spending>();
  for (const { agents } of runs)
    for (const [name, spent] of Object.entries(agents)) {
      const before = found.get(name);
      found.set(name, sumOf(before ? [before, spent] : [spent]));
    }
  return found;
}
