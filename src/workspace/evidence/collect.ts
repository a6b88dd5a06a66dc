/** The programs that look at a repository, by the names that tasks know them by; what they say is bounded. */
import { reasonOf } from "../../domain/error.ts";
import { byWeight, type Finding } from "../../domain/evidence.ts";
import { bundleSize } from "./bundle-size.ts";
import { codeRisks } from "./code-risks.ts";
import { type Commands, runNamed } from "./commands.ts";
import { complexity } from "./complexity.ts";
import { coverage } from "./coverage.ts";
import { deadFiles } from "./dead-files.ts";
import { dependencyAudit } from "./dependencies.ts";
import { gitDiff, gitHistory } from "./git-facts.ts";
import { licences } from "./licences.ts";
import { repoMap } from "./repo-map.ts";
import { secretScan } from "./secrets.ts";
import { type Seen, type Snapshot, snapshot, unread } from "./snapshot.ts";
import { brokenTests } from "./tests.ts";
import { todo } from "./todo.ts";

const MOST = { findings: 60, text: 300 } as const;

export interface Told {
  readonly findings: readonly Finding[];
  readonly notes: readonly string[];
  /** Of the files that it looked at. */
  readonly leftOut?: readonly string[];
}
type Collect = (snapshot: Snapshot, commands: Commands) => readonly Finding[] | Promise<readonly Finding[] | Told>;

const COLLECT: { readonly [name: string]: Collect } = {
  "git-diff": ({ root }) => gitDiff(root),
  "git-history": ({ root }) => gitHistory(root),
  "repo-map": repoMap,
  "dead-files": deadFiles,
  "test-run": async (seen, commands) => {
    const { findings, notes } = await runNamed("test-run", seen, commands);
    return { findings: [...findings, ...brokenTests(seen)], notes };
  },
  coverage: async (seen, commands) => {
    const ran = commands.named["coverage"] ? await runNamed("coverage", seen, commands) : { findings: [], notes: [] };
    const told = await coverage(seen);
    return { findings: [...ran.findings, ...told.findings], notes: [...ran.notes, ...told.notes] };
  },
  "dependency-audit": dependencyAudit,
  "secret-scan": secretScan,
  "code-risks": codeRisks,
  complexity,
  todo,
  licences,
  "bundle-size": bundleSize,
};
/** They ask git, or look at what lies beside the files. */
const WITHOUT_TEXT = new Set(["git-diff", "git-history", "bundle-size", "coverage"]);

/** One program after the other over the same files, in the order asked. */
export async function collectFrom(
  seen: Seen,
  names: readonly string[],
  commands: Commands,
): Promise<{ readonly told: readonly Told[]; readonly leftOut: readonly string[] }> {
  const files = names.every((name) => WITHOUT_TEXT.has(name)) ? unread(seen) : await snapshot(seen);
  const told: Told[] = [];
  for (const name of names) told.push(await collectOne(name, files, commands));
  return { told, leftOut: files.leftOut };
}

async function collectOne(name: string, files: Snapshot, commands: Commands): Promise<Told> {
  try {
    const collect = COLLECT[name] ?? ((seen, given) => runNamed(name, seen, given));
    const got = await collect(files, commands);
    return bounded("findings" in got ? got : { findings: got, notes: [] });
  } catch (error) {
    return { findings: [], notes: [`it failed: ${reasonOf(error)}`] };
  }
}

/** The worst are kept; of the rest it is said that they are there. */
function bounded({ findings, notes }: Told): Told {
  const sorted = [...findings].sort(byWeight);
  const kept = sorted.slice(0, MOST.findings).map((one) => ({ ...one, path: line(one.path), text: line(one.text) }));
  const more = sorted.length - kept.length;
  return {
    findings: kept,
    notes: [...notes.map(line), ...(more > 0 ? [`${more} further findings, none of them worse`] : [])],
  };
}

function line(text: string): string {
  const flat = text.replace(/[\s\p{Cc}\p{Cf}]+/gu, " ").trim();
  return flat.length > MOST.text ? `${flat.slice(0, MOST.text - 1)}…` : flat;
}
