/** Asks the running server for a code that lets one browser in. */
import { TuttiError } from "../domain/error.ts";
import type { Code } from "../server/api.ts";
import type { Io } from "./io.ts";
import type { ServerNote } from "./served.ts";
import { tokenOf } from "./token.ts";

const PATIENCE = 10_000;

/** `server`: found by `findServer`, so that it is ours and may see the token. */
export async function askForCode(io: Io, { url }: ServerNote): Promise<Code> {
  const token = await tokenOf(io);
  const answer = await fetch(`${url}/api/session/code`, {
    method: "POST",
    headers: { Authorization: `Bearer ${token.value}`, "Content-Type": "application/json" },
    body: "{}",
    redirect: "error",
    signal: AbortSignal.timeout(PATIENCE),
  });
  if (answer.ok) return (await answer.json()) as Code;
  const hint =
    answer.status === 401
      ? "it was started with another token: set TUTTI_TOKEN as it was there"
      : "try again in a minute";
  throw new TuttiError("BAD_INPUT", `the server at ${url} gives no code: it answers ${answer.status}`, {
    path: "token",
    hint,
  });
}
