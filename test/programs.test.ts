/** Programs that are run once for an attempt: Claude Code and Codex without their protocol, and commands of the user's own. */
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { describe, expect, test } from "vitest";
import { systemClock } from "../src/app/system.ts";
import type { Outcome } from "../src/domain/ports.ts";
import type { ModelSettings } from "../src/runtimes/model/runtime.ts";
import { type OutsideRuntimeOptions, outsideRuntime } from "../src/runtimes/outside-runtime.ts";
import { folderWorkspace } from "../src/workspace/folder.ts";
import { Homes } from "./support/homes.ts";
import { attemptOf, type HeldWorld, heldWorld } from "./support/model-attempt.ts";
import { stripped } from "./support/stripped.ts";

const homes = new Homes();
const PROGRAM = stripped(new URL("./support/fake-program.ts", import.meta.url));
const UNKEPT = { ready: async () => [], keep: async () => undefined, close: async () => {} };
const SECRET = "canary-of-the-test";

interface Told {
  readonly lines?: readonly (string | object)[];
  readonly errors?: string;
  readonly code?: number;
  readonly hangs?: true;
}
interface At {
  readonly model: string;
  readonly root: string;
  readonly world?: HeldWorld;
  readonly restart?: number;
  readonly settings?: ModelSettings;
  readonly outside?: OutsideRuntimeOptions["settings"];
  readonly path?: string;
}
async function perform({
  model,
  root,
  world = heldWorld(),
  restart = 0,
  settings,
  outside = {},
  path,
}: At): Promise<Outcome> {
  const files = await folderWorkspace(root, true);
  const runtime = outsideRuntime({
    clock: systemClock,
    settings: outside,
    env: { PATH: path ?? process.env["PATH"], OPENAI_API_KEY: SECRET },
    workspaces: { open: () => ({ ...files, ...UNKEPT }) },
    instructionsOf: () => ({ tools: ["read", "edit"], ...settings }),
  });
  return runtime.perform(attemptOf(model, { restart, prompt: "Mend it" }), world);
}
const heard = (root: string) =>
  readFileSync(join(root, "log"), "utf8")
    .trim()
    .split("\n")
    .map(
      (line) =>
        JSON.parse(line) as {
          args: string[];
          input: string;
          files: string[];
          env: Record<string, string>;
          cwd: string;
        },
    );

function first(root: string) {
  const [one] = heard(root);
  if (!one) throw new Error("nothing was begun");
  return one;
}

/** A folder of programs with one of that name, which says what it is told. */
function installed(name: string, root: string, told: Told): string {
  const bin = homes.path({ ".keep": "" });
  const said = JSON.stringify({ ...told, log: join(root, "log") });
  writeFileSync(
    join(bin, name),
    `#!/bin/sh\nexec '${process.execPath}' '${PROGRAM}' '${said.replaceAll("'", "'\\''")}' "$@"\n`,
  );
  chmodSync(join(bin, name), 0o755);
  return [bin, "/usr/bin", "/bin"].join(delimiter);
}

