/** `tutti team`: what would make the team better, from what it did; never changed without being told to. */
import type { Command } from "commander";
import type { Proposal } from "../../agents/proposals.ts";
import type { DryRun, Middle } from "../../app/dry-run.ts";
import { TuttiError } from "../../domain/error.ts";
import { didYouMean } from "../../domain/nearest.ts";
import { define, exiting } from "../define.ts";
import { EXIT } from "../exit.ts";
import type { Io } from "../io.ts";

interface Flags {
  readonly json?: true;
}

export function team(program: Command, io: Io): void {
  const group = define(
    program,
    "team",
    "proposals for agents, models and places, with their evidence",
    "tutti team\ntutti team accept model:builder:anthropic/claude-haiku-4-5\ntutti team for code-review",
  )
    .argument("[what...]", "accept, undo or for")
    .action(
      exiting(io, async ([what]: readonly string[], flags: Flags) => {
        const { unknownWord } = await import("../unknown-word.ts");
        if (what !== undefined) throw unknownWord("team", what, ["accept", "undo", "for"]);
        return list(io, flags);
      }),
    );
  define(group, "accept <id>", "make the change of a proposal", "tutti team accept places:8").action(
    exiting(io, (id: string, flags: Flags) => accept(io, id, flags)),
  );
  define(group, "undo <id>", "take an accepted change back", "tutti team undo places:8").action(
    exiting(io, (id: string, flags: Flags) => undo(io, id, flags)),
  );
  define(
    group,
    "for <workflow>",
    "whom a workflow or plan would need, how long and how sure",
    "tutti team for fullstack-dev",
  ).action(exiting(io, (target: string, flags: Flags) => need(io, target, flags)));
}

async function list(io: Io, { json }: Flags): Promise<number> {
  const [{ openHome }, { oneLine, painter, wrap }] = await Promise.all([import("../home.ts"), import("../text.ts")]);
  const units = await import("../units.ts");
  await using home = await openHome(io);
  const { agency } = home.host;
  const [proposals, accepted] = [await agency.proposals(), agency.team.list()];
  const effects = await home.host.dryRuns(proposals.map(({ change }) => change));
  if (json) {
    io.json({ proposals: proposals.map((one, i) => ({ ...one, rehearsed: effects[i] })), accepted });
    return EXIT.done;
  }
  const paint = painter(io.isColoured);
  const { runs } = agency.experience.waiting;
  if (proposals.length === 0)
    io.out(
      runs === 0
        ? "No run with real agents has ended yet, so there is nothing to go by."
        : "The runs so far give no reason to change the team.",
    );
  for (const [i, { id, what, evidence, effect }] of proposals.entries()) {
    io.out(paint("bold", oneLine(what)));
    for (const one of evidence) io.out(wrap(`because ${oneLine(one)}`, io.columns, "  "));
    io.out(wrap(`expected: ${oneLine(effect)}`, io.columns, "  "));
    io.out(wrap(oneLine(rehearsedText(effects[i], units)), io.columns, "  "));
    io.out(`  ${io.me} team accept ${id}\n`);
  }
  for (const { id, what } of accepted) io.out(`accepted: ${oneLine(what)}   (${io.me} team undo ${id})`);
  return EXIT.done;
}

function rehearsedText(
  effect: DryRun | undefined,
  { timeText, tokensText, moneyText }: typeof import("../units.ts"),
): string {
  if (effect === undefined || "cannot" in effect) return `not rehearsed: ${effect?.cannot ?? "nothing is known of it"}`;
  const { run, workflow, rehearsals, by, before, after } = effect;
  const money = (one: Middle) => moneyText(one.costUsd ?? null);
  const said = [
    `time ${timeText(before.duration)} → ${timeText(after.duration)}`,
    `tokens ${tokensText(before.tokens)} → ${tokensText(after.tokens)}`,
    `cost ${money(before)} → ${money(after)}`,
  ];
  return `rehearsed: ${said.join(", ")} (half below, ${rehearsals} rehearsals each of ${workflow} as in run ${run.slice(-8)}, by ${by === "history" ? "what agents took so far" : "the list of prices, since little is known of the change"})`;
}

async function accept(io: Io, id: string, { json }: Flags): Promise<number> {
  const { openHome } = await import("../home.ts");
  await using home = await openHome(io);
  const { agency } = home.host;
  const proposals = await agency.proposals();
  const found = proposals.find((one: Proposal) => one.id === id);
  if (found === undefined)
    throw unknown(
      id,
      "proposed",
      proposals.map((one) => one.id),
    );
  agency.team.accept({ id, at: Date.now(), what: found.what, change: found.change });
  if (json) io.json({ accepted: found });
  else io.out(`${found.what}: from the next run on. ${io.me} team undo ${id} takes it back.`);
  return EXIT.done;
}

async function undo(io: Io, id: string, { json }: Flags): Promise<number> {
  const { TeamBook } = await import("../../library/team.ts");
  const book = new TeamBook(io.home);
  const undone = book.undo(id);
  if (undone === undefined)
    throw unknown(
      id,
      "accepted",
      book.list().map((one) => one.id),
    );
  if (json) io.json({ undone });
  else io.out(`taken back: ${undone.what}`);
  return EXIT.done;
}

const unknown = (id: string, is: string, known: readonly string[]) =>
  new TuttiError("NOT_FOUND", `'${id.slice(0, 200)}' is not ${is}${didYouMean(id.slice(0, 200), known)}`, {
    path: "id",
    hint: "tutti team lists what is",
  });

async function need(io: Io, target: string, { json }: Flags): Promise<number> {
  const [{ openHome }, { orderOf }, { allocationOf }, { forecastLines }, { table }] = await Promise.all([
    import("../home.ts"),
    import("../run-input.ts"),
    import("../../app/allocation.ts"),
    import("../forecast-text.ts"),
    import("../text.ts"),
  ]);
  await using home = await openHome(io);
  const { host } = home;
  await host.agency.experience.refresh();
  const order = await orderOf(host, target, { rehearse: true }, io.cwd);
  const prepared = host.prepare(order);
  const forecast = await host.forecast(prepared);
  const agents = allocationOf(prepared.tasks).map((one) => {
    const known = host.agency.experience.statistics.by("agent").get(one.agent);
    return { ...one, attempts: known?.attempts ?? 0, ...(known && { success: known.success }) };
  });
  if (json) io.json({ agents, forecast });
  else {
    const columns = [
      { title: "agent", least: 12 },
      ...["tasks", "at once", "past attempts", "ok"].map((title) => ({ title, side: "right" as const })),
    ];
    const rows = agents.map(({ agent, tasks, atOnce, attempts, success }) => [
      ...[agent, String(tasks), String(atOnce), String(attempts)],
      success === undefined ? "–" : `${Math.round(100 * success)} %`,
    ]);
    for (const line of table(columns, rows, io.columns)) io.out(line);
    io.out("");
    for (const line of forecastLines(forecast, io.columns)) io.out(line);
    io.out(`every task done in ${Math.round(100 * forecast.success)} % of the rehearsals`);
  }
  return EXIT.done;
}
