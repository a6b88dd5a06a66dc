/** What the commands that steer a run share: send it, say what came of it. */

import type { Host } from "../app/host.ts";
import type { Command as Order } from "../domain/facts.ts";
import { EXIT } from "./exit.ts";
import type { Io } from "./io.ts";

export async function send(io: Io, word: string, order: Order, isJson: boolean | undefined): Promise<number> {
  const { openHome, runOf } = await import("./home.ts");
  await using home = await openHome(io);
  return await sendTo(io, home.host, await runOf(home.host, word), { order, isJson });
}

/** The same from a home that is open. */
export async function sendTo(
  io: Io,
  host: Host,
  run: string,
  { order, isJson }: { readonly order: Order; readonly isJson: boolean | undefined },
): Promise<number> {
  const [{ steer }, { eventWords }] = await Promise.all([import("./steer.ts"), import("./plain.ts")]);
  const steered = await steer(host, run, order);
  const words = steered.event ? eventWords(steered.event) : undefined;
  if (isJson) io.json(steered);
  else if (steered.outcome === "handed-over") {
    io.out(`run ${run}: noted, and not obeyed yet.`);
    io.err(`If nobody conducts the run just now, it counts as soon as somebody does: ${io.me} resume ${run}`);
  } else if (steered.outcome === "refused") io.err(`run ${run} ${words ?? "refused it"}`);
  else io.out(`run ${run} ${words ?? "has obeyed"}`);
  return steered.outcome === "refused" ? EXIT.badInput : EXIT.done;
}
