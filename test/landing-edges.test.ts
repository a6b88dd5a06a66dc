/** Landings that meet each other, plans that grow meanwhile, money that runs out between two mends, gates that hang. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { RunHandle } from "../src/app/handle.ts";
import { byCodeUnit } from "../src/domain/json.ts";
import { FakeProvider, type SeenCall } from "./support/fake-provider.ts";
import { eventsOf, Homes } from "./support/homes.ts";
import { git, repositoryIn } from "./support/repository.ts";

const homes = new Homes();
let fake: FakeProvider;
beforeAll(async () => {
  fake = await FakeProvider.start();
});
afterAll(() => fake[Symbol.asyncDispose]());

const usage = { fresh: 50_000, output: 100 };
const AGENT = "---\nname: w\ndescription: works\ntools: [read, write]\n---\nYou work.\n";

/** Agents who write what their task says and end with `says`; whoever mends puts his name into a.txt. */
async function place(says: (task: string) => string | Promise<string> = () => "Done") {
  const repository = repositoryIn(homes.path({ "a.txt": "1\n2\n3\n" }));
  const home = homes.path({ "agents/w.md": AGENT });
  const mends: string[] = [];
  fake.answer = async ({ body }: SeenCall) => {
    const words = JSON.stringify(body.messages[0].content);
    const turn = body.messages.filter(({ role }: { role: string }) => role === "assistant").length;
    const [, mend] = /Your work on task '([^']+)'/.exec(words) ?? [];
    const [, task = "", path = "", text = ""] = /Do (\w+): write (\S+) with <(\w+)>/.exec(words) ?? [];
    if (turn > 0) return { text: [await says(mend ? "mend" : task)], usage };
    if (mend) mends.push(mend);
    const input = mend ? { path: "a.txt", text: `mended ${mend}\n` } : { path, text: `${text}\n` };
    return { calls: [{ id: "c", name: "write", input }], usage };
  };
  const env = { PATH: process.env["PATH"], ANTHROPIC_API_KEY: "k", ANTHROPIC_BASE_URL: fake.url };
  const host = await homes.open({ home, env, repository });
  const begin = async (tasks: readonly object[], deliver: object, more: object = {}) => {
    const config = { model: "anthropic/claude-sonnet-4-5", maxParallelAgents: 6, deliver, ...more };
    return { handle: host.start(await host.admit(host.prepare({ tasks, config }))) };
  };
  return { repository, home, host, mends, begin };
}
const task = (id: string, path: string, more: object = {}) => ({
  ...{ id, agentName: "w", description: `Do ${id}`, prompt: `Do ${id}: write ${path} with <${id}>`, ...more },
});
const landedIn = (output: unknown) => (output as { landed: { task: string }[] }).landed.map(({ task: id }) => id);

test.each([
  [{ as: "branch", name: "same" }, /there is a branch 'same' already.*|could not be made.*choose another name/, "same"],
  [{ as: "fast-forward" }, /'main' could not move on: .*; tutti land \w{26} --deliver fast-forward brings/, "main"],
])(
  "of two that deliver at once as %o one lands whole, and the other is told what to do",
  async (delivery, why, ref) => {
    // Both have begun from the same files before either is done.
    const haveWritten = Promise.withResolvers<string>();
    const written: string[] = [];
    const { repository, begin } = await place((id) => {
      if (written.push(id) === 2) haveWritten.resolve("Done");
      return haveWritten.promise;
    });
    const both = await Promise.all(["x", "y"].map((id) => begin([task(id, `${id}.txt`)], { delivery, gates: [] })));
    const results = await Promise.all(both.map(({ handle }) => handle));
    const lands = results.map(({ tasks }) => tasks["land"]);
    expect(lands.map((one) => one?.status).toSorted()).toEqual(["complete", "failed"]);
    expect(lands.find((one) => one?.status === "failed")?.reason).toMatch(why);
    const winner = lands.find((one) => one?.status === "complete");
    expect(git(repository, "log", "--format=%s", ref).split("\n")).toEqual([
      `Do ${landedIn(winner?.output)[0]}`,
      "first",
    ]);
    expect(git(repository, "status", "--porcelain")).toBe("");
  },
);

test("the user's own commit meanwhile is told with what it conflicts in, and stays where it is", async () => {
  const { repository, begin } = await place((id) => {
    if (id !== "mend") return "Done";
    writeFileSync(join(repository, "a.txt"), "his\n");
    git(repository, "commit", "--quiet", "--all", "-m", "his");
    told = begun?.command({ type: "change", add: [task("more", "more.txt")], reason: "too late" }).catch(String);
    return "Mended";
  });
  let begun: RunHandle | undefined;
  let told: Promise<unknown> | undefined;
  const land = { delivery: { as: "branch", name: "new" }, gates: [] };
  const { handle } = await begin([task("one", "a.txt"), task("two", "a.txt")], land);
  begun = handle;
  const { tasks } = await handle;
  expect(JSON.stringify(await told)).toMatch(/the work is landing already, and what is added now would not land/);
  const drifted = { to: git(repository, "rev-parse", "main"), conflicts: ["a.txt"] };
  expect(tasks["land"]).toMatchObject({ status: "complete", output: { drifted, delivered: { name: "new" } } });
  expect(git(repository, "log", "--format=%s", "main").split("\n")).toEqual(["his", "first"]);
});

