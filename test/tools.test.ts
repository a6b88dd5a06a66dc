/** Agents that act: turns with tools, over real files, against servers that speak the providers' protocols. */
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { systemClock } from "../src/app/system.ts";
import { settled } from "../src/app/virtual-clock.ts";
import type { LogEntry } from "../src/domain/facts.ts";
import type { Outcome } from "../src/domain/ports.ts";
import type { Workspaces } from "../src/domain/workspace.ts";
import { type ModelSettings, modelRuntime } from "../src/runtimes/model/runtime.ts";
import { folderWorkspace } from "../src/workspace/folder.ts";
import type { FakeReply } from "./support/fake-protocols.ts";
import { FakeProvider } from "./support/fake-provider.ts";
import { Homes } from "./support/homes.ts";
import { attemptOf, type HeldWorld, heldWorld } from "./support/model-attempt.ts";

const MODELS = ["anthropic/claude-sonnet-4-5", "openai/gpt-4.1", "google/gemini-2.5-flash"] as const;
const [CLAUDE] = MODELS;
const TOOLS = ["read", "list", "search", "edit", "write", "bash", "send_message", "board_get", "board_set"];

const homes = new Homes();
let fake: FakeProvider;
beforeAll(async () => {
  fake = await FakeProvider.start();
});
afterAll(() => fake[Symbol.asyncDispose]());

/** Worktrees have tests of their own. */
const UNKEPT = { ready: async () => [], keep: async () => undefined, close: async () => {} };

interface At {
  readonly root: string;
  readonly model?: string;
  readonly world?: HeldWorld;
  readonly restart?: number;
  readonly settings?: ModelSettings;
  readonly workspaces?: Workspaces;
}

async function perform({
  root,
  model = CLAUDE,
  world = heldWorld(),
  restart = 0,
  settings,
  ...more
}: At): Promise<Outcome> {
  const one = { apiKey: "key-of-nobody", baseUrl: fake.url };
  const files = await folderWorkspace(root, true);
  const runtime = modelRuntime({
    clock: systemClock,
    providers: { anthropic: one, openai: one, google: one },
    instructionsOf: () => ({ tools: TOOLS, ...settings }),
    workspaces: { open: () => ({ ...files, ...UNKEPT }) },
    ...more,
    shell: { env: { PATH: process.env["PATH"], SECRET: "canary-of-the-test" }, hidden: [], limits: {} },
  });
  return runtime.perform(attemptOf(model, { restart, prompt: "Mend it" }), world);
}

const call = (name: string, input: unknown, id?: string) => ({ name, input, ...(id === undefined ? {} : { id }) });
const asks = (...calls: ReturnType<typeof call>[]): FakeReply => ({ calls, usage: { fresh: 10, output: 5 } });
const DONE: FakeReply = { text: ["Done"], usage: { fresh: 10, output: 5 } };
/** What the last call to the server brought of the results of tools. */
const heard = () => JSON.stringify(fake.calls.at(-1)?.body);
const turnsOf = (entries: readonly LogEntry[]) => entries.filter(({ type }) => !type.startsWith("workspace:"));
const types = (entries: readonly LogEntry[]) => entries.map(({ type }) => type).join(" ");

