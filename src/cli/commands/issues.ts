/** `tutti issues`: issues of a folder or of GitHub, shown, worked on, and answered where a person allows it. */
import { type Command, Option } from "commander";
import { whole } from "../amounts.ts";
import { define, exiting } from "../define.ts";
import { EXIT } from "../exit.ts";
import { conductFlags, viewFlags } from "../flags.ts";
import type { Io } from "../io.ts";
import type { PlaceFlags } from "../issue-place.ts";
import type { IssueRunFlags } from "../issue-run.ts";
import { landFlags } from "../land-flags.ts";

interface ListFlags extends PlaceFlags {
  readonly label?: string;
  readonly state: "open" | "closed" | "all";
  readonly limit: number;
  readonly json?: true;
}

const MOST = 20;

export function issues(program: Command, io: Io): void {
  const group = define(
    program,
    "issues",
    "list, show and work on issues of a folder or of GitHub",
    "tutti issues list --repo owner/name --label bug\ntutti issues run 12 --from issues --deliver branch\ntutti issues run 12 --repo owner/name --deliver branch --post",
  )
    .argument("[what...]", "list, show or run")
    .action(
      exiting(io, async ([what]: readonly string[], flags: Partial<ListFlags>) => {
        const { unknownWord } = await import("../unknown-word.ts");
        if (what !== undefined) throw unknownWord("issues", what, ["list", "show", "run"]);
        return list(io, { state: "open", limit: MOST, ...flags });
      }),
    );
  placeFlags(define(group, "list", "issues that are open", "tutti issues list --from issues"))
    .option("--label <name>", "only with this label")
    .addOption(new Option("--state <state>", "which of them").choices(["open", "closed", "all"]).default("open"))
    .option("--limit <N>", "at most so many", whole(1, 500), MOST)
    .action(exiting(io, (flags: ListFlags) => list(io, flags)));
  placeFlags(
    define(group, "show <issue>", "one, with what was said about it", "tutti issues show 12 --from issues"),
  ).action(exiting(io, (id: string, flags: PlaceFlags & { readonly json?: true }) => show(io, id, flags)));
  const run = placeFlags(
    define(
      group,
      "run <issue...>",
      "triage, then what its kind asks for, then a reply; what an unchanged issue has paid for is kept",
      "tutti issues run 12 --from issues --rehearse --speed max\ntutti issues run 12 --repo owner/name --deliver branch --prove 'npm test' --post\ntutti issues run 12 --repo owner/name --deliver branch --post pr",
    ),
  );
  landFlags(viewFlags(conductFlags(run)))
    .addOption(
      new Option("--post [as]", "post the reply once a person has seen and approved it: comment or pr")
        .choices(["comment", "pr"])
        .preset("comment"),
    )
    .option("--base <branch>", "of a pull request (default: the repository's own)")
    .option("--approve-changes", "ask before files are changed")
    .option("--again", "run it anew, also where an earlier run of it still holds")
    .option("--yes", "do not ask before paying; what is posted is asked about all the same")
    .action(
      exiting(io, async (ids: readonly string[], flags: IssueRunFlags) => {
        const { runIssues } = await import("../issue-run.ts");
        return runIssues(io, ids, flags);
      }),
    );
}

const placeFlags = (command: Command): Command =>
  command
    .option("--from <dir>", "a folder with one Markdown file for each issue")
    .option("--repo <owner/name>", "a repository at GitHub (default: origin of this folder)");

async function sourceOf(io: Io, flags: PlaceFlags) {
  const [{ placeOf }, { issueSource }, { loadSettings }] = await Promise.all([
    import("../issue-place.ts"),
    import("../../app/issue-sources.ts"),
    import("../../library/settings.ts"),
  ]);
  return issueSource(await placeOf(io, flags), await loadSettings(io.home, io.env));
}

async function list(io: Io, { label, state, limit, json, ...place }: ListFlags): Promise<number> {
  const [source, { oneLine, painter }] = await Promise.all([sourceOf(io, place), import("../text.ts")]);
  const found = await source.list({ state, most: limit, ...(label !== undefined && { label }) });
  if (json) {
    io.json(found);
    return EXIT.done;
  }
  const paint = painter(io.isColoured);
  for (const fault of found.faults) io.err(`warning: ${oneLine(fault)}`);
  if (found.issues.length === 0) io.out(`${source.name} has no such issue.`);
  for (const { id, title, labels, state: its } of found.issues) {
    const more = [...labels, ...(its === "open" ? [] : [its])].map((one) => oneLine(one)).join(", ");
    io.out(`${paint("bold", `#${oneLine(id)}`)}  ${oneLine(title)}${more === "" ? "" : `  ${paint("dim", more)}`}`);
  }
  if (found.hasMore) io.err(`there are more: --limit ${limit * 2}`);
  return EXIT.done;
}

async function show(io: Io, id: string, { json, ...place }: PlaceFlags & { readonly json?: true }): Promise<number> {
  const [source, { harmless, oneLine, painter }] = await Promise.all([sourceOf(io, place), import("../text.ts")]);
  const issue = await source.read(numbered(id));
  if (json) {
    io.json(issue);
    return EXIT.done;
  }
  const paint = painter(io.isColoured);
  io.out(`${paint("bold", `${oneLine(issue.called)}  ${oneLine(issue.title)}`)}  ${issue.state}`);
  if (issue.labels.length > 0) io.out(paint("dim", issue.labels.map((one) => oneLine(one)).join(", ")));
  if (issue.url !== undefined) io.out(oneLine(issue.url));
  io.out(`\n${harmless(issue.body)}`);
  for (const { author, text } of issue.comments) io.out(`\n${paint("bold", oneLine(author))}\n${harmless(text)}`);
  const at =
    place.from !== undefined ? ` --from ${place.from}` : place.repo !== undefined ? ` --repo ${place.repo}` : "";
  io.out(`\nNext:\n  ${io.me} issues run ${oneLine(issue.id)}${at} --rehearse --speed max   # what would be done`);
  return EXIT.done;
}

/** People write a number as they read it. */
const numbered = (id: string): string => id.replace(/^#/, "");
