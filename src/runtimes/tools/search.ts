/** Search in the files of a workspace: by ripgrep, whose expressions cannot run away, else word for word by ourselves. */
import { matchesGlob } from "node:path";
import { z } from "zod";
import { TuttiError } from "../../domain/error.ts";
import { isSecretPath } from "../../domain/secret-path.ts";
import type { Workspace } from "../../domain/workspace.ts";
import { runProgram } from "../../process/program.ts";
import { type Hands, tool } from "./tool.ts";

const MOST_HITS = 200;
const WIDEST = 300;

interface Wanted {
  readonly pattern: string;
  readonly glob?: string | undefined;
  readonly ignoreCase?: boolean | undefined;
}

export const search = tool({
  name: "search",
  description: `Finds lines in the files of the workspace; each hit is path:line:text, at most ${MOST_HITS}. The pattern is a regular expression where ripgrep is installed, else taken word for word; the result says so.`,
  effect: "look",
  needsFiles: true,
  input: z.strictObject({
    pattern: z.string().min(1).max(1000),
    glob: z.string().min(1).max(300).optional().describe("only in files that match, such as src/**/*.ts"),
    ignoreCase: z.boolean().optional(),
  }),
  resourceOf: ({ glob = "." }) => glob,
  perform: async (wanted, { workspace }: Hands) => {
    if (!workspace) throw new TuttiError("BAD_INPUT", "there is no workspace here: this run has no files");
    const found = (await byRipgrep(workspace, wanted)) ?? (await byHand(workspace, wanted));
    if (found.hits.length === 0) return `[no line matches${found.note}]`;
    const rest = found.hits.length - MOST_HITS;
    const more = rest > 0 ? [`[more than ${MOST_HITS} hits; narrow it down]`] : [];
    return [...found.hits.slice(0, MOST_HITS), ...more, ...(found.note ? [`[${found.note.slice(2)}]`] : [])].join("\n");
  },
});

interface Found {
  readonly hits: readonly string[];
  readonly note: string;
}

/** Undefined where it is not installed. */
async function byRipgrep(workspace: Workspace, wanted: Wanted): Promise<Found | undefined> {
  const { pattern, glob, ignoreCase } = wanted;
  const args = [
    ...["--no-config", "--no-heading", "--line-number", "--color=never", "--hidden", "--no-follow", "--null"],
    ...["--max-columns", String(WIDEST), "--max-columns-preview", "--max-count", String(MOST_HITS), "--sort", "path"],
    // Of several that fit a path the last one counts: no glob of an agent opens what belongs to git.
    ...[...(glob === undefined ? [] : ["--glob", glob]), "--glob", "!**/.git/**", "--glob", "!**/.git"],
    ...(ignoreCase ? ["--ignore-case"] : []),
    ...["--regexp", pattern, "--", "./"],
  ];
  try {
    const { code, stdout, stderr } = await runProgram("rg", args, { cwd: workspace.root });
    // 1: nothing was found; 2: something went wrong, perhaps only with some files.
    if (code > 1 && stdout === "")
      throw new TuttiError("BAD_INPUT", `the search failed: ${stderr.trim().slice(0, 500)}`);
    const hits = stdout.split("\n").flatMap((line) => {
      const [file = "", text] = line.split("\0");
      const path = file.replace(/^\.\//, "");
      return text === undefined || isSecretPath(path) ? [] : [`${path}:${text}`];
    });
    return { hits, note: "" };
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

async function byHand(workspace: Workspace, { pattern, glob, ignoreCase = false }: Wanted): Promise<Found> {
  const low = (text: string) => (ignoreCase ? text.toLowerCase() : text);
  const hits: string[] = [];
  for (const path of (await workspace.list()).paths) {
    if (hits.length > MOST_HITS) break;
    if (glob !== undefined && !matchesGlob(path, glob)) continue;
    const text = await workspace.read(path).catch(() => "");
    if (!low(text).includes(low(pattern))) continue;
    for (const [i, line] of text.split("\n").entries())
      if (low(line).includes(low(pattern))) hits.push(`${path}:${i + 1}:${line.slice(0, WIDEST)}`);
  }
  return { hits, note: "; ripgrep is not installed, so the pattern was taken word for word" };
}