describe("turn after turn", () => {
  test.each(MODELS)("%s reads a file, changes it, and says what was done", async (model) => {
    const root = homes.path({ "src/a.ts": "const a = 1;\nconst b = 2;\n" });
    fake.script(
      asks(call("read", { path: "src/a.ts" })),
      asks(
        call("edit", { path: "src/a.ts", old: "a = 1", new: "a = 3" }),
        call("write", { path: "new/b.txt", text: "hi" }, "b"),
      ),
      DONE,
    );
    const world = heldWorld();
    const outcome = await perform({ root, model, world });
    expect(outcome).toMatchObject({ ok: true, output: "Done", usage: { tokensUsed: 45, turns: 3 } });
    expect(readFileSync(join(root, "src/a.ts"), "utf8")).toBe("const a = 3;\nconst b = 2;\n");
    expect(readFileSync(join(root, "new/b.txt"), "utf8")).toBe("hi");
    expect(heard()).toContain("2\\tconst b = 2;");
    expect(types(turnsOf(world.entries))).toBe(
      "turn:complete tool:call tool:result turn:complete tool:call tool:result tool:call tool:result turn:complete",
    );
  });

  test("what one turn sent to Anthropic is read from its cache by the next", async () => {
    const root = homes.path({ a: "x" });
    fake.script(asks(call("read", { path: "a" })), asks(call("read", { path: "a" })), DONE);
    await perform({ root });
    const marks = fake.calls.map(({ body }) => JSON.stringify(body.messages).split("cache_control").length - 1);
    // The prompt, and the last results; the marks of earlier results would be too many for the provider.
    expect(marks).toEqual([1, 2, 2]);
  });

  test("an agent is told of the tools that its definition names, and of no other", async () => {
    fake.script(DONE);
    await perform({ root: homes.path({ a: "x" }), settings: { tools: ["read", "bord_get"], deniedTools: [] } });
    expect(fake.calls[0]?.body.tools.map(({ name }: { name: string }) => name)).toEqual(["read"]);
    fake.script(DONE);
    await perform({ root: homes.path({ a: "x" }), settings: { tools: [] } });
    expect(fake.calls[0]?.body.tools).toBeUndefined();
  });

  test("at its last turn it is asked for its result and given no more tools", async () => {
    const root = homes.path({ a: "x" });
    fake.script(asks(call("read", { path: "a" })), DONE);
    expect(await perform({ root, settings: { maxTurns: 2 } })).toMatchObject({ ok: true, output: "Done" });
    expect(fake.calls[1]?.body.tool_choice).toEqual({ type: "none" });
    expect(heard()).toContain("This is your last turn");
  });

  test("a long dialogue leaves out what its oldest tools said, and keeps the prompt", async () => {
    const root = homes.path({ a: `${"long ".repeat(20_000)}` });
    const reads = Array.from({ length: 24 }, (_, i) => asks(call("read", { path: "a", from: 1, lines: i + 1 })));
    fake.script(...reads, DONE);
    expect(await perform({ root })).toMatchObject({ ok: true });
    const sizes = fake.calls.map(({ body }) => JSON.stringify(body.messages).length / 3.5);
    expect(Math.max(...sizes)).toBeLessThan(170_000);
    expect(heard()).toContain("were left out to make room");
    expect(heard()).toContain("Mend it");
  });
});

describe("commands", () => {
  const run = async (command: string, files = {}, settings: ModelSettings = {}) => {
    const root = homes.path({ a: "x", ...files });
    const world = heldWorld();
    fake.script(asks(call("bash", { command, seconds: 20 })), DONE);
    await perform({ root, world, settings });
    const entry = world.entries.find(({ type }) => type === "tool:result")?.entry as { readonly text: string };
    return { root, text: entry.text };
  };

  test("run in the workspace, with what they printed and how they ended", async () => {
    const { root, text } = await run("cat a; echo oops >&2; echo y > b; exit 3");
    expect(text).toBe("x\n[stderr]\noops\n[it ended with code 3]");
    expect(readFileSync(join(root, "b"), "utf8")).toBe("y\n");
  });

  test("[P1] know nothing of our environment but what they need", async () => {
    const { text } = await run("env; cat /proc/self/environ; cat /proc/1/environ");
    expect(text).toContain("PATH=");
    expect(text).not.toContain("canary-of-the-test");
  });

  test("keep /tmp and their home from one to the next, and leave nothing of them behind", async () => {
    const root = homes.path({ a: "x" });
    const world = heldWorld();
    const leave = "echo kept > /tmp/left; echo kept > ~/left; echo $HOME; (setsid sleep 1000 &)";
    fake.script(asks(call("bash", { command: leave })), asks(call("bash", { command: "cat /tmp/left ~/left" })), DONE);
    await perform({ root, world });
    const results = world.entries.filter(({ type }) => type === "tool:result").map(({ entry }) => entry);
    expect(results[1]).toMatchObject({ text: "kept\nkept\n[it ended with code 0]" });
    expect(existsSync("/tmp/left")).toBe(false);
  });

  test("[I10] see no home, write nowhere else and reach no network", async () => {
    const home = homedir();
    const { text } = await run(`ls -A ${home}; touch /etc/tutti-was-here; cat < /dev/tcp/127.0.0.1/${port()}`);
    expect(text).toMatch(/Read-only file system/);
    expect(text).toMatch(/Connection refused|Network is unreachable/);
    expect(existsSync("/etc/tutti-was-here")).toBe(false);
  });
});

