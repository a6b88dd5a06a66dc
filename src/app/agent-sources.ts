/** Where the agents of a home are from: its own folder, the repository's once trusted, and the catalogue behind both. */
import { join } from "node:path";
import { type Loaded, loadAgents, sourcesOf, type Warning, withAgents, withLastGood } from "../library/catalog.ts";
import { type Repository, repositoryAt, trustFileOf } from "../library/trust.ts";

export interface Places {
  readonly home: string;
  readonly repository?: string;
}
export interface Sources {
  readonly own: Loaded;
  readonly repository: Repository | undefined;
  /** What the home's own stand in front of. */
  readonly behind: Loaded;
}

export const agentsOf = (home: string): string => join(home, "agents");

/** A file that had no fault `before` and has one now is taken as it was. */
export function readSources({ home, repository: root }: Places, shipped: Loaded, before?: Sources): Sources {
  const own = withLastGood(loadAgents([{ path: agentsOf(home) }]), before?.own);
  const repository = root === undefined ? undefined : repositoryAt(root, home, before?.repository);
  const behind = repository?.trust.is === "trusted" ? withAgents(shipped, repository.offer.loaded) : shipped;
  return { own, repository, behind };
}

/** All that a change of could change the agents; the catalogue comes with the program and does not. */
export const pathsOf = ({ home, repository }: Places): readonly string[] => [
  agentsOf(home),
  trustFileOf(home),
  ...(repository === undefined ? [] : sourcesOf(repository).map(({ path }) => path)),
];

/** What somebody should hear of who looks at the process. */
export function newsOf(before: Sources, now: Sources): readonly string[] {
  const line = ({ file, line, message }: Warning) => `warning: ${file}:${line}: ${message}`;
  const warningsOf = ({ own, repository }: Sources) => [
    ...own.warnings,
    ...(repository?.trust.is === "trusted" ? repository.offer.loaded.warnings : []),
  ];
  const known = new Set(warningsOf(before).map(line));
  const said = warningsOf(now)
    .map(line)
    .filter((one) => !known.has(one));
  const [was, is] = [before.repository?.trust.is, now.repository?.trust.is];
  if (was === "trusted" && (is === "changed" || is === "unknown"))
    said.push(
      `note: agents of ${now.repository?.offer.root} are no longer what was trusted, and do not count: tutti trust`,
    );
  if (was !== "trusted" && was !== undefined && is === "trusted")
    said.push(`note: agents of ${now.repository?.offer.root} are trusted now, and count`);
  return said;
}
