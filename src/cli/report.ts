/** A run as a Markdown document, and as files. */
import { mkdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { Bottlenecks } from "../app/bottlenecks.ts";
import { CHECKER } from "../domain/check-result.ts";
import { reasonOf, TuttiError } from "../domain/error.ts";
import { type EvidenceSet, type Finding, placeOf } from "../domain/evidence.ts";
import type { Json } from "../domain/json.ts";
import { changeLines } from "./changes-text.ts";
import { checkMarkdown } from "./check-text.ts";
import { landedLines } from "./landed-text.ts";
import { diffLines } from "./plan-changes.ts";
import type { TaskRow } from "./progress.ts";
import type { RunView } from "./run-view.ts";
import { oneLine } from "./text.ts";
import { moneyText, plural, timeText, tokensText } from "./units.ts";

export function reportOf({ shown, progress, bottlenecks }: RunView): string {
  const { summary, status, run, workflow, startedAt, parent, reason, tasks } = shown;
  const cost = summary.totalCostUsd === null ? "unknown" : moneyText(summary.totalCostUsd);
  const rows = [...progress.tasks.values()];
  // What checks found is told in one report of them all.
  const spoken = rows.filter(({ agent }) => agent !== CHECKER);
  const lines = [
    `# ${oneLine(workflow)}: ${status}`,
    "",
    ...(shown.rehearsed ? ["> **A rehearsal.** No model was called; every output below is invented.", ""] : []),
    `- Run \`${run}\`, started ${new Date(startedAt).toISOString()}`,
    ...(parent ? [`- A ${parent.how} of \`${parent.run}\``] : []),
    `- ${summary.successfulTasks} of ${plural(summary.totalTasks, "task")} complete, ${summary.failedTasks} failed, ${summary.skippedTasks} skipped`,
    `- ${timeText(summary.totalDuration)}, ${tokensText(summary.totalTokens)} tokens, cost ${cost}`,
    ...(reason === undefined ? [] : [`- ${oneLine(reason)}`]),
    "",
    "| task | agent | state | time | tokens | cost |",
    "| --- | --- | --- | ---: | ---: | ---: |",
    ...rows.map((row) => tableRow(row)),
    ...planLines(progress, startedAt),
    ...changedLines(rows),
    ...landedIn(rows),
    ...timeLines(bottlenecks),
    ...checkMarkdown(shown.checks),
    ...evidenceLines(shown.evidence),
    ...(spoken.length > 0 ? ["", "## Outputs"] : []),
    ...spoken.flatMap((row) => section(row, tasks[row.id]?.output)),
  ];
  return `${lines.join("\n")}\n`;
}

/** Kept apart from what agents said: programs looked at the files, also in a rehearsal. */
function evidenceLines(evidence: EvidenceSet | undefined): string[] {
  if (evidence === undefined) return [];
  const { findings, notes } = evidence;
  const line = (one: Finding, mark: string) =>
    `- ${mark}\`${placeOf(one).replaceAll("`", "'")}\`: ${plain(one.text)} (${one.collector})`;
  const faults = findings.filter(({ severity }) => severity !== "info");
  const facts = findings.filter(({ severity }) => severity === "info");
  return [
    ...[
      "",
      "## Evidence",
      "",
      "Found by programs in the files of the repository. No agent said this, and none can have invented it.",
      "",
    ],
    ...(faults.length > 0
      ? faults.map((one) => line(one, `**${one.severity.toUpperCase()}** `))
      : ["Nothing was found wrong."]),
    ...(facts.length > 0 ? ["", "### Facts", "", ...facts.map((one) => line(one, ""))] : []),
    ...(notes.length > 0
      ? ["", "### Not looked at", "", ...notes.map((one) => `- ${one.collector}: ${plain(one.text)}`)]
      : []),
  ];
}

/** Words of files are no markup of ours. */
const plain = (text: string): string => oneLine(text).replace(/[<>[\]`*_|\\]/g, "\\$&");

/** What became otherwise than it was planned, and why. */
function planLines({ planChanges }: RunView["progress"], startedAt: number): string[] {
  const lines = planChanges.flatMap((one) => [
    `- After ${timeText(one.at - startedAt)}: ${plain(one.reason)}`,
    ...diffLines(one).map((line) => `  - \`${line.replaceAll("`", "'")}\``),
  ]);
  return lines.length > 0 ? ["", "## Changes of the plan", "", ...lines] : [];
}

