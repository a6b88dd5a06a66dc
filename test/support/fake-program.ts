/** A program that prints what it is told to, after it has read its standard input to the end. */
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";

interface Told {
  /** Lines for its standard output. */
  readonly lines?: readonly (string | object)[];
  readonly errors?: string;
  readonly code?: number;
  readonly log?: string;
  readonly writes?: string;
  readonly hangs?: true;
}
const [told = "{}", ...args] = process.argv.slice(2);
const { lines = [], errors, code = 0, log, writes, hangs } = JSON.parse(told) as Told;
const input = readFileSync(0, "utf8");
const files = args.filter((arg) => arg.endsWith("prompt.md")).map((arg) => readFileSync(arg, "utf8"));
if (log) appendFileSync(log, `${JSON.stringify({ args, input, files, env: process.env, cwd: process.cwd() })}\n`);
if (writes) writeFileSync(writes, "written");
for (const line of lines) process.stdout.write(`${typeof line === "string" ? line : JSON.stringify(line)}\n`);
if (errors) process.stderr.write(errors);
if (hangs) setInterval(() => {}, 1000);
else process.exitCode = code;
