import { expect, test } from "vitest";
import { settled, VirtualClock } from "../src/app/virtual-clock.ts";
import { AgentOrchestrator, type AgentTask, type Json, type OrchestratorConfig } from "../src/index.ts";
import { eventsOf, finish, inWords, statuses } from "./support/finish.ts";

const plain = (id: string, more: Partial<AgentTask> = {}): AgentTask => ({
  id,
  agentName: "agent",
  description: id,
  prompt: "",
  ...more,
});
const ok = (task: string) => ({ task, path: "/ok", op: "eq", value: true }) as const;

async function play(
  tasks: readonly AgentTask[],
  agent: (task: {
    id: string;
    results: Record<string, Json>;
    item?: Json;
    index?: number;
    prompt: string;
    agentName: string;
  }) => unknown,
  more: OrchestratorConfig = {},
) {
  const clock = new VirtualClock();
  const orchestrator = new AgentOrchestrator({ agents: { agent, reducer: agent }, clock, seed: 1, ...more });
  const handle = orchestrator.execute({ tasks });
  const results = await finish(clock, handle);
  return { handle, results, orchestrator, events: await eventsOf(handle) };
}

test("a forEach makes a task of every item of a list, and joins their outputs in order", async () => {
  const { results, events } = await play(
    [
      plain("list"),
      plain("each", { dependencies: ["list"], forEach: { task: "list", path: "/items" } }),
      plain("after", { dependencies: ["each"] }),
    ],
    (t) =>
      t.id === "list" ? { items: ["x", "y", "z"] } : t.id === "after" ? t.results["each"] : `${t.index}${t.item}`,
    { maxParallelAgents: 2 },
  );
  expect(statuses(results)).toEqual({
    list: "complete",
    each: "complete",
    after: "complete",
    "each.1": "complete",
    "each.2": "complete",
    "each.3": "complete",
  });
  expect(results.tasks["each"]?.output).toEqual(["1x", "2y", "3z"]);
  expect(results.tasks["after"]?.output).toEqual(["1x", "2y", "3z"]);
  expect(inWords(events).filter((word) => word.endsWith(" each"))).toEqual([
    "task:added each",
    "task:start each",
    "task:complete each",
  ]);
});

test("a reducer puts the items together, with its own agent and prompt", async () => {
  const { results } = await play(
    [
      plain("list"),
      plain("each", {
        dependencies: ["list"],
        forEach: { task: "list", reduce: { agentName: "reducer", prompt: "sum" } },
      }),
    ],
    (t) => {
      if (t.id === "list") return [1, 2, 3];
      if (t.agentName !== "reducer") return Number(t.item) * 10;
      return { prompt: t.prompt, seen: ["each.1", "each.2", "each.3"].map((id) => t.results[id]) };
    },
  );
  expect(results.tasks["each"]).toMatchObject({
    status: "complete",
    output: { prompt: "sum", seen: [10, 20, 30] },
    attempts: 1,
  });
});

test.each<[string, Json, Partial<AgentTask["forEach"]>, string]>([
  ["no list", { a: 1 }, {}, "forEach needs a list, and the output of 'list' is not one"],
  ["nothing there", {}, { path: "/items" }, "forEach needs a list, and the output of 'list' at /items is not one"],
  ["too many items", [1, 2, 3], { max: 2 }, "forEach found 3 items in 'list'; the limit is 2"],
])("a forEach over %s fails and says why", async (_what, output, forEach, reason) => {
  const tasks = [plain("list"), plain("each", { dependencies: ["list"], forEach: { task: "list", ...forEach } })];
  const { results } = await play(tasks, () => output);
  expect(results.tasks["each"]).toMatchObject({ status: "failed", reason });
});

test("a forEach over an empty list is complete with an empty list", async () => {
  const { results } = await play(
    [plain("list"), plain("each", { dependencies: ["list"], forEach: { task: "list" } })],
    () => [],
  );
  expect(results.tasks["each"]).toMatchObject({ status: "complete", output: [] });
});

