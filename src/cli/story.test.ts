import { expect, test } from "vitest";
import { told, who } from "../../test/support/told.ts";
import type { EventType, RunEvent } from "../domain/events.ts";
import { Story } from "./story.ts";

const spent = { duration: 2300, tokensUsed: 1200, costUsd: 0.01 };
const of = (type: EventType, more: object = {}): RunEvent => told(type, { ...who("a"), attempt: 1, at: 0, ...more });
const linesOf = (...events: RunEvent[]): string[] => {
  const story = new Story("a");
  for (const event of events) story.note(event);
  return story.lines().map(({ text, isInside }) => (isInside ? `  ${text}` : text));
};
const call = (id: string, name: string, input: object) => of("tool:call", { entry: { id, name, input } });
const result = (id: string, name: string, more: object = {}) =>
  of("tool:result", { entry: { id, name, text: "x", ...more } });
const turn = (more: object) =>
  of("turn:complete", { entry: { usage: { input: 1500, output: 20, costUsd: 0.002 }, reply: "", ...more } });

test("a story says in order who was asked, what was done, why it failed, what came next and what it cost", () => {
  const lines = linesOf(
    of("agent:invoke", { agentName: "writer", model: "m1" }),
    turn({
      calls: [
        { id: "1", name: "read" },
        { id: "2", name: "edit" },
        { id: "3", name: "edit" },
      ],
    }),
    call("1", "read", { path: "src/a.ts" }),
    call("2", "edit", { path: "src/a.ts", old: "x" }),
    result("1", "read"),
    result("2", "edit", { fault: "refused", text: "it may not\nwrite there" }),
    of("gate:opened", { gate: "g", question: "May it?" }),
    of("gate:decided", { gate: "g", decision: "approve", by: "ann" }),
    of("workspace:committed", { entry: { ref: "refs/tutti/r/a", files: [{ path: "src/a.ts" }] } }),
    of("task:retry", { failure: "invalid-output", reason: "'n' is missing", step: "repair", ...spent }),
    told("agent:invoke", { ...who("b"), attempt: 1, model: "m1" }),
    of("agent:invoke", { attempt: 2, agentName: "writer", model: "m2", restart: 1 }),
    turn({ reply: "All done" }),
    of("task:complete", { attempt: 2, ...spent, costUsd: null }),
  );
  expect(lines).toEqual([
    "attempt 1 by writer with m1",
    "  turn 1 (1.5k in, 20 out, $0.0020) asked for read, edit ×2",
    "  read src/a.ts: done",
    "  edit src/a.ts: not allowed: it may not write there",
    "waits at gate 'g': May it?",
    "gate 'g': approved by ann",
    "  kept 1 file under refs/tutti/r/a: src/a.ts",
    "attempt 1 failed (invalid-output): 'n' is missing; again, told what was wrong (2.3s, 1.2k tokens, $0.010)",
    "attempt 2 by writer with m2, begun again after a crash (1)",
    "  turn 2 (1.5k in, 20 out, $0.0020) said: All done",
    "complete in 2.3s, 1.2k tokens, cost unknown",
  ]);
});

test("a long story is told by its beginning and its end, each line within its length and harmless", () => {
  const many = Array.from({ length: 500 }, (_, i) => turn({ reply: `${i} \u001b[2J ${"x".repeat(10_000)}` }));
  const lines = linesOf(...many);
  expect(lines).toHaveLength(201);
  expect(lines[60]).toBe("… 300 more …");
  expect(lines[200]).toContain("said: 499");
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(162);
  expect(lines.join("")).not.toContain("\u001b");
});

test("entries that are not as they should be are told all the same", () => {
  for (const entry of [null, 7, [], {}, { usage: "x", calls: [null] }, { files: [1] }, { id: 3, input: [] }])
    expect(() =>
      linesOf(
        ...(["turn:complete", "tool:call", "tool:result", "workspace:committed"] as const).map((type) =>
          of(type, { entry }),
        ),
      ),
    ).not.toThrow();
});

test("what the merge lane proved is told with its gates, green or red", () => {
  const input = { commit: "c".repeat(40), gates: ["npm test", "npm run lint"] };
  const lines = linesOf(
    call("c", "prove", input),
    result("c", "prove", { text: "green" }),
    call("c", "prove", input),
    result("c", "prove", { text: "'npm test' it ended with code 1\nFAIL", fault: "failed" }),
  );
  expect(lines).toEqual([
    "  proved cccccccccccc with 'npm test', 'npm run lint': green",
    "  proved cccccccccccc with 'npm test', 'npm run lint': red: 'npm test' it ended with code 1 FAIL",
  ]);
});
