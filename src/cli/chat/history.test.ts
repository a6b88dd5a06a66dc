import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { History } from "./history.ts";

const folder = mkdtempSync(join(tmpdir(), "tutti-history-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const scrub = (text: string) => text.replaceAll("sk-key", "[secret]");

test("it is for its owner alone, newest first, without notes at gates and keys", () => {
  const file = join(folder, "chat-history");
  const history = new History(file, scrub);
  expect(history.load()).toEqual([]);
  for (const line of ["hello", "/approve deploy the password is x", "use sk-key", "  ", "x".repeat(2001)])
    history.add(line);
  expect(readFileSync(file, "utf8")).toBe("hello\n/approve deploy\nuse [secret]\n");
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(new History(file, scrub).load()).toEqual(["use [secret]", "/approve deploy", "hello"]);
});

test("a file that grew too long is written anew with its end", () => {
  const file = join(folder, "long");
  writeFileSync(file, Array.from({ length: 5000 }, (_, i) => `line ${i}\n`).join(""), { mode: 0o644 });
  const lines = new History(file, scrub).load();
  expect([lines.length, lines[0], lines.at(-1)]).toEqual([1000, "line 4999", "line 4000"]);
  expect(readFileSync(file, "utf8").split("\n")).toHaveLength(1001);
  expect(statSync(file).mode & 0o777).toBe(0o600);
});
