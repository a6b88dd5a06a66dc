import { expect, test } from "vitest";
import { complete } from "./completion.ts";
import { EntryReader, typedIn, unquoted } from "./entry.ts";
import { Lines } from "./lines.ts";

/** Whole entries, and what was still open at the end. */
function entriesOf(...lines: readonly string[]) {
  const reader = new EntryReader();
  const entries = lines.flatMap((line) => reader.take(line) ?? []);
  return reader.isOpen ? [...entries, `open: ${reader.end()}`] : entries;
}

test("an entry ends with its line, unless that ends in a backslash or a quote that it begins with is open", () => {
  expect(entriesOf("one", "two \\", "and a half", "three")).toEqual(["one", "two \nand a half", "three"]);
  expect(entriesOf('/ask "a', 'b "c" d', 'e"', "next")).toEqual(['/ask "a\nb "c" d\ne"', "next"]);
  expect(entriesOf('/ask @who "a', 'b"')).toEqual(['/ask @who "a\nb"']);
  expect(entriesOf("it's 5\" wide", '"one" and "two"', '/ask "x"')).toHaveLength(3);
  expect(entriesOf('/ask "never closed', "more")).toEqual(['open: /ask "never closed\nmore']);
});

test("an entry has a limit: beyond it what came is taken as it is", () => {
  const lines = Array.from({ length: 1000 }, (_, i) => (i === 0 ? '"a' : "b"));
  expect(entriesOf(...lines)).toEqual([lines.join("\n")]);
});

test("what begins with a slash and a word is a command; a path is not", () => {
  expect(typedIn(" /Agent  system-architect ")).toEqual({ command: "agent", rest: "system-architect" });
  expect(typedIn("/frontend:fix a\nb")).toEqual({ command: "frontend:fix", rest: "a\nb" });
  expect(typedIn("/etc/hosts says what?")).toEqual({ rest: "/etc/hosts says what?" });
  expect(unquoted('"say \\"hi\\""')).toBe('say "hi"');
  expect(unquoted('"one" and "two"')).toBe('"one" and "two"');
});

const known = {
  commands: ["agent", "agents", "ask"],
  agents: ["builder", "code-reviewer"],
  runs: ["01m80f50t686cs5cg5vh3rzs9y"],
  gates: ["release", "chat#1.ask"],
};

test("Tab completes commands, agents, runs and gates, each where it belongs", () => {
  expect(complete("/ag", known)).toEqual([["/agent ", "/agents "], "/ag"]);
  expect(complete("/agent co", known)).toEqual([["code-reviewer", "conductor"], "co"]);
  expect(complete("/ask @b", known)).toEqual([["@builder "], "@b"]);
  expect(complete("/approve r", known)).toEqual([["release"], "r"]);
  expect(complete("/approve release no", known)).toEqual([[], "no"]);
  expect(complete("/show ", known)).toEqual([known.runs, ""]);
  expect(complete("what about co", known)).toEqual([[], "what about co"]);
});

test("whoever takes entries gets the first that fits, and nothing is lost meanwhile", async () => {
  const lines = new Lines();
  const later = lines.take((entry) => entry === "/stop");
  for (const entry of ["one", "/stop", "two"]) lines.push(entry);
  expect(await later).toBe("/stop");
  const over = new AbortController();
  const none = lines.take((entry) => entry === "three", over.signal);
  over.abort();
  expect(await none).toBeUndefined();
  lines.end();
  expect([await lines.take(() => true), await lines.take(() => true), await lines.take(() => true)]).toEqual([
    ...["one", "two"],
    undefined,
  ]);
});
