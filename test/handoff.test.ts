/** Work that one agent passes on to another, and questions that it asks while it is at work. */
import { describe, expect, test } from "vitest";
import { Stopwatch } from "../src/app/bottlenecks.ts";
import { VirtualClock } from "../src/app/virtual-clock.ts";
import { taskLines } from "../src/cli/block.ts";
import { createProgress, fold } from "../src/cli/progress.ts";
import {
  type AgentFunction,
  AgentOrchestrator,
  type AgentTask,
  createMemoryJournal,
  type OrchestratorConfig,
} from "../src/index.ts";
import { eventsOf, finish } from "./support/finish.ts";

const plain = (more: Partial<AgentTask> = {}): AgentTask => ({
  ...{ id: "a", agentName: "scout", description: "a letter", prompt: "Write it" },
  ...more,
});

async function play(
  agents: { readonly [name: string]: AgentFunction },
  task: Partial<AgentTask> = {},
  more: OrchestratorConfig = {},
) {
  const clock = new VirtualClock();
  await using orchestrator = new AgentOrchestrator({ agents, clock, seed: 1, ...more });
  const handle = orchestrator.execute({ tasks: [plain(task)] });
  const results = await finish(clock, handle);
  const events = await finish(clock, eventsOf(handle));
  const of = <T extends string>(type: T) => events.filter((event) => event.type === type);
  return { result: results.tasks["a"], summary: results.summary, events, of };
}

