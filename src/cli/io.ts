/** What the commands know of the process around them; the only file that reads it. */
import { relative } from "node:path";
import { homeIn } from "./code-cache.ts";

export interface Io {
  readonly env: { readonly [name: string]: string | undefined };
  readonly cwd: string;
  /** `$TUTTI_HOME`. */
  readonly home: string;
  /** The words that call this program again, for commands that are shown to be copied. */
  readonly me: string;
  /** A block may be redrawn in place. */
  readonly isLive: boolean;
  /** Somebody can be asked. */
  readonly canAsk: boolean;
  readonly isColoured: boolean;
  readonly columns: number;
  readonly rows: number;
  /** Standard input. */
  readonly input: NodeJS.ReadableStream;
  /** A line (or lines) on standard output. */
  out(text: string): void;
  /** A piece of a line that is still coming. */
  write(text: string): void;
  err(text: string): void;
  /** One JSON value, one line. */
  json(value: unknown): void;
  /** From now on this process goes on though nobody reads its output any more. */
  outlive(): void;
  exit(code: number): void;
}

export function processIo(): Io {
  const { env, stdout, stderr, stdin } = process;
  let isNeeded = false;
  // Whoever reads our output may stop reading, as `| head` does.
  for (const stream of [stdout, stderr])
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (!isNeeded) process.exit(error.code === "EPIPE" ? 0 : 1);
    });
  const isTerminal = stdout.isTTY === true && !isSet(env["CI"]) && env["TERM"] !== "dumb";
  return {
    env,
    cwd: process.cwd(),
    home: homeIn(env),
    me: callOf(process.argv[1] ?? "tutti", process.cwd(), env),
    isLive: isTerminal,
    canAsk: isTerminal && stdin.isTTY === true,
    isColoured: !env["NO_COLOR"] && (isTerminal || isSet(env["FORCE_COLOR"])),
    get columns() {
      return stdout.columns || Number(env["COLUMNS"]) || 80;
    },
    get rows() {
      return stdout.rows || 24;
    },
    input: stdin,
    out: (text) => void stdout.write(`${text}\n`),
    write: (text) => void stdout.write(text),
    err: (text) => void stderr.write(`${text}\n`),
    json: (value) => void stdout.write(`${JSON.stringify(value)}\n`),
    outlive: () => {
      isNeeded = true;
    },
    exit: (code) => {
      process.exitCode = code;
    },
  };
}

const isSet = (value: string | undefined): boolean => value !== undefined && !["", "0", "false"].includes(value);

/** From a clone it is called by its file, through npx by its name. */
function callOf(script: string, cwd: string, env: Io["env"]): string {
  if (script.endsWith(".ts")) return `node ${relative(cwd, script) || script}`;
  return env["npm_lifecycle_event"] === "npx" ? "npx tutti" : "tutti";
}
