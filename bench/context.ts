/**
 * The first prompt of a process, over 2 MB of results: what whoever runs one workflow waits for. `node bench/context.ts
 * [--rounds N]`; each figure is the median of as many fresh processes, which take turns by kind.
 */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { assemble } from "../src/context/assemble.ts";
import { textOf } from "../src/context/entries.ts";
import { type Json, sha256 } from "../src/domain/json.ts";
import { outputOf, Writer } from "../test/support/outputs.ts";
import { median } from "./stats.ts";

const POOL = 2_000_000;
const RESULTS = 8;
const TOKENS = 71_000;
const BAR_MS = 100;
const PROMPT =
  "Write the operations guide. State how long the session cookie lives, what the rate limiter allows, how often the " +
  "backup job runs, and which decisions were made about the payment provider. List the findings by severity.";

/** Findings as linters and reviewers write them: one a line. */
function linesOf(seed: number): string {
  const w = new Writer(seed);
  const lines: string[] = [];
  for (let size = 0; size < 3.5 * TOKENS; size += (lines.at(-1) as string).length + 1) {
    const severity = w.pick(["low", "medium", "low", "info", "high"]);
    lines.push(`- [${severity}] src/${w.name()}.ts:${1 + w.upTo(900)} ${w.sentence()}`);
  }
  return lines.join("\n");
}
const KINDS: { readonly [name: string]: (seed: number) => Json } = {
  reports: (seed) => outputOf("report", seed, TOKENS),
  audits: (seed) => outputOf("audit", seed, TOKENS),
  "JSON findings": (seed) => outputOf("findings", seed, TOKENS),
  "lines of findings": linesOf,
};

interface Measured {
  readonly characters: number;
  readonly tokens: number;
  readonly firstMs: number;
  readonly firstCpuMs: number;
  readonly thirdMs: number;
}

function measure(kind: string): Measured {
  const outputs = Array.from({ length: RESULTS }, (_, i) => (KINDS[kind] as (seed: number) => Json)(i + 1));
  // As the driver has them: read from the journal, where they lie under the hashes of their texts.
  const stored = outputs.map((one) => JSON.stringify(one));
  const dependencies = stored.map((text, i) => ({
    ...{ task: `review-${i}`, agentName: "reviewer", description: `review of part ${i}`, distance: 1 },
    ...{ output: JSON.parse(text) as Json, hash: sha256(text) },
  }));
  const task = { id: "guide", description: "Write the operations guide", prompt: PROMPT };
  const once = () => {
    const [begun, cpu] = [performance.now(), process.threadCpuUsage()];
    const { tokens } = assemble({ strategy: "shared", task, dependencies });
    const { user, system } = process.threadCpuUsage(cpu);
    return { tokens, ms: performance.now() - begun, cpuMs: (user + system) / 1000 };
  };
  const [first, , third] = [once(), once(), once()];
  const characters = outputs.reduce((sum: number, output) => sum + textOf(output).length, 0);
  return { characters, tokens: first.tokens, firstMs: first.ms, firstCpuMs: first.cpuMs, thirdMs: third.ms };
}

const { values } = parseArgs({ options: { rounds: { type: "string", default: "5" }, one: { type: "string" } } });
if (values.one !== undefined) console.log(JSON.stringify(measure(values.one)));
else {
  const found = new Map<string, Measured[]>(Object.keys(KINDS).map((kind) => [kind, []]));
  for (let round = 0; round < Number(values.rounds); round++)
    for (const [kind, all] of found) {
      const args = [fileURLToPath(import.meta.url), "--one", kind];
      const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
      if (status !== 0) throw new Error(`the process for ${kind} ended with ${status}: ${stderr.slice(-2000)}`);
      all.push(JSON.parse(stdout) as Measured);
    }
  for (const [kind, all] of found) {
    const of = (name: keyof Measured) => median(all.map((one) => one[name]));
    const size = of("characters");
    if (size < 0.85 * POOL) throw new Error(`${kind}: only ${size} characters; the bar is over ${POOL}`);
    console.log(
      `[bar:first-prompt] ${kind}: ${of("firstMs").toFixed(0)} ms (its thread's processor time ${of("firstCpuMs").toFixed(0)}), the third ${of("thirdMs").toFixed(0)} ms; ${(size / 1e6).toFixed(2)} million characters, ${of("tokens")} tokens shown, under ${BAR_MS}: ${of("firstMs") < BAR_MS ? "PASS" : "MISSED"}`,
    );
    if (of("firstMs") >= BAR_MS) process.exitCode = 1;
  }
}
