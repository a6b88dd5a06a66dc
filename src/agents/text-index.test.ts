import { expect, test } from "vitest";
import { FIRST_PASSAGE, TextIndex } from "./text-index.ts";

const prose = (text: string, passage = 0) => ({
  ...{ text, weight: 1, marks: 1 | (1 << (FIRST_PASSAGE + passage)), isProse: true },
});
function three(): TextIndex {
  const index = new TextIndex();
  index.put("a", [prose("a race condition in the parser")]);
  index.put("b", [prose("a race over the lawn"), prose("the condition of the parser", 1)]);
  index.put("c", [prose("the lawn is green"), prose("lawn mowers for the lawn", 1)]);
  return index;
}
/** All that it says of its texts, as the router asks for it. */
function told(index: TextIndex): unknown {
  const words = ["race", "condition", "parser", "lawn"].flatMap((word) => index.stems(word));
  const pairs = index.pairsOf(index.stems("race condition"));
  return ["a", "b", "c"].map((id) => ({
    words: words.map((word) => [index.rarity(word), index.rarityInPassages(word), index.share(word)]),
    near: words.map((word) => index.text(id).shareNear(index.stemOf(word), 0)),
    ...{ phrases: index.phrases(id, pairs), passages: [...index.text(id).doc.passages] },
  }));
}

test("words side by side count where they stand side by side, and rare ones more", () => {
  const index = three();
  const pairs = index.pairsOf(index.stems("the race condition"));
  const before = index.phrases("a", pairs);
  expect(before).toBeGreaterThan(0);
  expect([index.phrases("b", pairs), index.phrases("c", pairs)]).toEqual([0, 0]);
  index.put("d", [prose("one more race condition")]);
  expect(index.phrases("a", pairs)).toBeLessThan(before);
});

test("the texts most like it speak for a text", () => {
  const index = three();
  const [lawn = ""] = index.stems("lawn");
  expect(index.seen("a", lawn)).toBeUndefined();
  expect(index.text("a").shareNear(index.stemOf(lawn), 0)).toBeGreaterThan(0);
});

test("which texts are most like one does not depend on what was asked before", () => {
  const [fresh, asked] = [three(), three()];
  told(asked);
  for (const index of [fresh, asked]) index.put("d", [prose("a race over the lawn of the parser")]);
  const near = (index: TextIndex) =>
    ["d", "b", "a"].map((id) =>
      ["race", "lawn", "green"].map((word) => index.text(id).shareNear(index.stemOf(word), 0)),
    );
  expect(near(asked)).toEqual(near(fresh));
});

test("of many that are equally like, ten speak, and those that came first", () => {
  const index = new TextIndex();
  index.put("self", [prose("zebra crossing")]);
  for (let i = 0; i < 12; i++) index.put(`t${i}`, [prose(`zebra word${String.fromCharCode(97 + i)}`)]);
  for (let i = 0; i < 80; i++) index.put(`o${i}`, [prose("something else")]);
  const said = Array.from({ length: 12 }, (_, i) => {
    const [word = ""] = index.stems(`word${String.fromCharCode(97 + i)}`);
    return index.text("self").shareNear(index.stemOf(word), 0) > 0;
  });
  expect(said).toEqual([...new Array(10).fill(true), false, false]);
});

test("a text that went leaves nothing behind", () => {
  const index = three();
  const before = told(index);
  index.put("d", [prose("a race condition of lawn mowers"), prose("the parser", 1)]);
  expect(told(index)).not.toEqual(before);
  index.delete("d");
  expect(told(index)).toEqual(before);
});
