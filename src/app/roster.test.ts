import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { parseAgentFile } from "../agents/agent-text.ts";
import { AgentRegistry } from "../agents/registry.ts";
import type { RunEvent } from "../domain/events.ts";
import { type AgentEvent, Roster } from "./roster.ts";

const folder = mkdtempSync(join(tmpdir(), "tutti-roster-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const shipped = { name: "reviewer", description: "Reviews", instructions: "You review.", tools: ["read"] };
const mine = { name: "mine", description: "Mine", instructions: "You are mine.", capabilities: ["owning"] };
let registry: AgentRegistry;
let roster: Roster;
let told: AgentEvent[];

beforeEach(() => {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  registry = new AgentRegistry([shipped]);
  const clock = { now: () => 5, at: () => () => {} };
  roster = new Roster(registry, { folder, own: new Map(), behind: new Map([["reviewer", shipped]]), clock });
  told = [];
  roster.on((event) => told.push(event));
});

const event = (type: string, more: object = {}) =>
  ({ run: "r1", seq: 1, at: 1, type, taskId: "a", agentName: "reviewer", ...more }) as unknown as RunEvent;
const stages = () =>
  told.flatMap((one) => (one.type === "agent:status" ? [`${one.agent}: ${one.from} → ${one.to}`] : []));

describe("adding, editing and deleting", () => {
  test("an agent that is created is a file that reads as the same agent", () => {
    roster.create(mine);
    const file = join(folder, "mine.md");
    expect(parseAgentFile(readFileSync(file, "utf8"))).toEqual({ agent: mine });
    expect(registry.list({ capability: "owning" })).toEqual([mine]);
    expect([told, readdirSync(folder)]).toEqual([[{ type: "agent:created", agent: "mine", at: 5 }], ["mine.md"]]);
  });

  test("an edit of a shipped agent stands in front of it, and deleting it lets that come forward again", () => {
    roster.update("reviewer", { model: "openai/gpt-5", tools: null });
    expect(registry.get("reviewer")).toEqual({
      name: "reviewer",
      description: "Reviews",
      instructions: "You review.",
      model: "openai/gpt-5",
    });
    roster.delete("reviewer");
    expect(registry.get("reviewer")).toEqual(shipped);
    expect(existsSync(join(folder, "reviewer.md"))).toBe(false);
  });

  test.each<[string, () => unknown, RegExp]>([
    ["a name that is taken", () => roster.create(shipped), /there is an agent 'reviewer' already/],
    ["a name that leads elsewhere", () => roster.create({ ...mine, name: "../mine" }), /'name' must be lower-case/],
    [
      "an unknown field",
      () => roster.create({ ...mine, tool: ["bash"] }),
      /'tool' is not a known field: did you mean 'tools'/,
    ],
    ["no instructions", () => roster.create({ ...mine, instructions: undefined }), /'instructions' is missing/],
    [
      "instructions without end",
      () => roster.create({ ...mine, instructions: "x".repeat(200_000) }),
      /at most 131072 characters/,
    ],
    ["another name", () => roster.update("reviewer", { name: "other" }), /'name' cannot be changed/],
    ["a wrong value", () => roster.update("reviewer", { tier: "storng" }), /'tier' must be one of .*'strong'/],
    ["one that is not there", () => roster.update("reviwer", {}), /did you mean 'reviewer'/],
    ["one of the catalogue", () => roster.delete("reviewer"), /is not of this home's own folder/],
  ])("%s is refused, and nothing is stored", (_what, act, message) => {
    expect(act).toThrow(message);
    expect([readdirSync(folder), registry.get("reviewer"), told]).toEqual([[], shipped, []]);
  });

  test("what was there before this process is edited and deleted like the rest", () => {
    writeFileSync(join(folder, "mine.md"), "x");
    registry.put(mine);
    const later = new Roster(registry, {
      folder,
      own: new Map([["mine", join(folder, "mine.md")]]),
      behind: new Map(),
      clock: { now: () => 6, at: () => () => {} },
    });
    later.delete("mine");
    expect([readdirSync(folder), registry.has("mine")]).toEqual([[], false]);
  });
});

describe("its life", () => {
  test("executing while it has attempts, errored when one fails, recovered by the next that does not", () => {
    roster.note(event("agent:invoke"));
    roster.note(event("agent:invoke", { taskId: "b" }));
    expect(roster.stateOf("reviewer")).toEqual({ stage: "executing", busy: 2 });
    roster.note(event("task:retry", { reason: "it broke" }));
    expect(roster.stateOf("reviewer")).toEqual({ stage: "errored", busy: 1, lastError: "it broke" });
    roster.note(event("task:complete", { taskId: "b" }));
    expect(stages()).toEqual([
      ...["reviewer: idle → executing", "reviewer: executing → errored", "reviewer: errored → recovered"],
      "reviewer: recovered → idle",
    ]);
  });

  test("an agent of a run is in no file, and ends with its run", () => {
    roster.create(mine, "r1");
    expect([readdirSync(folder), roster.stateOf("mine").run]).toEqual([[], "r1"]);
    roster.note({ ...event("workflow:complete"), run: "r2" } as RunEvent);
    expect(registry.has("mine")).toBe(true);
    roster.note(event("workflow:complete"));
    expect([registry.has("mine"), told.at(-1)?.type]).toEqual([false, "agent:deleted"]);
  });

  test("a file that comes while a run has its name waits for the end of that run, and stays", () => {
    roster.create(mine, "r1");
    const file = join(folder, "mine.md");
    writeFileSync(file, "x");
    const other = { ...mine, description: "From a file" };
    const onDisk = { agents: new Map([["mine", other]]), files: new Map([["mine", file]]), warnings: [] };
    roster.take(onDisk, new Map([["reviewer", shipped]]));
    expect(registry.get("mine")).toEqual(mine);
    roster.note(event("workflow:complete"));
    expect([registry.get("mine"), existsSync(file), roster.stateOf("mine").file]).toEqual([other, true, file]);
  });

  test("an agent of a file that may hold others is edited and deleted there", () => {
    const many = { agents: new Map([["mine", mine]]), files: new Map([["mine", "all.json"]]), warnings: [] };
    roster.take(many, new Map());
    expect(() => roster.delete("mine")).toThrow(/agent 'mine' stands in all\.json/);
    expect(() => roster.update("mine", { tier: "fast" })).toThrow(/agent 'mine' stands in all\.json/);
    expect([registry.get("mine"), registry.has("reviewer")]).toEqual([mine, false]);
  });

  test("whoever is executing is deleted only by force", () => {
    roster.create(mine);
    roster.note(event("agent:invoke", { agentName: "mine" }));
    expect(() => roster.delete("mine")).toThrow(/is executing 1 attempts/);
    roster.delete("mine", true);
    roster.note(event("task:complete", { agentName: "mine" }));
    expect(registry.has("mine")).toBe(false);
  });
});
