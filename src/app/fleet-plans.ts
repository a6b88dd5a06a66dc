/** Plans that were made and kept: files in the home, as `tutti plan` writes them and `tutti run` takes them. */
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "yaml";
import type { PlanDigest } from "../conductor/fleet.ts";
import { slug } from "../conductor/goal.ts";
import { withOrder } from "../conductor/order.ts";
import { treeLines } from "../conductor/tree.ts";
import { TuttiError } from "../domain/error.ts";
import { didYouMean } from "../domain/nearest.ts";
import { planFileError, readPlanFile } from "../workflows/plan-file.ts";
import type { FleetHome } from "./fleet-home.ts";
import { type MadePlan, planFileOf } from "./planning.ts";

const NAME = /^[a-z0-9][a-z0-9-]{0,99}$/;
const MOST_OF_A_NAME = 1000;
const MOST_LISTED = 200;

const folderOf = (home: string) => join(home, "plans");

export async function keepPlan(home: string, made: MadePlan): Promise<PlanDigest> {
  const folder = folderOf(home);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const name = await written(folder, slug(made.plan.goal) || "plan", stringify(planFileOf(made), { lineWidth: 0 }));
  const { plan, by, problems, notes, length } = made;
  return {
    ...{ plan: name, by, tasks: plan.tasks.length, tree: treeLines(plan.tasks), minutes: Math.ceil(length / 60_000) },
    problems: problems.map(({ severity, message }) => ({ severity, message })),
    notes,
  };
}

/** Under a name that no other plan has: whoever made that one may still want it. */
async function written(folder: string, base: string, text: string): Promise<string> {
  for (let n = 1; n <= MOST_OF_A_NAME; n++) {
    const name = n === 1 ? base : `${base}-${n}`;
    try {
      await writeFile(join(folder, `${name}.yaml`), text, { flag: "wx", mode: 0o600 });
      return name;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
  }
  throw new TuttiError("WRONG_STATE", `there are ${MOST_OF_A_NAME} plans '${base}' in ${folder}`, {
    hint: "delete some",
  });
}

export async function plansOf(home: string): Promise<readonly string[]> {
  const files = await readdir(folderOf(home)).catch(() => []);
  return files
    .flatMap((file) => /^(.+)\.yaml$/.exec(file)?.[1] ?? [])
    .sort()
    .slice(0, MOST_LISTED);
}

/** Without what whoever planned it wanted, which is for those who read it. */
export async function plannedOrder(
  { home, surroundings }: FleetHome,
  plan: string,
): Promise<{ readonly [field: string]: unknown }> {
  const text = NAME.test(plan)
    ? await readFile(join(folderOf(home), `${plan}.yaml`), "utf8").catch(() => undefined)
    : undefined;
  if (text === undefined)
    throw new TuttiError(
      "NOT_FOUND",
      `there is no plan '${plan.slice(0, 100)}'${didYouMean(plan.slice(0, 100), await plansOf(home))}`,
      {
        path: "plan",
        hint: "plan makes one",
      },
    );
  const result = readPlanFile(text, `${plan}.yaml`, surroundings);
  if (!result.ok) throw planFileError(`${plan}.yaml`, result.faults);
  const { workflowName = plan, config = {}, tasks = [] } = result.plan;
  return { workflowName, config, tasks: withOrder(tasks) };
}
