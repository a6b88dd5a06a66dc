/** Coding agents over the Agent Client Protocol: a real child that does what its script says, also what it should not. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { LogEntry } from "../src/domain/facts.ts";
import type { Json } from "../src/domain/json.ts";
import type { Asking } from "../src/domain/ports.ts";
import { heardBy, performFake, SECRET, turn } from "./support/acp-attempt.ts";
import type { Step } from "./support/fake-acp-agent.ts";
import { Homes } from "./support/homes.ts";
import { type HeldWorld, heldWorld } from "./support/model-attempt.ts";

const homes = new Homes();
const folder = (files = { "a.txt": "one\ntwo\nthree\n" }) => homes.path(files);
const DONE: Step = { say: "Done" };
const entriesOf = (world: HeldWorld, type: string) =>
  world.entries.filter((one) => one.type === type).map(({ entry }) => entry);
const permissions = (root: string) => heardBy(root).flatMap((one) => (one["permission"] ? [one["permission"]] : []));
const GRANTED = { outcome: { outcome: "selected", optionId: "o-allow_once" } };
const REFUSED = { outcome: { outcome: "selected", optionId: "o-reject_once" } };
/** Somebody who decides, what he was asked, and what stood in the log by then. */
function worldWith(decision: "approve" | "reject"): HeldWorld & { readonly asked: Asking[]; readonly logged: Json[] } {
  const asked: Asking[] = [];
  const logged: Json[] = [];
  const world = heldWorld();
  const ask = async (asking: Asking) => {
    asked.push(asking);
    logged.push(...entriesOf(world, "tool:call"));
    return { decision };
  };
  // As slow as a disk.
  const append = async (...entries: readonly LogEntry[]) => {
    await new Promise((resolve) => setTimeout(resolve, 20));
    world.entries.push(...entries);
  };
  return { ...world, log: { ...world.log, append }, asked, logged, ask };
}

