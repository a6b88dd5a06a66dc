/** Tools for the files of a workspace. */
import { matchesGlob } from "node:path";
import { z } from "zod";
import { TuttiError } from "../../domain/error.ts";
import type { Workspace } from "../../domain/workspace.ts";
import { type Hands, type Tool, tool } from "./tool.ts";

const MOST_LINES = 2000;
const MOST_PATHS = 1000;
const path = z.string().min(1).max(1000).describe("relative to the workspace, such as src/app.ts");

function workspaceOf({ workspace }: Hands): Workspace {
  if (workspace) return workspace;
  throw new TuttiError("BAD_INPUT", "there is no workspace here: this run has no files");
}

const read = tool({
  name: "read",
  description: `Reads a text file. Each line comes after its number and a tab; at most ${MOST_LINES} lines at once, so read a long file in parts.`,
  effect: "look",
  needsFiles: true,
  input: z.strictObject({
    path,
    from: z.int().min(1).optional().describe("first line, default 1"),
    lines: z.int().min(1).max(MOST_LINES).optional().describe("how many lines"),
  }),
  resourceOf: (input) => input.path,
  perform: async ({ path, from = 1, lines = MOST_LINES }, hands) => {
    const all = (await workspaceOf(hands).read(path)).split("\n");
    // A last line break ends a line and begins none.
    if (all.at(-1) === "") all.pop();
    if (all.length === 0) return "[the file is empty]";
    if (from > all.length) throw new TuttiError("BAD_INPUT", `'${path}' has only ${all.length} lines`);
    const shown = all.slice(from - 1, from - 1 + lines);
    const rest = all.length - (from - 1) - shown.length;
    const more = rest > 0 ? [`[${rest} more lines; go on with from: ${from + shown.length}]`] : [];
    return [...shown.map((line, i) => `${from + i}\t${line}`), ...more].join("\n");
  },
});

const list = tool({
  name: "list",
  description: `Lists files that git does not ignore, sorted, at most ${MOST_PATHS}. With 'glob' only those that match, such as src/**/*.ts.`,
  effect: "look",
  needsFiles: true,
  input: z.strictObject({
    folder: path.optional().describe("only files below it"),
    glob: z.string().min(1).max(300).optional(),
  }),
  resourceOf: ({ folder = "." }) => folder,
  perform: async ({ folder, glob }, hands) => {
    const { paths, fault } = await workspaceOf(hands).list();
    const below = folder?.replace(/^\.\//, "").replace(/\/+$/, "");
    const isBelow = (one: string) => below === undefined || below === "." || one.startsWith(`${below}/`);
    const found = paths.filter((one) => isBelow(one) && (glob === undefined || matchesGlob(one, glob))).sort();
    if (found.length === 0) return fault ?? "[no file matches]";
    const rest = found.length - MOST_PATHS;
    return [...found.slice(0, MOST_PATHS), ...(rest > 0 ? [`[${rest} more; narrow it down]`] : [])].join("\n");
  },
});

const write = tool({
  name: "write",
  description: "Writes a file whole, with the folders above it. Use edit to change a part of a file that exists.",
  effect: "change",
  needsFiles: true,
  input: z.strictObject({ path, text: z.string() }),
  resourceOf: (input) => input.path,
  perform: async ({ path, text }, hands) => {
    await workspaceOf(hands).write(path, text);
    return `wrote ${text.length} characters to ${path}`;
  },
});

const edit = tool({
  name: "edit",
  description:
    "Replaces one passage of a file. 'old' must be there word for word, blanks included, and exactly once, unless 'all' is true.",
  effect: "change",
  needsFiles: true,
  input: z.strictObject({ path, old: z.string().min(1), new: z.string(), all: z.boolean().optional() }),
  resourceOf: (input) => input.path,
  perform: async ({ path, old, new: text, all = false }, hands) => {
    const workspace = workspaceOf(hands);
    const before = await workspace.read(path);
    const times = before.split(old).length - 1;
    if (times === 0) throw new TuttiError("BAD_INPUT", `'old' is not in '${path}': read it again, and copy it exactly`);
    if (times > 1 && !all)
      throw new TuttiError("BAD_INPUT", `'old' is ${times} times in '${path}': add lines around it, or set 'all'`);
    // A function, because in a replacement text `$&` would mean something.
    await workspace.write(
      path,
      before.replaceAll(old, () => text),
    );
    return times === 1 ? `changed ${path}` : `changed ${times} places of ${path}`;
  },
});

export const FILE_TOOLS: readonly Tool[] = [read, list, write, edit];
