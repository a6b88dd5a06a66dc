/** Where no model is configured, an installed coding agent is offered. Those here would tell if anybody started them. */
import { chmodSync, existsSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { prepare } from "../src/cli/begin.ts";
import { examine } from "../src/cli/examine.ts";
import type { Io } from "../src/cli/io.ts";
import { Homes, work } from "./support/homes.ts";

const homes = new Homes();
const ORDER = { workflowName: "plan", tasks: [work("a")] };

async function at(
  answers: readonly boolean[],
  names: readonly string[],
  { canAsk = true, cwd = homes.path({ ".keep": "" }) } = {},
) {
  const bin = homes.path({ ".keep": "" });
  const traces = names.map((name) => join(bin, `${name}.started`));
  for (const name of names) {
    writeFileSync(join(bin, name), `#!/bin/sh\ntouch ${join(bin, name)}.started\n`);
    chmodSync(join(bin, name), 0o755);
  }
  const host = await homes.open({ env: { PATH: bin }, repository: cwd });
  const asked: string[] = [];
  const rest = [...answers];
  const says = async (question: string) => {
    asked.push(question);
    return rest.shift() ?? false;
  };
  const io = { cwd, canAsk, isLive: canAsk, columns: 80, err: () => {} } as unknown as Io;
  const outcome = await prepare(io, host, ORDER, says).catch((error: Error) => error);
  expect(traces.filter((trace) => existsSync(trace))).toEqual([]);
  return { outcome, asked };
}

test("on a terminal an installed coding agent is offered before a rehearsal", async () => {
  const { outcome, asked } = await at([true], ["claude"]);
  expect(asked).toEqual(["Claude Code is installed: let it do the work?"]);
  expect(outcome).toMatchObject({ config: { model: "acp/claude-code" }, agents: { builder: { runtime: "acp" } } });
  const no = await at([false, true], ["claude"]);
  expect(no.asked).toEqual([expect.stringContaining("Claude Code"), expect.stringContaining("Rehearse instead?")]);
  expect(no.outcome).toMatchObject({ config: { rehearse: true } });
});

test("none is offered where none is installed, or where there are no files of a project", async () => {
  expect((await at([false], [])).asked).toEqual([expect.stringContaining("Rehearse instead?")]);
  expect((await at([false], ["opencode"], { cwd: homedir() })).asked).toEqual([
    expect.stringContaining("Rehearse instead?"),
  ]);
});

test("where nobody can be asked, it is named", async () => {
  const { outcome, asked } = await at([], ["codex", "opencode"], { canAsk: false });
  expect(asked).toEqual([]);
  expect(outcome).toMatchObject({
    code: "BAD_INPUT",
    hint: expect.stringMatching(/Codex do the work with --model acp\/codex, .*--model acp\/opencode, or rehearse/),
  });
  expect((await at([], [], { canAsk: false })).outcome).toMatchObject({ hint: expect.not.stringContaining("acp/") });
});

test("doctor says that a run offers it", async () => {
  const bin = homes.path({ claude: "#!/bin/sh\nexit 1\n" });
  chmodSync(join(bin, "claude"), 0o755);
  const io = { home: homes.path(), cwd: homes.path({ ".keep": "" }), env: { PATH: bin } } as unknown as Io;
  const words = (await examine(io)).flatMap((one) => (one.what === "model" ? [one.words] : []));
  expect(words).toEqual([
    expect.stringMatching(/Claude Code is installed: tutti run offers it.*--model acp\/claude-code$/),
  ]);
});
