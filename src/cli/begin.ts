/** The questions before a run: a rehearsal where there is no model, the estimate before the first money. */

import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Forecast } from "../app/forecast.ts";
import type { Host, Prepared } from "../app/host.ts";
import type { Order } from "../app/order.ts";
import { TuttiError } from "../domain/error.ts";
import { defaultModel } from "../library/settings.ts";
import { forecastLines } from "./forecast-text.ts";
import type { Io } from "./io.ts";
import { confirm } from "./question.ts";

/** How fast a rehearsal goes that was offered instead of a run. */
const OFFERED_SPEED = 15;

export async function prepare(io: Io, host: Host, order: Order): Promise<Prepared> {
  try {
    const prepared = host.prepare(order);
    sayModel(io, host, prepared);
    await host.reach(prepared);
    return prepared;
  } catch (error) {
    const hasNoModel = error instanceof TuttiError && error.path === "config.model";
    if (!hasNoModel || !io.canAsk) throw error;
    io.err("No model is configured (`tutti doctor` says what was looked for).");
    if (!(await confirm("Rehearse instead? Agents are simulated, nothing is called or paid.", true))) throw error;
    return host.prepare({ ...order, config: { ...order.config, rehearse: true, speed: OFFERED_SPEED } });
  }
}

/** Where nobody named a model, the one that was taken is said. */
function sayModel(io: Io, { settings }: Host, { config, models }: Prepared): void {
  if (config.rehearse || config.model !== undefined || settings.model !== undefined) return;
  const preset = defaultModel(settings);
  if (preset === undefined || !models.has(preset)) return;
  const [found] = settings.found.filter(({ provider }) => preset.startsWith(`${provider}/`));
  io.err(`model: ${preset}, the default where ${found?.by ?? "its key"} is set; --model names another`);
}

const MARK = "first-run";

/** True where the run may begin. Asks only where somebody can answer; elsewhere the estimate is said all the same. */
export async function mayPay(
  io: Io,
  host: Host,
  prepared: Prepared,
  flags: { readonly yes?: boolean; readonly budget?: unknown },
): Promise<boolean> {
  const mark = join(io.home, MARK);
  if (prepared.config.rehearse || existsSync(mark)) return true;
  if (!flags.yes && flags.budget === undefined) {
    const estimate: Forecast = await host.forecast(prepared);
    for (const line of forecastLines(estimate, io.columns)) io.err(line);
    if (io.canAsk && !(await confirm("This is the first real run on this machine. Begin?", true))) return false;
  }
  await writeFile(mark, "A run with a real model was begun from this home; its estimate is no longer asked about.\n");
  return true;
}