describe("a handoff", () => {
  const PACKAGE = { summary: "Half is written", left: ["the end"], decisions: ["in English"] };

  test("goes on with the same task by another agent, that has the package, and what the first used counts once", async () => {
    const seen: unknown[] = [];
    const { result, summary, of, events } = await play({
      scout: async (_t, { handOver }) => {
        expect(await handOver({ name: "writer" }, PACKAGE)).toBe("writer");
        return { output: "of no account", tokensUsed: 10, costUsd: 1 };
      },
      writer: (t) => {
        seen.push(t.attempt, t.handed);
        return { output: "Dear Ann", tokensUsed: 5, costUsd: 0.5 };
      },
    });
    expect(result).toMatchObject({ status: "complete", output: "Dear Ann", attempts: 2, tokensUsed: 15, costUsd: 1.5 });
    expect(summary).toMatchObject({ totalTokens: 15, totalCostUsd: 1.5 });
    // It was work, and no failure that was tried again.
    const watch = new Stopwatch();
    for (const event of events) watch.note(event);
    expect(watch.done().totals.retrying).toBe(0);
    expect(seen).toEqual([2, { from: "scout", attempt: 1, package: PACKAGE }]);
    expect(of("handoff")).toMatchObject([
      { taskId: "a", agentName: "scout", attempt: 1, to: "writer", package: PACKAGE },
    ]);
    expect(of("task:retry")).toMatchObject([
      { agentName: "scout", failure: "stopped", counts: false, handedTo: "writer", tokensUsed: 10 },
    ]);
  });

  test("once made it holds, however the attempt ends then, and the heir has all its attempts", async () => {
    let tries = 0;
    const { result } = await play(
      {
        scout: async (_t, { handOver }) => {
          await handOver({ name: "writer" }, PACKAGE);
          throw new Error("it broke after all");
        },
        writer: (t) => {
          expect(t.handed?.from).toBe("scout");
          if (++tries < 3) throw new Error("not yet");
          return "Dear Ann";
        },
      },
      { retries: 2 },
    );
    expect(result).toMatchObject({ status: "complete", output: "Dear Ann", attempts: 4 });
  });

  test("is refused in words: to oneself, to nobody, without a summary, with too large a package, too often", async () => {
    const said: string[] = [];
    const tell = (error: Error) => void said.push(error.message);
    const pass =
      (to: string): AgentFunction =>
      async (_t, { handOver }) =>
        handOver({ name: to }, PACKAGE).catch(tell);
    await play({
      scout: async (_t, { handOver }) => {
        await handOver({ name: "scout" }, PACKAGE).catch(tell);
        await handOver({ name: "writter" }, PACKAGE).catch(tell);
        await handOver({ capability: "writing" }, PACKAGE).catch(tell);
        await handOver({ name: "writer" }, {} as never).catch(tell);
        await handOver({ name: "writer" }, { summary: "x", files: Array(20).fill("y".repeat(1000)) }).catch(tell);
      },
      writer: pass("scout"),
    });
    expect(said).toEqual([
      "you are 'scout' yourself: name another agent",
      "there is no agent 'writter' in this run: did you mean 'writer'?; in this run are writer",
      "name an agent: nobody chooses one here; in this run are writer",
      "'package.summary' is missing",
      expect.stringMatching(/^the package has 20\d{3} characters of JSON; the limit is 16000: leave out/),
    ]);
    said.length = 0;
    const { result, of } = await play({ scout: pass("writer"), writer: pass("scout") }, {}, { maxHandoffs: 2 });
    expect(of("handoff")).toHaveLength(2);
    expect(said).toEqual([
      "this task has been handed over 2 times, and 2 is the limit: do it yourself, or say what stands against it",
    ]);
    expect(result).toMatchObject({ status: "complete", attempts: 3 });
  });

  test("goes to an agent that the run did not know, where somebody chooses one", async () => {
    const asked: unknown[] = [];
    const { result, of } = await play(
      { scout: async (_t, { handOver }) => void (await handOver({ capability: "letters" }, PACKAGE)) },
      {},
      {
        colleagues: (wanted, { about, except }) => {
          asked.push(wanted, about, except);
          return { agentName: "poet", agent: { run: () => "a poem" } };
        },
      },
    );
    expect(asked).toEqual([{ capability: "letters" }, "Half is written\nthe end", ["scout"]]);
    expect(of("plan:changed")).toMatchObject([{ agents: { poet: { runtime: "function" } } }]);
    expect(result).toMatchObject({ status: "complete", output: "a poem" });
  });

  test("[I11] what was made out of a package is not taken for what its agent makes without one", async () => {
    const clock = new VirtualClock();
    let writes = 0;
    await using orchestrator = new AgentOrchestrator({
      ...{ clock, seed: 1 },
      agents: {
        scout: { run: (_t, { handOver }) => handOver({ name: "writer" }, PACKAGE), version: "1" },
        writer: { run: () => ++writes, version: "1" },
      },
    });
    const first = orchestrator.execute({ tasks: [plain()] });
    expect((await finish(clock, first)).tasks["a"]).toMatchObject({ status: "complete", output: 1 });
    const again = orchestrator.execute({ tasks: [plain({ agentName: "writer" })], parent: first.id });
    expect((await finish(clock, again)).tasks["a"]).toMatchObject({ status: "complete", output: 2 });
    const third = orchestrator.execute({ tasks: [plain({ agentName: "writer" })], parent: again.id });
    expect((await finish(clock, third)).tasks["a"]).toMatchObject({ status: "reused", output: 2 });
  });

  test("survives the death of its host between the handoff and the next attempt, and is made once", async () => {
    const journal = createMemoryJournal();
    const clock = new VirtualClock();
    const handed = Promise.withResolvers<void>();
    const agents = (isFirst: boolean): { readonly [name: string]: AgentFunction } => ({
      scout: async (t, { handOver }) => {
        await handOver({ name: "writer" }, PACKAGE);
        handed.resolve();
        if (isFirst) await new Promise(() => {});
        return { output: t.restart, tokensUsed: 10, costUsd: 1 };
      },
      writer: (t) => ({ output: [t.attempt, t.handed?.package.summary ?? ""], tokensUsed: 5, costUsd: 0.5 }),
    });
    const config = { clock, journal, seed: 1, grace: 0 };
    const first = new AgentOrchestrator({ ...config, agents: agents(true) });
    const { id } = first.execute({ tasks: [plain()] });
    await handed.promise;
    await finish(clock, first[Symbol.asyncDispose]());
    await using second = new AgentOrchestrator({ ...config, agents: agents(false) });
    const handle = second.resume(id);
    const results = await finish(clock, handle);
    expect(results.tasks["a"]).toMatchObject({ output: [2, "Half is written"], tokensUsed: 15, costUsd: 1.5 });
    const events = await finish(clock, eventsOf(handle));
    expect(events.filter(({ type }) => type === "handoff")).toHaveLength(1);
  });
});