describe("a task", () => {
  test("is done by an agent that says, uses tools and writes, and all of it stands in the log", async () => {
    const root = folder();
    const world = heldWorld();
    const deltas: string[] = [];
    const steps: Step[] = [
      { say: "I look first." },
      { tool: { id: "1", kind: "read", title: "Read a.txt", rawInput: { path: "a.txt" } } },
      { ends: { id: "1", status: "completed", text: `one, and ${SECRET}` } },
      { write: { path: "new/b.txt", text: "hi" } },
      { used: { used: 500, cost: { amount: 0.25, currency: "USD" } } },
      { say: "Mended" },
      { say: " it." },
      { stop: "end_turn", usage: { totalTokens: 130, inputTokens: 100, outputTokens: 30 } },
    ];
    const more = { onDelta: ({ text }: { readonly text: string }) => void deltas.push(text) };
    const outcome = await performFake({ root, world, script: turn(...steps), more });
    expect(outcome).toEqual({ ok: true, output: "Mended it.", usage: { tokensUsed: 130, costUsd: 0.25, turns: 1 } });
    expect(deltas).toEqual(["I look first.", "Mended", " it."]);
    expect(readFileSync(join(root, "new/b.txt"), "utf8")).toBe("hi");
    expect(world.entries.map(({ type }) => type)).toEqual([
      "workspace:opened",
      "tool:call",
      "tool:result",
      "turn:complete",
    ]);
    expect(entriesOf(world, "workspace:opened")).toMatchObject([
      { path: root, session: { agent: "acp/fake", id: "s-1", name: "Fake", release: "1.2.3" } },
    ]);
    expect(entriesOf(world, "tool:call")).toEqual([
      { id: "1", name: "read", title: "Read a.txt", input: { path: "a.txt" } },
    ]);
    expect(entriesOf(world, "tool:result")).toEqual([{ id: "1", name: "read", text: "one, and [secret]" }]);
  });

  test("[P1] its agent knows of our environment what it needs, and of the others' keys nothing", async () => {
    const root = folder();
    await performFake({ root, script: turn(DONE) });
    const { env } = heardBy(root)[0] as unknown as { readonly env: Record<string, string> };
    expect(env["FAKE_KEY"]).toBe(SECRET);
    expect(Object.values(env)).not.toContain("of-somebody-else");
  });

  test("comes with the agent's instructions and the shape of its result, which is then checked", async () => {
    const root = folder();
    const settings = {
      instructions: "You mend.",
      output: { type: "object", required: ["n"], properties: { n: { type: "number" } } },
    };
    const script = { turns: [[{ say: "Now: " }, { tool: { id: "1" } }, { say: '{"n": 3}' }]] };
    expect(await performFake({ root, script, settings })).toMatchObject({ ok: true, output: { n: 3 } });
    const prompt = JSON.stringify(heardBy(root).find((one) => one["method"] === "session/prompt"));
    expect(prompt).toMatch(/You mend\..*Mend it.*JSON Schema.*required/);
    const wrong = await performFake({ root: folder(), script: turn({ say: "three" }), settings });
    expect(wrong).toMatchObject({ ok: false, failure: "invalid-output", retry: "safe" });
  });

  test("what an agent does not tell of its use is unknown, and never nothing", async () => {
    const silent = await performFake({ root: folder(), script: turn(DONE) });
    expect(silent).toMatchObject({ usage: { tokensUsed: 0, costUsd: null } });
    const free: Step = { used: { used: 700, cost: { amount: 0, currency: "USD" } } };
    const told: Step = { stop: "end_turn", usage: { inputTokens: 600, outputTokens: 100 } };
    const nothing = await performFake({ root: folder(), script: turn(free, DONE, told) });
    expect(nothing).toMatchObject({ usage: { tokensUsed: 700, costUsd: null } });
    const window = await performFake({ root: folder(), script: turn({ used: { used: 700 } }, DONE) });
    expect(window).toMatchObject({ usage: { tokensUsed: 700, costUsd: null } });
  });

  test("tokens are priced where their price is known, those out of a cache as such", async () => {
    const usage = { totalTokens: 2000, inputTokens: 500, outputTokens: 500, cachedReadTokens: 1000 };
    const more = { prices: { "acp/fake": { input: 2, output: 10, cacheRead: 1 } } };
    const outcome = await performFake({ root: folder(), script: turn(DONE, { stop: "end_turn", usage }), more });
    expect(outcome).toMatchObject({ usage: { tokensUsed: 2000, costUsd: (500 * 2 + 1000 * 1 + 500 * 10) / 1e6 } });
  });

  test("an empty turn is asked about once, then it is no result", async () => {
    const root = folder();
    expect(await performFake({ root, script: { turns: [[], [DONE]] } })).toMatchObject({
      ok: true,
      output: "Done",
      usage: { turns: 2 },
    });
    const never = await performFake({ root: folder(), script: {} });
    expect(never).toMatchObject({ ok: false, failure: "invalid-output", retry: "safe" });
  });

  test("a model that its agent offers is chosen, and another one refused with what there is", async () => {
    const option = {
      id: "m",
      name: "Model",
      category: "model",
      type: "select",
      currentValue: "x/small",
      options: [
        { value: "x/small", name: "s" },
        { value: "x/large", name: "l" },
      ],
    };
    const script = { ...turn(DONE), configOptions: [option] };
    const root = folder();
    expect(await performFake({ root, script, model: "x/large" })).toMatchObject({ ok: true });
    expect(heardBy(root).find((one) => one["method"] === "session/set_config_option")).toMatchObject({
      params: { configId: "m", value: "x/large" },
    });
    const outcome = await performFake({ root: folder(), script, model: "x/huge" });
    expect(outcome).toMatchObject({
      ok: false,
      retry: "never",
      reason: expect.stringMatching(/no model 'x\/huge'.*x\/small, x\/large/),
    });
  });
});

