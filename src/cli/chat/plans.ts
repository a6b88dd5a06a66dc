/** `/plan` and `/do`: from a goal to a plan that is kept, and from the plan to a run beside the conversation. */
import { planFileOf } from "../../app/planning.ts";
import { TuttiError } from "../../domain/error.ts";
import { defined } from "../../domain/json.ts";
import { mayPay, prepare } from "../begin.ts";
import { EXIT } from "../exit.ts";
import { planLines, savePlan } from "../plan-text.ts";
import { makePlan } from "../planner.ts";
import { unquoted } from "./entry.ts";
import type { Talk } from "./talk.ts";

export async function plan(talk: Talk, rest: string): Promise<number> {
  const { io, host, chat, says, yes } = talk;
  const goal = unquoted(rest);
  if (goal === "") {
    if (talk.planned === undefined)
      throw new TuttiError("NOT_FOUND", "nothing has been planned yet", {
        path: "goal",
        hint: "/plan GOAL makes a plan",
      });
    return show(talk);
  }
  const { model, rehearse, budget } = await chat.config();
  const flags = {
    ...defined({ model, budget }),
    ...(yes && { yes: true as const }),
    ...(rehearse && { rehearse: true as const }),
  };
  const made = await makePlan(io, host, goal, flags, { says, onRun: (run) => chat.counts(run) });
  if (made === undefined) {
    talk.tell("not planned; nothing was paid");
    return EXIT.badInput;
  }
  talk.planned = { made, path: await savePlan(io, planFileOf(made), undefined) };
  return show(talk);
}

function show({ io, isJson, planned, tell }: Talk): number {
  if (planned === undefined) return EXIT.badInput;
  const { made, path } = planned;
  const isSound = made.problems.every(({ severity }) => severity !== "fault");
  if (isJson)
    io.json({ type: "chat:plan", ...planFileOf(made), problems: made.problems, notes: made.notes, file: path });
  else for (const line of planLines(io, made)) io.out(line);
  tell(isSound ? `kept: ${path}; /do runs it` : `kept: ${path}; it must be mended before it can run`);
  return isSound ? EXIT.done : EXIT.failed;
}

/** The run goes on beside the conversation; its gates and its end are told. */
export async function doIt(talk: Talk, rest: string): Promise<number> {
  const { io, host, chat, says, watch, tell, yes } = talk;
  if (rest !== "") {
    const code = await plan(talk, rest);
    if (code !== EXIT.done) return code;
  }
  if (talk.planned === undefined)
    throw new TuttiError("NOT_FOUND", "nothing has been planned yet", {
      path: "plan",
      hint: "/plan GOAL makes a plan",
    });
  const { goal, tasks, minutes } = talk.planned.made.plan;
  const limit = minutes === undefined ? {} : { globalTimeout: minutes * 60_000 };
  const config = { ...limit, ...(await chat.config()) };
  const prepared = await prepare(io, host, { workflowName: goal.slice(0, 200), tasks, config }, says);
  if (!(await mayPay(io, host, prepared, { yes }, says))) {
    tell(`not begun; nothing was paid. The plan is kept: ${talk.planned.path}`);
    return EXIT.badInput;
  }
  const handle = host.start(prepared);
  chat.counts(handle.id);
  await handle.opened();
  watch.add(handle.id, talk.count);
  tell(`run ${handle.id} has begun; /show ${handle.id.slice(-8)} tells how it fares, /stop ends it`);
  return EXIT.done;
}
