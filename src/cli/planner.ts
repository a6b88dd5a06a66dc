/** Asks a model for a plan, as a run of one task in the journal, like everything that is said to a model. */
import type { Host } from "../app/host.ts";
import { type AskPlanner, type MadePlan, planByModel, planByPatterns } from "../app/planning.ts";
import { TuttiError } from "../domain/error.ts";
import { defaultModel } from "../library/settings.ts";
import { mayPay, prepare } from "./begin.ts";
import { conduct } from "./conduct.ts";
import type { Io } from "./io.ts";
import type { confirm } from "./question.ts";
import type { ConductFlags } from "./run-input.ts";

export interface PlanFlags extends Pick<ConductFlags, "model" | "rehearse" | "budget"> {
  readonly patterns?: true;
  readonly timeout?: number;
  readonly yes?: true;
}

/** Where the person is asked otherwise, and who counts what planning costs. */
export interface Planning {
  readonly says?: typeof confirm;
  readonly onRun?: (run: string) => void;
}

/** With the model that is configured, unless patterns are asked for; undefined where nobody wants to pay. */
export async function makePlan(
  io: Io,
  host: Host,
  goal: string,
  flags: PlanFlags,
  { says, onRun }: Planning = {},
): Promise<MadePlan | undefined> {
  await host.agency.experience.refresh();
  const box = flags.timeout === undefined ? {} : { minutes: flags.timeout / 60_000 };
  const options = { ...box, folder: io.cwd };
  const model =
    flags.patterns || flags.rehearse ? undefined : (flags.model ?? host.settings.model ?? defaultModel(host.settings));
  if (flags.patterns && flags.model)
    throw new TuttiError("BAD_INPUT", "--patterns plan without a model, and --model names one", {
      path: "--patterns",
      hint: "keep one",
    });
  if (model === undefined) return planByPatterns(host.agency, goal, options);
  let isFirst = true;
  let isRefused = false;
  const ask: AskPlanner = async (task) => {
    const config = { model, ...(flags.budget && { budget: flags.budget }) };
    const prepared = await prepare(io, host, { workflowName: "plan", tasks: [task], config }, says);
    if (isFirst && !(await mayPay(io, host, prepared, flags, says))) {
      isRefused = true;
      return { failed: "nobody wanted to pay for it" };
    }
    isFirst = false;
    io.err(`asking ${model} for a plan …`);
    const handle = host.start(prepared);
    onRun?.(handle.id);
    const { results } = await conduct(io, handle, { mode: "quiet" });
    const { output, reason } = results?.tasks["plan"] ?? {};
    return output === undefined ? { failed: reason ?? results?.reason ?? "the run was stopped" } : { output };
  };
  const made = await planByModel(host.agency, goal, { ...options, model, ask });
  return isRefused ? undefined : made;
}
