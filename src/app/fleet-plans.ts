/** Plans that were made and kept: files in the home, as `tutti plan` writes them and `tutti run` takes them. */
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "yaml";
import type { PlanDigest, Told } from "../conductor/fleet.ts";
import { slug } from "../conductor/goal.ts";
import { withOrder } from "../conductor/order.ts";
import { treeLines } from "../conductor/tree.ts";
import { reasonOf, TuttiError } from "../domain/error.ts";
import { defined } from "../domain/json.ts";
import { didYouMean } from "../domain/nearest.ts";
import { defaultModel } from "../library/settings.ts";
import { planFileError, readPlanFile } from "../workflows/plan-file.ts";
import type { FleetHome } from "./fleet-home.ts";
import { waitFor } from "./fleet-wait.ts";
import { type AskPlanner, type MadePlan, planByModel, planByPatterns, planFileOf, problemsIn } from "./planning.ts";

const NAME = /^[a-z0-9][a-z0-9-]{0,99}$/;
const MOST_OF_A_NAME = 1000;
const MOST_LISTED = 200;

const folderOf = (home: string) => join(home, "plans");

interface Wish {
  readonly goal: string;
  readonly minutes?: number;
  readonly folder?: string;
  /** Without a model, also where there is one. */
  readonly patterns?: boolean;
  readonly signal?: AbortSignal;
  readonly tell?: (told: Told) => void;
}

/** Seconds that one answer of the model may take: whoever calls a tool waits for it. */
const LONGEST = 300;

/** By the model that is configured: each exchange is a run that `begin` begins, so that it is paid by whoever asks. */
export async function planned(
  home: FleetHome,
  { goal, patterns, signal = new AbortController().signal, tell, ...options }: Wish,
  begin: (order: { readonly [field: string]: unknown }) => Promise<string>,
): Promise<MadePlan> {
  const { agency, settings } = home;
  await agency.experience.refresh();
  const model = patterns ? undefined : defaultModel(settings);
  if (model === undefined) return planByPatterns(agency, goal, options);
  const ask: AskPlanner = async (task) => {
    try {
      signal.throwIfAborted();
      const run = await begin({ workflowName: "plan", tasks: [task], config: { model } });
      const handle = home.handle(run);
      const isUnderWay = handle && (await waitFor(handle, { seconds: LONGEST, signal, ...defined({ tell }) }));
      if (isUnderWay || handle?.status === "waiting") {
        await home.command(run, { type: "cancel", reason: "nobody waits for this plan any more" });
        return { failed: `it was not there after ${LONGEST} s` };
      }
      const { tasks = {}, reason } = (await handle) ?? {};
      const { output, reason: why } = tasks["plan"] ?? {};
      return output === undefined ? { failed: why ?? reason ?? "its run was stopped" } : { output };
    } catch (error) {
      return { failed: reasonOf(error) };
    }
  };
  return planByModel(agency, goal, { ...options, model, ask });
}

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
  { home, surroundings, agency }: FleetHome,
  plan: string,
  { toBegin = false, folder }: { readonly toBegin?: boolean | undefined; readonly folder?: string | undefined } = {},
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
  // A person may have edited it since.
  const problems = toBegin ? problemsIn(agency, result.plan, { folder }) : [];
  const fault = problems.find(({ severity }) => severity === "fault");
  if (fault)
    throw new TuttiError("BAD_INPUT", `${plan}.yaml: ${fault.message}`, {
      path: fault.path,
      hint: "mend it, or plan again",
    });
  const { workflowName = plan, config = {}, tasks = [] } = result.plan;
  return { workflowName, config, tasks: withOrder(tasks) };
}
