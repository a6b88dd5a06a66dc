/** A program of the tests without its types: each of its many beginnings is three times as fast. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll } from "vitest";

/** It may import nothing but what Node brings. */
export function stripped(url: URL): string {
  const folder = mkdtempSync(join(tmpdir(), "tutti-program-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, basename(url.pathname).replace(/\.ts$/, ".mjs"));
  writeFileSync(path, stripTypeScriptTypes(readFileSync(url, "utf8")));
  return path;
}
