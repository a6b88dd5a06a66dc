/** `tutti events`: the journal of a run, and what is still coming. */
import type { Command } from "commander";
import type { RunEvent } from "../../domain/events.ts";
import { whole } from "../amounts.ts";
import { awake } from "../awake.ts";
import { define, exiting } from "../define.ts";
import { EXIT } from "../exit.ts";
import type { Io } from "../io.ts";

interface Flags {
  readonly follow?: true;
  readonly from: number;
  readonly json?: true;
}

export function events(program: Command, io: Io): void {
  define(
    program,
    "events <run>",
    "the events of a run, in order",
    "tutti events last --follow\ntutti events last --json",
  )
    .option("--follow", "wait for more until the run has ended")
    .option("--from <seq>", "from this number on", whole(1, Number.MAX_SAFE_INTEGER), 1)
    .action(exiting(io, (run: string, flags: Flags) => act(io, run, flags)));
}

const ENDS: ReadonlySet<string> = new Set(["workflow:complete", "workflow:error", "workflow:cancelled"]);

async function act(io: Io, word: string, { follow, from, json }: Flags): Promise<number> {
  const [{ openHome, runOf }, { eventLine }, { Calls }] = await Promise.all([
    import("../home.ts"),
    import("../plain.ts"),
    import("../story.ts"),
  ]);
  await using home = await openHome(io);
  const { journal } = home.host;
  const run = await runOf(home.host, word);
  const state = await home.host.state(run);
  const startedAt = state.start?.at ?? 0;
  const calls = new Calls();
  const print = (event: RunEvent) => {
    if (json) return io.json(event);
    const line = eventLine(event, startedAt, calls);
    if (line !== undefined) io.out(`${String(event.seq).padStart(5)} ${line}`);
  };
  if (!follow) {
    for await (const page of journal.read(run, { from })) page.forEach(print);
    return EXIT.done;
  }
  using _ = awake();
  const stop = new AbortController();
  const interrupt = () => stop.abort();
  process.once("SIGINT", interrupt);
  // Of a run that has ended there is nothing to wait for, wherever one begins to read.
  const last = state.results === undefined ? Number.POSITIVE_INFINITY : state.seq;
  for await (const page of journal.tail(run, Math.min(from, last), stop.signal)) {
    page.filter(({ seq }) => seq >= from).forEach(print);
    if (page.some(({ type, seq }) => ENDS.has(type) || seq >= last)) stop.abort();
  }
  process.off("SIGINT", interrupt);
  return EXIT.done;
}
