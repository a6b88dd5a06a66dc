/** Answers with the files of the dashboard, each read once. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { PAGES } from "./pages.ts";
import type { Route } from "./route.ts";

const FOLDER = join(import.meta.dirname, "..", "..", "dashboard");
/**
 * Only what comes from here is loaded, no page of anybody else may frame it, and the browser itself refuses to make
 * HTML out of a text.
 */
const POLICY = [
  "default-src 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");

const read = new Map<string, string>();
function textOf(file: string): string {
  const text = read.get(file) ?? readFileSync(join(FOLDER, file), "utf8");
  read.set(file, text);
  return text;
}

export const pageRoutes: readonly Route[] = PAGES.map(({ path, file, type }) => ({
  method: "GET",
  path,
  handle: (c) => c.body(textOf(file), 200, { "Content-Type": type, "Content-Security-Policy": POLICY }),
}));
