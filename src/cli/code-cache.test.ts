import { homedir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { homeIn } from "./code-cache.ts";

test("the home is a whole path, as commands that are given it run in other folders", () => {
  expect(homeIn({ TUTTI_HOME: "here" })).toBe(join(process.cwd(), "here"));
  expect(homeIn({ TUTTI_HOME: "" })).toBe(join(homedir(), ".tutti"));
});
