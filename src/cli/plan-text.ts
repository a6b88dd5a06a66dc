/** A plan as it is shown and kept: its tree, what is wrong with it, what it would take, and the file that runs it. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import { stringify } from "yaml";
import type { Host } from "../app/host.ts";
import type { MadePlan, planFileOf } from "../app/planning.ts";
import { slug } from "../conductor/goal.ts";
import { treeLines } from "../conductor/tree.ts";
import { reasonOf, TuttiError } from "../domain/error.ts";
import { forecastLines } from "./forecast-text.ts";
import type { Io } from "./io.ts";
import { cut, harmless, painter, wrap } from "./text.ts";
import { plural, timeText } from "./units.ts";

/** The goal as words on the line, or out of a file. */
export async function goalText(io: Io, words: string, file: string | undefined): Promise<string> {
  if (file === undefined && words.trim() === "")
    throw new TuttiError("BAD_INPUT", "there is no goal", { path: "goal", hint: "say it in words, or name a --file" });
  if (file === undefined) return words;
  if (words.trim() !== "")
    throw new TuttiError("BAD_INPUT", "there is a goal in words and one in --file", {
      path: "--file",
      hint: "keep one",
    });
  try {
    return await readFile(resolve(io.cwd, file), "utf8");
  } catch (error) {
    throw new TuttiError("BAD_INPUT", `${file} cannot be read: ${reasonOf(error)}`, { path: "--file" });
  }
}

/** Into the home, unless a place was named: nothing is written into a repository that was not asked for. */
export async function savePlan(io: Io, file: ReturnType<typeof planFileOf>, save: string | undefined): Promise<string> {
  const wish = save === undefined ? join(io.home, "plans", `${slug(file.goal) || "plan"}.yaml`) : resolve(io.cwd, save);
  if (!/\.(?:ya?ml|json)$/i.test(wish))
    throw new TuttiError("BAD_INPUT", `${save} must end in .yaml or .json`, { path: "--save" });
  const text = wish.endsWith(".json") ? `${JSON.stringify(file, null, 2)}\n` : stringify(file, { lineWidth: 0 });
  const path = save === undefined ? await freeFor(wish, text) : wish;
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
  return path;
}

/** A plan that lies there may have been edited since: it stays, and the new one is called otherwise. */
async function freeFor(wish: string, text: string): Promise<string> {
  for (let n = 1; ; n++) {
    const path = n === 1 ? wish : wish.replace(/\.yaml$/, `-${n}.yaml`);
    const there = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) =>
      error.code === "ENOENT" ? undefined : "",
    );
    if (there === undefined || there === text) return path;
  }
}

/** What it is, who made it, its tree, and what is wrong with it. */
export function planLines(io: Io, { plan, by, problems, notes, length }: MadePlan): readonly string[] {
  const { goal, requirements = [], minutes, tasks } = plan;
  const paint = painter(io.isColoured);
  const box = minutes === undefined ? "" : ` of ${timeText(minutes * 60_000)}`;
  const counts = `${plural(requirements.length, "requirement")}, ${plural(tasks.length, "task")}`;
  return [
    paint("bold", harmless(cut(goal, io.columns))),
    `${counts}, the longest way about ${timeText(length)}${box}`,
    `planned by ${by}`,
    "",
    ...treeLines(tasks).map(harmless),
    ...(notes.length > 0 ? [""] : []),
    ...notes.map((note) => wrap(`note: ${note}`, io.columns, "  ")),
    ...(problems.length > 0 ? [""] : []),
    ...problems.map(({ severity, message }) =>
      wrap(`${paint(severity === "fault" ? "red" : "yellow", severity)}: ${message}`, io.columns, "  "),
    ),
  ];
}

export async function showPlan(io: Io, host: Host, made: MadePlan, path: string): Promise<void> {
  for (const line of planLines(io, made)) io.out(line);
  const { goal, tasks } = made.plan;
  const prepared = host.prepare({ workflowName: goal.slice(0, 200), tasks, config: { rehearse: true } });
  io.out("");
  for (const line of forecastLines(await host.forecast(prepared), io.columns)) io.out(line);
  const shown = relative(io.cwd, path);
  const where = shown.startsWith("..") ? path : shown;
  if (made.problems.some(({ severity }) => severity === "fault"))
    return io.out(`\nNext:\n  mend the plan in ${where}, or ask for another`);
  io.out(`\nNext:\n  ${io.me} run ${where} --rehearse --speed 20   # see it go\n  ${io.me} run ${where}   # for real`);
}
