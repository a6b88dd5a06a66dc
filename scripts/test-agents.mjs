// Do coding agents as they are really shipped work under Tutti? Installs them into a temporary folder, lets each do one
// task against a model API that is faked on this machine, and prints what was measured. Needs the npm registry, no key.
//
//   npm run test:agents [-- NAME …]     TUTTI_AGENTS=FOLDER takes those that are installed in a folder already
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../src/app/system.ts";
import { probeAgents } from "../src/runtimes/acp/probe.ts";
import { performAcp } from "../src/runtimes/acp/runtime.ts";
import { Pool } from "../src/runtimes/pool.ts";
import { worktrees } from "../src/workspace/worktrees.ts";
import { fakeModelApi } from "../test/support/fake-model-api.ts";
import { attemptOf, heldWorld } from "../test/support/model-attempt.ts";

const RUN = "01arz3ndektsv4rrffq69g5fav";
const KEY = "key-of-nobody";
/** Where nobody can be asked, a command must be allowed outright. */
const RULES = { native: [{ action: "bash", resource: "*", effect: "allow" }], asks: [] };
const claude = ({ url }) => ({ ANTHROPIC_API_KEY: KEY, ANTHROPIC_BASE_URL: url, IS_SANDBOX: "1" });
/** What each is installed from, and how it finds the faked API. `only`: the one program of it that may be found. */
const AGENTS = {
  opencode: {
    name: "opencode",
    packages: ["opencode-ai@1.18.33"],
    programs: ["opencode"],
    settings(api, home) {
      const config = join(home, "opencode.json");
      const options = { baseURL: `${api.url}/v1`, apiKey: KEY };
      const model = "anthropic/claude-sonnet-4-5";
      // What the user's own settings allow must be asked about all the same.
      const permission = { bash: "allow", edit: "allow" };
      writeFileSync(
        config,
        JSON.stringify({ model, permission, autoupdate: false, provider: { anthropic: { options } } }),
      );
      return { OPENCODE_CONFIG: config };
    },
  },
  "claude-code": {
    name: "claude-code",
    packages: ["@agentclientprotocol/claude-agent-acp@0.100.0"],
    programs: ["claude-agent-acp"],
    settings: claude,
  },
  "claude-code-native": {
    name: "claude-code",
    packages: ["@anthropic-ai/claude-code@2.1.330"],
    programs: ["claude"],
    settings: claude,
  },
  "codex-native": {
    name: "codex",
    packages: ["@openai/codex@0.169.0"],
    programs: ["codex"],
    settings(api, home) {
      const lines = ['model = "gpt-5"', 'model_provider = "fake"', "[model_providers.fake]", 'name = "fake"'];
      const more = [`base_url = "${api.url}/v1"`, 'wire_api = "responses"', 'env_key = "OPENAI_API_KEY"'];
      writeFileSync(join(home, "config.toml"), [...lines, ...more].join("\n"));
      return { CODEX_HOME: home, OPENAI_API_KEY: KEY };
    },
  },
};

const wanted = process.argv.slice(2);
// Not among temporary files: Codex takes no home there, and its sandbox would not begin.
const own = join(import.meta.dirname, "..", ".tmp");
mkdirSync(own, { recursive: true });
const room = mkdtempSync(join(own, "agents-"));
const packages = process.env.TUTTI_AGENTS ?? install();
const failures = [];
const api = await fakeModelApi();
try {
  for (const [title, agent] of Object.entries(AGENTS))
    if (wanted.length === 0 || wanted.includes(title)) await examine(title, agent);
} finally {
  await api[Symbol.asyncDispose]();
  rmSync(room, { recursive: true, force: true, maxRetries: 3 });
}
for (const line of failures) console.error(`✖ ${line}`);
process.exitCode = failures.length > 0 ? 1 : 0;

function install() {
  const folder = join(room, "packages");
  mkdirSync(folder);
  // Two of them fetch their program when they are installed, which newer releases of npm do for named packages only.
  const allowScripts = { "@anthropic-ai/claude-code": true, "opencode-ai": true };
  writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true, allowScripts }));
  const names = Object.entries(AGENTS).flatMap(([title, { packages }]) =>
    wanted.length === 0 || wanted.includes(title) ? packages : [],
  );
  execFileSync("npm", ["install", "--no-audit", "--no-fund", ...names], { cwd: folder, stdio: "inherit" });
  return folder;
}

function repository(folder) {
  mkdirSync(folder);
  const git = (...args) =>
    execFileSync("git", ["-c", "user.name=a", "-c", "user.email=a@localhost", ...args], {
      cwd: folder,
      encoding: "utf8",
    });
  git("init", "--quiet");
  writeFileSync(join(folder, "a.txt"), "one\n");
  git("add", "--all");
  git("commit", "--quiet", "--message", "first");
  return git;
}