describe("a request for help", () => {
  test("is answered by another agent within the attempt, is asked once, and what it cost is the asker's", async () => {
    const prompts: string[] = [];
    const { result, of } = await play({
      scout: async (_t, { help }) => {
        const [one, two] = await Promise.all([help({ name: "sage" }, "Why?"), help({ name: "sage" }, "Why?")]);
        return { output: [one.agentName, one.text, two.text], tokensUsed: 10, costUsd: 1 };
      },
      sage: (t) => {
        prompts.push(t.prompt);
        return { output: "Because.", tokensUsed: 3, costUsd: 0.5 };
      },
    });
    expect(result).toMatchObject({
      output: ["sage", "Because.", "Because."],
      tokensUsed: 13,
      costUsd: 1.5,
      attempts: 1,
    });
    expect(prompts).toHaveLength(1);
    expect(prompts[0]).toMatch(/^The agent 'scout' is at work.*## The question\n\nWhy\?.*a letter\n\nWrite it/s);
    expect(of("task:added")).toHaveLength(1);
  });

  test("that failed may be asked again, and both are paid", async () => {
    let isWell = false;
    const { result } = await play({
      scout: async (_t, { help }) => {
        await expect(help({ name: "sage" }, "Why?")).rejects.toThrow("'sage' could not help: I am ill");
        isWell = true;
        return { output: (await help({ name: "sage" }, "Why?")).text, tokensUsed: 10, costUsd: 1 };
      },
      sage: () => {
        // Tried twice before its asker is told.
        if (!isWell) throw Object.assign(new Error("I am ill"), { tokensUsed: 3, costUsd: 0.5 });
        return { output: "Because.", tokensUsed: 3, costUsd: 0.5 };
      },
    });
    expect(result).toMatchObject({ output: "Because.", tokensUsed: 19, costUsd: 2.5, attempts: 1 });
  });

  test("has a depth and a number, and is refused in words beyond them", async () => {
    const said: string[] = [];
    const tell = (error: Error) => {
      said.push(error.message);
      return { text: "nothing" };
    };
    const { result } = await play({
      scout: async (_t, { help }) => {
        for (let i = 0; i < 6; i++) await help({ name: "sage" }, `Question ${i}`).catch(tell);
        return help({ name: "scout" }, "Me?").catch(tell);
      },
      sage: async (t, { help }) =>
        t.prompt.includes("Question 0") ? (await help({ name: "elder" }, "And?")).text : "x",
      elder: async (_t, { help }) => (await help({ name: "sage" }, "Further?").catch(tell)).text,
    });
    expect(said).toEqual([
      "whoever helps at depth 2 asks nobody else: answer as well as you can",
      "this attempt has asked for help 5 times, its limit: go on without, or ask a person",
      "this attempt has asked for help 5 times, its limit: go on without, or ask a person",
      "this attempt has asked for help 5 times, its limit: go on without, or ask a person",
    ]);
    expect(result?.status).toBe("complete");
  });

  test("a place that its asker holds is lent meanwhile: two who ask each other's kind never wait for each other", async () => {
    const limits = (await import("../src/index.ts")).createLimits({ zoo: 1 });
    const ask: AgentFunction = async (_t, { help }) => (await help({ name: "sage" }, "Why?")).text;
    const clock = new VirtualClock();
    await using orchestrator = new AgentOrchestrator({
      ...{ clock, seed: 1, limits },
      agents: { scout: { run: ask, provider: "zoo" }, sage: { run: () => "Because.", provider: "zoo" } },
    });
    const handle = orchestrator.execute({ tasks: [plain(), plain({ id: "b" })] });
    const { tasks } = await finish(clock, handle);
    expect([tasks["a"]?.output, tasks["b"]?.output]).toEqual(["Because.", "Because."]);
  });

  test("ends with its asker", async () => {
    const begun = Promise.withResolvers<AbortSignal>();
    const clock = new VirtualClock();
    await using orchestrator = new AgentOrchestrator({
      ...{ clock, seed: 1 },
      agents: {
        scout: async (_t, { help }) => (await help({ name: "sage" }, "Why?")).text,
        sage: (_t, { signal }) => {
          begun.resolve(signal);
          return new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("stopped"))));
        },
      },
    });
    const handle = orchestrator.execute({ tasks: [plain()] });
    const signal = await begun.promise;
    await handle.cancel("enough");
    const { status } = await finish(clock, handle);
    expect([status, signal.aborted]).toEqual(["cancelled", true]);
  });
});

test("how far an agent says it is stands under its task while it works, and no longer", async () => {
  const { events } = await play({
    scout: async (_t, { log }) => {
      await log.append({ type: "agent:progress", entry: { text: "the greeting\nis written", percent: 49.6 } });
      return "Dear Ann";
    },
  });
  const progress = createProgress();
  const view = { columns: 80, rows: 20, now: 0, paint: (_: string, text: string) => text, tick: 0, pace: 1 };
  const lines: string[] = [];
  for (const event of events) {
    fold(progress, event);
    if (event.type === "agent:progress" || event.type === "task:complete")
      lines.push(taskLines(progress, { ...view, now: event.at }).at(-1) ?? "");
  }
  expect(lines).toEqual(["  50 % the greeting is written", expect.stringMatching(/done|complete/)]);
});