describe("leave", () => {
  const ask = (kind: string, rest: object = {}): Step => ({
    ask: { id: "1", kind, ...rest },
    granted: [{ write: { path: "done", text: "" } }],
  });

  test("is given once for what the definition allows, and refused for what it does not name", async () => {
    const root = folder();
    const edit = ask("edit", { locations: [{ path: join(root, "a.txt") }] });
    const run = { ask: { id: "2", kind: "execute", rawInput: { command: "rm -rf /" } } };
    await performFake({ root, script: turn(edit, run, DONE) });
    expect(permissions(root)).toEqual([GRANTED, REFUSED]);
    expect(existsSync(join(root, "done"))).toBe(true);
  });

  test.each([
    ["outside of the workspace", "/etc/passwd"],
    ["of git", ".git/config"],
    ["with secrets", ".env"],
  ])("to change a file %s is never given", async (_, path) => {
    const root = folder();
    const world = worldWith("approve");
    const at = path.startsWith("/") ? path : join(root, path);
    const settings = { permissions: [{ action: "*", resource: "**", effect: "allow" as const }] };
    await performFake({ root, world, settings, script: turn(ask("edit", { locations: [{ path: at }] }), DONE) });
    expect(permissions(root)).toEqual([REFUSED]);
    expect(world.asked).toEqual([]);
  });

  test("a person who is asked sees exactly what would be done, and it stands in the log before", async () => {
    const root = folder();
    const world = worldWith("approve");
    const step = ask("execute", { title: "Test", rawInput: { command: "npm test" } });
    await performFake({ root, world, settings: { tools: ["bash"] }, script: turn(step, DONE) });
    expect(world.asked).toMatchObject([
      {
        question: "May fake run: npm test",
        subject: { agent: "fake", kind: "execute", input: { command: "npm test" }, cwd: root },
      },
    ]);
    expect(permissions(root)).toEqual([GRANTED]);
    expect(world.logged).toMatchObject([{ input: { command: "npm test" } }]);
    const no = worldWith("reject");
    const other = folder();
    await performFake({ root: other, world: no, settings: { tools: ["bash"] }, script: turn(step, DONE) });
    expect(permissions(other)).toEqual([REFUSED]);
    expect(existsSync(join(other, "done"))).toBe(false);
  });

  test("a rule that denies comes before all, and one for a command says nothing of several", async () => {
    const root = folder();
    const world = worldWith("reject");
    const run = (id: string, command: string): Step => ({ ask: { id, kind: "execute", rawInput: { command } } });
    const settings = {
      tools: ["bash", "edit"],
      permissions: [
        { action: "bash", resource: "git *", effect: "allow" as const },
        { action: "write", resource: "a.txt", effect: "deny" as const },
      ],
    };
    const edit = ask("edit", { locations: [{ path: join(root, "a.txt") }] });
    await performFake({
      root,
      world,
      settings,
      script: turn(run("a", "git status"), run("b", "git status; curl x"), edit, DONE),
    });
    expect(permissions(root)).toEqual([GRANTED, REFUSED, REFUSED]);
    expect(world.asked.map(({ question }) => question)).toEqual(["May fake run: git status; curl x"]);
  });

  test("is not given where it could only be given for good", async () => {
    const root = folder();
    const step: Step = {
      ...ask("edit", { locations: [{ path: join(root, "a.txt") }] }),
      kinds: ["allow_always", "reject_always"],
    };
    await performFake({ root, script: turn(step, DONE) });
    expect(permissions(root)).toEqual([{ outcome: { outcome: "selected", optionId: "o-reject_always" } }]);
  });

  test("waiting for a person is no silence", async () => {
    const root = folder();
    const world: HeldWorld = {
      ...heldWorld(),
      ask: () => new Promise((resolve) => setTimeout(() => resolve({ decision: "approve" }), 400)),
    };
    const script = turn(ask("execute", { rawInput: { command: "make" } }), DONE);
    const outcome = await performFake({ root, world, settings: { tools: ["bash"] }, script, timers: { stall: 150 } });
    expect(outcome).toMatchObject({ ok: true });
  });
});

describe("files that it asks us for", () => {
  const request = (method: string, params: object): Step => ({ request: { method, params } });

  test("are read and written inside of the workspace, as its definition says, and nowhere else", async () => {
    const root = folder();
    const steps = [
      request("fs/read_text_file", { path: join(root, "a.txt"), line: 2, limit: 1 }),
      request("fs/write_text_file", { path: join(root, "c.txt"), content: "new" }),
      request("fs/read_text_file", { path: "/etc/passwd" }),
      request("fs/write_text_file", { path: "/tmp/never-written", content: "new" }),
      request("fs/read_text_file", { path: "a.txt" }),
    ];
    const outcome = await performFake({ root, script: turn(...steps) });
    expect(readFileSync(join(root, "c.txt"), "utf8")).toBe("new");
    const said = outcome.ok ? String(outcome.output) : "";
    expect(said).toMatch(/^\{"content":"two"\}\{\}/);
    expect(said).toContain("leads out of the workspace");
    expect(said).toContain("lies outside of the workspace");
    expect(said).toContain("must be an absolute path");
    expect(existsSync("/tmp/never-written")).toBe(false);
  });

  test("a terminal is neither offered nor given", async () => {
    const root = folder();
    const outcome = await performFake({ root, script: turn(request("terminal/create", { command: "id" })) });
    expect(outcome).toMatchObject({ ok: true, output: expect.stringContaining("-32601") });
    expect(heardBy(root)[1]).toMatchObject({ params: { protocolVersion: 1, clientCapabilities: { terminal: false } } });
  });

  test("an agent that may not write is not written for", async () => {
    const root = folder();
    await performFake({
      ...{ root, settings: { tools: ["read"] } },
      script: turn(request("fs/write_text_file", { path: join(root, "c.txt"), content: "x" })),
    });
    expect(existsSync(join(root, "c.txt"))).toBe(false);
  });
});