test("repetitions, items and what comes into the plan later land once each in order, and what a condition left out does not", async () => {
  let rounds = 0;
  const says = (id: string) => (id === "list" ? '["p","q"]' : id === "loop" && ++rounds === 1 ? "Again" : "Done");
  const { repository, begin } = await place(says);
  const tasks = [
    task("first", "first.txt"),
    task("never", "never.txt", { dependencies: ["first"], when: { task: "first", op: "eq", value: "no" } }),
    task("loop", "loop.txt", {
      ...{ dependencies: ["first"], maxIterations: 3, until: { task: "loop", op: "eq", value: "Done" } },
    }),
    task("list", "list.txt", { output: { type: "array", items: { type: "string" } } }),
    task("each", "each.txt", { dependencies: ["list"], forEach: { task: "list" } }),
  ];
  const { handle } = await begin(tasks, { delivery: { as: "branch", name: "all" }, gates: [] });
  await handle.opened();
  // Nobody waits for the first of them; the other comes after the landing.
  const add = [task("late", "late.txt"), task("after", "after.txt", { dependencies: ["land"] })];
  await handle.command({ type: "change", add, reason: "something was forgotten" });
  const { tasks: done } = await handle;
  expect([done["land"]?.status, done["after"]?.status, done["never"]?.status]).toEqual([
    ...["complete", "complete", "skipped"],
  ]);
  const landed = landedIn(done["land"]?.output);
  expect(landed.toSorted(byCodeUnit)).toEqual(["each.1", "each.2", "first", "late", "list", "loop"]);
  expect(landed.indexOf("first")).toBeLessThan(landed.indexOf("loop"));
  expect(landed.indexOf("list")).toBeLessThan(landed.indexOf("each.1"));
  const files = git(repository, "ls-tree", "--name-only", "all").split("\n");
  expect(files).toEqual(["a.txt", "each.txt", "first.txt", "late.txt", "list.txt", "loop.txt"]);
});

test("[I3] money that runs out in the middle of a mend pauses the landing, which is gone on with and mends nothing twice", async () => {
  const { mends, begin, host, repository } = await place();
  const before = fake.calls.length;
  const tasks = ["t1", "t2", "t3"].map((id) => task(id, "a.txt"));
  // Six turns write, two mend each: it is gone in the middle of the second.
  const budget = { tokens: 9 * 50_100 };
  const land = { delivery: { as: "branch", name: "all" }, gates: ["true"] };
  const { handle } = await begin(tasks, land, { budget });
  expect((await handle).status).toBe("paused");
  expect(mends).toEqual(["t2", "t3"]);
  const again = await host.resume(handle.id, { type: "resume", budget: { tokens: 100 * 50_100 } });
  const { status, tasks: done } = await again.handle;
  expect([status, landedIn(done["land"]?.output)]).toEqual(["complete", ["t1", "t2", "t3"]]);
  expect(mends).toEqual(["t2", "t3"]);
  expect(fake.calls.length - before).toBe(3 * 2 + 2 * 2);
  expect(git(repository, "show", "all:a.txt")).toBe("mended t3");
  const proofs = (await eventsOf(host.journal, handle.id)).filter(({ type }) => type === "tool:result");
  const proved = proofs.flatMap((one) => {
    const { id, name } = (one as unknown as { entry: { id: string; name: string } }).entry;
    return name === "prove" ? [id] : [];
  });
  expect(new Set(proved).size).toBe(proved.length);
});

test("a gate that hangs with children of its own is ended by name, and one that changes files changes nothing", async () => {
  const { home, repository, begin } = await place();
  const at = { delivery: { as: "branch", name: "new" }, timeout: 300 };
  const hangs = await begin([task("one", "one.txt")], { ...at, gates: ["setsid sleep 43217 & sleep 43217"] });
  expect((await hangs.handle).tasks["land"]?.reason).toMatch(/'setsid .*': it took longer than 300 ms/);
  const running = readdirSync("/proc").flatMap((pid) => {
    const words = existsSync(`/proc/${pid}/cmdline`) ? readOr(`/proc/${pid}/cmdline`) : "";
    return words.includes("43217") ? [words] : [];
  });
  expect(running).toEqual([]);
  const gate = "echo evil > a.txt; echo evil > new.txt; git commit -qam evil; git tag evil";
  const writes = await begin([task("two", "two.txt")], { ...at, timeout: 20_000, gates: [gate] });
  expect((await writes.handle).status).toBe("complete");
  expect(git(repository, "ls-tree", "--name-only", "new").split("\n")).toEqual(["a.txt", "two.txt"]);
  expect(git(repository, "show", "new:a.txt")).toBe("1\n2\n3");
  expect(git(repository, "tag")).toBe("");
  expect(readdirSync(join(home, "lanes"))).toEqual([]);
});

function readOr(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
