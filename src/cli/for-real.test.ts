import { expect, test } from "vitest";
import type { Settings } from "../library/settings.ts";
import { forReal } from "./for-real.ts";

const found = (model?: string) => ({ found: [], ...(model !== undefined && { model }) }) as unknown as Settings;

test.each<[string, Parameters<typeof forReal>, string]>([
  ["names a model where none is configured", ["issue", {}, found()], "issue --model provider/id"],
  ["and none where one is", ["issue", {}, found("a/b")], "issue"],
  ["keeps the one that was named", ["issue", { model: "c/d" }, found("a/b")], "issue --model c/d"],
  [
    "keeps what decides what is done, quoted for a shell",
    ["my plan.yaml", { param: ["topic=it's late"], deliver: "branch", prove: ["npm test"] }, found("a/b")],
    "'my plan.yaml' -p 'topic=it'\\''s late' --deliver branch --prove 'npm test'",
  ],
])("what was rehearsed, for real: %s", (_what, given, expected) => {
  expect(forReal(...given)).toBe(expected);
});
