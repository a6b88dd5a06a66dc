/** What became of a check: a command of the user's settings, or a program that looks at the files. No model says it. */
import { type EvidenceSet, type Finding, SEVERITIES, type Severity } from "./evidence.ts";

/** Performs checks; a name that nobody's agent can have. What it checks is the one name in the task's `evidence`. */
export const CHECKER = "check-runner";

export interface CheckResult {
  /** As the settings, or the list of programs that look at files, name it. */
  readonly name: string;
  readonly kind: "command" | "analysis";
  readonly isGreen: boolean;
  /** How it ended, in words. */
  readonly end: string;
  /** Of a command. */
  readonly argv?: readonly string[];
  readonly exit?: number | null;
  /** Milliseconds, without what it takes to lay the files out. */
  readonly duration: number;
  /** Where it failed, or what was found, the worst first. */
  readonly findings: readonly Omit<Finding, "collector">[];
  /** Findings beyond those. */
  readonly more?: number;
  /** What a report of coverage said that it left. */
  readonly coverage?: { readonly percent: number; readonly lines: number };
  /** The end of what it printed, where it failed and named no place. */
  readonly said?: string;
  readonly notes: readonly string[];
}

/** From which weight on a finding of an analysis is a failure; `never`: it only tells. */
export const FAIL_ON = ["high", "medium", "low", "never"] as const;
export type FailOn = (typeof FAIL_ON)[number];

export const MOST_FINDINGS = 40;

/** Words of a note that say that nothing was looked at: then nothing can be green. */
const UNSEEN = /^(?:it failed|nothing could be looked at|not run|the repository names no way|there is no command)\b/;

export function analysisResult(
  name: string,
  { findings, notes }: EvidenceSet,
  failOn: FailOn,
  duration: number,
): CheckResult {
  const isFault = ({ severity }: { readonly severity: Severity }) =>
    failOn !== "never" && SEVERITIES.indexOf(severity) <= SEVERITIES.indexOf(failOn);
  const unseen = notes.find(({ text }) => UNSEEN.test(text));
  const faults = findings.filter(isFault).length;
  const facts = findings.filter(({ severity }) => severity === "info").length;
  const counts = `${findings.length - facts} found wrong${faults > 0 ? `, ${faults} of them ${failOn}${failOn === "high" ? "" : " or worse"}` : ""}`;
  const kept = findings.slice(0, MOST_FINDINGS).map(({ collector: _, ...one }) => one);
  const more = findings.length - kept.length;
  return {
    ...{ name, kind: "analysis", isGreen: faults === 0 && unseen === undefined, duration },
    end: unseen?.text ?? counts,
    findings: kept,
    ...(more > 0 ? { more } : {}),
    notes: notes.filter((one) => one !== unseen).map(({ text }) => text),
  };
}

export interface CheckRow {
  readonly task: string;
  readonly state: "green" | "red" | "not run" | "under way";
  /** Why it did not run. */
  readonly reason?: string;
  readonly result?: CheckResult;
}
/** All checks of a run, in the order of its plan. */
export interface CheckReport {
  /** Green only where every one is; `open` while none is red and some are still to come. */
  readonly verdict: "green" | "red" | "open";
  readonly checks: readonly CheckRow[];
  /** Milliseconds one after the other would have taken. */
  readonly oneByOne: number;
}

export function reportOfChecks(checks: readonly CheckRow[]): CheckReport {
  const isBad = checks.some(({ state }) => state === "red" || state === "not run");
  const isOpen = checks.some(({ state }) => state === "under way");
  const oneByOne = checks.reduce((sum, { result }) => sum + (result?.duration ?? 0), 0);
  return { verdict: isBad ? "red" : isOpen ? "open" : "green", checks, oneByOne };
}
