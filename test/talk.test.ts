import { expect, test } from "vitest";
import { settled, VirtualClock } from "../src/app/virtual-clock.ts";
import { type AgentFunction, AgentOrchestrator, createLimits, createMemoryJournal, run, task } from "../src/index.ts";
import { eventsOf, finish, statuses } from "./support/finish.ts";
import { plain } from "./support/held.ts";

test("agents send each other messages, and a person sends them to a running run", async () => {
  const clock = new VirtualClock();
  const gate = Promise.withResolvers<void>();
  const seen: Record<string, unknown> = {};
  const hear: AgentFunction = (t) => {
    seen[t.id] = t.messages.map(({ from, kind, content }) => [from, kind, content]);
  };
  await using orchestrator = new AgentOrchestrator({
    clock,
    agents: {
      teller: async (_t, ctx) => {
        await ctx.send("hearer", { n: 1 });
        await ctx.send("*", "to all", "broadcast");
        await expect(ctx.send("heerer", "x")).rejects.toThrow(
          "there is no agent 'heerer' in this run: did you mean 'hearer'?",
        );
        await gate.promise;
      },
      hearer: hear,
      other: hear,
    },
  });
  const handle = orchestrator.execute({
    tasks: [
      plain("a", { agentName: "teller" }),
      plain("b", { agentName: "hearer", dependencies: ["a"] }),
      plain("c", { agentName: "other", dependencies: ["b"] }),
      plain("d", { agentName: "hearer", dependencies: ["c"] }),
    ],
  });
  await settled();
  await handle.message("other", "from me");
  await expect(handle.message("nobody", "x")).rejects.toThrow("there is no agent 'nobody'");
  gate.resolve();
  await finish(clock, handle);
  expect(seen).toEqual({
    b: [
      ["teller", "data", { n: 1 }],
      ["teller", "broadcast", "to all"],
    ],
    c: [
      ["teller", "broadcast", "to all"],
      ["user", "data", "from me"],
    ],
    d: [],
  });
});

test("a retried attempt sees its messages again", async () => {
  const clock = new VirtualClock();
  const seen: unknown[] = [];
  await using orchestrator = new AgentOrchestrator({
    clock,
    agents: {
      teller: (_t, ctx) => ctx.send("hearer", "news"),
      hearer: (t) => {
        seen.push(t.messages.map(({ content }) => content));
        if (t.attempt === 1) throw new Error("again");
      },
    },
  });
  await finish(
    clock,
    orchestrator.execute({
      tasks: [plain("a", { agentName: "teller" }), plain("b", { agentName: "hearer", dependencies: ["a"] })],
    }),
  );
  expect(seen).toEqual([["news"], ["news"]]);
});

test("without communication nobody is heard", async () => {
  const results = await run([task("a", { retries: 0, agent: (_t, ctx) => ctx.send("*", "x") })], {
    enableCommunication: false,
  });
  expect(results.tasks.a).toMatchObject({ status: "failed", reason: "this run has no communication between agents" });
});

test("the board keeps versions, and of two that write on the same one only the first succeeds", async () => {
  const clock = new VirtualClock();
  let lost = 0;
  const agent: AgentFunction = async (_t, { board }) => {
    for (;;) {
      const { value = 0, version = 0 } = board.get("count") ?? {};
      await settled();
      try {
        return await board.set("count", Number(value) + 1, version);
      } catch (error) {
        expect(error).toMatchObject({
          code: "WRONG_STATE",
          message: expect.stringMatching(/^'count' is at version \d+, not \d+$/),
        });
        lost++;
      }
    }
  };
  await using orchestrator = new AgentOrchestrator({
    clock,
    maxParallelAgents: 5,
    globalTimeout: Number.POSITIVE_INFINITY,
    agents: { agent },
  });
  const handle = orchestrator.execute({ tasks: ["a", "b", "c", "d", "e"].map((id) => plain(id)) });
  const results = await finish(clock, handle);
  expect(new Set(Object.values(results.tasks).map(({ output }) => output))).toEqual(new Set([1, 2, 3, 4, 5]));
  expect(lost).toBeGreaterThan(0);
  const writes = (await eventsOf(handle)).filter((event) => event.type === "board:set");
  expect(writes.map(({ value, version, by }) => [value, version, by])).toEqual(
    [1, 2, 3, 4, 5].map((n) => [n, n, "agent"]),
  );
});