const port = () => new URL(fake.url).port;

test("[I12] the files stand until what was written is kept", async () => {
  const order: string[] = [];
  const root = homes.path({ a: "x" });
  const workspace = {
    ...(await folderWorkspace(root, true)),
    ready: async () => [],
    keep: async () => {
      await settled();
      order.push("kept");
      return undefined;
    },
    close: async () => void order.push("closed"),
  };
  fake.script(DONE);
  await perform({ root, settings: { tools: ["write"] }, workspaces: { open: () => workspace } });
  expect(order).toEqual(["kept", "closed"]);
});

describe("after a crash", () => {
  const script = () => [
    asks(call("read", { path: "a" }), call("board_get", { key: "k" }, "k")),
    asks(call("write", { path: "b", text: "1" })),
    asks(call("read", { path: "b" })),
    DONE,
  ];

  test("[bar:turns] the attempt goes on at the turn that it had reached, whatever its log holds", async () => {
    const world = heldWorld();
    fake.script(...script());
    await perform({ root: homes.path({ a: "x" }), world });
    const whole = [...world.entries];
    for (let cut = 0; cut <= whole.length; cut++) {
      const kept = whole.slice(0, cut);
      const turns = kept.filter(({ type }) => type === "turn:complete").length;
      fake.script(...script().slice(turns));
      const root = homes.path({ a: "x", ...(turns > 1 ? { b: "1" } : {}) });
      const outcome = await perform({ root, world: heldWorld(kept), restart: 1 });
      expect(outcome, `after ${cut} entries`).toMatchObject({ ok: true, output: "Done", usage: { turns: 4 } });
      expect(fake.calls, `after ${cut} entries`).toHaveLength(4 - turns);
    }
  });

  test("[I3] a change that was under way is told as of unknown outcome and not done again", async () => {
    const world = heldWorld();
    const root = homes.path({ a: "x" });
    fake.script(asks(call("write", { path: "a", text: "by the agent" })), DONE);
    await perform({ root, world });
    const begun = turnsOf(world.entries).slice(0, 2);
    expect(types(begun)).toBe("turn:complete tool:call");
    const after = homes.path({ a: "what a person wrote since" });
    fake.script(DONE);
    await perform({ root: after, world: heldWorld(begun), restart: 1 });
    expect(readFileSync(join(after, "a"), "utf8")).toBe("what a person wrote since");
    expect(heard()).toContain("outcome unknown");
  });
});

