// Is the package what users should get? Builds, packs, compares the file list, lints the tarball, installs it
// elsewhere, imports every entry there with the Node that runs this, compiles a user's file against its types
// and conducts a durable run with it.
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { publint } from "publint";
import { formatMessage } from "publint/utils";

const root = resolve(import.meta.dirname, "..");
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

/** What a user reads when the check fails; anything else thrown is a fault of this script. */
class Unfit extends Error {}

function run(what, command, args, options = {}) {
  const { status, signal, stdout, stderr, error } = spawnSync(command, args, {
    cwd: root,
    encoding: "utf8",
    ...options,
  });
  if (status === 0) return stdout;
  throw new Unfit(`${what}:\n${error ? error.message : `${stdout}${stderr}`.trim() || `ended by ${signal ?? status}`}`);
}

/** Every source file twice, and what belongs to a package. */
function expectedFiles() {
  const modules = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts") && !path.endsWith(".test.ts"))
    .map((path) => `dist/${path.replaceAll("\\", "/").slice(0, -3)}`);
  return [
    ...modules.flatMap((path) => [`${path}.js`, `${path}.d.ts`]),
    ...readdirSync(join(root, "catalog"), { recursive: true, encoding: "utf8" })
      .filter((path) => path.endsWith(".md"))
      .map((path) => `catalog/${path.replaceAll("\\", "/")}`),
    ...readdirSync(join(root, "dashboard")).map((name) => `dashboard/${name}`),
    ...["CHANGELOG.md", "LICENSE", "README.md", "package.json"],
  ];
}

function compareFiles(packed) {
  const expected = new Set(expectedFiles());
  const missing = [...expected].filter((path) => !packed.includes(path));
  const foreign = packed.filter((path) => !expected.has(path));
  if (missing.length > 0) throw new Unfit(`missing from the tarball:\n  ${missing.join("\n  ")}`);
  if (foreign.length > 0) throw new Unfit(`does not belong into the tarball:\n  ${foreign.join("\n  ")}`);
  console.log(`package: ${packed.length} files, as expected`);
}

