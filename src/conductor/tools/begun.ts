/** What a tool begins: fields that such tools have in common, and waiting for it as long as somebody wants to. */
import { z } from "zod";
import { defined } from "../../domain/json.ts";
import type { Fleet } from "../fleet.ts";
import type { Calling } from "./tool.ts";

/** Seconds. */
const MOST_WAITED = 600;

export const runId = z
  .string()
  .regex(/^[0-9a-hjkmnp-tv-z]{26}$/, "the id of a run has 26 characters")
  .describe("the id of a run");
export const wait = z
  .int()
  .min(0)
  .max(MOST_WAITED)
  .optional()
  .describe("seconds to wait for the result, default 0: answers at once");
export const rehearse = z
  .boolean()
  .optional()
  .describe("true: simulated agents, no model is called and every result is invented");
export const budget = z
  .strictObject({ usd: z.number().min(0).optional(), tokens: z.int().min(0).optional() })
  .optional()
  .describe("what it may spend at most");

/** As whoever begins it wants it. A rehearsal goes as fast as it can: what it foretells is wanted, not the waiting. */
export const configOf = (how: { readonly rehearse?: boolean | undefined }): object => ({
  ...defined(how),
  ...(how.rehearse === true && { speed: "max" }),
});

/** Begins it, and waits where that is wanted. Whoever takes the call back may have what it began cancelled. */
export async function began(
  { begin, undo = "cancel" }: { readonly begin: () => Promise<string>; readonly undo?: "cancel" | "pause" },
  seconds: number,
  fleet: Fleet,
  { signal, undoes, tell }: Calling,
): Promise<object> {
  signal.throwIfAborted();
  const run = await begin();
  const isUnderWay =
    signal.aborted || seconds === 0 || (await fleet.wait(run, { seconds, signal, ...(tell && { tell }) }));
  if (signal.aborted && isUnderWay && undoes) await fleet.stop(run, undo, "the call that began it was taken back");
  if (seconds === 0) return { run, status: "running", next: "check_agent_status with this run tells how it fares" };
  const digest = await fleet.run(run);
  if (!isUnderWay) return digest;
  return { ...digest, note: `still under way after ${seconds} s: check_agent_status tells the rest` };
}
