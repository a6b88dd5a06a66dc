import { expect, test } from "vitest";
import { estimateTokens } from "../context/tokens.ts";
import { conversationContext, type Exchange, exchangesIn, remember } from "./conversation.ts";

const exchange = (i: number, words = 1): Exchange => ({
  ...{ run: `run-${i}`, agent: "conductor", said: `question ${i}`, reply: `answer ${i} ${"word ".repeat(words)}` },
});
const after = (count: number, words?: number) =>
  Array.from({ length: count }, (_, i) => exchange(i, words)).reduce<readonly Exchange[]>(remember, []);

test("a short conversation is shown whole, and is read again as it was", () => {
  const all = after(3);
  expect(exchangesIn(conversationContext(all))).toEqual(all);
});

test("however long it is, what is shown has a limit: the newest whole, older ones by their beginnings", () => {
  const all = after(80, 5000);
  const shown = conversationContext(all);
  expect(estimateTokens(JSON.stringify(shown))).toBeLessThan(8000);
  const text = JSON.stringify(shown);
  expect(text).toContain("question 79");
  expect(text).toMatch(/"leftOut":\d+/);
  const kept = exchangesIn(shown);
  expect(kept.at(-1)).toEqual(all.at(-1));
  expect(kept[0]?.reply.length).toBeLessThan(kept.at(-1)?.reply.length ?? 0);
  expect(after(500)).toHaveLength(100);
});

test("what is no conversation is none", () => {
  for (const context of [undefined, {}, { conversation: 1 }, { conversation: { exchanges: [{ run: 1 }, "x"] } }])
    expect(exchangesIn(context)).toEqual([]);
});