async function examine(title, { name, programs, settings }) {
  const missing = programs.filter((one) => !existsSync(join(packages, "node_modules", ".bin", one)));
  if (missing.length > 0) return failures.push(`${title}: ${missing.join(", ")} was not installed`);
  const home = join(room, title);
  mkdirSync(home);
  const bin = join(home, "bin");
  mkdirSync(bin);
  for (const one of programs) spawnSync("ln", ["-s", join(packages, "node_modules", ".bin", one), join(bin, one)]);
  const path = [bin, join(process.execPath, ".."), "/usr/local/bin", "/usr/bin", "/bin"].join(":");
  const env = { PATH: path, HOME: home, ...settings(api, home) };
  const say = (what, value) => console.log(`${title}: ${what}: ${value}`);
  const must = (what, isSo, found) => {
    say(what, isSo ? "yes" : `NO (${JSON.stringify(found)})`);
    if (!isSo) failures.push(`${title}: ${what}`);
  };
  let began = performance.now();
  const [probed] = (await probeAgents({ env })).filter((one) => one.name === name);
  const { introduction, fault } = probed ?? {};
  say(
    "greeting",
    `${Math.round(performance.now() - began)} ms ${JSON.stringify(introduction ?? fault ?? "no protocol")}`,
  );
  const git = repository(join(home, "repo"));
  const spaces = worktrees({ folder: join(home, "repo"), home: join(home, "tutti") });
  const ref = { runtime: "acp", name, text: `acp/${name}` };
  const attempt = async (command, { world, restart = 0, taskId = "t", ...more }) => {
    api.script(command);
    began = performance.now();
    const options = {
      env,
      clock: systemClock,
      workspaces: spaces,
      instructionsOf: () => ({
        tools: ["read", "edit", "write", "bash", "report_progress"],
        permissions: title.endsWith("native") ? RULES.native : RULES.asks,
      }),
      ...more,
    };
    const of = { run: RUN, restart, prompt: "Do what you are told.", task: { id: taskId } };
    const outcome = await performAcp(ref, attemptOf(ref.text, of), world, options);
    return { outcome, ms: Math.round(performance.now() - began) };
  };
  const asked = [];
  const world = (entries) => ({
    ...heldWorld(entries),
    ask: async (asking) => {
      asked.push(asking);
      return { decision: "approve" };
    },
  });

  const entries = [];
  const first = await attempt("echo made > made.txt", { world: world(entries) });
  must("does its task", first.outcome.ok && String(first.outcome.output).includes("Done"), first.outcome);
  say("time", `${first.ms} ms`);
  if (introduction) must("asked before it ran the command", asked.length > 0, asked);
  say("told", `${JSON.stringify(first.outcome.usage)}; really ${api.tokens} tokens in ${api.calls} calls`);
  const reports = entries.filter(({ type }) => type === "agent:progress").length;
  must(
    "uses a tool of the run",
    reports > 0,
    entries.map(({ type, entry }) => [type, entry.name, entry.fault]),
  );
  const kept = spawnSync("git", ["show", `refs/tutti/${RUN}/t:made.txt`], {
    cwd: join(home, "repo"),
    encoding: "utf8",
  });
  const results = entries.filter(({ type }) => type === "tool:result").map(({ entry }) => entry.text);
  must("what it wrote is kept", kept.stdout === "made\n", [kept.stderr, ...results]);
  must("the checkout is untouched", git("status", "--porcelain") === "", git("status", "--porcelain"));

  const session = entries.findLast(({ type }) => type === "workspace:opened");
  const again = session ? [session] : [];
  const second = await attempt("echo again > again.txt", { world: world(again), restart: 1 });
  const resumed = again.findLast(({ type }) => type === "workspace:opened")?.entry.session;
  must("goes on in its session", second.outcome.ok, second.outcome);
  say("session", JSON.stringify(resumed));

  const mark = String(100_000 + Math.floor(Math.random() * 800_000));
  const stopping = world([]);
  const done = attempt(`node -e "setInterval(() => {}, 1000)" ${mark}`, { world: stopping, taskId: "s" });
  const begun = await until(() => running(mark) > 0, 60_000);
  began = performance.now();
  stopping.stop("stopped by the script");
  const third = await done;
  say("stopped after", `${Math.round(performance.now() - began)} ms`);
  must("its command had begun", begun, third.outcome);
  must("nothing of it is left after a stop", running(mark) === 0, running(mark));
  must("a stop is told as one", third.outcome.failure === "stopped", third.outcome);
  if (introduction) await reused();

  /** One program for two tasks: what presets say of it, and what it saves. */
  async function reused() {
    await using agents = new Pool({ most: 2 });
    const how = { agents, codingAgents: { [name]: { reuse: true } } };
    const times = [];
    for (const taskId of ["first", "second", "third"]) {
      const { outcome, ms } = await attempt(`echo ${taskId} > of.txt`, { world: world([]), taskId, ...how });
      const isWell = outcome.ok && (await until(() => agents.ready === 1, 6000));
      must(`comes to rest after its ${taskId} task`, isWell, outcome);
      const ref = `refs/tutti/${RUN}/${taskId}:of.txt`;
      const { stdout } = spawnSync("git", ["show", ref], { cwd: join(home, "repo"), encoding: "utf8" });
      must(`keeps its ${taskId} task apart`, stdout === `${taskId}\n`, stdout);
      times.push(`${ms} ms`);
    }
    say("begun, reused, reused", times.join(", "));
  }
}

/** Processes of the command, and of the shell that runs it. */
function running(mark) {
  return readdirSync("/proc").filter((pid) => /^\d+$/.test(pid) && lineOf(pid).includes(mark)).length;
}

function lineOf(pid) {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
  }
}

async function until(isSo, most) {
  const end = performance.now() + most;
  while (performance.now() < end) {
    if (isSo()) return true;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return false;
}
