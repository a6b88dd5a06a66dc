/**
 * A child that sees the machine through a keyhole: everything read only, homes and sockets not at all, no network
 * unless it is named, and no process but its own. By bubblewrap, where a trial shows that it works here.
 */
import { realpathSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, dirname, relative } from "node:path";
import type { Environment } from "./environment.ts";
import { findProgram } from "./find.ts";
import { runProgram } from "./program.ts";

export interface Keyhole {
  readonly cwd: string;
  /** Folders that it may change. */
  readonly writable: readonly string[];
  /** Files and folders that it must not see, even where they lie in what it may see. */
  readonly hidden?: readonly string[];
  /** Files and folders inside the writable ones that it may only read. */
  readonly locked?: readonly string[];
  /** What it may read, and where it sees that. */
  readonly lent?: readonly { readonly from: string; readonly at: string }[];
  /** The network of this machine. */
  readonly network?: boolean;
  readonly env: Environment;
  /** What it sees as /tmp. Absent: an empty one that is gone with it. */
  readonly tmp?: string;
}
export interface Sandbox {
  /** The command that runs it inside. */
  wrap(
    file: string,
    args: readonly string[],
    keyhole: Keyhole,
  ): { readonly file: string; readonly args: readonly string[] };
}

const SHELL = ["--unshare-user-try", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"];
const ALWAYS = [...SHELL, "--die-with-parent", "--new-session"];

let tried: Promise<Sandbox | undefined> | undefined;

/** Tried once a process. Undefined: children cannot be held here, and whoever begins one must say so. */
export function sandbox(): Promise<Sandbox | undefined> {
  tried ??= trial();
  return tried;
}

async function trial(): Promise<Sandbox | undefined> {
  const bwrap = process.platform === "linux" ? findProgram("bwrap") : undefined;
  if (bwrap === undefined) return undefined;
  const args = [...ALWAYS, "--unshare-net", "--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev", "--", "true"];
  const { code } = await runProgram(bwrap, args, { cwd: "/" }).catch(() => ({ code: 1 }));
  return code === 0 ? { wrap: (...of) => wrapped(bwrap, ...of) } : undefined;
}

function wrapped(bwrap: string, file: string, args: readonly string[], keyhole: Keyhole) {
  const { cwd, writable, hidden = [], locked = [], lent = [], network = false, env, tmp } = keyhole;
  const homes = [...new Set(["/root", "/home", homedir()])].filter(isThere);
  const inHomes = (path: string) => homes.some((home) => isInside(home, path));
  // Programs that the user installed in his home are still to be found.
  const programs = (env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "" && inHomes(folder));
  const seen = [...programs.map(rootOf), ...(inHomes(file) ? [rootOf(dirname(file))] : [])].filter(isThere);
  const mounts = [
    // Sockets of services, such as that of Docker, are ways out.
    ...["/run", "/var/run", "/tmp", "/var/tmp", ...homes].filter(isThere).map((path) => mount("--tmpfs", real(path))),
    ...(tmp === undefined ? [] : [mount("--bind", "/tmp", tmp)]),
    ...[...new Set(seen)].map((path) => mount("--ro-bind", path)),
    ...hidden.filter(isThere).map((path) => mount("--tmpfs", path)),
    ...lent.filter(({ from }) => isThere(from)).map(({ from, at }) => mount("--ro-bind", at, from)),
    ...writable.map((path) => mount("--bind", path)),
    ...locked.filter(isThere).map((path) => mount("--ro-bind", path)),
  ];
  // A folder before what lies in it: what is hidden may hold what is worked on, and the other way round.
  mounts.sort((a, b) => a.at.length - b.at.length);
  return {
    file: bwrap,
    args: [
      ...ALWAYS,
      ...(network ? [] : ["--unshare-net"]),
      ...["--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"],
      ...mounts.flatMap(({ args }) => args),
      ...["--clearenv", ...Object.entries(env).flatMap(([name, value]) => ["--setenv", name, value])],
      ...["--chdir", cwd, "--", file, ...args],
    ],
  };
}

function mount(how: "--tmpfs" | "--bind" | "--ro-bind", at: string, from = at) {
  return { at, args: how === "--tmpfs" ? [how, at] : [how, from, at] };
}

/** Of a folder of programs the one above it: what they need lies beside them, in `lib` and the like. */
function rootOf(folder: string): string {
  return /\/s?bin\/?$/.test(folder) ? dirname(folder.replace(/\/$/, "")) : folder;
}

const isInside = (folder: string, path: string): boolean => {
  const inside = relative(folder, path);
  return inside === "" || (!inside.startsWith("..") && !inside.startsWith("/"));
};

function real(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

function isThere(path: string): boolean {
  try {
    realpathSync(path);
    return true;
  } catch {
    return false;
  }
}
