/** One command for a run, whoever conducts it, and what came of it as far as it can be seen within a moment. */
import type { Host } from "../app/host.ts";
import type { EventType, RunEvent } from "../domain/events.ts";
import type { Command } from "../domain/facts.ts";
import { awake } from "./awake.ts";

export interface Steered {
  readonly run: string;
  /** `obeyed`: it has become true. `handed-over`: it waits for whoever conducts the run, or takes it up. */
  readonly outcome: "obeyed" | "handed-over" | "refused";
  readonly event?: RunEvent;
}

/** An owner that lives looks into the inbox many times in this while. */
const MOMENT = 2000;

const ANSWERS: { readonly [T in Command["type"]]: readonly EventType[] } = {
  pause: ["workflow:stopping", "workflow:paused"],
  resume: ["workflow:resumed"],
  cancel: ["workflow:stopping", "workflow:cancelled"],
  decide: ["gate:decided"],
  change: ["plan:changed"],
  message: ["message:sent"],
  checkpoint: ["checkpoint"],
};

export async function steer(host: Host, run: string, command: Command): Promise<Steered> {
  const { seq } = await host.state(run);
  const how = await host.command(run, command);
  const event = await answerTo(host, run, command, seq + 1);
  if (event?.type === "fact:refused") return { run, outcome: "refused", event };
  return { run, outcome: event || how === "obeyed" ? "obeyed" : "handed-over", ...(event && { event }) };
}

async function answerTo(host: Host, run: string, command: Command, from: number): Promise<RunEvent | undefined> {
  const types: readonly EventType[] = [...ANSWERS[command.type], "fact:refused"];
  using _ = awake();
  for await (const page of host.journal.tail(run, from, AbortSignal.timeout(MOMENT)))
    for (const event of page) if (types.includes(event.type) && fits(event, command)) return event;
  return undefined;
}

function fits(event: RunEvent, command: Command): boolean {
  if (event.type === "gate:decided") return command.type === "decide" && event.gate === command.gate;
  if (event.type === "fact:refused") return event.fact === command.type;
  if (event.type === "message:sent") return command.type === "message" && event.to === command.to;
  return true;
}
