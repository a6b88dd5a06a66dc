/**
 * Processes that belong together, as the system lists them. Only where there is `/proc`; elsewhere a group of processes
 * is all that can be told apart, and whoever leaves it is lost sight of.
 *
 * P2. Whoever is begun by us carries a mark in its environment, which its children inherit: they are found by it
 *     wherever they went, unless they cleared it.
 */
import { readdir, readFile, readlink } from "node:fs/promises";
import { performance } from "node:perf_hooks";
import { setTimeout } from "node:timers/promises";

/** Names of the marks: which child of ours it descends from, and which process of ours began that. */
export const CHILD_MARK = "TUTTI_CHILD";
const HOST_MARK = "TUTTI_HOST";

interface Stat {
  readonly pid: number;
  readonly parent: number;
  readonly begun: string;
  readonly isDead: boolean;
  /** Bytes. */
  readonly memory: number;
}

const PAGE = 4096;

async function pids(): Promise<readonly number[]> {
  return (await readdir("/proc").catch(() => [])).filter((name) => /^\d+$/.test(name)).map(Number);
}

async function statOf(pid: number): Promise<Stat | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  // The name of the program stands in brackets and may hold anything.
  const [state, parent, ...rest] = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const isDead = state === "Z" || state === "X";
  return { pid, parent: Number(parent), begun: rest[17] ?? "", isDead, memory: Number(rest[19]) * PAGE };
}

/** Many who ask within this time, in milliseconds, share one look. */
const FRESH = 200;
let looked: { readonly at: number; readonly all: Promise<readonly Stat[]> } | undefined;

function everybody(): Promise<readonly Stat[]> {
  const now = performance.now();
  if (looked === undefined || now - looked.at > FRESH) {
    const all = pids().then((known) => Promise.all(known.map(statOf)));
    looked = { at: now, all: all.then((found) => found.filter((one) => one !== undefined)) };
  }
  return looked.all;
}

/** It and all that descend from it, as far as nobody's parent has gone. */
export async function familyOf(pid: number): Promise<{ readonly count: number; readonly memory: number }> {
  const all = await everybody();
  const children = Map.groupBy(all, ({ parent }) => parent);
  const found = new Set<Stat>();
  const look = (one: Stat | undefined) => {
    if (!one || found.has(one)) return;
    found.add(one);
    for (const child of children.get(one.pid) ?? []) look(child);
  };
  look(all.find((one) => one.pid === pid));
  return { count: found.size, memory: [...found].reduce((sum, { memory }) => sum + memory, 0) };
}

/** Ends for good whoever carries the mark, until nobody is left. Says how many there were. */
export async function sweep(child: string): Promise<number> {
  const mark = `${CHILD_MARK}=${child}\0`;
  return killAll((environ) => `${environ}\0`.includes(mark));
}

/** How many carry the mark; undefined where that cannot be seen. */
export async function carriersOf(child: string): Promise<number | undefined> {
  const mark = `${CHILD_MARK}=${child}\0`;
  const isMeant = (environ: string) => `${environ}\0`.includes(mark);
  let open = await pids();
  if (open.length === 0) return undefined;
  let count = 0;
  for (let looks = 0; ; looks++) {
    const found = await Promise.all(open.map(async (pid) => [pid, await lookAt(pid, isMeant)] as const));
    count += found.filter(([, how]) => how === "meant").length;
    open = found.filter(([, how]) => how === "unsure").map(([pid]) => pid);
    // Whoever tells nothing of himself for so long may be one of them.
    if (open.length === 0 || looks >= UNSURE) return count + open.length;
    await setTimeout(5);
  }
}

/** Ends what a process of ours left behind that was killed itself. */
export async function sweepOrphans(): Promise<number> {
  const known = new Map<string, boolean>();
  const here = await namespace();
  const isGone = async (host: string) => {
    const [pid, begun, space] = host.split(":");
    // In another container the same number is somebody else: whether he lives cannot be told from here.
    if (space !== here) return false;
    if (!known.has(host)) known.set(host, (await statOf(Number(pid)))?.begun !== begun);
    return known.get(host) === true;
  };
  return killAll((environ) => {
    const host = new RegExp(`(?:^|\0)${HOST_MARK}=(\\d+:\\d+:\\d+)(?:\0|$)`).exec(environ)?.[1];
    // Whoever began us may be out of our sight, and is no orphan of ours.
    return host === undefined || host === process.env[HOST_MARK] ? false : isGone(host);
  });
}

/** Which numbers of processes are ours. */
async function namespace(): Promise<string> {
  return /\d+/.exec(await readlink("/proc/self/ns/pid").catch(() => ""))?.[0] ?? "0";
}

/** The mark of this very process, whose number may be given again to another one. */
export async function hostMark(): Promise<{ readonly [HOST_MARK]?: string }> {
  const own = await statOf(process.pid);
  return own ? { [HOST_MARK]: `${own.pid}:${own.begun}:${await namespace()}` } : {};
}

/** Milliseconds that whoever was killed may take to go, which on a busy machine is a while. */
const PATIENCE = 5000;

/** Looks in a row that tell nothing of somebody, before he is taken for nobody of ours. */
const UNSURE = 4;

async function killAll(isMeant: (environ: string) => boolean | Promise<boolean>): Promise<number> {
  const seen = new Set<number>();
  const until = performance.now() + PATIENCE;
  let unsure = 0;
  // Somebody may be born while we look: it is over when a look finds nobody.
  for (let pause = 1; performance.now() < until; pause = Math.min(50, pause * 2)) {
    const found = await Promise.all((await pids()).map(async (pid) => [pid, await lookAt(pid, isMeant)] as const));
    const alive = found.filter(([, how]) => how === "meant");
    const isUnsure = found.some(([, how]) => how === "unsure") && unsure < UNSURE;
    if (alive.length === 0 && !isUnsure) break;
    unsure = alive.length === 0 ? unsure + 1 : 0;
    for (const [pid] of alive) {
      seen.add(pid);
      signal(pid, "SIGKILL");
    }
    await setTimeout(pause);
  }
  return seen.size;
}

/** `unsure`: it has a program and no environment, as one has while it becomes another program. */
async function lookAt(
  pid: number,
  isMeant: (environ: string) => boolean | Promise<boolean>,
): Promise<"meant" | "other" | "unsure"> {
  if (pid === process.pid) return "other";
  const environ = await readFile(`/proc/${pid}/environ`, "latin1").catch(() => undefined);
  if (environ === undefined) return "other";
  if (environ !== "") return (await isMeant(environ)) ? "meant" : "other";
  return readlink(`/proc/${pid}/exe`).then(
    () => "unsure",
    () => "other",
  );
}

/** A process that has gone meanwhile is what was wanted. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // Gone, or nobody of ours.
  }
}