test("[I2] an attempt reads its own log after a crash, as far as it was acknowledged", async () => {
  const journal = createMemoryJournal();
  const read: unknown[] = [];
  const agent: AgentFunction = async (t, { log, signal, effectId }) => {
    read.push((await log.read()).map(({ entry }) => entry));
    await log.append(
      { type: "tool:call", entry: `step ${t.restart}` },
      { type: "tool:result", entry: { of: effectId } },
    );
    if (t.restart < 2) await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    return "done";
  };
  const clock = new VirtualClock();
  let id = "";
  for (let host = 0; host < 3; host++) {
    const orchestrator = new AgentOrchestrator({ clock, journal, agents: { agent } });
    const handle = host === 0 ? orchestrator.execute({ tasks: [plain("a")] }) : orchestrator.resume(id);
    id = handle.id;
    await settled();
    await settled();
    if (host === 2) expect((await finish(clock, handle)).tasks["a"]).toMatchObject({ output: "done", attempts: 1 });
    await finish(clock, orchestrator[Symbol.asyncDispose]());
  }
  const entries = (host: number) => [`step ${host}`, { of: `${id}/a#1` }];
  expect(read).toEqual([[], entries(0), [...entries(0), ...entries(1)]]);
});

test("what an attempt says after its end is refused and changes nothing", async () => {
  const clock = new VirtualClock();
  let after: Promise<PromiseSettledResult<void>[]> | undefined;
  const agent: AgentFunction = (t, { log, send }) => {
    if (t.id === "b") return settled();
    after = settled().then(() =>
      Promise.allSettled([send("agent", "late"), log.append({ type: "tool:call", entry: 1 })]),
    );
    return 1;
  };
  await using orchestrator = new AgentOrchestrator({ clock, agents: { agent } });
  const handle = orchestrator.execute({ tasks: [plain("a"), plain("b", { dependencies: ["a"] })] });
  expect(statuses(await finish(clock, handle))).toEqual({ a: "complete", b: "complete" });
  expect((await after)?.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  expect((await eventsOf(handle)).filter(({ type }) => type === "message:sent" || type === "tool:call")).toEqual([]);
});

test("places that several orchestrators share are not exceeded by all of them together", async () => {
  const limits = createLimits({ p: 2 });
  let now = 0;
  let most = 0;
  const agent = {
    provider: "p",
    run: async () => {
      most = Math.max(most, ++now);
      await settled();
      now--;
    },
  };
  const runs = [1, 2, 3].map(() =>
    run(
      ["a", "b", "c"].map((id) => task(id, { agent })),
      { limits, places: 3 },
    ),
  );
  for (const results of await Promise.all(runs)) expect(results.status).toBe("complete");
  expect(most).toBe(2);
});

test("an attempt that is cancelled while it waits for a shared place gives nothing away", async () => {
  const clock = new VirtualClock();
  const limits = createLimits({ p: 1 });
  const hold = Promise.withResolvers<string>();
  const agent = { provider: "p", run: () => hold.promise };
  await using first = new AgentOrchestrator({ clock, limits, agents: { agent } });
  const one = first.execute({ tasks: [plain("a")] });
  await settled();
  const two = first.execute({ tasks: [plain("a")] });
  await settled();
  await two.cancel();
  expect((await finish(clock, two)).status).toBe("cancelled");
  hold.resolve("x");
  expect((await finish(clock, one)).status).toBe("complete");
  expect((await finish(clock, first.execute({ tasks: [plain("a")] }))).status).toBe("complete");
});
