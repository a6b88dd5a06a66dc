/** `tutti chat` on a terminal: prompts, Ctrl-C, history; and over a pipe that is interrupted. Models are faked. */
import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { BIN, Cli } from "./support/cli-kit.ts";
import { FakeProvider } from "./support/fake-provider.ts";

const cli = new Cli();
let fake: FakeProvider;
beforeAll(async () => {
  fake = await FakeProvider.start();
});
afterAll(() => fake[Symbol.asyncDispose]());
beforeEach(() => fake.script({ text: ["Hello", " there"] }));

const open = new Set<ChildProcess>();
afterEach(() => {
  for (const child of open) child.kill("SIGKILL");
});

/** A program with somebody who types, and sees both streams as one. */
function typing(file: string, args: readonly string[], { home, cwd }: { home: string; cwd: string }) {
  const env = { PATH: process.env["PATH"] ?? "", TERM: "xterm", TUTTI_HOME: home };
  const child = spawn(file, args, { cwd, env: { ...env, ANTHROPIC_API_KEY: "k", ANTHROPIC_BASE_URL: fake.url } });
  open.add(child);
  const looking = new Set<() => void>();
  let [seen, from] = ["", 0];
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (piece: string) => {
      seen += piece;
      for (const look of looking) look();
    });
  const ended = new Promise<number | null>((resolve) =>
    child.on("close", (code) => {
      open.delete(child);
      resolve(code);
    }),
  );
  /** What comes after what was seen before fits. */
  const sees = (pattern: RegExp) =>
    new Promise<void>((resolve, reject) => {
      const look = () => {
        const found = pattern.exec(seen.slice(from));
        if (!found) return;
        from += found.index + found[0].length;
        looking.delete(look);
        resolve();
      };
      looking.add(look);
      look();
      void ended.then((code) => reject(new Error(`ended with ${code} before ${pattern}:\n${seen}`)));
    });
  return { child, ended, sees, type: (text: string) => child.stdin.write(text) };
}

test("on a terminal: words and commands at a prompt, what it may cost is asked once, Ctrl-C twice cuts a reply off", async () => {
  const terminal = cli.terminal({});
  fake.script({ text: ["Once upon", " a time"], after: 4, fault: "hold" }, { text: ["Hello", " again"] });
  const command = `${process.execPath} ${BIN} chat --agent code-reviewer`;
  const { sees, type, ended } = typing("script", ["-qec", command, "/dev/null"], terminal);
  await sees(/You talk to code-reviewer\. \/help lists the commands/);
  await sees(/code-reviewer> /);
  type("Tell me a story\r");
  await sees(/first real run on this machine\. Begin\? \[Y\/n\] /);
  type("y\r");
  await sees(/Once upon/);
  type("\u0003");
  await sees(/stopping: what is under way may end/);
  type("\u0003");
  await sees(/stopped/);
  await sees(/code-reviewer> /);
  type("not this\u0003");
  await sees(/code-reviewer> /);
  type("/agen");
  await sees(/\/agen/);
  type("\t");
  await sees(/t/);
  type(" conductor\r");
  await sees(/you talk to conductor/);
  await sees(/conductor> /);
  type("/ask @code-reviewer and\\\r");
  await sees(/… /);
  type("now?\r");
  await sees(/Hello again/);
  await sees(/conductor> /);
  type("\u0004");
  expect(await ended).toBe(0);
  const history = readFileSync(join(terminal.home, "chat-history"), "utf8");
  expect(history).toBe("Tell me a story\n/agent conductor\n/ask @code-reviewer and\\\nnow?\n");
});

test("over a pipe Ctrl-C ends the exchange so that it can be resumed, and the conversation with 130", async () => {
  const terminal = cli.terminal();
  const rest = Promise.withResolvers<void>();
  fake.script({ text: ["Once upon", " a time"], after: 4, until: rest.promise });
  const { child, sees, type, ended } = typing(process.execPath, [BIN, "chat", "--yes", "--agent", "builder"], terminal);
  type("Tell me a story\nAnother\n");
  await sees(/Once upon/);
  child.kill("SIGINT");
  await sees(/stopping: what is under way may end/);
  rest.resolve();
  expect(await ended).toBe(130);
  expect(fake.calls).toHaveLength(1);
  const { out } = await terminal.tutti("runs");
  expect(out.match(/ chat /g)).toHaveLength(1);
});