function changedLines(rows: readonly TaskRow[]): string[] {
  const lines = changeLines(rows).map((line) => `- ${line.replace(/: (git .*)$/, ": `$1`")}`);
  return lines.length > 0 ? ["", "## Files changed", "", ...lines] : [];
}

function landedIn(rows: readonly TaskRow[]): string[] {
  const lines = rows.flatMap(({ landed }) => landedLines(landed)).map((line) => `- ${plain(line)}`);
  return lines.length > 0 ? ["", "## Landed", "", ...lines] : [];
}

/** The chain that made the run as long as it was, and what would help. */
function timeLines({ path, totals, recommendations }: Bottlenecks): string[] {
  if (path.length === 0) return [];
  const parts = [
    [totals.working, "at work"],
    [totals.queued, "waiting for a place"],
    [totals.retrying, "failed attempts and pauses before the next"],
    [totals.gated, "waiting for a person"],
  ] as const;
  const said = parts.flatMap(([ms, what]) => (ms > 0 ? [`${timeText(ms)} ${what}`] : []));
  return [
    ...["", "## Where the time went", ""],
    `The longest way: ${path.map(({ taskId, working }) => `${cell(taskId)} (${timeText(working)})`).join(" → ")}.`,
    ...(said.length > 0 ? [`Of it ${said.join(", ")}.`] : []),
    ...(recommendations.length > 0 ? ["", ...recommendations.map((one) => `- ${oneLine(one)}`)] : []),
  ];
}

const cell = (text: string): string => oneLine(text).replaceAll("|", "\\|");

function tableRow({ id, agent, status, duration, tokens, costUsd }: TaskRow): string {
  const cost = costUsd === null ? "unknown" : moneyText(costUsd);
  return `| ${cell(id)} | ${cell(agent)} | ${status} | ${timeText(duration)} | ${tokensText(tokens)} | ${cost} |`;
}

function section({ id, description, reason, status }: TaskRow, output: Json | undefined): string[] {
  const why = reason === undefined || status === "complete" ? [] : ["", `${status}: ${oneLine(reason)}`];
  const body = output === undefined ? (why.length > 0 ? [] : ["", "No output."]) : ["", outputText(output, true)];
  return ["", `### ${cell(id)}: ${cell(description)}`, ...why, ...body];
}

export function outputText(output: Json, isMarkdown = false): string {
  if (typeof output === "string") return output.trimEnd();
  const text = JSON.stringify(output, null, 2);
  return isMarkdown ? `\`\`\`json\n${text}\n\`\`\`` : text;
}

/** Made before the run begins: what was paid for must not end at a folder that cannot be had. */
export async function outFolder(cwd: string, name: string | undefined): Promise<{ readonly out?: string }> {
  if (name === undefined) return {};
  const out = resolve(cwd, name);
  try {
    await mkdir(out, { recursive: true });
  } catch (error) {
    throw new TuttiError("BAD_INPUT", `--out: ${name} cannot be a folder: ${reasonOf(error)}`, {
      path: "out",
      hint: "name a folder that can be written; it is made where it is missing",
    });
  }
  return { out };
}

/** Returns the names of the files written. Task ids are made so that they can be file names. */
export async function writeOut(folder: string, view: RunView): Promise<readonly string[]> {
  const written: string[] = [];
  for (const [id, { output }] of Object.entries(view.shown.tasks)) {
    if (output === undefined) continue;
    const name = `${id}${typeof output === "string" ? ".md" : ".json"}`;
    await writeFile(join(folder, name), `${outputText(output)}\n`);
    written.push(name);
  }
  await writeFile(join(folder, "report.md"), reportOf(view));
  return [...written, "report.md"];
}