function sourceNames() {
  const dist = join(root, "dist");
  const wrong = readdirSync(dist, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts") || path.endsWith(".js"))
    .filter((path) => /\b(?:from|import)\s*\(?\s*"\.[^"\n]*\.ts"/.test(readFileSync(join(dist, path), "utf8")));
  if (wrong.length > 0) throw new Unfit(`these still import ./x.ts:\n  dist/${wrong.join("\n  dist/")}`);
}

async function lint(tarball) {
  const bytes = readFileSync(tarball);
  const data = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  const { messages, pkg } = await publint({ pack: { tarball: data }, strict: true });
  const words = messages.map((message) => `${message.type}: ${formatMessage(message, pkg, { color: false })}`);
  if (words.length > 0) throw new Unfit(`publint:\n  ${words.join("\n  ")}`);
  console.log("package: publint has nothing to say");
}

function install(tarball, user) {
  writeFileSync(join(user, "package.json"), JSON.stringify({ name: "user", private: true, type: "module" }));
  const flags = ["--no-save", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"];
  const cache = Object.keys(manifest.dependencies ?? {}).length === 0 ? ["--offline"] : [];
  run("the tarball does not install", "npm", ["install", ...flags, ...cache, tarball], { cwd: user });
  const installed = readdirSync(join(user, "node_modules")).filter((name) => !name.startsWith("."));
  console.log(`package: installs as ${installed.join(", ")}`);
}

function importEntries(user) {
  for (const key of Object.keys(manifest.exports)) {
    const entry = manifest.name + key.slice(1);
    const attributes = entry.endsWith(".json") ? ', { with: { type: "json" } }' : "";
    const program = `console.log(Object.keys(await import("${entry}"${attributes})).sort().join(" "))`;
    const names = run(`import "${entry}" fails`, process.execPath, ["--input-type=module", "-e", program], {
      cwd: user,
    });
    if (names.trim() === "") throw new Unfit(`"${entry}" exports nothing`);
    console.log(`package: ${entry} exports ${names.trim()}`);
  }
}

/** The declarations must stand on their own: no skipLibCheck, no source beside them. */
function compileUser(user) {
  const entries = Object.keys(manifest.exports).filter((key) => !key.endsWith(".json"));
  const uses = entries.map((key, i) => `export * as entry${i} from "${manifest.name}${key.slice(1)}";`);
  writeFileSync(join(user, "user.ts"), `${uses.join("\n")}\n`);
  const examples = [...readFileSync(join(root, "README.md"), "utf8").matchAll(/^```ts\n(.*?)^```$/gms)];
  for (const [i, [, code = ""]] of examples.entries()) writeFileSync(join(user, `readme-${i}.ts`), code);
  const compilerOptions = {
    ...{ module: "nodenext", target: "es2024", lib: ["es2024", "esnext.disposable"], strict: true, noEmit: true },
    ...{ exactOptionalPropertyTypes: true, types: ["node"], typeRoots: [join(root, "node_modules/@types")] },
  };
  writeFileSync(join(user, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["*.ts"] }));
  run("a user's program does not compile", join(root, "node_modules/.bin/tsc"), ["-p", user]);
  console.log(
    `package: types of ${entries.length} entries and ${examples.length} examples of the README compile for a user`,
  );
}

/** A run with a journal on disk: the writer's worker is found, and its results are there for a second process. */
const DURABLE = `
import { AgentOrchestrator } from "tutti";
const agents = { echo: async (task) => task.prompt };
const options = { agents, journal: { path: "runs" } };
const [id] = process.argv.slice(1);
await using orchestrator = new AgentOrchestrator(options);
if (id === undefined) {
  const common = { agentName: "echo", description: "says it again" };
  orchestrator.addTask({ ...common, id: "a", prompt: "first" });
  orchestrator.addTask({ ...common, id: "b", prompt: "second", dependencies: ["a"] });
}
const results = await (id === undefined ? orchestrator.execute() : orchestrator.resume(id));
if (results.status !== "complete" || results.tasks.b.output !== "second") throw new Error(JSON.stringify(results));
console.log(results.run);
`;

function conduct(user) {
  const program = ["--input-type=module", "-e", DURABLE];
  const first = run("a durable run fails", process.execPath, program, { cwd: user, timeout: 60_000 }).trim();
  const second = run("its results are lost", process.execPath, [...program, first], { cwd: user, timeout: 60_000 });
  if (second.trim() !== first) throw new Unfit(`a finished run came back as ${second.trim()} instead of ${first}`);
  console.log("package: a durable run completes, and a second process reads its results");
}

/** The program as `npx tutti` finds it, in a home of its own. */
function rehearse(user) {
  const env = { ...process.env, TUTTI_HOME: join(user, "home") };
  const words = ["--no-install", "tutti", "run", "code-review", "--rehearse", "--speed", "max", "--json"];
  const told = run("npx tutti fails", "npx", words, { cwd: user, env, timeout: 60_000 });
  const last = JSON.parse(told.trim().split("\n").at(-1) ?? "{}");
  if (last.type !== "workflow:complete" || last.status !== "complete") throw new Unfit(`it ended with ${told}`);
  console.log("package: npx tutti rehearses a workflow");
}

/** The server finds its pages where the package has put them. */
async function servePages(user) {
  const env = { ...process.env, TUTTI_HOME: join(user, "served") };
  const bin = join(user, "node_modules", manifest.name, manifest.bin.tutti);
  const server = spawn(process.execPath, [bin, "serve", "--port", "0", "--json"], {
    ...{ cwd: user, env, stdio: ["ignore", "pipe", "inherit"] },
  });
  try {
    const told = await new Promise((resolve, reject) => {
      server.stdout.once("data", (bytes) => resolve(String(bytes)));
      server.once("exit", (code) => reject(new Unfit(`tutti serve ended with ${code}`)));
    });
    const { url } = JSON.parse(told);
    for (const name of readdirSync(join(root, "dashboard"))) {
      const answer = await fetch(`${url}/${name === "index.html" ? "" : name}`);
      if (answer.status !== 200) throw new Unfit(`tutti serve answers ${answer.status} for ${name} of its dashboard`);
    }
  } finally {
    server.kill();
  }
  console.log("package: tutti serve has its pages");
}

const temporary = realpathSync(mkdtempSync(join(tmpdir(), "tutti-package-")));
try {
  run("the build fails", process.execPath, [join(root, "scripts/build.mjs")]);
  sourceNames();
  // The build has just been done: without --ignore-scripts `prepack` would do it again.
  const args = ["pack", "--json", "--ignore-scripts", "--pack-destination", temporary];
  const [packed] = Object.values(JSON.parse(run("npm pack fails", "npm", args)));
  const tarball = join(temporary, packed.filename);
  compareFiles(packed.files.map(({ path }) => path));
  await lint(tarball);
  const user = join(temporary, "user");
  mkdirSync(user);
  install(tarball, user);
  importEntries(user);
  compileUser(user);
  conduct(user);
  rehearse(user);
  await servePages(user);
} catch (error) {
  if (!(error instanceof Unfit)) throw error;
  console.error(`package: ${error.message}`);
  process.exitCode = 1;
} finally {
  rmSync(temporary, { recursive: true, force: true });
}
