/**
 * A child that sees the machine through a keyhole: everything read only, homes and sockets not at all, no network
 * unless it is named, and no process but its own. By bubblewrap, where a trial shows that it works here.
 */
import { lstatSync, realpathSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, dirname, join, relative, sep } from "node:path";
import { TuttiError } from "../domain/error.ts";
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
const ALWAYS = [...SHELL, "--die-with-parent", "--new-session", "--cap-drop", "ALL"];
/** The kernel's settings are the whole machine's, and belong to the one who may be running us. */
const KERNEL = ["/proc/sys", "/proc/sysrq-trigger", "/proc/irq", "/proc/bus"].flatMap((path) => [
  "--ro-bind-try",
  path,
  path,
]);
const BASE = ["--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", ...KERNEL];

let tried: Promise<Sandbox | undefined> | undefined;

/** Tried once a process. Undefined: children cannot be held here, and whoever begins one must say so. */
export function sandbox(): Promise<Sandbox | undefined> {
  tried ??= trial();
  return tried;
}

/** The sandbox, or none where the user does without: throws where his settings allow no command to run unheld. */
export async function sandboxOr(isRequired: boolean): Promise<Sandbox | undefined> {
  const box = await sandbox();
  if (box === undefined && isRequired) throw new TuttiError("BAD_INPUT", UNHELD.message, UNHELD);
  return box;
}

/** What is said where a command would run unheld and must not. */
export const UNHELD = {
  message: "your settings let no command run without a sandbox (sandbox: required), and there is none here",
  hint: "install bubblewrap (tutti doctor tries it), or say sandbox: preferred in config.yaml",
  path: "config.yaml",
};

async function trial(): Promise<Sandbox | undefined> {
  const bwrap = process.platform === "linux" ? findProgram("bwrap") : undefined;
  if (bwrap === undefined) return undefined;
  const args = [...ALWAYS, "--unshare-net", ...BASE, "--", "true"];
  const { code } = await runProgram(bwrap, args, { cwd: "/" }).catch(() => ({ code: 1 }));
  return code === 0 ? { wrap: (...of) => wrapped(bwrap, ...of) } : undefined;
}

/** Of the machine's own, what only its keeper may read: he may be the one who runs us. */
const SECRET = [
  "/etc/shadow",
  "/etc/shadow-",
  "/etc/gshadow",
  "/etc/sudoers",
  "/etc/sudoers.d",
  "/etc/ssh",
  "/etc/ssl/private",
  "/var/spool/cron",
];

function wrapped(bwrap: string, file: string, args: readonly string[], keyhole: Keyhole) {
  const { cwd, writable, hidden = [], locked = [], lent = [], network = false, env, tmp } = keyhole;
  const homes = [...new Set(["/root", "/home", homedir()])].filter(isThere);
  refuseLinks([...locked, ...lent.map(({ at }) => at)], writable);
  const inHomes = (path: string) => homes.some((home) => isInside(home, path));
  // Programs that the user installed in his home are still to be found.
  const programs = (env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "" && inHomes(folder));
  const folders = [...programs, ...(inHomes(file) ? [dirname(file)] : [])];
  const seen = folders.flatMap((folder) => placesOf(folder, homes)).filter(isThere);
  const mounts = [
    // Sockets of services, such as that of Docker, are ways out.
    ...["/run", "/var/run", "/tmp", "/var/tmp", ...homes].filter(isThere).map((path) => mount("--tmpfs", real(path))),
    ...(tmp === undefined ? [] : [mount("--bind", "/tmp", tmp)]),
    ...SECRET.filter(isThere).map((path) =>
      statSync(path).isDirectory() ? mount("--tmpfs", path) : mount("--ro-bind", path, "/dev/null"),
    ),
    ...[...new Set(seen)].map((path) => mount("--ro-bind", path)),
    ...hidden.filter(isThere).map((path) => mount("--tmpfs", path)),
    ...lent.filter(({ from }) => isThere(from)).map(({ from, at }) => mount("--ro-bind", at, from)),
    ...(writable.some((path) => isInside(path, cwd)) ? [] : [mount("--ro-bind", cwd)]),
    ...writable.map((path) => mount("--bind", path)),
    ...pinned(locked.filter(isThere), writable).map((path) => mount("--bind", path)),
    ...locked.filter(isThere).map((path) => mount("--ro-bind", path)),
  ];
  // A folder before what lies in it: what is hidden may hold what is worked on, and the other way round.
  mounts.sort((a, b) => a.at.length - b.at.length);
  return {
    file: bwrap,
    args: [
      ...ALWAYS,
      ...(network ? [] : ["--unshare-net"]),
      ...BASE,
      ...mounts.flatMap(({ args }) => args),
      ...["--clearenv", ...Object.entries(env).flatMap(([name, value]) => ["--setenv", name, value])],
      ...["--chdir", cwd, "--", file, ...args],
    ],
  };
}

/** The folders between: what is no mount of its own could be moved away, and something else put in the place of what is locked. */
function pinned(locked: readonly string[], writable: readonly string[]): readonly string[] {
  const between = locked.flatMap((path) => {
    const folders: string[] = [];
    for (let at = dirname(path); writable.some((one) => one !== at && isInside(one, at)); at = dirname(at))
      folders.push(at);
    return folders;
  });
  return [...new Set(between)];
}

/**
 * To mount follows links, on the machine itself: one that whoever works there put in the way of what is locked would
 * open what it leads to.
 */
function refuseLinks(paths: readonly string[], writable: readonly string[]): void {
  for (const folder of writable)
    for (const path of paths) {
      if (path === folder || !isInside(folder, path)) continue;
      let at = folder;
      for (const name of relative(folder, path).split(sep)) {
        at = join(at, name);
        if (lstatSync(at, { throwIfNoEntry: false })?.isSymbolicLink())
          throw new TuttiError(
            "WRONG_STATE",
            `'${relative(folder, at)}' is a link now, and must not be one where commands run`,
            {
              path: "command",
              hint: "delete that link",
            },
          );
      }
    }
}

function mount(how: "--tmpfs" | "--bind" | "--ro-bind", at: string, from = at) {
  return { at, args: how === "--tmpfs" ? [how, at] : [how, from, at] };
}

/**
 * Of a folder of programs the one above it: what they need lies beside them, in `lib` and the like. Never a whole home,
 * nor what lies right in it, such as `~/.local`, where keys lie too.
 */
function placesOf(folder: string, homes: readonly string[]): readonly string[] {
  if (!/\/s?bin\/?$/.test(folder)) return homes.includes(folder) ? [] : [folder];
  const above = dirname(folder.replace(/\/$/, ""));
  const isNear = homes.some((home) => isInside(above, home) || dirname(above) === home);
  return isNear ? [folder, join(above, "lib")] : [above];
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
