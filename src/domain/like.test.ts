import { expect, test } from "vitest";
import { isLike } from "./like.ts";

test.each([
  ["npm test", "npm test", true],
  ["npm test", "npm", false],
  ["npm test -- a", "npm * -- *", true],
  ["aba", "ab*ba", false],
  ["axbxc", "a*b*c", true],
  ["", "*", true],
])("%j fits %j: %s", (text, pattern, isSo) => {
  expect(isLike(text, pattern)).toBe(isSo);
});
