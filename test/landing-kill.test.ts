/** The program killed while agents write and their work lands, and taken up again until it is done. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { random } from "../src/domain/random.ts";
import { Cli, eventsIn } from "./support/cli-kit.ts";
import { FakeProvider } from "./support/fake-provider.ts";
import { git } from "./support/repository.ts";
import { sample, script } from "./support/sample-landing.ts";

/** Kills in all; a few in each run. With TUTTI_LAND_KILLS=200 it takes half an hour. */
const KILLS = Number(process.env["TUTTI_LAND_KILLS"] ?? 1);
const SEED = Number(process.env["TUTTI_LAND_SEED"] ?? 1);
/** A task whose host dies a fourth time is a dead letter, and that is another promise. */
const OF_ONE = 3;
/** Events of the whole run, about: a kill comes after one of them. */
const EVENTS = 190;

const cli = new Cli();
let fake: FakeProvider;
beforeAll(async () => {
  fake = await FakeProvider.start();
});
afterAll(() => fake[Symbol.asyncDispose]());

const dice = random(SEED);
const rounds = Array.from({ length: Math.ceil(KILLS / OF_ONE) }, (_, i) => ({
  round: i + 1,
  after: Array.from({ length: Math.min(OF_ONE, KILLS - i * OF_ONE) }, () => 1 + Math.floor(dice() * (EVENTS / 2))),
  moment: Array.from({ length: OF_ONE }, () => Math.floor(dice() * 60)),
}));

const treeOf = (repository: string, ref: string) => git(repository, "rev-parse", `${ref}^{tree}`);
let expected: string | undefined;

test.each(rounds)(
  "[bar:lane-kill] [I12] round $round: killed after so many events, everything written is reachable, and the run resumes to the same tree",
  async ({ after, moment }) => {
    const { repository, home, tasks } = sample(cli.homes);
    writeFileSync(join(home, "plan.json"), JSON.stringify({ tasks }));
    script(fake);
    const before = git(repository, "status", "--porcelain", "--ignored");
    const env = { TUTTI_HOME: home, ANTHROPIC_API_KEY: "k", ANTHROPIC_BASE_URL: fake.url };
    const terminal = cli.terminal({}, env).in(repository);
    const how = ["--model", "anthropic/claude-sonnet-4-5", "--yes", "--max-parallel", "6", "--json"];
    const landing = ["--deliver", "branch:all", "--prove", "node check.mjs"];
    let command: readonly string[] = ["run", join(home, "plan.json"), ...how, ...landing];
    for (const [i, count] of after.entries()) {
      const started = terminal.start(...command);
      let seen = 0;
      started.child.stdout?.on("data", (piece: string) => {
        const had = seen;
        seen += piece.split("\n").length - 1;
        // A moment later than the event, so that it is in the middle of what that caused.
        if (had < count && seen >= count) setTimeout(() => started.child.kill("SIGKILL"), moment[i]);
      });
      await started.ended;
      command = ["resume", "last", "--json"];
    }
    const { code, out } = await terminal.start(...command).ended;
    const last = eventsIn(out).at(-1);
    expect([code, last?.type, "status" in (last ?? {}) && last], out.slice(-2000)).toMatchObject([
      0,
      "workflow:complete",
      {},
    ]);
    const run = last?.run ?? "";
    // The last attempt at each task is the one that counts: its files are there, whole.
    const refs = git(repository, "for-each-ref", "--format=%(refname:lstrip=3)", `refs/tutti/${run}`).split("\n");
    for (const { id } of tasks) expect(refs).toContain(id);
    expected ??= treeOf(repository, "all");
    expect(treeOf(repository, "all")).toBe(expected);
    expect(git(repository, "log", "--format=%s", "main..all").split("\n")).toHaveLength(12);
    expect(git(repository, "status", "--porcelain", "--ignored")).toBe(before);
    expect(git(repository, "worktree", "list").split("\n")).toHaveLength(1);
  },
);
