/** What `tutti show` prints. */
import type { Begun } from "../app/begun.ts";
import type { Host } from "../app/host.ts";
import type { Piece } from "../context/shown.ts";
import { TuttiError } from "../domain/error.ts";
import type { Summary } from "../domain/events.ts";
import { didYouMean } from "../domain/nearest.ts";
import { endLine, taskLines } from "./block.ts";
import { changeLines } from "./changes-text.ts";
import { checkLines } from "./check-text.ts";
import { viewOf } from "./conduct.ts";
import type { Io } from "./io.ts";
import { landedLines } from "./landed-text.ts";
import { changeWords, diffLines } from "./plan-changes.ts";
import type { TaskRow } from "./progress.ts";
import { outputText } from "./report.ts";
import type { RunView } from "./run-view.ts";
import { Story, type StoryLine } from "./story.ts";
import { harmless, oneLine, painter, table } from "./text.ts";
import { moneyText, plural, timeText, tokensText } from "./units.ts";

/** A pipe gets an output as it is; a terminal without what could steer it. */
const safe = (io: Io, text: string): string => (io.isLive ? harmless(text) : text);

export function showRun(io: Io, { shown, progress, begun }: RunView): void {
  const paint = painter(io.isColoured);
  const ended = shown.summary.totalDuration + shown.startedAt;
  const view = viewOf(io, Math.max(progress.at, ended));
  io.out(`${paint("bold", oneLine(shown.workflow))}  run ${shown.run}`);
  io.out(paint("dim", `started ${new Date(shown.startedAt).toISOString()}`));
  if (shown.parent) io.out(paint("dim", `a ${shown.parent.how} of ${shown.parent.run}`));
  if (shown.rehearsed) io.out("A rehearsal: no model was called, and every output is invented.");
  io.out("");
  for (const line of taskLines(progress, { ...view, rows: Number.POSITIVE_INFINITY })) io.out(line);
  io.out("");
  for (const one of progress.planChanges) {
    io.out(`+${timeText(one.at - shown.startedAt)} ${changeWords(one)}`);
    for (const line of diffLines(one)) io.out(`  ${line}`);
  }
  for (const line of changeLines(progress.tasks.values())) io.out(line);
  for (const { landed } of progress.tasks.values()) for (const line of landedLines(landed)) io.out(line);
  if (shown.checks) for (const line of checkLines(shown.checks, view)) io.out(line);
  io.out(endLine(progress, view));
  if (begun) io.out(begunLine(begun, shown.summary));
  for (const [gate, question] of progress.gates)
    io.out(`◆ gate '${gate}': ${oneLine(question)}\n  ${io.me} approve ${shown.run} ${gate}`);
}

/** Beside what the conductor itself took, which the line before it says. */
function begunLine({ runs, tokensUsed, costUsd }: Begun, own: Summary): string {
  const all = costUsd === null || own.totalCostUsd === null ? null : costUsd + own.totalCostUsd;
  return `began ${plural(runs.length, "run")}: ${tokensText(tokensUsed)} tokens, ${moneyText(costUsd)}; with them ${tokensText(tokensUsed + own.totalTokens)} tokens, ${moneyText(all)}`;
}

export async function showTask(
  io: Io,
  host: Host,
  { shown, progress }: RunView,
  id: string,
  isJson: boolean,
): Promise<void> {
  const row = rowOf(progress.tasks, id, shown.run);
  const story = await storyOf(host, shown.run, id);
  const result = shown.tasks[id];
  const { model, modelReason } = row;
  if (isJson)
    return io.json({
      run: shown.run,
      task: id,
      ...result,
      ...(model !== undefined && { model }),
      ...(modelReason !== undefined && { modelReason }),
      story: story.map(({ isInside: _, ...line }) => line),
    });
  if (modelReason !== undefined)
    io.err(`by ${oneLine(row.agent)} with ${oneLine(model ?? "")}, ${oneLine(modelReason)}`);
  // Beside the output, so that a pipe gets that alone.
  for (const { at, text, isInside } of story)
    io.err(`${`+${timeText(at - shown.startedAt)}`.padStart(8)} ${isInside ? "  " : ""}${text}`);
  if (result?.output !== undefined) return io.out(safe(io, outputText(result.output)));
  io.err(`'${id}' has no output: it is ${row.status}${row.reason === undefined ? "" : ` (${oneLine(row.reason)})`}`);
}

