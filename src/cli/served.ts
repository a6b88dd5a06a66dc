/**
 * The server of this home, if one runs: it says in `serve.json` where it is, and whoever reads that asks whether it is
 * still there and still the same before it is believed.
 */
import { randomBytes } from "node:crypto";
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isRecord } from "../domain/shape.ts";
import { isAlive } from "../process/alive.ts";

export interface ServerNote {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** See `server/proof.ts`. */
  readonly key: string;
}

interface Home {
  readonly home: string;
}

/** It answers from the same machine. */
const PATIENCE = 1000;
const OURS = /^http:\/\/(?:127(?:\.\d{1,3}){3}|localhost|\[::1\]):(\d{1,5})$/;

const fileIn = (io: Home): string => join(io.home, "serve.json");

/** The newest server of a home is the one that is found. */
export async function noteServer(io: Home, note: ServerNote): Promise<void> {
  const next = `${fileIn(io)}.${note.pid}`;
  await writeFile(next, `${JSON.stringify(note)}\n`, { mode: 0o600 });
  await rename(next, fileIn(io));
}

export async function forgetServer(io: Home, { key }: ServerNote): Promise<void> {
  if ((await noteIn(io))?.key === key) await rm(fileIn(io), { force: true });
}

export async function findServer(io: Home): Promise<ServerNote | undefined> {
  const note = await noteIn(io);
  return note !== undefined && isAlive(note.pid) && (await isTheSame(note)) ? note : undefined;
}

/** Where a run is seen in a browser that is let in. */
export const pageOf = ({ url }: Pick<ServerNote, "url">, run?: string, code?: string): string =>
  `${url}${run === undefined ? "/" : `/runs/${run}`}${code === undefined ? "" : `#code=${code}`}`;

async function noteIn(io: Home): Promise<ServerNote | undefined> {
  try {
    const value: unknown = JSON.parse(await readFile(fileIn(io), "utf8"));
    if (!isRecord(value)) return undefined;
    const { url, port, pid, key } = value;
    if (typeof url !== "string" || Number(OURS.exec(url)?.[1]) !== port || typeof key !== "string") return undefined;
    return typeof pid === "number" && Number.isInteger(pid) && pid > 0 ? { url, port, pid, key } : undefined;
  } catch {
    // Missing, half written or no JSON: no server that could be believed.
    return undefined;
  }
}

async function isTheSame({ url, key }: ServerNote): Promise<boolean> {
  const { CHALLENGE, PROOF, proofOf } = await import("../server/proof.ts");
  const challenge = randomBytes(16).toString("base64url");
  try {
    const options = { headers: { [CHALLENGE]: challenge }, signal: AbortSignal.timeout(PATIENCE) };
    const answer = await fetch(`${url}/api/health`, { ...options, redirect: "error" });
    await answer.body?.cancel();
    return answer.headers.get(PROOF) === proofOf(key, challenge);
  } catch {
    return false;
  }
}
