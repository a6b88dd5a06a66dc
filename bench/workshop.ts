/**
 * Where measuring is done: a folder on a real disk that holds a copy of the built package, so that a build meanwhile
 * changes nothing, and the bench as JavaScript, because stripping types in each process would count as its memory.
 */
import { spawn, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { Case, Figures } from "./cases.ts";
import type { Order } from "./child.ts";

export const ROOT = resolve(import.meta.dirname, "..");
const TMPFS = 0x01021994;
const TIMEOUT = 180_000;

export const isTmpfs = (folder: string): boolean => statfsSync(folder).type === TMPFS;

export function build(): void {
  const { status } = spawnSync(process.execPath, [join(ROOT, "scripts/build.mjs")], { stdio: "inherit" });
  if (status !== 0) throw new Error("the package does not build");
}

export class Workshop {
  readonly folder: string;
  readonly #child: string;
  readonly #home: string;
  readonly #ending: string;
  #made = 0;

  /** `source`: the source instead of the built package. `dist`: another build, as it is. */
  constructor({ source, dist }: { readonly source: boolean; readonly dist?: string | undefined }) {
    if (!source && dist === undefined) build();
    mkdirSync(join(ROOT, ".tmp"), { recursive: true });
    this.folder = mkdtempSync(join(ROOT, ".tmp/bench-"));
    if (isTmpfs(this.folder)) console.warn("bench: .tmp lies in memory, not on a disk: durable times mean nothing");
    if (source) {
      this.#home = pathToFileURL(`${join(ROOT, "src")}/`).href;
      this.#ending = ".ts";
      this.#child = join(ROOT, "bench/child.ts");
      return;
    }
    cpSync(dist ?? join(ROOT, "dist"), join(this.folder, "dist"), { recursive: true });
    this.#home = pathToFileURL(`${join(this.folder, "dist")}/`).href;
    this.#ending = ".js";
    this.#child = this.#strip();
  }

  #strip(): string {
    const to = join(this.folder, "bench");
    mkdirSync(to);
    for (const name of readdirSync(import.meta.dirname).filter((one) => one.endsWith(".ts"))) {
      const text = stripTypeScriptTypes(readFileSync(join(import.meta.dirname, name), "utf8"));
      writeFileSync(join(to, name.replace(/ts$/, "js")), text.replace(/("\.\/[\w-]+\.)ts"/g, '$1js"'));
    }
    return join(to, "child.js");
  }

  /** Measures a case once, in a process of its own. */
  async measure(one: Case): Promise<Figures> {
    const folder = join(this.folder, `case-${++this.#made}`);
    mkdirSync(folder);
    try {
      const order: Order = { one, folder, home: this.#home, ending: this.#ending };
      const { out, problem } = await this.#run([this.#child, JSON.stringify(order)]);
      const line = out.split("\n").find((text) => text.startsWith("@@"));
      if (line === undefined || problem !== undefined) throw new Error(`${one.name}: ${problem ?? "no answer"}`);
      return JSON.parse(line.slice(2)) as Figures;
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  #run(args: readonly string[]): Promise<{ out: string; problem: string | undefined }> {
    return new Promise((done) => {
      const child = spawn(process.execPath, args, {
        timeout: TIMEOUT,
        env: { ...process.env, NODE_ENV: "production" },
      });
      let out = "";
      let words = "";
      child.stdout.setEncoding("utf8").on("data", (text: string) => {
        out += text;
      });
      child.stderr.setEncoding("utf8").on("data", (text: string) => {
        words += text;
      });
      child.on("error", (error) => done({ out, problem: error.message }));
      child.on("close", (code, signal) =>
        done({ out, problem: code === 0 ? undefined : words.trim() || `it ended with ${signal ?? code}` }),
      );
    });
  }

  close(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