test("an item that fails under `continue` is null among the outputs", async () => {
  const tasks = [
    plain("list"),
    plain("each", { dependencies: ["list"], retries: 0, onFailure: "continue", forEach: { task: "list" } }),
  ];
  const { results } = await play(tasks, (t) => {
    if (t.id === "list") return [1, 2, 3];
    if (t.item === 2) throw new Error("no");
    return t.item;
  });
  expect(results.tasks["each"]).toMatchObject({ status: "complete", output: [1, null, 3] });
});

test("a loop repeats what belongs to it until its condition holds, and shows what came before", async () => {
  const seen: unknown[] = [];
  const { results, events } = await play(
    [
      plain("build"),
      plain("review", { dependencies: ["build"], until: ok("review"), repeats: ["build"] }),
      plain("ship", { dependencies: ["review"] }),
    ],
    (t) => {
      if (t.id.startsWith("build")) {
        seen.push(t.results);
        return `build ${t.index ?? 1}`;
      }
      return t.id === "ship" ? t.results : { ok: t.index === 3, of: t.results["build"] };
    },
  );
  expect(seen).toEqual([{}, { review: { ok: false, of: "build 1" } }, { review: { ok: false, of: "build 2" } }]);
  expect(results.tasks["ship"]?.output).toEqual({ review: { ok: true, of: "build 3" } });
  expect(inWords(events).filter((word) => word.startsWith("task:start"))).toEqual(
    ["build", "review", "build.2", "review.2", "build.3", "review.3", "ship"].map((id) => `task:start ${id}`),
  );
});

test("a loop that never comes to its end fails after its last repetition", async () => {
  const tasks = [plain("a", { until: ok("a"), maxIterations: 3 }), plain("after", { dependencies: ["a"] })];
  const { results } = await play(tasks, () => ({ ok: false }));
  expect(statuses(results)).toEqual({ a: "complete", "a.2": "complete", "a.3": "failed", after: "skipped" });
  expect(results.tasks["a.3"]?.reason).toBe("after 3 repetitions its 'until' does not hold");
});

test("what comes after a loop sees its last repetition, also inside another loop or a forEach", async () => {
  const { results } = await play(
    [
      plain("first", { until: ok("first") }),
      plain("second", { dependencies: ["first"], until: ok("second") }),
      plain("each", { dependencies: ["first"], forEach: { task: "first", path: "/list" } }),
    ],
    (t) => {
      const first = t.results["first"] as { round?: number } | undefined;
      if (t.id.startsWith("first")) return { ok: t.index === 2, list: [1, 2], round: t.index ?? 1 };
      if (t.id.startsWith("second")) return { ok: t.index === 2, saw: first?.round ?? null };
      return first?.round ?? null;
    },
  );
  expect(results.tasks["second"]?.output).toEqual({ ok: false, saw: 2 });
  expect(results.tasks["second.2"]?.output).toEqual({ ok: true, saw: 2 });
  expect(results.tasks["each"]?.output).toEqual([2, 2]);
});

test("a pause does not cut a loop short", async () => {
  const clock = new VirtualClock();
  let release = () => {};
  await using orchestrator = new AgentOrchestrator({
    clock,
    agents: { agent: (t) => new Promise((resolve) => (release = () => resolve({ ok: t.index === 2 }))) },
  });
  const handle = orchestrator.execute({
    tasks: [plain("a", { until: ok("a") }), plain("after", { dependencies: ["a"] })],
  });
  await settled();
  await handle.pause();
  release();
  expect((await finish(clock, handle)).status).toBe("paused");
  await handle.resume();
  await settled();
  release();
  await settled();
  release();
  expect(statuses(await finish(clock, handle))).toEqual({ a: "complete", "a.2": "complete", after: "complete" });
});

test("[I4] what waits for a place does not begin before the repetition that took its dependency's place", async () => {
  const freed = Promise.withResolvers<void>();
  const { results, events } = await play(
    [
      plain("other", { priority: 10 }),
      plain("build", { priority: 9 }),
      plain("review", { priority: 9, dependencies: ["build"], until: ok("review"), repeats: ["build"] }),
      plain("docs", { priority: 1, dependencies: ["build"] }),
    ],
    async (t) => {
      if (t.id === "other") await freed.promise;
      // From here on there is a place for 'docs', and what it waits for is being built again.
      if (t.id === "build.2") {
        freed.resolve();
        await settled();
      }
      return t.id.startsWith("review")
        ? { ok: t.index === 2 }
        : t.id === "docs"
          ? (t.results["build"] ?? null)
          : (t.index ?? 1);
    },
    { maxParallelAgents: 2 },
  );
  expect(results.tasks["docs"]?.output).toBe(2);
  const words = inWords(events);
  expect(words.indexOf("task:start docs")).toBeGreaterThan(words.indexOf("task:complete build.2"));
});