async function storyOf(host: Host, run: string, task: string): Promise<readonly StoryLine[]> {
  const story = new Story(task);
  for await (const page of host.journal.read(run)) for (const event of page) story.note(event);
  return story.lines();
}

function rowOf(tasks: ReadonlyMap<string, TaskRow>, id: string, run: string): TaskRow {
  const row = tasks.get(id);
  if (row) return row;
  throw new TuttiError("BAD_INPUT", `run ${run} has no task '${id}'${didYouMean(id, tasks.keys())}`, {
    path: "task",
    hint: `it has ${[...tasks.keys()].slice(0, 20).join(", ")}`,
  });
}

interface Seen {
  readonly taskId: string;
  readonly attempt: number;
  readonly tokens: number;
  readonly pieces: readonly Piece[];
  readonly text: string;
}

export async function showContext(
  io: Io,
  host: Host,
  view: RunView,
  flags: {
    readonly task?: string;
    readonly attempt?: number;
    readonly reads?: boolean;
    readonly verbose?: boolean;
    readonly json?: boolean;
  },
): Promise<void> {
  const { run } = view.shown;
  const rows =
    flags.task === undefined ? [...view.progress.tasks.values()] : [rowOf(view.progress.tasks, flags.task, run)];
  const seen: Seen[] = [];
  for (const row of rows) {
    const one = await contextOf(host, run, row.id, flags.attempt ?? Math.max(1, row.attempt));
    if (one) seen.push(one);
  }
  const chosen = flags.reads ? seen.map(onlyFiles) : seen;
  if (flags.json) return io.json(chosen.map(({ text, ...rest }) => (flags.verbose ? { ...rest, text } : rest)));
  if (seen.length === 0) io.err("no attempt has been shown anything yet");
  for (const one of chosen) if (!flags.reads || one.pieces.length > 0) print(io, one, flags.verbose === true);
  if (flags.reads && chosen.every(({ pieces }) => pieces.length === 0))
    io.out(
      "No task of it was given files (--reads, or reads in a plan). What agents read by themselves: events --json",
    );
}

const onlyFiles = (seen: Seen): Seen => ({
  ...seen,
  pieces: seen.pieces.filter(({ kind }) => kind === "file" || kind === "map"),
});

function print(io: Io, { taskId, attempt, tokens, pieces, text }: Seen, isVerbose: boolean): void {
  const paint = painter(io.isColoured);
  io.out(paint("bold", `${taskId}, attempt ${attempt}: a prompt of ${tokensText(tokens)} tokens`));
  const rows = pieces.map(({ kind, name, how, tokens: own, wholeTokens, why }) => [
    kind,
    oneLine(name),
    how,
    own === wholeTokens ? tokensText(own) : `${tokensText(own)} of ${tokensText(wholeTokens)}`,
    oneLine(why),
  ]);
  const columns = [
    { title: "piece" },
    { title: "name", least: 12 },
    { title: "how" },
    { title: "tokens", side: "right" as const },
    { title: "why", least: 10 },
  ];
  for (const line of table(columns, rows, io.columns)) io.out(line);
  io.out(isVerbose ? `\n${safe(io, text)}\n` : "");
}

async function contextOf(host: Host, run: string, taskId: string, attempt: number): Promise<Seen | undefined> {
  for await (const page of host.journal.read(run, { attempt: { taskId, attempt } }))
    for (const event of page)
      if (event.type === "context:shown") {
        const { tokens, pieces, text } = event.entry as unknown as Pick<Seen, "tokens" | "pieces" | "text">;
        return { taskId, attempt, tokens, pieces, text };
      }
  return undefined;
}