describe("Claude Code without its protocol", () => {
  const INIT = { type: "system", subtype: "init", session_id: "c-1" };
  const RESULT = {
    ...{ type: "result", subtype: "success", is_error: false, result: "Mended", total_cost_usd: 0.5, num_turns: 3 },
    usage: { input_tokens: 1, output_tokens: 1 },
    modelUsage: {
      big: { inputTokens: 100, outputTokens: 20, cacheReadInputTokens: 1000, cacheCreationInputTokens: 5 },
      small: { inputTokens: 7, outputTokens: 3 },
    },
  };
  const LINES = [
    INIT,
    {
      type: "assistant",
      message: { content: [{ type: "tool_use", id: "t", name: "Read", input: { file_path: "a" } }] },
    },
    { type: "user", message: { content: [{ type: "tool_result", tool_use_id: "t", content: "one" }] } },
    "not JSON at all",
    RESULT,
  ];

  test("gets the prompt on its input and only the tools that its definition names, and all that it used counts", async () => {
    const root = homes.path({ a: "one" });
    const world = heldWorld();
    const path = installed("claude", root, { lines: LINES });
    const outcome = await perform({ model: "acp/claude-code/opus", root, world, path });
    expect(outcome).toEqual({ ok: true, output: "Mended", usage: { tokensUsed: 1135, costUsd: 0.5, turns: 3 } });
    const { args, input, env, cwd } = first(root);
    expect(args.slice(0, 6)).toEqual([
      "-p",
      "--output-format",
      "stream-json",
      "--verbose",
      "--permission-mode",
      "default",
    ]);
    expect(args[args.indexOf("--allowedTools") + 1]).toBe("Read,Edit,MultiEdit,NotebookEdit");
    expect(args[args.indexOf("--disallowedTools") + 1]).toContain("Bash");
    expect(args[args.indexOf("--model") + 1]).toBe("opus");
    expect([input, cwd]).toEqual(["Mend it", root]);
    expect(env["OPENAI_API_KEY"]).toBeUndefined();
    const types = world.entries.map(({ type }) => type);
    expect(types.filter((type) => type !== "workspace:opened")).toEqual(["tool:call", "tool:result", "turn:complete"]);
    expect(JSON.stringify(world.entries)).toContain('"session":{"agent":"acp/claude-code/opus","id":"c-1"}');
  });

  test("goes on in its session after a crash of ours", async () => {
    const root = homes.path({ a: "one" });
    const entry = { path: root, notes: [], session: { agent: "acp/claude-code", id: "c-1" } };
    const world = heldWorld([{ type: "workspace:opened", entry }]);
    const path = installed("claude", root, { lines: LINES });
    expect(await perform({ model: "acp/claude-code", root, world, path, restart: 1 })).toMatchObject({ ok: true });
    const { args, input } = first(root);
    expect(args.slice(-2)).toEqual(["--resume", "c-1"]);
    expect(input).toMatch(/^The machine stopped while you were at work[\s\S]*Mend it$/);
  });

  test.each([
    [{ ...RESULT, subtype: "error_max_budget_usd" }, "invalid-output", "never"],
    [{ ...RESULT, is_error: true, result: "Invalid API key · Please run /login" }, "error", "never"],
    [{ ...RESULT, is_error: true, result: "API Error: 429 rate limit" }, "rate-limit", "safe"],
    [{ ...RESULT, result: "" }, "invalid-output", "safe"],
  ])("ends by name where it fails (%#)", async (result, failure, retry) => {
    const root = homes.path({ a: "one" });
    const path = installed("claude", root, { lines: [INIT, result] });
    expect(await perform({ model: "acp/claude-code", root, path })).toMatchObject({
      failure,
      retry,
      usage: { costUsd: 0.5 },
    });
  });
});

describe("Codex without its protocol", () => {
  const LINES = [
    { type: "thread.started", thread_id: "x-1" },
    { type: "item.started", item: { id: "i", type: "command_execution", command: "ls", status: "in_progress" } },
    {
      type: "item.completed",
      item: {
        id: "i",
        type: "command_execution",
        command: "ls",
        aggregated_output: "a",
        exit_code: 0,
        status: "completed",
      },
    },
    { type: "error", message: "Reconnecting... 1/5" },
    { type: "item.completed", item: { id: "j", type: "agent_message", text: "Looked" } },
    { type: "item.completed", item: { id: "k", type: "agent_message", text: "Mended" } },
    { type: "turn.completed", usage: { input_tokens: 1000, cached_input_tokens: 400, output_tokens: 50 } },
  ];

  test("is held by its own sandbox, and priced where the price of its model is known", async () => {
    const root = homes.path({ a: "one" });
    const path = installed("codex", root, { lines: LINES });
    const outcome = await perform({ model: "acp/codex/gpt-5", root, path });
    expect(outcome).toMatchObject({ ok: true, output: "Mended", usage: { tokensUsed: 1050, turns: 1 } });
    expect(outcome.usage?.costUsd).toBeGreaterThan(0);
    const { args, env } = first(root);
    expect(args).toEqual([
      "exec",
      "-C",
      root,
      "-s",
      "workspace-write",
      "--json",
      "--skip-git-repo-check",
      "-m",
      "gpt-5",
      "-",
    ]);
    expect(env["OPENAI_API_KEY"]).toBe(SECRET);
  });

  test("may only read where its definition names no tool that changes, and a price nobody knows is null", async () => {
    const root = homes.path({ a: "one" });
    const path = installed("codex", root, { lines: LINES });
    const outcome = await perform({ model: "acp/codex", root, path, settings: { tools: ["read"] } });
    expect(outcome.usage).toEqual({ tokensUsed: 1050, costUsd: null, turns: 1 });
    expect(heard(root)[0]?.args).toContain("read-only");
  });

  test("fails by what it says last, and without our key", async () => {
    const root = homes.path({ a: "one" });
    const failed = { type: "turn.failed", error: { message: `401 Unauthorized: ${SECRET}` } };
    const path = installed("codex", root, { lines: [...LINES.slice(0, 4), failed], code: 1 });
    const outcome = await perform({ model: "acp/codex", root, path });
    expect(outcome).toMatchObject({
      ok: false,
      retry: "never",
      reason: expect.stringContaining("401 Unauthorized: [secret]; log in with"),
    });
  });
});

