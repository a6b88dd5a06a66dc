/** `tutti agents stats`: what the runs of this home say about agents, models, workflows or kinds of work. */
import { type Command, InvalidArgumentError } from "commander";
import type { ConductedRuns, Grouping, Statistics } from "../../agents/statistics.ts";
import { didYouMean } from "../../domain/nearest.ts";
import { define, exiting } from "../define.ts";
import { EXIT } from "../exit.ts";
import type { Io } from "../io.ts";

/** Named here too, so that help loads no more than this. */
const GROUPINGS = [
  ...(["agent", "model", "workflow", "kind"] as const),
  ...(["agent/model", "agent/workflow", "agent/kind"] as const),
] as const satisfies readonly Grouping[];

interface Flags {
  readonly json?: true;
  readonly by: Grouping;
}

export function agentStats(group: Command, io: Io): void {
  define(group, "stats", "success, quality, time and cost so far", "tutti agents stats\ntutti agents stats --by model")
    .option(`--by <${GROUPINGS.join("|")}>`, "what is put together", grouping, "agent")
    .action(exiting(io, (flags: Flags) => act(io, flags)));
}

function grouping(text: string): string {
  if (GROUPINGS.some((one) => one === text)) return text;
  throw new InvalidArgumentError(`it must be one of ${GROUPINGS.join(", ")}${didYouMean(text, GROUPINGS)}`);
}

async function act(io: Io, { json, by }: Flags): Promise<number> {
  const [{ openHome }, { conductedIn }, { table }, units] = await Promise.all([
    import("../home.ts"),
    import("../../agents/statistics.ts"),
    import("../text.ts"),
    import("../units.ts"),
  ]);
  await using home = await openHome(io);
  const { statistics, lessons } = await home.host.agency.experience.refresh();
  const found = statistics.by(by);
  const conducting = conductedIn(lessons);
  if (json) io.json({ runs: lessons.length, by, statistics: Object.fromEntries(found), conducting });
  else if (found.size === 0) io.out("No run with real agents has ended yet; rehearsals say nothing about anybody.");
  else {
    const right = (title: string) => ({ title, side: "right" as const });
    const columns = [
      { title: by, least: 12 },
      ...["attempts", "ok", "first", "quality", "time", "9 in 10", "tokens", "cost"].map(right),
    ];
    const rows = [...found].map(([name, one]) => [name, ...cellsOf(one, units)]);
    for (const line of table(columns, rows, io.columns)) io.out(line);
    io.out(
      `\nof ${units.plural(lessons.length, "run")}; 'first': done by the first attempt and not sent back; 'quality': as gates and reviews judged`,
    );
    io.out(conductedText(conducting, units));
  }
  return EXIT.done;
}

function conductedText(of: ConductedRuns, { plural, timeText }: typeof import("../units.ts")): string {
  return [
    `${plural(of.delegated, "task")} delegated, ${of.routed} of them to an agent that was chosen`,
    `${of.added} added on the way`,
    plural(of.retried, "attempt").replace("attempt", "retried attempt"),
    `${of.handedOver} handed over`,
    plural(of.messages, "message"),
    `first task after ${timeText(of.decomposition)}`,
  ].join("; ");
}

const percent = (of: number | undefined) => (of === undefined ? "–" : `${Math.round(100 * of)} %`);

function cellsOf(
  { attempts, success, firstApproval, quality, duration, tokens, costUsd }: Statistics,
  { timeText, tokensText, moneyText }: typeof import("../units.ts"),
): readonly string[] {
  const cost = costUsd === null ? "unknown" : moneyText(costUsd);
  return [
    ...[String(attempts), percent(success), percent(firstApproval), percent(quality)],
    ...[timeText(duration.p50), timeText(duration.p90), tokensText(tokens), cost],
  ];
}
