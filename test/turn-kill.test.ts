/** The program killed in the middle of an agent's work, and taken up again by another process. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Cli } from "./support/cli-kit.ts";
import { FakeProvider, type SeenCall } from "./support/fake-provider.ts";
import { git, repositoryIn } from "./support/repository.ts";

const TURNS = 20;
/** How many of its turns are tried; all of them with TUTTI_TURN_KILLS=20. */
const KILLS = Math.min(TURNS, Number(process.env["TUTTI_TURN_KILLS"] ?? 1));
const AT = Array.from({ length: KILLS }, (_, i) => Math.round(((i + 0.5) * TURNS) / KILLS));

const cli = new Cli();
let fake: FakeProvider;
beforeAll(async () => {
  fake = await FakeProvider.start();
});
afterAll(() => fake[Symbol.asyncDispose]());

const AGENT = "---\nname: worker\ndescription: works\ntools: [read, bash]\n---\nWork.\n";
const PLAN = { tasks: [{ id: "a", agentName: "worker", description: "a", prompt: "Count", retries: 0 }] };

/** The turn that a call asks for, from 1: it is told by what has been said before, as a model would go by. */
const turnOf = ({ body }: SeenCall): number =>
  1 + body.messages.filter(({ role }: { role: string }) => role === "assistant").length;

test.each(AT)(
  "[bar:turn-kill] kill -9 in turn %i: it goes on there, no turn is paid twice and no command run twice",
  async (at) => {
    const terminal = cli.terminal(
      { "plan.json": JSON.stringify(PLAN), "a.txt": "x\n" },
      {
        ANTHROPIC_API_KEY: "k",
        ANTHROPIC_BASE_URL: fake.url,
      },
    );
    repositoryIn(terminal.cwd);
    mkdirSync(join(terminal.home, "agents"), { recursive: true });
    writeFileSync(join(terminal.home, "agents/worker.md"), AGENT);
    fake.script();
    const killed = Promise.withResolvers<void>();
    let first: ReturnType<typeof terminal.start> | undefined;
    fake.answer = async (call) => {
      const turn = turnOf(call);
      if (turn > TURNS) return { text: ["Done"] };
      const reply = {
        calls: [{ name: "bash", input: { command: `echo ${turn} >> log; sleep 0.02` }, id: `t${turn}` }],
      };
      if (turn !== at || first === undefined) return reply;
      // Half of them while the reply is awaited, half a moment after it has come.
      const kill = () => {
        first?.child.kill("SIGKILL");
        first = undefined;
        killed.resolve();
      };
      if (at % 2 === 0) kill();
      else setTimeout(kill, 30);
      return reply;
    };
    first = terminal.start("run", "plan.json", "--model", "anthropic/claude-sonnet-4-5", "--yes", "--json");
    const { ended } = first;
    await killed.promise;
    await ended;
    const resumed = await terminal.tutti("resume", "last");
    fake.answer = undefined;
    expect(resumed, resumed.err).toMatchObject({ code: 0 });
    expect(resumed.out).toMatch(/^a changed log \+\d+ -0: git diff \w{12} refs\/tutti\/\w+\/a$/m);
    expect((await terminal.tutti("report", "last")).out).toContain("## Files changed\n\n- a changed log");
    expect(fake.calls.length).toBeLessThanOrEqual(TURNS + 2);
    const [run = ""] = git(terminal.cwd, "for-each-ref", "--format=%(refname)", "refs/tutti")
      .split("\n")
      .filter((ref) => ref.endsWith("/a"));
    const lines = git(terminal.cwd, "show", `${run}:log`).split("\n");
    expect(new Set(lines).size, "no command was run twice").toBe(lines.length);
    // The one that was under way may have been lost with its process, and is told as of unknown outcome then.
    expect(lines.length).toBeGreaterThanOrEqual(TURNS - 1);
    expect(existsSync(`${terminal.cwd}/log`)).toBe(false);
    expect(readFileSync(`${terminal.cwd}/a.txt`, "utf8")).toBe("x\n");
  },
);