test("the budget of added tasks stops a loop as a failure, not as if it were done", async () => {
  const { results } = await play(
    [plain("a", { until: ok("a") }), plain("after", { dependencies: ["a"] })],
    () => ({ ok: false }),
    {
      budget: { spawns: 1 },
    },
  );
  expect(statuses(results)).toEqual({ a: "complete", "a.2": "failed", after: "skipped" });
});

test("conditions choose branches, and a branch that is not taken does not hold up what joins them", async () => {
  const { results } = await play(
    [
      plain("ask"),
      plain("yes", { dependencies: ["ask"], when: ok("ask") }),
      plain("no", { dependencies: ["ask"], when: { not: ok("ask") } }),
      plain("after-no", { dependencies: ["no"] }),
      plain("join", { dependencies: ["yes", "no"] }),
    ],
    (t) => (t.id === "ask" ? { ok: true } : Object.keys(t.results)),
  );
  expect(statuses(results)).toEqual({
    ask: "complete",
    yes: "complete",
    no: "skipped",
    "after-no": "skipped",
    join: "complete",
  });
  expect(results.tasks["join"]?.output).toEqual(["yes"]);
  expect(results.tasks["no"]?.reason).toBe("its condition does not hold: not (ask /ok eq true)");
  expect(results.status).toBe("complete");
});

test("tasks can be added and removed while a run runs", async () => {
  const clock = new VirtualClock();
  const gate = Promise.withResolvers<string>();
  await using orchestrator = new AgentOrchestrator({
    clock,
    agents: { agent: (t) => (t.id === "a" ? gate.promise : t.id) },
  });
  const handle = orchestrator.execute({
    tasks: [plain("a"), plain("b", { dependencies: ["a"] }), plain("c", { dependencies: ["b"] })],
  });
  await settled();
  await handle.change({
    add: [plain("e", { dependencies: ["d"] }), plain("d", { dependencies: ["a"] })],
    reason: "more",
  });
  await expect(handle.change({ remove: ["b"] })).rejects.toThrow("task 'c' depends on 'b'; remove it too");
  await expect(handle.change({ remove: ["c", "c"] })).rejects.toThrow("named twice");
  await expect(handle.change({ remove: ["a"] })).rejects.toThrow("task 'a' has begun and cannot be removed");
  await expect(handle.change({ add: [plain("f", { dependencies: ["dd"] })] })).rejects.toThrow("did you mean 'd'?");
  await expect(handle.change({ add: [plain("A")] })).rejects.toThrow("differ only in upper and lower case");
  await expect(handle.change({ add: [plain("f", { agentName: "agnt" })] })).rejects.toThrow("did you mean 'agent'?");
  await handle.change({ remove: ["c", "b"] });
  gate.resolve("a");
  const results = await finish(clock, handle);
  expect(statuses(results)).toEqual({ a: "complete", b: "cancelled", c: "cancelled", d: "complete", e: "complete" });
  const waves = (await eventsOf(handle)).flatMap((event) =>
    event.type === "wave:start" ? [[event.wave, event.taskIds]] : [],
  );
  // What was added into a wave that is complete makes it begin once more.
  expect(waves).toContainEqual([3, expect.arrayContaining(["e"])]);
  expect(waves).toContainEqual([2, expect.arrayContaining(["d"])]);
  expect(results.status).toBe("complete");
});

test("an output that looks like a reference to a large one is only an output", async () => {
  const fake = { $blob: "0".repeat(64), bytes: 12 };
  const { results } = await play([plain("a"), plain("b", { dependencies: ["a"] }), plain("c")], (t) =>
    t.id === "a" ? fake : t.id === "c" ? [fake] : t.results["a"],
  );
  expect(results.tasks).toMatchObject({ a: { output: fake }, b: { output: fake }, c: { output: [fake] } });
});
