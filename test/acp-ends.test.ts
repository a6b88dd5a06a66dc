/** How attempts by coding agents end, by themselves, when they are stopped, and when our own process dies. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { heardBy, performFake, SECRET, turn } from "./support/acp-attempt.ts";
import type { Step } from "./support/fake-acp-agent.ts";
import { Homes } from "./support/homes.ts";
import { type HeldWorld, heldWorld } from "./support/model-attempt.ts";

const homes = new Homes();
const folder = (files = { "a.txt": "one\ntwo\nthree\n" }) => homes.path(files);
const DONE: Step = { say: "Done" };
const isAlive = (pid: number) =>
  existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
const entriesOf = (world: HeldWorld, type: string) =>
  world.entries.filter((one) => one.type === type).map(({ entry }) => entry);

describe("an end", () => {
  test.each([
    [{ stop: "refusal" }, "refused", "never"],
    [{ stop: "max_tokens" }, "invalid-output", "never"],
    [{ stop: "max_turn_requests" }, "invalid-output", "never"],
    [{ stop: "cancelled" }, "error", "safe"],
    [{ stop: "on_a_whim" }, "invalid-output", "never"],
    [{ error: { code: -32_603, message: "429 rate limit, retry-after: 7" } }, "rate-limit", "safe"],
    [{ error: { code: -32_603, message: "API Error: 529 overloaded" } }, "overloaded", "safe"],
    [{ error: { code: -32_603, message: "no idea" } }, "error", "safe"],
    [{ exit: 0 }, "error", "safe"],
    [{ kill: "SEGV" }, "error", "safe"],
    [{ closeOutput: true, hang: true }, "error", "safe"],
  ] as const)("by %j is told by name", async (step, failure, retry) => {
    const last = "kill" in step ? { kill: "SIGSEGV" as const } : step;
    const outcome = await performFake({ root: folder(), script: turn({ say: "Half of" }, last as Step) });
    expect(outcome).toMatchObject({ ok: false, failure, retry, usage: { costUsd: null } });
  });

  test("is told with the last words of whoever died, and without our keys", async () => {
    const steps: Step[] = [{ complain: `no more memory for ${SECRET}` }, { exit: 3 }];
    const outcome = await performFake({ root: folder(), script: turn(...steps) });
    expect(outcome).toMatchObject({
      reason: "fake: it ended with code 3 before its turn did: no more memory for [secret]",
    });
  });

  test("before anything was asked costs nothing: a wrong version, no login, no program, garbage alone", async () => {
    const ends = await Promise.all([
      performFake({ root: folder(), script: { version: 2 } }),
      performFake({ root: folder(), script: { loginNeeded: true } }),
      performFake({ root: folder(), script: {}, more: { codingAgents: { fake: { command: "no-such-program" } } } }),
      performFake({ root: folder(), script: { greeting: Array.from({ length: 300 }, () => "hello"), silent: true } }),
    ]);
    const reasons = ends.map((end) => (end.ok ? "" : `${end.retry} ${end.reason}`));
    expect(reasons[0]).toMatch(/^never fake speaks version 2 .* Tutti version 1/);
    expect(reasons[1]).toMatch(/^never fake must be logged in: Authentication required; see its own manual/);
    expect(reasons[2]).toMatch(/^never fake is not installed/);
    expect(reasons[3]).toMatch(/no message of the protocol, such as 'hello'/);
    expect(ends.map(({ usage }) => usage)).toEqual([undefined, undefined, undefined, undefined]);
  });

  test("some garbage is survived, and so is a line that never ends", async () => {
    const noisy = { greeting: ["Welcome!", "{not json"], ...turn({ line: '{"half":' }, DONE) };
    expect(await performFake({ root: folder(), script: noisy })).toMatchObject({ ok: true, output: "Done" });
    const flood = await performFake({ root: folder(), script: turn({ flood: 40 }, DONE) });
    expect(flood).toMatchObject({ ok: false, failure: "invalid-output", reason: "fake sent a line that is too long" });
  });

  test("comes to whoever says nothing, and to whoever does not even begin", async () => {
    const silent = await performFake({
      root: folder(),
      script: turn({ hang: true }),
      timers: { stall: 100, grace: 100 },
    });
    expect(silent).toMatchObject({ ok: false, failure: "stalled", retry: "safe" });
    const mute = await performFake({ root: folder(), script: { silent: true }, timers: { hello: 200 } });
    expect(mute).toMatchObject({ ok: false, failure: "timeout", reason: expect.stringContaining("'initialize'") });
  });
});

describe("a stop", () => {
  const stopWhenBegun = (world: HeldWorld) => (text: { readonly text: string }) => {
    if (text.text === "begun") world.stop("cancelled by a person");
  };

  test("cancels the turn, and the agent ends by itself", async () => {
    const root = folder();
    const world = heldWorld();
    const more = { onDelta: stopWhenBegun(world) };
    const outcome = await performFake({ root, world, script: turn({ say: "begun" }, { hang: true }), more });
    expect(outcome).toMatchObject({
      ok: false,
      failure: "stopped",
      reason: "cancelled by a person",
      usage: { costUsd: null },
    });
    expect(heardBy(root).some((one) => one["method"] === "session/cancel")).toBe(true);
  });

  test("ends one who hears neither, with the child that left its session", async () => {
    const root = folder();
    const world = heldWorld();
    const left = join(root, "left");
    const script = { deaf: true as const, ...turn({ leave: left }, { say: "begun" }, { hang: true }) };
    const outcome = await performFake({
      root,
      world,
      script,
      timers: { cancel: 100, grace: 100 },
      more: { onDelta: stopWhenBegun(world) },
    });
    expect(outcome).toMatchObject({ ok: false, failure: "stopped" });
    const { pid } = heardBy(root)[0] as unknown as { readonly pid: number };
    expect([pid, Number(readFileSync(left, "utf8"))].map(isAlive)).toEqual([false, false]);
  });

  test("reaches one who has not yet introduced himself", async () => {
    const world = heldWorld();
    const done = performFake({ root: folder(), world, script: { silent: true } });
    world.stop("at once");
    expect(await done).toMatchObject({ ok: false, failure: "stopped", reason: "at once" });
  });
});

describe("after a crash of ours", () => {
  const OPENED = {
    type: "workspace:opened" as const,
    entry: { path: "/", notes: [], session: { agent: "acp/fake", id: "s-7" } },
  };

  test.each([
    ["resume", { sessionCapabilities: { resume: {} } }],
    ["load", { loadSession: true }],
  ])(
    "the session is gone on with by session/%s, and what was said before is not said again",
    async (method, capabilities) => {
      const root = folder();
      const world = heldWorld([OPENED]);
      const script = { capabilities, sessions: ["s-7"], ...turn(DONE) };
      expect(await performFake({ root, world, restart: 1, script })).toMatchObject({ ok: true, output: "Done" });
      const heard = heardBy(root).flatMap((one) => one["method"] ?? []);
      expect(heard).toEqual(["initialize", `session/${method}`, "session/prompt"]);
      expect(entriesOf(world, "workspace:opened")[1]).toMatchObject({ session: { id: "s-7", resumed: true } });
      expect(JSON.stringify(heardBy(root).at(-1))).toContain("The machine stopped while you were at work");
    },
  );

  test("a session that is lost is begun again, and both the agent and the log are told", async () => {
    const root = folder();
    const world = heldWorld([OPENED]);
    const script = { capabilities: { loadSession: true }, ...turn(DONE) };
    expect(await performFake({ root, world, restart: 1, script })).toMatchObject({ ok: true });
    expect(entriesOf(world, "workspace:opened")[1]).toMatchObject({ session: { id: "s-1", lost: "s-7" } });
    expect(JSON.stringify(heardBy(root).at(-1))).toContain("its session is lost");
  });

  test("[I3] a result that was in the log is not bought again", async () => {
    const world = heldWorld();
    const steps = turn(DONE, { stop: "end_turn", usage: { inputTokens: 5, outputTokens: 5 } });
    const first = await performFake({ root: folder(), world, script: steps });
    const again = await performFake({ root: folder(), world, restart: 1, script: { version: 9 } });
    expect(again).toEqual(first);
  });
});
