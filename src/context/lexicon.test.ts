import fc from "fast-check";
import { expect, test } from "vitest";
import { stem, wordsOf } from "../domain/words.ts";
import { NUMBER, PLACE, SEVERE } from "./concepts.ts";
import { Lexicon, pairKey } from "./lexicon.ts";
import { costOf } from "./tokens.ts";

const WORDS =
  "city cities query queries reply expire expiry expiration migrate sha256 p0 42 会话 api ok retry cookie Übung naïve".split(
    " ",
  );
/** More beginnings than the table of beginnings has numbers for. */
const MANY = Array.from(
  { length: 400 },
  (_, i) => `${String.fromCharCode(97 + (i % 26), 97 + ((i / 26) % 26))}qua${i}`,
);
const MARKS = new Map([["high", SEVERE]]);

function lexiconOf(words: readonly string[], pairs = new Map<number, number>()): [Lexicon, Map<string, number>] {
  const terms = new Map([...new Set(words.flatMap(wordsOf).map(stem))].map((one, i) => [one, i]));
  return [new Lexicon(terms, pairs, MARKS), terms];
}

/** The same by taking the text apart. */
function expected(text: string, terms: ReadonlyMap<string, number>): number[] {
  return [...new Set(wordsOf(text).flatMap((word) => terms.get(stem(word)) ?? []))];
}

const words = fc.constantFrom(...WORDS, ...MANY, "sessionCookie", "HTTPServer", "x", "5ms", "the", "HIGH", "cit");
const endings = fc.constantFrom("", "s", "ed", "ing", "ies", "Er", "1", "é");
const between = fc.constantFrom(" ", "  ", "\n", "-", "_", "/", "", "… ", "—", "会");
const texts = fc.array(fc.tuple(words, endings, between)).map((all) => all.map((parts) => parts.join("")).join(""));

test("finds what taking the text apart would find, and what it costs", () => {
  const [lexicon, terms] = lexiconOf([...WORDS, ...MANY]);
  fc.assert(
    fc.property(texts, (text) => {
      expect([...lexicon.scan(text, 0, text.length)]).toEqual(expected(text, terms));
      expect(lexicon.cost).toBe([...Array(text.length).keys()].reduce((sum, i) => sum + costOf(text.charCodeAt(i)), 0));
      expect((lexicon.flags & SEVERE) !== 0).toBe(wordsOf(text).some((word) => stem(word) === "high"));
      expect((lexicon.flags & PLACE) !== 0).toBe(text.includes("/"));
      expect((lexicon.flags & NUMBER) !== 0).toBe(wordsOf(text).some((word) => /^\d/.test(word)));
    }),
    { seed: 7, numRuns: 300 },
  );
});

test("finds each of very many words", () => {
  const [lexicon, terms] = lexiconOf(MANY);
  const text = MANY.join(" ");
  expect([...lexicon.scan(text, 0, text.length)]).toEqual([...terms.values()]);
});

test("two words of one place in its memory do not stand for each other", () => {
  const all = Array.from({ length: 9000 }, (_, i) => `cookie${i}`);
  const [lexicon, terms] = lexiconOf(all.filter((_, i) => i % 3 === 0));
  const text = all.join(" ");
  for (let turn = 0; turn < 2; turn++) expect([...lexicon.scan(text, 0, text.length)]).toEqual(expected(text, terms));
});

test("two words count as a pair only side by side", () => {
  const pairs = new Map([[pairKey(0, 1), 2]]);
  const [lexicon] = lexiconOf(["rate", "limit"], pairs);
  expect([...lexicon.scan("rate limit", 0, 10)]).toEqual([0, 1, 2]);
  expect([...lexicon.scan("rate of limit", 0, 13)]).toEqual([0, 1]);
});