describe("a command of the user's own", () => {
  const command = (told: Told & { readonly log?: string }, more: object = {}) => ({
    commands: { lint: { command: process.execPath, args: [PROGRAM, JSON.stringify(told)], ...more } },
  });

  test("gets the prompt on its input and the attempt's name in its environment; what it prints is the result", async () => {
    const root = homes.path({ a: "one" });
    const outside = command({ log: join(root, "log"), lines: ["  first", "", "second"] });
    const outcome = await perform({ model: "command/lint", root, outside });
    expect(outcome).toEqual({ ok: true, output: "first\n\nsecond", usage: { tokensUsed: 0, costUsd: null } });
    expect(heard(root)[0]).toMatchObject({
      input: "Mend it",
      cwd: root,
      env: { TUTTI_EFFECT: "run/t#1", TUTTI_TASK: "t" },
    });
  });

  test("gets it as a file where it asks for one", async () => {
    const root = homes.path({ a: "one" });
    const args = [PROGRAM, JSON.stringify({ log: join(root, "log"), lines: ["x"] }), "--in", "{promptFile}"];
    await perform({
      model: "command/lint",
      root,
      outside: { commands: { lint: { command: process.execPath, args } } },
    });
    expect(heard(root)[0]).toMatchObject({ input: "", files: ["Mend it"] });
  });

  test("says more in JSON lines: what it used, and how it failed", async () => {
    const root = homes.path({ a: "one" });
    const used = { type: "usage", inputTokens: 10, outputTokens: 5, costUsd: 0.25 };
    const lines = [{ type: "text", text: "wait" }, used, used, { type: "result", output: { n: 1 } }];
    const outcome = await perform({ model: "command/lint", root, outside: command({ lines }, { output: "lines" }) });
    expect(outcome).toEqual({ ok: true, output: '{"n":1}', usage: { tokensUsed: 30, costUsd: 0.5, turns: 2 } });
    const error = { type: "error", message: "no licence", retry: "never" };
    const fails = await perform({
      model: "command/lint",
      root,
      outside: command({ lines: [used, error] }, { output: "lines" }),
    });
    expect(fails).toMatchObject({
      ok: false,
      retry: "never",
      reason: "command/lint: no licence",
      usage: { tokensUsed: 15 },
    });
  });

  test.each([
    [{ code: 3, errors: "broken" }, "error", /ended with code 3: broken/],
    [{}, "invalid-output", /without a result/],
  ])("that ends without a result fails by name (%#)", async (told, failure, reason) => {
    const root = homes.path({ a: "one" });
    const outcome = await perform({ model: "command/lint", root, outside: command(told) });
    expect(outcome).toMatchObject({ ok: false, failure, reason: expect.stringMatching(reason) });
  });

  test("that takes too long is ended, and so is one whose run is stopped", async () => {
    const root = homes.path({ a: "one" });
    const slow = await perform({ model: "command/lint", root, outside: command({ hangs: true }, { timeout: 200 }) });
    expect(slow).toMatchObject({ ok: false, retry: "safe", reason: expect.stringContaining("200 ms") });
    const world = heldWorld();
    const done = perform({ model: "command/lint", root, world, outside: command({ hangs: true }) });
    setTimeout(() => world.stop("enough"), 100);
    expect(await done).toMatchObject({ ok: false, failure: "stopped", reason: "enough" });
  });

  test("that nobody has configured is refused with the nearest name", async () => {
    const root = homes.path({ a: "one" });
    const outcome = await perform({ model: "command/lnt", root, outside: command({}) });
    expect(outcome).toMatchObject({ retry: "never", reason: expect.stringMatching(/'lnt'.*lint/) });
  });
});
