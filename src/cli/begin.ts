/** The questions before a run: a coding agent or a rehearsal where there is no model, the estimate before the first money. */

import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Host, Prepared } from "../app/host.ts";
import type { Order } from "../app/order.ts";
import { isWorkplace } from "../app/runtimes-of-run.ts";
import { TuttiError } from "../domain/error.ts";
import { ASK_ABOVE, defaultModel } from "../library/settings.ts";
import { installedAgents } from "../runtimes/acp/agents.ts";
import { forecastLines } from "./forecast-text.ts";
import type { Io } from "./io.ts";
import { confirm } from "./question.ts";
import { oneLine } from "./text.ts";
import { moneyText, plural, tokensText } from "./units.ts";

/** How fast a rehearsal goes that was offered instead of a run. */
export const OFFERED_SPEED = 15;

/** `says`: what the person at the terminal answers. */
export async function prepare(io: Io, host: Host, asked: Order, says = confirm): Promise<Prepared> {
  // On a terminal somebody can be asked what to do about a failure; elsewhere it must end by itself.
  const isAttended = io.isLive && io.canAsk && asked.config?.rehearse !== true;
  const order = isAttended ? { ...asked, config: { attended: true, ...asked.config } } : asked;
  await host.ready(order);
  sayAsked(io, host);
  const ready = async (of: Order) => {
    const prepared = host.prepare(of);
    sayModel(io, host, prepared);
    const admitted = await host.admit(prepared);
    sayGuide(io, host, admitted);
    return admitted;
  };
  try {
    return await ready(order);
  } catch (error) {
    const hasNoModel = error instanceof TuttiError && error.path === "config.model";
    if (!hasNoModel || !io.canAsk) throw error;
    const isGone = error.code === "UNREACHABLE";
    io.err(isGone ? `${error.message}.` : "No model is configured (`tutti doctor` says what was looked for).");
    const agent = isGone || order.config?.model !== undefined ? undefined : agentAtHand(io, host);
    if (agent && (await says(`${agent.who} is installed: let it do the work?`, true)))
      return ready({ ...order, config: { ...order.config, model: `acp/${agent.name}` } });
    if (!(await says("Rehearse instead? Agents are simulated, nothing is called or paid.", true))) throw error;
    return host.prepare({ ...order, config: { ...order.config, rehearse: true, speed: OFFERED_SPEED } });
  }
}

/** A coding agent works on the files of a project, so there must be one. */
function agentAtHand({ cwd }: Io, { settings }: Host) {
  return isWorkplace(cwd) ? installedAgents(settings.codingAgents, settings.path)[0] : undefined;
}

/** Where nobody named a model, the one that was taken is said. */
function sayModel(io: Io, { settings }: Host, { config, models }: Prepared): void {
  if (config.rehearse || config.model !== undefined || settings.model !== undefined) return;
  const preset = defaultModel(settings);
  if (preset === undefined || !models.has(preset)) return;
  const [found] = settings.found.filter(({ provider }) => preset.startsWith(`${provider}/`));
  io.err(`model: ${preset}, the default where ${found?.by ?? "its key"} is set; --model names another`);
}

/** What it took to ask a model who does the tasks that name nobody. */
function sayAsked(io: Io, host: Host): void {
  if (!host.settings.route?.rerank) return;
  const { tasks, tokensUsed, costUsd, model = "", failed } = host.agency.asked;
  if (tasks === 0) return;
  io.err(`asked ${model} who does ${plural(tasks, "task")}: ${tokensText(tokensUsed)} tokens, ${moneyText(costUsd)}`);
  if (failed !== undefined) io.err(`chosen by words alone: ${oneLine(failed)}`);
}

/** Where the repository has something to say to every agent and may not, so that nobody wonders. */
function sayGuide(io: Io, host: Host, { config }: Prepared): void {
  const guide = config.rehearse ? undefined : host.guidance()?.at([]);
  if (guide && "why" in guide) io.err(`note: agents are not shown ${guide.path}: ${guide.why}`);
}

const MARK = "first-run";

/** Rehearsals that are enough to see that something is dear. */
const QUICK = 16;

/**
 * True where the run may begin. The first real run of a machine is asked about where somebody can answer; elsewhere its
 * estimate is said all the same. One that costs too much is asked about always, and refused where nobody can answer.
 */
export async function mayPay(
  io: Io,
  host: Host,
  prepared: Prepared,
  flags: { readonly yes?: boolean },
  says = confirm,
): Promise<boolean> {
  const mark = join(io.home, MARK);
  // Where only persons work nothing is paid.
  if (prepared.config.rehearse || prepared.models.size === 0) return true;
  const isFirst = !existsSync(mark);
  if (!flags.yes && prepared.config.budget === undefined) {
    const { askAbove = ASK_ABOVE } = host.settings;
    const estimate = await host.forecast(prepared, isFirst ? undefined : QUICK);
    const most = estimate.costUsd?.p90;
    const isDear = most !== undefined && most > askAbove;
    // Asked about or not, nobody should take what is not known for nothing.
    if (most === undefined && host.settings.askAbove !== undefined && !isFirst)
      io.err(
        "note: what this may cost is not known, because a price is not: askAbove cannot tell; --budget limits tokens",
      );
    if (isFirst || isDear) for (const line of forecastLines(estimate, io.columns)) io.err(line);
    const why = isDear ? `This may cost ${moneyText(most ?? null)}.` : "This is the first real run on this machine.";
    if (isDear && !io.canAsk)
      throw new TuttiError("BAD_INPUT", `this may cost ${moneyText(most ?? null)}, more than $${askAbove} (askAbove)`, {
        path: "budget",
        hint: "say --yes, set a --budget, or raise askAbove in config.yaml",
      });
    if (io.canAsk && (isFirst || isDear) && !(await says(`${why} Begin?`, !isDear))) return false;
  }
  if (!isFirst) return true;
  await writeFile(mark, "A run with a real model was begun from this home; its estimate is no longer asked about.\n");
  return true;
}
