import { expect, test } from "vitest";
import { createMemoryJournal } from "../journal/memory.ts";
import { AgentOrchestrator } from "./orchestrator.ts";
import { settled, VirtualClock } from "./virtual-clock.ts";
import { Busy, passTime } from "./virtual-run.ts";

const HOUR = 3_600_000;

test("while something real is under way, no virtual time passes", async () => {
  const clock = new VirtualClock(0);
  const busy = new Busy();
  const fired: number[] = [];
  clock.at(HOUR, () => fired.push(clock.now()));
  const real = Promise.withResolvers<void>();
  const done = Promise.withResolvers<void>();
  const passing = passTime(clock, done.promise, busy);
  const work = busy.during(real.promise);
  for (let i = 0; i < 20; i++) await settled();
  expect([busy.isBusy, clock.now(), fired]).toEqual([true, 0, []]);
  real.resolve();
  await work;
  await expect.poll(() => fired).toEqual([HOUR]);
  done.resolve();
  await passing;
});

test("what fails in the real world is over as well", async () => {
  const busy = new Busy();
  await expect(busy.during(Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect(busy.isBusy).toBe(false);
});

test("time stops passing when the run is over, however it ends", async () => {
  const clock = new VirtualClock(0);
  const tick = () => clock.at(clock.now() + HOUR, tick);
  tick();
  await passTime(clock, Promise.reject(new Error("lost")));
  const then = clock.now();
  for (let i = 0; i < 10; i++) await settled();
  expect(clock.now()).toBe(then);
});

test("with a journal that takes its time, attempts take exactly what they say", async () => {
  const clock = new VirtualClock(0);
  const busy = new Busy();
  await using memory = createMemoryJournal();
  const create = async (run: string) => {
    const writer = await memory.create(run);
    const append: typeof writer.append = async (batch) => {
      for (let i = 0; i < 9; i++) await settled();
      await writer.append(batch);
    };
    return { ...writer, run, append, commands: writer.commands.bind(writer), close: writer.close.bind(writer) };
  };
  const journal = busy.journal({ ...memory, create, read: memory.read.bind(memory) });
  const sleep = (ms: number) => new Promise<void>((resolve) => clock.at(clock.now() + ms, resolve));
  await using orchestrator = new AgentOrchestrator({
    ...{ agents: { slow: () => sleep(HOUR) }, journal, clock, globalTimeout: Number.POSITIVE_INFINITY },
  });
  const task = (id: string, dependencies: readonly string[] = []) => ({
    ...{ id, agentName: "slow", description: id, prompt: id, dependencies },
  });
  const handle = orchestrator.execute({ tasks: [task("a"), task("b"), task("c", ["a", "b"])] });
  const [{ status, tasks, summary }] = await Promise.all([handle, passTime(clock, handle, busy)]);
  expect(status).toBe("complete");
  expect(Object.values(tasks).map(({ duration }) => duration)).toEqual([HOUR, HOUR, HOUR]);
  expect(summary.totalDuration).toBe(2 * HOUR);
});
