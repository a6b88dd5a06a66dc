/** What was rehearsed, as it is typed to be run for real: with all that decides what is done, quoted for a shell. */
import { defaultModel, type Settings } from "../library/settings.ts";
import type { PlaceFlags } from "./issue-place.ts";
import type { LandFlags } from "./land-flags.ts";
import { oneLine } from "./text.ts";

export interface Rehearsed extends LandFlags, PlaceFlags {
  readonly model?: string;
  readonly param?: readonly string[];
  readonly params?: string;
  readonly approveChanges?: true;
}

export function forReal(target: string, flags: Rehearsed, settings: Settings): string {
  const { model = defaultModel(settings) === undefined ? "provider/id" : undefined } = flags;
  const given: readonly (readonly [string, string | undefined])[] = [
    ["--from", flags.from],
    ["--repo", flags.repo],
    ["--model", model],
    ["--params", flags.params],
    ...(flags.param ?? []).map((one) => ["-p", one] as const),
    ["--deliver", flags.deliver],
    ...(flags.prove ?? []).map((one) => ["--prove", one] as const),
  ];
  const said = given.flatMap(([flag, value]) => (value === undefined ? [] : [`${flag} ${quoted(value)}`]));
  return [quoted(target), ...said, ...(flags.approveChanges ? ["--approve-changes"] : [])].join(" ");
}

const quoted = (word: string): string =>
  /^[\w./:=@,%+-]+$/.test(word) ? word : `'${oneLine(word).replaceAll("'", "'\\''")}'`;
