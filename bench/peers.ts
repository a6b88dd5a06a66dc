/**
 * `npm run bench:peers`: the same graphs in other frameworks and in Tutti, one after the other on the same machine.
 * The peers' programs are no part of this package. They are copied to a temporary folder and installed there, out of
 * the folder that `TUTTI_PEERS` names.
 */
import { spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { median } from "./stats.ts";
import { digits, table } from "./table.ts";
import { build, isTmpfs, ROOT } from "./workshop.ts";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    /** Also the graph of 10,000 and the one with sleeps. */
    all: { type: "boolean", default: false },
    /** Peers by the names of their folders, with commas. Tutti and p-queue always run. */
    only: { type: "string" },
    /** A Node 20, for peers whose native module does not run on a newer one. */
    node20: { type: "string", default: "/usr/bin/node" },
  },
});
const INSTALL_TIMEOUT = 300_000;
const ALWAYS = ["pqueue", "tutti"];
/** Needs a native module built for the Node that runs it. */
const NATIVE = "langgraph-sqlite";
/** One peer keeps its state there. */
const REDIS = "redis-server";

/** The cases' adapter for Tutti, in the form that the peers' runner calls. */
const adapter = (entry: string) => `
import { rmSync } from "node:fs";
import { AgentOrchestrator } from ${JSON.stringify(entry)};
const folder = new URL(\`../tmp/tutti-\${process.pid}/\`, import.meta.url).pathname;
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
const variant = (journal) => async () => {
  const open = [];
  const graph = (w, probe, deps) => {
    const tasks = deps.map((before, i) => ({
      id: "t" + i, agentName: "probe", description: "one microtask", prompt: "p", dependencies: before.map((one) => "t" + one),
    }));
    const o = new AgentOrchestrator({
      agents: { probe: (task) => { const i = Number(task.id.slice(1)); return i < w.n ? probe.exec(i) : null; } },
      maxParallelAgents: w.limit ?? 50,
      journal,
    });
    open.push(o);
    return async () => {
      const { status } = await o.execute({ tasks });
      if (status !== "complete") throw new Error("the run ended as " + status);
    };
  };
  const plan = (w, probe) => graph(w, probe, w.deps);
  return {
    chain: plan,
    dag: plan,
    fan: (w, probe) => graph(w, probe, [...Array.from({ length: w.n }, () => []), Array.from({ length: w.n }, (_, i) => i)]),
    close: async () => { for (const o of open) await o[Symbol.asyncDispose](); },
  };
};
export const variants = { memory: variant("memory"), durable: variant({ path: folder, synchronous: "full" }) };
`;

/** What the runner writes, a line per process. */
interface Line {
  readonly peer: string;
  readonly variant: string;
  readonly workload: string;
  readonly node: string;
  readonly error?: string;
  readonly unsupported?: boolean;
  readonly violations?: number;
  readonly coldMs?: number;
  readonly warmMs?: number;
  readonly n?: number;
  readonly rssMB?: number;
  readonly ratio?: number;
}

/** The first line of npm's that says something. */
const reasonIn = (text: string) => /^npm (?:error|ERR!) (?!code |A complete log)(.+)$/m.exec(text)?.[1]?.trim();

/** Why the peer could not be installed, or undefined. */
function install(folder: string, node: string): string | undefined {
  const home = dirname(dirname(realpathSync(node)));
  const headers = existsSync(join(home, "include/node/node.h"));
  const env = {
    ...process.env,
    PATH: `${dirname(node)}${delimiter}${process.env["PATH"] ?? ""}`,
    // Native modules are built against the headers that are here, where nothing can be downloaded.
    ...(headers && { npm_config_nodedir: home }),
  };
  const result = spawnSync("npm", ["ci", "--no-audit", "--no-fund"], {
    ...{ cwd: folder, env, timeout: INSTALL_TIMEOUT, encoding: "utf8", maxBuffer: 1 << 26 },
  });
  if (result.status === 0) return undefined;
  rmSync(join(folder, "node_modules"), { recursive: true, force: true });
  if (result.error) return result.error.message;
  const problem =
    reasonIn(`${result.stdout}\n${result.stderr}`) ?? `npm ci ended with ${result.signal ?? result.status}`;
  return problem.slice(0, 160);
}

