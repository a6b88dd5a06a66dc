/** All that would stop a run later is found before it is stored or paid. */
import type { AgentTask } from "../domain/plan.ts";
import type { Settings } from "../library/settings.ts";
import { checkSandbox } from "./at-hand.ts";
import type { Chosen } from "./crew-of-files.ts";
import { checkEnds } from "./ends.ts";
import type { OrderConfig } from "./order.ts";
import { checkReach } from "./reach.ts";

interface Prepared extends Pick<Chosen, "agents"> {
  readonly tasks: readonly AgentTask[];
  readonly config: OrderConfig;
}
interface Place {
  readonly env: { readonly [name: string]: string | undefined };
  readonly repository?: string;
}

/** Throws BAD_INPUT, and UNREACHABLE where the server of a model that it begins with is certainly not there. */
export async function checkBegin(prepared: Prepared, settings: Settings, place: Place): Promise<void> {
  await checkReach(prepared, settings, place);
  if (prepared.config.rehearse) return;
  await checkSandbox(prepared, settings);
  await checkEnds(prepared.config, place.repository, settings);
}
