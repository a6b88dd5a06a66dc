import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import type { Host, Prepared } from "../app/host.ts";
import { mayPay } from "./begin.ts";
import type { Io } from "./io.ts";

const home = mkdtempSync(join(tmpdir(), "tutti-begin-"));
writeFileSync(join(home, "first-run"), "");
afterAll(() => rmSync(home, { recursive: true }));

/** Nobody can be asked, and it is not the first run of the machine. */
async function asked(askAbove: number | undefined, costUsd: object | undefined, models = ["a/m"]) {
  const said: string[] = [];
  const io = { home, canAsk: false, columns: 80, err: (line: string) => said.push(line) } as unknown as Io;
  const settings = askAbove === undefined ? {} : { askAbove };
  const known = {
    duration: { p50: 1, p90: 1 },
    sequential: 1,
    tokens: { p50: 1, p90: 1 },
    models: [],
    runs: 16,
    success: 1,
  };
  const host = { settings, forecast: async () => ({ ...known, ...(costUsd && { costUsd }) }) } as unknown as Host;
  const prepared = { config: {}, models: new Map(models.map((model) => [model, []])) } as unknown as Prepared;
  const answer = await mayPay(io, host, prepared, {}).catch((error: Error) => error.message);
  return { answer, said };
}

test("what a run may cost is never said to be nothing where it is little, or not known", async () => {
  expect((await asked(0, { p50: 0.00001, p90: 0.00002 })).answer).toBe(
    "this may cost <$0.0001, more than $0 (askAbove)",
  );
  expect((await asked(0.5, { p50: 1, p90: 2 })).answer).toBe("this may cost $2.00, more than $0.5 (askAbove)");
  const unknown = await asked(0.5, undefined);
  expect(unknown).toMatchObject({ answer: true, said: [expect.stringContaining("what this may cost is not known")] });
  expect(await asked(undefined, undefined)).toEqual({ answer: true, said: [] });
});

test("where only persons work nobody is asked about money", async () => {
  expect(await asked(0, { p50: 1, p90: 2 }, [])).toEqual({ answer: true, said: [] });
});