/** Those that were asked for, and those whose programs they import. */
function chosenIn(copy: string): (peer: string) => boolean {
  if (values.only === undefined) return () => true;
  const chosen = new Set([...values.only.split(","), ...ALWAYS]);
  for (const peer of chosen) {
    const program = join(copy, peer, "bench.mjs");
    const text = existsSync(program) ? readFileSync(program, "utf8") : "";
    for (const [, other = ""] of text.matchAll(/from ["']\.\.\/([\w-]+)\//g)) if (other !== "lib") chosen.add(other);
  }
  return (peer) => chosen.has(peer);
}

function installAll(copy: string, wanted: (peer: string) => boolean): void {
  for (const peer of readdirSync(copy).filter((name) => existsSync(join(copy, name, "package.json")))) {
    if (!wanted(peer)) continue;
    const native = peer === NATIVE;
    if (native && !existsSync(values.node20)) {
      console.log(`${peer}: not measured: no Node 20 at ${values.node20} (--node20)`);
      continue;
    }
    const problem = install(join(copy, peer), native ? values.node20 : process.execPath);
    console.log(`${peer}: ${problem === undefined ? "installed" : `not measured: ${problem}`}`);
  }
  if (!existsSync(join(copy, "bullmq/node_modules"))) return;
  const redis = spawnSync(REDIS, ["--version"], { stdio: "ignore" });
  if (redis.status === 0) return;
  rmSync(join(copy, "bullmq/node_modules"), { recursive: true, force: true });
  console.log(`bullmq: not measured: there is no ${REDIS}`);
}

/** Puts Tutti among the cases of the copied runner. */
function addTutti(copy: string): void {
  const folder = join(copy, "tutti");
  mkdirSync(join(folder, "node_modules"), { recursive: true });
  // A copy, so that a build meanwhile changes nothing.
  cpSync(join(ROOT, "dist"), join(folder, "dist"), { recursive: true });
  writeFileSync(join(folder, "package.json"), '{ "private": true, "type": "module" }\n');
  writeFileSync(join(folder, "bench.mjs"), adapter(pathToFileURL(join(folder, "dist/index.js")).href));
  const runner = join(copy, "run.mjs");
  const text = readFileSync(runner, "utf8");
  const cases = ["memory", "durable"].map((variant) => `{ peer: 'tutti', variant: '${variant}', w: G },`).join("\n  ");
  const added = text.replace(/(export const CASES = \[\n)/, `$1  ${cases}\n`);
  if (added === text) throw new Error("the peers' runner has no list of cases where Tutti could be added");
  writeFileSync(runner, added);
}

function measure(copy: string): Line[] {
  const workloads = ["chain", "fan", "dag1k", ...(values.all ? ["dag10k", "sleep1k"] : [])].join();
  const only = values.only === undefined ? [] : ["--only", [...new Set([...values.only.split(","), ...ALWAYS])].join()];
  const args = ["--rounds", values.rounds, "--workloads", workloads, "--node20", values.node20, ...only];
  const { status } = spawnSync(process.execPath, [join(copy, "run.mjs"), ...args], {
    ...{ cwd: copy, stdio: ["ignore", "ignore", "inherit"] },
  });
  if (status !== 0) console.log(`the runner ended with ${status}; what it had measured by then:`);
  const file = join(copy, "results/raw.jsonl");
  const text = existsSync(file) ? readFileSync(file, "utf8").trim() : "";
  return text === "" ? [] : text.split("\n").map((line) => JSON.parse(line) as Line);
}

function report(lines: readonly Line[]): void {
  const groups = Map.groupBy(lines, ({ workload }) => workload);
  for (const [workload, all] of groups) {
    const name = ({ peer, variant, node }: Line) => `${peer}, ${variant}${node.startsWith("v20") ? " (Node 20)" : ""}`;
    const cases = Map.groupBy(all, name);
    const middle = (of: string, key: "coldMs" | "warmMs" | "rssMB" | "ratio") =>
      median((cases.get(of) ?? []).map((line) => line[key] ?? Number.NaN));
    const n = all.find((line) => line.n !== undefined)?.n ?? 1;
    const isMeasured = ([, own]: [string, Line[]]) => own.some(({ warmMs }) => warmMs !== undefined);
    const rows = [...cases].filter(isMeasured).map(([of, own]) => {
      const warm = middle(of, "warmMs");
      const wrong = own.some(({ violations = 0 }) => violations > 0) ? " ORDER VIOLATED" : "";
      return [
        `${of}${wrong}`,
        `${digits(warm / middle("tutti, durable", "warmMs"))}`,
        `${digits(warm / middle("pqueue, p-queue", "warmMs"))}`,
        digits((warm * 1000) / n),
        digits((middle(of, "coldMs") * 1000) / n),
        digits(middle(of, "rssMB")),
        digits(middle(of, "ratio")),
      ];
    });
    const head = [workload, "× Tutti durable", "× p-queue", "µs a task", "first run", "MB", "makespan / bound"];
    console.log(`\n${table(head, rows)}`);
    for (const [of, own] of [...cases].filter((one) => !isMeasured(one)))
      console.log(`${of}: ${own.find(({ error }) => error !== undefined)?.error ?? "not possible there"}`);
    const mastra = middle("mastra-libsql, LibSQLStore (file)", "warmMs") / middle("tutti, durable", "warmMs");
    if (workload === "fan" && !Number.isNaN(mastra))
      console.log(
        `[bar:fan-out] ${digits(mastra)} times faster than Mastra + libSQL, at least 2.5: ${mastra >= 2.5 ? "PASS" : "FAIL"}`,
      );
  }
}

const peers = resolve(ROOT, process.env["TUTTI_PEERS"] ?? "../shared/peers");
if (!existsSync(join(peers, "run.mjs"))) {
  console.error("bench:peers: the peers' programs are not here; say where they are with TUTTI_PEERS=<folder>");
  process.exit(1);
}
build();
/** Outside the package, so that peers resolve nothing of it. */
const temporary = [tmpdir(), "/var/tmp"].find((folder) => existsSync(folder) && !isTmpfs(folder));
if (temporary === undefined)
  console.warn("bench:peers: no temporary folder lies on a disk: durable times mean nothing");
const copy = mkdtempSync(join(temporary ?? tmpdir(), "tutti-peers-"));
const leave = () => rmSync(copy, { recursive: true, force: true });
process.once("SIGINT", () => process.exit(130)).once("SIGTERM", () => process.exit(143));
process.once("exit", leave);

cpSync(peers, copy, {
  recursive: true,
  filter: (path) => !/\/(?:node_modules|results|tmp)(?:\/|$)/.test(path.slice(peers.length)),
});
for (const folder of ["results", "tmp"]) mkdirSync(join(copy, folder), { recursive: true });
installAll(copy, chosenIn(copy));
addTutti(copy);
report(measure(copy));
