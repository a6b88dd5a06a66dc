import { expect, test } from "vitest";
import { stem, wordsOf } from "../domain/words.ts";
import { estimateTokens, head, learnTokens, tail } from "./tokens.ts";

test("about 3.5 characters of English a token, one of Chinese, two for an emoji", () => {
  expect(estimateTokens("x".repeat(3500))).toBe(1000);
  expect(estimateTokens("会".repeat(1000))).toBe(1000);
  expect(estimateTokens("😀".repeat(100))).toBe(200);
  expect(estimateTokens("")).toBe(0);
  // Wherever among letters of ASCII it stands.
  expect(estimateTokens(`${"x".repeat(700)}会${"x".repeat(700)}😀`)).toBe(400 + 3);
});

test("what providers report corrects the estimate, step by step and within bounds", () => {
  let estimator = learnTokens(undefined, 1000, 1300);
  expect(estimator.factor).toBeCloseTo(1.06);
  for (let i = 0; i < 40; i++) estimator = learnTokens(estimator, Math.ceil(1000 * estimator.factor), 1300);
  expect(estimator.factor).toBeCloseTo(1.3, 2);
  expect(estimateTokens("x".repeat(3500), estimator)).toBeGreaterThan(1290);
  for (const [estimated, reported] of [
    [0, 5],
    [5, 0],
    [Number.NaN, 1],
  ] as const)
    expect(learnTokens(estimator, estimated, reported)).toEqual(estimator);
  for (let i = 0; i < 99; i++) estimator = learnTokens(estimator, 1, 1e12);
  expect(estimator.factor).toBeLessThanOrEqual(3);
});

test("starts and ends keep whole characters", () => {
  expect(head("ab😀cd", 2)).toBe("ab");
  expect(head("ab😀cd", 3)).toBe("ab😀c");
  expect(tail("ab😀cd", 2)).toBe("cd");
  expect(tail("abcd", 99)).toBe("abcd");
});

test.each([
  "expire expires expired expiring expiration expiry",
  "limit limits limited limiting",
  "retry retries retried",
  "configure configures configured configuration",
  "migrate migrates migration migrating",
  "box boxes",
  "deploy deploys deployed deployment",
])("one stem: %s", (words) => {
  expect(new Set(words.split(" ").map(stem)).size).toBe(1);
});

test("identifiers are taken apart, numbers from their units", () => {
  expect(wordsOf("sessionMaxAge max_age F-12 30ms 会话期 src/a.ts")).toEqual(
    "session max age max age f 12 30 ms 会话 话期 src a ts".split(" "),
  );
});
