/** How what agents have written is to land, as flags. */
import { resolve } from "node:path";
import type { Command } from "commander";
import { TuttiError } from "../domain/error.ts";
import type { Delivery, Landing } from "../domain/landing.ts";
import { duration, several } from "./amounts.ts";

export interface LandFlags {
  readonly deliver?: string;
  readonly prove?: readonly string[];
  readonly proveTimeout?: number;
  readonly mediator?: string;
}

export function landFlags(command: Command): Command {
  return command
    .option("--deliver <how>", "land what agents wrote: branch, branch:NAME, fast-forward or patches:DIR")
    .option(
      "--prove <command>",
      "must end with 0 before anything lands, such as 'npm test'; may be given again",
      several,
    )
    .option("--prove-timeout <time>", "of each of them (default 10m)", duration)
    .option("--mediator <agent>", "asked where an owner cannot mend his own work (default conflict-mediator)");
}

/** Undefined: nothing is to land. */
export function landingOf(flags: LandFlags, cwd: string): Landing | undefined {
  const { deliver, prove = [], proveTimeout, mediator } = flags;
  if (deliver === undefined) {
    const alone =
      prove.length > 0 ? "--prove" : proveTimeout !== undefined ? "--prove-timeout" : mediator && "--mediator";
    if (alone)
      throw new TuttiError("BAD_INPUT", `${alone} belongs to --deliver`, { path: alone, hint: "add --deliver branch" });
    return undefined;
  }
  return {
    delivery: deliveryOf(deliver, cwd),
    gates: prove,
    ...(proveTimeout === undefined ? {} : { timeout: proveTimeout }),
    ...(mediator === undefined ? {} : { mediator }),
  };
}

function deliveryOf(text: string, cwd: string): Delivery {
  const [as = "", ...rest] = text.split(":");
  const more = rest.join(":");
  if (as === "branch") return more === "" ? { as } : { as, name: more };
  if (as === "fast-forward" && more === "") return { as };
  if (as === "patches" && more !== "") return { as, folder: resolve(cwd, more) };
  throw new TuttiError("BAD_INPUT", `--deliver cannot be '${text}'`, {
    path: "--deliver",
    hint: "give branch, branch:NAME, fast-forward or patches:DIR",
  });
}
