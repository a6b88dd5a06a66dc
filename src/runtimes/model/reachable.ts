/** Whether models' servers take connections: asked before a run begins, so that none is stored only to fail. */
import { connect } from "node:net";
import { type ModelRef, parseModelRef } from "./model-ref.ts";
import { baseUrlOf, labelOf, type Providers } from "./providers.ts";

/** Milliseconds. Whoever is slower is left to the call's own timers. */
const PATIENCE = 2000;
/** What no waiting mends. Any other trouble may pass, and is the business of the core's retries. */
const DESERTED: { readonly [code: string]: string } = {
  ECONNREFUSED: "nothing answers at",
  ENOTFOUND: "no such host:",
  EHOSTUNREACH: "there is no way to",
  ENETUNREACH: "there is no way to",
};

/** The first of these models whose server is certainly not there, and why. */
export async function unreachable(
  models: Iterable<string>,
  providers: Providers,
  patience = PATIENCE,
): Promise<{ readonly model: string; readonly reason: string } | undefined> {
  const servers = new Map<string, { readonly ref: ModelRef; readonly url: URL }>();
  for (const model of models) {
    const ref = parseModelRef(model, Object.keys(providers.compatible ?? {}));
    const address = baseUrlOf(ref, providers);
    if (address === undefined) continue;
    const url = new URL(address);
    if (!servers.has(url.host)) servers.set(url.host, { ref, url });
  }
  const found = await Promise.all(
    [...servers.values()].map(async ({ ref, url }) => {
      const what = DESERTED[(await faultAt(url, patience)) ?? ""];
      if (what === undefined) return undefined;
      const advice = ref.provider === "ollama" ? "; is Ollama running?" : "";
      return { model: ref.text, reason: `${what} ${url.host}, the address of ${labelOf(ref)}${advice}` };
    }),
  );
  return found.find((one) => one !== undefined);
}

/** The system's name for why no connection can be had; undefined where there is one, or where nothing is known yet. */
function faultAt(url: URL, patience: number): Promise<string | undefined> {
  const port = Number(url.port) || (url.protocol === "https:" ? 443 : 80);
  return new Promise((resolve) => {
    const socket = connect({ host: url.hostname.replace(/^\[|\]$/g, ""), port });
    const end = (code?: string) => {
      socket.destroy();
      resolve(code);
    };
    socket.setTimeout(patience, () => end());
    socket.once("connect", () => end());
    socket.once("error", (error: NodeJS.ErrnoException) => end(codeOf(error)));
  });
}

/** Where a name has several addresses there is an error of each. */
function codeOf(error: NodeJS.ErrnoException & { readonly errors?: readonly NodeJS.ErrnoException[] }) {
  return error.code ?? error.errors?.[0]?.code;
}
