/** The block that a terminal shows of a run: every line within its width, and what a person wants to know in it. */
import { describe, expect, test } from "vitest";
import { liveLines, taskLines, type View } from "../src/cli/block.ts";
import { Live } from "../src/cli/live.ts";
import { createProgress, fold, type Progress } from "../src/cli/progress.ts";
import { painter, widthOf } from "../src/cli/text.ts";
import type { RunEvent } from "../src/index.ts";
import { BIN, Cli, eventsIn, linesOf, type Terminal } from "./support/cli-kit.ts";

const cli = new Cli();
const ESCAPE = "\u001b";
const COLOUR = new RegExp(`${ESCAPE}\\[\\d+m`, "g");
const recorded = async (): Promise<readonly RunEvent[]> => {
  const terminal = cli.terminal();
  const { out } = await terminal.tutti("run", "fullstack-dev", "--rehearse", "--speed", "max", "--seed", "7", "--json");
  return eventsIn(out);
};

function after(events: readonly RunEvent[], isLast: (event: RunEvent) => boolean): Progress {
  const progress = createProgress();
  for (const event of events) {
    fold(progress, event);
    if (isLast(event)) break;
  }
  return progress;
}
const view = (columns: number, now: number, more: Partial<View> = {}): View => ({
  ...{ columns, rows: 30, now, paint: painter(false), pace: 1 },
  ...more,
});

describe("the block of a run in the middle", async () => {
  const events = await recorded();
  const progress = after(events, (event) => event.type === "agent:invoke" && event.taskId === "frontend-architecture");
  const now = progress.at + 2000;

  test("has a line a task with state, agent, time, tokens and cost, says what waits for what, and a bar with the time left", () => {
    const lines = liveLines(progress, view(120, now));
    expect(lines[0]).toMatch(/^fullstack-dev \w{8} rehearsed$/);
    expect(lines[1]).toMatch(/^state +task +agent +time tokens +cost$/);
    const rowOf = (id: string) => lines.find((line) => line.includes(` ${id} `));
    expect(rowOf("backend-architecture")).toMatch(/^✔ complete +\S+ +backend-architect +[\d.]+s +[\d.]+k +\$[\d.]+$/);
    expect(rowOf("database-schema")).toMatch(/^▶ running +\S+ +database-optimizer +2\.0s$/);
    expect(rowOf("api-implementation")).toMatch(/^· pending +\S+ +backend-architect +after database-schema$/);
    expect(lines.at(-1)).toMatch(
      /^\[#+-+\] \d+% · 1\/6 tasks · [\d.]+s · ~[\dm .]+s left · [\d.]+k tokens · \$[\d.]+$/,
    );
  });

  test.each([20, 40, 60, 80, 120])("never is wider than %d columns, nor higher than its rows", (columns) => {
    for (const rows of [8, 30]) {
      const lines = liveLines(progress, view(columns, now, { rows }));
      for (const line of lines) expect(widthOf(line), line).toBeLessThanOrEqual(columns);
      expect(lines.length).toBeLessThanOrEqual(rows);
    }
  });

  test("keeps names readable on 40 columns, where icons say the state", () => {
    const lines = taskLines(progress, view(40, now));
    expect(lines.find((line) => line.startsWith("✔"))).toMatch(/^✔ backend-archit?… +[\d.]+s +[\d.]+k +\$[\d.]+$/);
    expect(lines.find((line) => line.startsWith("▶"))).toMatch(/^▶ database-schema +2\.0s$/);
  });

  test("shows what is at work where there is no room for all, and counts the others", () => {
    const lines = taskLines(progress, view(80, now, { rows: 5 }));
    expect(lines).toHaveLength(5);
    expect(lines[1]).toMatch(/running/);
    expect(lines.at(-1)).toMatch(/^… and 3 more tasks: /);
  });

  test("colours nothing but what says it in words too", () => {
    const plain = liveLines(progress, view(80, now));
    const coloured = liveLines(progress, view(80, now, { paint: painter(true) }));
    expect(coloured.map((line) => line.replace(COLOUR, ""))).toEqual(plain);
  });
});

test("a drawing replaces the one before it, line by line, in one write, and nothing is written where nothing changed", () => {
  let lines = ["one", "two"];
  const written: string[] = [];
  const live = new Live({ write: (text) => written.push(text) }, () => lines);
  live.start();
  expect(written).toEqual(["\u001b[?25l", "\rone\u001b[K\ntwo\u001b[K\n\u001b[J"]);
  written.length = 0;
  lines = ["three"];
  live.above("a log line");
  expect(written).toEqual(["\u001b[2A\r\u001b[J", "a log line\n", "\rthree\u001b[K\n\u001b[J"]);
  written.length = 0;
  live.stop();
  expect(written).toEqual(["\u001b[1A\r\u001b[J", "\u001b[?25h"]);
});

/** The program on a terminal of its own, by the `script` of this machine, which copies the terminal's bytes. */
function onTerminal({ home, cwd }: Terminal, words: string, env: { readonly [name: string]: string } = {}) {
  const line = `${process.execPath} ${BIN} ${words}`;
  const args = process.platform === "darwin" ? ["-q", "/dev/null", "sh", "-c", line] : ["-qec", line, "/dev/null"];
  return cli.spawn("script", args, { cwd, env: { TUTTI_HOME: home, TERM: "xterm", ...env } }).ended;
}

test("on a terminal one block is redrawn in place and a table stays; NO_COLOR leaves the colours out", async () => {
  const terminal = cli.terminal();
  const { code, out } = await onTerminal(terminal, "run code-review --rehearse --speed 1000");
  expect(code).toBe(0);
  expect(out.startsWith("\u001b[?25l")).toBe(true);
  expect(out).toMatch(new RegExp(`${ESCAPE}\\[\\dA\\r`));
  const [, end = ""] = out.split("\u001b[?25h");
  expect(end.replace(COLOUR, "")).toMatch(/^✔ complete: 6 of 6 tasks/m);
  expect(end).toMatch(/Forecast for the real run/);
  expect(out).toContain(`${ESCAPE}[32m`);
  const plain = await onTerminal(terminal, "run code-review --rehearse --speed 1000", { NO_COLOR: "1" });
  expect(plain.out.replace(COLOUR, "")).toBe(plain.out);
  expect(linesOf(plain.out).some((line) => line.startsWith("✔ complete: 6 of 6 tasks"))).toBe(true);
});
