/** What became of the work of a run that was to land: where it is now, what was left out and why. */
import type { Json } from "../domain/json.ts";
import { isRecord } from "../domain/shape.ts";
import { cut, oneLine } from "./text.ts";

/** Characters; all of it is in the output of the lane. */
const LONGEST_REASON = 400;

/** Of the output of the merge lane; none where that says nothing of a landing. */
export function landedLines(output: Json | undefined): readonly string[] {
  if (!isRecord(output) || !Array.isArray(output["landed"]) || !Array.isArray(output["leftOut"])) return [];
  const { landed, leftOut, delivered, onto, unsandboxed } = output;
  const count = `${landed.length} of ${landed.length + leftOut.length}`;
  const from = isRecord(onto) ? wordOf(onto["commit"]).slice(0, 12) : "";
  return [
    isRecord(delivered)
      ? `landed: ${count}, ${placeOf(delivered, from)}`
      : "landed: nothing, since no file was changed",
    ...driftLines(output["drifted"], onto),
    ...(unsandboxed === true ? ["proven without a sandbox, because there is none here: with all your rights"] : []),
    ...leftOut.flatMap((one) =>
      isRecord(one)
        ? [`left out: ${wordOf(one["task"])} (${wordOf(one["agent"])}): ${cut(wordOf(one["reason"]), LONGEST_REASON)}`]
        : [],
    ),
  ];
}

/** What the user did meanwhile on the branch that the work was brought onto. */
function driftLines(drifted: Json | undefined, onto: Json | undefined): readonly string[] {
  if (!isRecord(drifted) || !Array.isArray(drifted["conflicts"])) return [];
  const branch = isRecord(onto) ? wordOf(onto["name"]) : "";
  const files = drifted["conflicts"].map(wordOf);
  const moved = `'${branch}' has moved on since to ${wordOf(drifted["to"]).slice(0, 12)}`;
  if (files.length === 0) return [`${moved}: what landed still merges with it`];
  return [
    cut(
      `${moved}: what landed conflicts with it in ${files.join(", ")}; land it again to have that mended`,
      LONGEST_REASON,
    ),
  ];
}

export const isDelivered = (output: Json | undefined): boolean => isRecord(output) && isRecord(output["delivered"]);

/** The branch that it was delivered as, where it was one of its own. */
export function branchIn(output: Json | undefined): string | undefined {
  const delivered = isRecord(output) ? output["delivered"] : undefined;
  return isRecord(delivered) && delivered["as"] === "branch" ? wordOf(delivered["name"]) : undefined;
}

function placeOf({ as, name, before, after }: { readonly [key: string]: unknown }, from: string): string {
  const [place, end] = [wordOf(name), wordOf(after).slice(0, 12)];
  if (as === "patches") return `as patches in ${place}: git am ${place}/*.patch`;
  if (as === "fast-forward") return `on '${place}', which moved from ${wordOf(before).slice(0, 12)} to ${end}`;
  return `on the branch '${place}': git log ${from}..${place}`;
}

const wordOf = (value: unknown): string => (typeof value === "string" ? oneLine(value) : "");