describe("what does not go well", () => {
  test.each([
    ["an empty reply", []],
    ["a reply of blanks", [" ", "\n"]],
  ])("[F8] %s is asked about once, and then the attempt may be tried again", async (_name, text) => {
    const root = homes.path({ a: "x" });
    fake.script({ text });
    const failed = { ok: false, failure: "empty", retry: "safe", usage: { turns: 2 } };
    expect(await perform({ root })).toMatchObject(failed);
    fake.script({ text }, DONE);
    expect(await perform({ root })).toMatchObject({ ok: true, output: "Done" });
    expect(heard()).toContain("Your last reply was empty");
  });

  const told = async (asked: ReturnType<typeof call>, files = {}, settings: ModelSettings = {}) => {
    const world = heldWorld();
    fake.script(asks(asked), DONE);
    await perform({ root: homes.path({ a: "one two one", ...files }), world, settings });
    // What waits for consent stands there as not done yet.
    return world.entries.find(({ type, entry }) => type === "tool:result" && !JSON.stringify(entry).includes("undone"))
      ?.entry;
  };

  test.each([
    ["no such tool", call("raed", {}), "misuse", "did you mean 'read'?"],
    ["a wrong argument", call("read", { path: 7 }), "misuse", "'path':"],
    ["an unknown argument", call("read", { path: "a", form: 1 }), "misuse", "form"],
    ["arguments that are no JSON", call("read", '{"path": "a'), "misuse", "'read' was not called as it must be"],
    ["no such file", call("read", { path: "b" }), "failed", "'b' does not exist"],
    ["a folder", call("read", { path: "." }), "failed", "is a folder"],
    ["a way out", call("read", { path: "../../etc/passwd" }), "failed", "leads out of the workspace"],
    ["an absolute path", call("read", { path: "/etc/passwd" }), "failed", "leads out of the workspace"],
    ["a secret", call("read", { path: ".env" }), "failed", "may hold secrets"],
    ["a passage that is twice there", call("edit", { path: "a", old: "one", new: "x" }), "failed", "2 times"],
    ["a passage that is not there", call("edit", { path: "a", old: "three", new: "x" }), "failed", "is not in 'a'"],
    ["git's own files", call("write", { path: ".GIT/config", text: "x" }), "failed", "belongs to git"],
  ])("%s is told to the model, by name", async (_name, asked, fault, words) => {
    expect(await told(asked, { ".env": "KEY=1" })).toMatchObject({ fault, text: expect.stringContaining(words) });
  });

  test("what its rules deny or a person would have to allow is refused", async () => {
    const rule = { action: "read", resource: "a", effect: "deny" as const };
    expect(await told(call("read", { path: "a" }), {}, { permissions: [rule] })).toMatchObject({ fault: "refused" });
    const ask = { ...rule, effect: "ask" as const };
    expect(await told(call("read", { path: "a" }), {}, { permissions: [ask] })).toMatchObject({
      text: expect.stringContaining("a person did not allow 'read' here: nobody is here"),
    });
    const narrow = { tools: ["read(src/**)"] };
    expect(await told(call("read", { path: "a" }), {}, narrow)).toMatchObject({ fault: "refused" });
    expect(await told(call("read", { path: "src/x" }), { "src/x": "y" }, narrow)).not.toHaveProperty("fault");
  });

  test("[F9] three wrong replies in a row end the attempt", async () => {
    fake.script(asks(call("nothing", {})));
    const outcome = await perform({ root: homes.path({ a: "x" }) });
    expect(outcome).toMatchObject({ ok: false, failure: "invalid-output", usage: { turns: 3 } });
  });

  test("[F10] the same call is warned of at the third time and stopped at the fifth, also in turns with another", async () => {
    const root = homes.path({ a: "x", b: "y" });
    const reads = Array.from({ length: 20 }, (_, i) => asks(call("read", { path: i % 2 ? "a" : "b" })));
    fake.script(...reads);
    const outcome = await perform({ root });
    expect(outcome).toMatchObject({ ok: false, failure: "stalled", usage: { turns: 9 } });
    expect(heard()).toContain("You have made this very call 3 times");
  });

  test("what a tool says is bounded, and says so", async () => {
    expect(await told(call("read", { path: "long" }), { long: "x".repeat(100_000) })).toMatchObject({
      text: expect.stringMatching(/characters are left out here/),
    });
  });

  test("what was cut can be had again in parts, also after a crash", async () => {
    const root = homes.path({ long: Array.from({ length: 2000 }, (_, i) => `line ${i} ${"x".repeat(40)}`).join("\n") });
    const world = heldWorld();
    const recall = asks(call("recall", { name: "r1", from: 50_000 }));
    fake.script(asks(call("read", { path: "long" })), recall, DONE);
    await perform({ root, world });
    expect(fake.calls[0]?.body.tools.map(({ name }: { name: string }) => name)).not.toContain("recall");
    const [first, second] = world.entries.filter(({ type }) => type === "tool:result").map(({ entry }) => entry);
    expect(JSON.stringify(first)).toContain("recall r1 has all of it");
    expect(second).toMatchObject({
      text: expect.stringMatching(/line 9\d\d .*more characters; go on with from: 78000/s),
    });
    // The same after the first turn was kept and its host died.
    const upTo = world.entries.findIndex(({ type }) => type === "tool:result") + 1;
    const again = heldWorld(world.entries.slice(0, upTo));
    fake.script(recall, DONE);
    expect(await perform({ root, world: again, restart: 1 })).toMatchObject({ ok: true });
    expect(again.entries.findLast(({ type }) => type === "tool:result")?.entry).toMatchObject(second as object);
  });

  test("being asked to stop ends it before the next tool is touched", async () => {
    const root = homes.path({ a: "x" });
    const world = heldWorld();
    fake.answer = () => {
      world.stop("paused");
      return asks(call("write", { path: "a", text: "y" }));
    };
    const outcome = await perform({ root, world });
    fake.answer = undefined;
    expect(outcome).toMatchObject({ ok: false, failure: "stopped" });
    expect(readFileSync(join(root, "a"), "utf8")).toBe("x");
  });
});
