/** Work of many agents that lands: brought together, proven, mended by its owners, delivered; over a real repository. */

import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Host } from "../src/app/host.ts";
import { byCodeUnit } from "../src/domain/json.ts";
import { FakeProvider } from "./support/fake-provider.ts";
import { eventsOf, Homes } from "./support/homes.ts";
import { git } from "./support/repository.ts";
import { BREAKERS, CONFLICTS, sample, script } from "./support/sample-landing.ts";

const homes = new Homes();
let fake: FakeProvider;
beforeAll(async () => {
  fake = await FakeProvider.start();
});
afterAll(() => fake[Symbol.asyncDispose]());

const env = () => ({ PATH: process.env["PATH"], ANTHROPIC_API_KEY: "k", ANTHROPIC_BASE_URL: fake.url });
const looks = (folder: string) =>
  [
    ...["status --porcelain --ignored", "branch --all", "stash list", "rev-parse HEAD", "config --local --list"],
    ...["ls-files --stage", "worktree list"],
  ].map((words) => git(folder, ...words.split(" ")));

const order = (tasks: readonly object[], deliver: object, more: object = {}) => ({
  tasks,
  config: { model: "anthropic/claude-sonnet-4-5", maxParallelAgents: 6, deliver, ...more },
});

test("whoever is at work is told between two turns that what it writes conflicts with what another has finished", async () => {
  const { repository, home } = sample(homes);
  const first = Promise.withResolvers<void>();
  const writing = (text: string) => ({ calls: [{ name: "write", input: { path: "src/m00.mjs", text } }] });
  const heard: string[] = [];
  await using host = await Host.open({ home, env: env(), repository });
  fake.answer = async (call) => {
    const words = JSON.stringify(call.body.messages);
    const turn = call.body.messages.filter(({ role }: { role: string }) => role === "assistant").length;
    if (words.includes("Be first")) return turn === 0 ? writing("export const v = 1;\n") : { text: ["Done"] };
    if (turn === 0) return writing("export const v = 2;\n");
    if (turn === 1) {
      await first.promise;
      return { calls: [{ name: "read", input: { path: "src/m01.mjs" } }] };
    }
    heard.push(JSON.stringify(call.body.messages.at(-1)));
    return { text: ["Done"] };
  };
  const tasks = ["first", "second"].map((id) => ({
    ...{ id, agentName: id === "first" ? "wt1" : "wt2", description: id, prompt: `Be ${id}` },
  }));
  const handle = host.start(await host.admit(host.prepare(order(tasks, { delivery: { as: "branch" }, gates: [] }))));
  for await (const event of handle) if (event.type === "message:sent" && event.from === "merge-lane") first.resolve();
  expect(heard[0]).toMatch(
    /Messages that came in while you worked.*conflicts with what 'wt1' has finished for task 'first', in src\/m00\.mjs/,
  );
  expect(git(repository, "rev-parse", `tutti/${handle.id}`)).toMatch(/^[0-9a-f]{40}$/);
});

test("[bar:lane] [I12] 12 tasks over 30 files with 3 conflicts and 2 that break the tests only together land green, and the user's checkout stays as it is", async () => {
  const { repository, home, tasks } = sample(homes);
  const before = looks(repository);
  const mends = script(fake);
  await using host = await Host.open({ home, env: env(), repository });
  const deliver = { delivery: { as: "branch", name: "tutti/all" }, gates: ["node check.mjs"] } as const;
  const handle = host.start(await host.admit(host.prepare(order(tasks, deliver))));
  const results = await handle;
  expect(results.tasks["land"]?.reason).toBeUndefined();
  expect(results.status).toBe("complete");
  const landed = results.tasks["land"]?.output as {
    landed: { task: string }[];
    leftOut: unknown[];
    gateRuns: number;
    head: string;
  };
  expect(landed.landed).toHaveLength(12);
  expect(landed.leftOut).toEqual([]);
  // The batch, log2(12) to find the culprit, the rest with it mended; then once for each conflict.
  expect(landed.gateRuns).toBeLessThanOrEqual(1 + 4 + 1 + 3);
  expect(
    mends
      .filter(({ kind }) => kind === "conflict")
      .map(({ task }) => task)
      .toSorted(byCodeUnit),
  ).toEqual(CONFLICTS.map(([, second]) => second));
  expect(mends.filter(({ kind }) => kind === "red").map(({ task }) => task)).toEqual([BREAKERS[1]]);
  expect(git(repository, "rev-parse", "tutti/all")).toBe(landed.head);
  expect(git(repository, "log", "--format=%s", "main..tutti/all").split("\n")).toHaveLength(12);
  for (const [first, second] of CONFLICTS)
    expect(git(repository, "grep", "-h", "export const t", "tutti/all", "--", "src")).toMatch(
      new RegExp(`${first} =[\\s\\S]*${second} =`),
    );
  git(repository, "branch", "-D", "tutti/all");
  expect(looks(repository)).toEqual(before);
  expect(existsSync(join(home, "lanes", handle.id))).toBe(false);
  const events = await eventsOf(host.journal, handle.id);
  const given = events.flatMap((one) => (one.type === "workspace:conflict" ? [one.entry] : []));
  expect(given).toHaveLength(4);
  for (const one of given) expect(one).toMatchObject({ agentName: `w${(one as { task: string }).task}` });
  expect(events.filter(({ type }) => type === "workspace:merged")).toHaveLength(1);
});

test("a run whose work has landed lands again as asked for, and one that goes on is refused", async () => {
  const { repository, home } = sample(homes);
  const held = Promise.withResolvers<void>();
  await using host = await Host.open({ home, env: env(), repository });
  fake.answer = async (call) => {
    const turn = call.body.messages.filter(({ role }: { role: string }) => role === "assistant").length;
    if (turn > 0) await held.promise;
    const input = { path: "src/m00.mjs", text: "export const v = 1;\n" };
    return turn === 0 ? { calls: [{ name: "write", input }] } : { text: ["Done"] };
  };
  const tasks = [{ id: "one", agentName: "wt1", description: "one", prompt: "Do one" }];
  const handle = host.start(await host.admit(host.prepare(order(tasks, { delivery: { as: "branch" }, gates: [] }))));
  await handle.opened();
  const land = { delivery: { as: "branch", name: "again" }, gates: ["node check.mjs"] } as const;
  await expect(host.fork(handle.id, { land })).rejects.toThrow(/has not ended/);
  held.resolve();
  await handle;
  const again = await host.fork(handle.id, { land });
  const { tasks: done } = await again.handle;
  expect(done["one"]?.status).toBe("reused");
  expect(done["land"]).toMatchObject({ status: "complete", output: { gateRuns: 1, delivered: { name: "again" } } });
  expect(git(repository, "show", "again:src/m00.mjs")).toBe("export const v = 1;");
});
