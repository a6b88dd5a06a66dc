/** A plan file whose tasks say what they need and make is checked again before it runs: somebody may have edited it. */
import type { Host } from "../app/host.ts";
import { problemsIn } from "../app/planning.ts";
import type { AgentTask } from "../domain/plan.ts";
import { isFaults, type PlanFile } from "../workflows/plan-file.ts";
import { type PlanFileFault, readSource, type Step } from "../workflows/source.ts";

export interface Edited {
  readonly faults: readonly PlanFileFault[];
  /** What whoever reads the plan decides. */
  readonly doubts: readonly string[];
}

export function checkEdited(
  host: Host,
  file: { readonly name: string; readonly content: string; readonly cwd: string },
  plan: PlanFile,
  timeout: number | undefined,
): Edited {
  const problems = problemsIn(host.agency, plan, { folder: file.cwd, timeout });
  const words = (of: "fault" | "doubt") => problems.filter(({ severity }) => severity === of);
  const doubts = words("doubt").map(({ message }) => message);
  const source = readSource(file.content, file.name);
  if (isFaults(source)) return { faults: source, doubts };
  const { tasks = [] } = plan;
  return {
    faults: words("fault").map(({ path, message }) => source.fault(stepsOf(path, tasks), path, message)),
    doubts,
  };
}

/** Ids may have dots in them, and tasks lie in a list. */
function stepsOf(path: string, tasks: readonly AgentTask[]): readonly Step[] {
  const at = tasks.findIndex(({ id }) => path === `tasks.${id}` || path.startsWith(`tasks.${id}.`));
  const id = tasks[at]?.id;
  if (id === undefined) return [path.split(".")[0] ?? ""];
  return ["tasks", at, ...path.slice(`tasks.${id}`.length).split(".").filter(Boolean)];
}
