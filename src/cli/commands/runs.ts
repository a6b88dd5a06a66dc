/** `tutti runs`: what has been run from this home, newest first. */
import { type Command, Option } from "commander";
import type { Host } from "../../app/host.ts";
import type { RunStatus } from "../../domain/events.ts";
import { whole } from "../amounts.ts";
import { define, exiting } from "../define.ts";
import { EXIT } from "../exit.ts";
import type { Io } from "../io.ts";

const STATUSES: readonly RunStatus[] = ["running", "waiting", "paused", "complete", "failed", "cancelled"];
interface Flags {
  readonly status?: RunStatus;
  readonly workflow?: string;
  readonly limit: number;
  readonly json?: true;
}

export function runs(program: Command, io: Io): void {
  define(program, "runs", "list runs, newest first", "tutti runs --status paused")
    .addOption(new Option("--status <status>", "only these").choices(STATUSES))
    .option("--workflow <id>", "only of this workflow")
    .option("--limit <N>", "at most so many", whole(1, 1000), 20)
    .action(exiting(io, (flags: Flags) => act(io, flags)));
}

async function act(io: Io, flags: Flags): Promise<number> {
  const { openHome } = await import("../home.ts");
  await using home = await openHome(io);
  return await listRuns(io, home.host, flags);
}

export async function listRuns(io: Io, host: Host, { json, ...query }: Flags): Promise<number> {
  const [{ table, oneLine, painter, sized }, units, { lookOfRun }] = await Promise.all([
    import("../text.ts"),
    import("../units.ts"),
    import("../block.ts"),
  ]);
  const entries = await host.list(query);
  if (json) {
    const page = entries.length === query.limit ? { cursor: entries.at(-1)?.run } : {};
    io.json({ runs: entries, ...page });
    return EXIT.done;
  }
  if (entries.length === 0) {
    const isAll = query.status === undefined && query.workflow === undefined;
    if (isAll) io.out(`There is no run yet. Try: ${io.me} run fullstack-dev --rehearse --speed 15`);
    else io.out(`No run fits. All of them: ${io.me} runs`);
    return EXIT.done;
  }
  const paint = painter(io.isColoured);
  const now = Date.now();
  const rows = entries.map(({ run, workflow, status, startedAt, soFar, summary = soFar, taskCount }) => [
    sized(`${lookOfRun(status).icon} ${status}`, 11),
    run,
    oneLine(workflow),
    units.agoText(startedAt, now),
    summary ? `${summary.successfulTasks}/${summary.totalTasks}` : `${taskCount}`,
    summary ? (summary.totalCostUsd === null ? "?" : units.moneyText(summary.totalCostUsd)) : "",
  ]);
  const columns = [
    { title: "state" },
    { title: "run" },
    { title: "workflow", least: 8 },
    { title: "started", side: "right" as const },
    { title: "tasks", side: "right" as const },
    { title: "cost", side: "right" as const },
  ];
  const [head = "", ...lines] = table(columns, rows, io.columns);
  io.out(paint("dim", head));
  for (const line of lines) io.out(line);
  return EXIT.done;
}
