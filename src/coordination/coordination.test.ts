import * as fc from "fast-check";
import { expect, test } from "vitest";
import { told, who } from "../../test/support/told.ts";
import type { EventFields, RunEvent } from "../domain/events.ts";
import { COMMANDS } from "../domain/facts.ts";
import { commandFault } from "./command-shape.ts";
import { createGates, evolveGates, gateFault } from "./gates.ts";
import { createTalk, decideBoard, decideMessage, evolveTalk, messagesOf, TALK_LIMITS, type Talk } from "./talk.ts";

function talkOf(...names: string[]): Talk {
  const talk = createTalk();
  evolveTalk(
    talk,
    told("workflow:start", { agents: Object.fromEntries(names.map((name) => [name, { runtime: "f" }])) }),
  );
  return talk;
}
const say = (talk: Talk, from: string, to: string, content: string) => {
  const decided = decideMessage(talk, { from, to, kind: "data", content });
  if ("fields" in decided) evolveTalk(talk, told("message:sent", decided.fields));
  return "fault" in decided ? decided.fault : undefined;
};
/** An attempt of this task by this agent begins: it is given what waits for the agent. */
const begin = (talk: Talk, task: string, agent: string): unknown[] => {
  const messages = talk.waiting.get(agent);
  if (messages) evolveTalk(talk, told("message:delivered", { ...who(task, agent), attempt: 1, messages }));
  return messagesOf(talk, task).map(({ content }) => content);
};

test("a message reaches the first attempt of its addressee, later attempts at the same task, and nobody else", () => {
  const talk = talkOf("a", "b");
  say(talk, "a", "b", "one");
  say(talk, "a", "b", "two");
  expect(begin(talk, "x", "a")).toEqual([]);
  expect(begin(talk, "y", "b")).toEqual(["one", "two"]);
  expect(begin(talk, "z", "b")).toEqual([]);
  say(talk, "user", "b", "three");
  expect(begin(talk, "y", "b")).toEqual(["one", "two", "three"]);
});

test("a broadcast reaches every agent but the one that sent it, each once", () => {
  const talk = talkOf("a", "b", "c");
  say(talk, "a", "*", "all");
  expect([begin(talk, "x", "a"), begin(talk, "y", "b"), begin(talk, "z", "c"), begin(talk, "w", "b")]).toEqual([
    [],
    ["all"],
    ["all"],
    [],
  ]);
  evolveTalk(talk, told("plan:changed", { agents: { late: { runtime: "f" } } }));
  say(talk, "user", "*", "again");
  expect([begin(talk, "v", "a"), begin(talk, "u", "late")]).toEqual([["again"], ["again"]]);
});

test("every message is given exactly once to every agent that it is for", async () => {
  const names = ["a", "b", "c"];
  const steps = fc.array(fc.tuple(fc.constantFrom(...names), fc.constantFrom(...names, "*"), fc.boolean()));
  await fc.assert(
    fc.property(steps, (list) => {
      const talk = talkOf(...names);
      const expected: string[] = [];
      const given: string[] = [];
      const take = (agent: string, task: string) =>
        given.push(...begin(talk, task, agent).map((content) => `${content} to ${agent}`));
      for (const [i, [from, to, begins]] of list.entries()) {
        if (begins) take(from, `t${i}`);
        else {
          say(talk, from, to, `m${i}`);
          for (const name of names) if (to === name || (to === "*" && name !== from)) expected.push(`m${i} to ${name}`);
        }
      }
      for (const name of names) take(name, `last ${name}`);
      expect(new Set(given).size).toBe(given.length);
      expect(new Set(given)).toEqual(new Set(expected));
    }),
  );
});

