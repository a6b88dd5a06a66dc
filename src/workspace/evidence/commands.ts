/**
 * Programs of the repository itself: its tests, their coverage, and commands that the user has named. They run only
 * where he allows it, in a copy of the files, so that nothing of his is touched, and held by the sandbox where there
 * is one.
 */
import { existsSync } from "node:fs";
import { copyFile, mkdir, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Finding } from "../../domain/evidence.ts";
import { ownScript } from "../../domain/own-script.ts";
import { type PlaceSaid, placesSaid } from "../../domain/places-said.ts";
import { isRecord } from "../../domain/shape.ts";
import { endInWords, runChild } from "../../process/child.ts";
import { childEnvironment } from "../../process/environment.ts";
import { sandbox, UNHELD } from "../../process/sandbox.ts";
import { packagesIn } from "./manifests.ts";
import type { Snapshot } from "./snapshot.ts";

export interface Commands {
  /** Ours: what a child may have of it is picked out. */
  readonly env: { readonly [name: string]: string | undefined };
  /** Never seen by a child. */
  readonly hidden: readonly string[];
  /** Whether nothing runs where there is no sandbox. */
  readonly mustHold?: boolean;
  /** The repository's own tests may run. */
  readonly areAllowed: boolean;
  /** Of the user's settings, by name; `test` and `coverage` stand for those of the repository. */
  readonly named: { readonly [name: string]: readonly string[] };
}
interface Told {
  readonly findings: readonly Finding[];
  readonly notes: readonly string[];
}

const none = (why: string): Told => ({ findings: [], notes: [why] });
const LIMITS = { wall: 180_000, idle: 120_000, output: 8 * 1024 * 1024, copied: 256 * 1024 * 1024 } as const;

export async function runNamed(collector: string, snapshot: Snapshot, commands: Commands): Promise<Told> {
  const name = collector === "test-run" ? "test" : collector.replace(/^command:/, "");
  const own = commands.named[name];
  if (own === undefined && collector.startsWith("command:"))
    return none(`there is no command '${name}' in your settings: name it under evidenceCommands`);
  if (own === undefined && !commands.areAllowed) return none("not run: allow it with --evidence-commands");
  const argv = own ?? scriptOf(snapshot, name);
  if (argv === undefined) return none(`the repository names no way to run '${name}'`);
  if (commands.mustHold && !(await sandbox())) return none(`not run: ${UNHELD.message}; ${UNHELD.hint}`);
  return run(collector, argv, snapshot, commands);
}

function scriptOf(snapshot: Snapshot, name: string): readonly string[] | undefined {
  const root = packagesIn(snapshot).find(({ folder }) => folder === "");
  const scripts = root?.value["scripts"];
  const script = isRecord(scripts) ? scripts[name] : undefined;
  return ownScript(name, { script, has: (path) => snapshot.files.has(path) });
}

async function run(collector: string, argv: readonly string[], snapshot: Snapshot, commands: Commands): Promise<Told> {
  const room = await mkdtemp(join(tmpdir(), "tutti-evidence-"));
  try {
    const cwd = join(room, "files");
    await copy(snapshot, cwd);
    const env = childEnvironment(commands.env, [], {
      HOME: join(room, "home"),
      TMPDIR: join(room, "tmp"),
      CI: "1",
      NO_COLOR: "1",
    });
    await Promise.all([mkdir(join(room, "home")), mkdir(join(room, "tmp"))]);
    const [bare = "", ...rest] = argv;
    // Dynamic libraries of packages are found where they were installed; nothing is written there.
    const modules = { at: join(cwd, "node_modules"), from: join(snapshot.root, "node_modules") };
    const box = await sandbox();
    // Of the checkout it sees the copy alone: what git ignores there, such as keys, is not for it.
    const hidden = [...commands.hidden, snapshot.root];
    const keyhole = { cwd, writable: [room], hidden, env, lent: [modules] };
    if (!box && existsSync(modules.from)) await symlink(modules.from, modules.at);
    const { file, args } = box ? box.wrap(bare, rest, keyhole) : { file: bare, args: rest };
    const end = await runChild({ file, args, cwd, env, limits: LIMITS });
    const words = endInWords(end, LIMITS);
    const said = `${end.output}\n${end.stderr}`;
    const held = box ? [] : ["it ran without a sandbox: there is none here"];
    if (end.code === 0 && end.why === undefined)
      return {
        findings: [{ collector, severity: "info", path: ".", text: `${argv.join(" ")}: ${words}` }],
        notes: held,
      };
    const places = placesIn(said, snapshot);
    const text = `${argv.join(" ")} failed: ${words}`;
    const findings = places.length > 0 ? places : [{ path: "package.json", text: lastLines(said) }];
    return {
      findings: findings.map((one) => ({ collector, severity: "high", ...one, text: `${text}; ${one.text}` })),
      notes: held,
    };
  } finally {
    await rm(room, { recursive: true, force: true, maxRetries: 3 });
  }
}

async function copy({ root, paths, sizes }: Snapshot, to: string): Promise<void> {
  let all = 0;
  await mkdir(to, { recursive: true });
  for (const path of paths) {
    all += sizes.get(path) ?? 0;
    if (all > LIMITS.copied) break;
    await mkdir(dirname(join(to, path)), { recursive: true });
    await copyFile(join(root, path), join(to, path)).catch(() => {});
  }
}

const MOST_PLACES = 20;

/** One line of each of the repository's own files that are named where it failed; those of tests first. */
function placesIn(said: string, { files }: Snapshot): readonly { path: string; line: number; text: string }[] {
  const fileOf = (name: string) => [...files.keys()].find((one) => name === one || name.endsWith(`/${one}`));
  const found = new Map<string, PlaceSaid>();
  for (const one of placesSaid(said, fileOf)) if (!found.has(one.path)) found.set(one.path, one);
  const all = [...found.values()].slice(0, MOST_PLACES);
  const tests = all.filter(({ path }) => files.get(path)?.isTest);
  return tests.length > 0 ? tests : all.slice(0, 3);
}

const lastLines = (said: string): string => said.trim().split("\n").slice(-3).join(" / ").slice(0, 240);
