/** `tutti chat` in this process, with a person who types lines and sees what is said as it comes. */
import { PassThrough } from "node:stream";
import { afterEach } from "vitest";
import { homeIn } from "../../src/cli/code-cache.ts";
import type { Io } from "../../src/cli/io.ts";
import { main } from "../../src/cli/main.ts";

export interface Talking {
  type(...lines: readonly string[]): void;
  /** Types these, and that there is no more. */
  end(...lines: readonly string[]): Promise<Said>;
  /** Resolves as soon as what was said so far, on either stream, fits. */
  says(pattern: RegExp): Promise<void>;
  readonly said: { readonly out: string; readonly err: string };
}
export interface Said {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}
export interface Place {
  readonly home: string;
  readonly cwd: string;
}

export class Talks {
  readonly #open = new Set<PassThrough>();

  constructor() {
    afterEach(() => {
      for (const input of this.#open) input.end();
      this.#open.clear();
    });
  }

  begin({ home, cwd }: Place, env: { readonly [name: string]: string } = {}, ...args: readonly string[]): Talking {
    const input = new PassThrough();
    this.#open.add(input);
    const said = { out: "", err: "" };
    const looking = new Set<() => void>();
    let code = 0;
    const say = (stream: "out" | "err", text: string) => {
      said[stream] += text;
      for (const look of looking) look();
    };
    const own = { PATH: process.env["PATH"] ?? "", TUTTI_HOME: home, ...env };
    const io: Io = {
      ...{ env: own, cwd, home: homeIn(own), me: "tutti", isLive: false, canAsk: false, isColoured: false },
      ...{ columns: 80, rows: 24, input },
      out: (text) => say("out", `${text}\n`),
      write: (text) => say("out", text),
      err: (text) => say("err", `${text}\n`),
      json: (value) => say("out", `${JSON.stringify(value)}\n`),
      outlive: () => {},
      exit: (given) => {
        code = given;
      },
    };
    const ended = main([process.execPath, "tutti", "chat", ...args], io).then(() => ({ code, ...said }));
    return {
      said,
      type: (...lines) => void input.write(lines.map((line) => `${line}\n`).join("")),
      end: (...lines) => {
        input.end(lines.map((line) => `${line}\n`).join(""));
        return ended;
      },
      says: (pattern) =>
        new Promise((resolve, reject) => {
          const look = () => {
            if (pattern.test(said.out) || pattern.test(said.err)) resolve();
          };
          looking.add(look);
          look();
          void ended.then(() => reject(new Error(`ended before ${pattern}:\n${said.out}${said.err}`)));
        }),
    };
  }
}