test("[I9] messages and the board have limits and say which", () => {
  const talk = talkOf("a", "backend");
  expect(say(talk, "a", "backnd", "x")).toBe("there is no agent 'backnd' in this run: did you mean 'backend'?");
  expect(say(talk, "a", "backend", "x".repeat(TALK_LIMITS.characters))).toBeUndefined();
  expect(say(talk, "a", "backend", "x".repeat(TALK_LIMITS.characters + 1))).toContain("at most 65536 characters");
  for (let i = 1; i < TALK_LIMITS.messages; i++) expect(say(talk, "a", "a", "m")).toBeUndefined();
  expect(say(talk, "a", "a", "m")).toBe("a run carries at most 10000 messages");
  const set = (key: string, value: string) => {
    const decided = decideBoard(talk, { key, value, by: "a" });
    if ("fields" in decided) evolveTalk(talk, told("board:set", decided.fields));
    return "fault" in decided ? decided.fault : undefined;
  };
  expect(set("", "x")).toContain("1 to 200 characters");
  expect(set("k".repeat(201), "x")).toContain("1 to 200 characters");
  expect(set("k", "x".repeat(70_000))).toContain("at most 65536 characters");
  for (let i = 0; i < TALK_LIMITS.keys; i++) expect(set(`k${i}`, "")).toBeUndefined();
  expect(set("one more", "")).toBe("the board holds at most 1000 keys");
  expect(set("k0", "still")).toBeUndefined();
});

test("a key of the board rises by one version with each write, and a write may insist on the one it saw", async () => {
  await fc.assert(
    fc.property(fc.array(fc.tuple(fc.constantFrom("k", "l"), fc.option(fc.nat(4), { nil: undefined }))), (writes) => {
      const talk = talkOf("a");
      const versions: Record<string, number> = { k: 0, l: 0 };
      for (const [i, [key, expected]] of writes.entries()) {
        const version = versions[key] ?? 0;
        const decided = decideBoard(talk, {
          key,
          value: i,
          by: "a",
          ...(expected === undefined ? {} : { expect: expected }),
        });
        if (expected === undefined || expected === version) {
          expect(decided).toEqual({ fields: { key, value: i, by: "a", version: version + 1 } });
          versions[key] = version + 1;
          evolveTalk(talk, told("board:set", (decided as { fields: EventFields["board:set"] }).fields));
        } else expect(decided).toEqual({ fault: `'${key}' is at version ${version}, not ${expected}` });
      }
    }),
  );
});

test("a gate is opened once, decided once, and closed by the end of its task", () => {
  const gates = createGates();
  const tell = (...events: RunEvent[]) => {
    for (const event of events) evolveGates(gates, event);
  };
  expect(gateFault(gates, "g")).toBe("there is no open gate 'g'");
  tell(told("gate:opened", { ...who("g"), gate: "g" }), told("gate:opened", { ...who("h"), gate: "h" }));
  expect(gateFault(gates, "g")).toBeUndefined();
  tell(told("gate:decided", { ...who("g"), gate: "g", decision: "reject" }), told("task:cancelled", who("h")));
  expect(gateFault(gates, "g")).toBe("gate 'g' has been decided already: reject");
  expect(gateFault(gates, "h")).toBe("there is no open gate 'h'");
});

test.each<[unknown, string | undefined]>([
  [{ type: "pause" }, undefined],
  [{ type: "resume", budget: { usd: 3 }, globalTimeout: 5 }, undefined],
  [{ type: "change", add: [{}], remove: ["a"], budget: {}, agents: {} }, undefined],
  [{ type: "message", from: "user", to: "*", content: null }, undefined],
  [null, "a command is an object with a type"],
  [[], "a command is an object with a type"],
  [{}, `'type' must be one of ${COMMANDS.join(", ")}`],
  [{ type: "cancle" }, `'type' must be one of ${COMMANDS.join(", ")}: did you mean 'cancel'?`],
  [{ type: "__proto__" }, `'type' must be one of ${COMMANDS.join(", ")}`],
  [{ type: "pause", reason: 7 }, "'reason' must be a string"],
  [{ type: "resume", budget: { usd: -1 } }, "'budget.usd' must be a number from 0"],
  [{ type: "resume", globalTimeout: "soon" }, "'globalTimeout' must be a whole number from 1 to 9007199254740991"],
  [{ type: "decide", gate: "g" }, "'decision' is missing"],
  [
    { type: "decide", gate: "g", decision: "aprove" },
    "'decision' must be one of approve, reject: did you mean 'approve'?",
  ],
  [{ type: "change", add: null }, "'add' must be a list"],
  [{ type: "change", remove: "abc" }, "'remove' must be a list"],
  [{ type: "message", from: "user", to: "*" }, "'content' is missing"],
  [{ type: "checkpoint" }, "'name' is missing"],
])("of the command %j it is said: %s", (command, fault) => {
  expect(commandFault(command)).toBe(fault);
});
