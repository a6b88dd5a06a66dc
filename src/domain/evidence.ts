/** What programs found in the files of a repository: cited facts, beside what agents think of them. */
import { oneOf, type Shape, wrong } from "./shape.ts";

/** What a task may name. Each only looks at files; `test-run` and `coverage` run a program where the user allows it. */
export const COLLECTORS = [
  "git-diff",
  "git-history",
  "repo-map",
  "dead-files",
  "test-run",
  "coverage",
  "dependency-audit",
  "secret-scan",
  "code-risks",
  "complexity",
  "todo",
  "licences",
  "bundle-size",
] as const;

/** A command of the user's settings, by its name: `command:lint`. */
const COMMAND = /^command:[a-z][a-z0-9-]{0,39}$/;

/** The name alone. */
export const commandName: Shape = (value) =>
  typeof value === "string" && COMMAND.test(`command:${value}`)
    ? undefined
    : wrong("must be the name of a command of your settings: lower-case letters, digits and hyphens, 40 at most");

const named = oneOf(COLLECTORS);
export const collectorName: Shape = (value) => {
  if (typeof value === "string" && COMMAND.test(value)) return undefined;
  const found = named(value);
  return found && wrong(`${found.fault}; a command of your settings is written command:name`);
};

export const SEVERITIES = ["high", "medium", "low", "info"] as const;
/** `info` is a fact about the repository and no fault of it. */
export type Severity = (typeof SEVERITIES)[number];

export interface Finding {
  /** Who found it: the name in the task. */
  readonly collector: string;
  readonly severity: Severity;
  /** Relative to the repository, with slashes. */
  readonly path: string;
  readonly line?: number;
  readonly text: string;
}
export interface EvidenceSet {
  /** The worst first. */
  readonly findings: readonly Finding[];
  /** What was not looked at, not run, or left out, and why; by collector. */
  readonly notes: readonly { readonly collector: string; readonly text: string }[];
}

export const placeOf = ({ path, line }: Finding): string => (line === undefined ? path : `${path}:${line}`);

/** The worst first; of the same weight in the order of paths and lines. */
export function byWeight(a: Finding, b: Finding): number {
  const weight = SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity);
  if (weight !== 0) return weight;
  if (a.path !== b.path) return a.path < b.path ? -1 : 1;
  return (a.line ?? 0) - (b.line ?? 0);
}
