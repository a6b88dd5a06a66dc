/** What the commands that steer a run share: send it, say what came of it. */

import type { Command as Order } from "../domain/facts.ts";
import { EXIT } from "./exit.ts";
import type { Io } from "./io.ts";

export async function send(io: Io, word: string, order: Order, isJson: boolean | undefined): Promise<number> {
  const [{ openHome, runOf }, { steer }, { eventWords }] = await Promise.all([
    import("./home.ts"),
    import("./steer.ts"),
    import("./plain.ts"),
  ]);
  await using home = await openHome(io);
  const run = await runOf(home.host, word);
  const steered = await steer(home.host, run, order);
  const words = steered.event ? eventWords(steered.event) : undefined;
  if (isJson) io.json(steered);
  else if (steered.outcome === "handed-over") {
    io.out(`run ${run}: noted, and not obeyed yet.`);
    io.err(`If nobody conducts the run just now, it counts as soon as somebody does: ${io.me} resume ${run}`);
  } else if (steered.outcome === "refused") io.err(`run ${run} ${words ?? "refused it"}`);
  else io.out(`run ${run} ${words ?? "has obeyed"}`);
  return steered.outcome === "refused" ? EXIT.badInput : EXIT.done;
}
