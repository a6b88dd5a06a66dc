/**
 * Issues that are files: one Markdown file each, with `title`, `labels` and `state` in front matter where somebody wrote
 * one. A reply is added to a file beside it, `NAME.replies.md`; what the user wrote is never touched.
 */
import { constants } from "node:fs";
import { lstat, open, readdir, readFile } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { splitFrontMatter } from "../agents/front-matter.ts";
import { reasonOf, TuttiError } from "../domain/error.ts";
import type { Issue, IssueList, IssueQuery, IssueSource } from "../domain/issues.ts";
import { byCodeUnit } from "../domain/json.ts";
import { didYouMean } from "../domain/nearest.ts";

const LARGEST = 256 * 1024;
const MOST = 2000;
const REPLIES = ".replies.md";
const RULE = "\n---\n";

export function folderIssues(folder: string): IssueSource {
  const root = resolve(folder);
  return {
    name: folder,
    list: (query) => list(root, query),
    read: async (id) => read(root, await idOf(root, id)),
    find: async (id, words) => {
      const file = repliesOf(await idOf(root, id));
      return (await textOf(join(root, file))).includes(words) ? file : undefined;
    },
    comment: async (id, text) => {
      const file = repliesOf(await idOf(root, id));
      await append(join(root, file), `${text}\n${RULE}`);
      return file;
    },
  };
}

const repliesOf = (id: string): string => `${id}${REPLIES}`;

async function list(root: string, { label, state, most }: IssueQuery): Promise<IssueList> {
  const faults: string[] = [];
  const found: Issue[] = [];
  const ids = await idsIn(root);
  for (const id of ids.slice(0, MOST)) {
    try {
      found.push(await read(root, id));
    } catch (error) {
      faults.push(reasonOf(error));
    }
  }
  if (ids.length > MOST) faults.push(`${root} holds ${ids.length} issues; the first ${MOST} are read`);
  const fitting = found
    .filter((one) => state === "all" || one.state === state)
    .filter((one) => label === undefined || one.labels.includes(label));
  const issues = fitting.slice(0, most).map(({ id, title, labels, state: its }) => ({ id, title, labels, state: its }));
  return { issues, hasMore: fitting.length > most, faults };
}

async function read(root: string, id: string): Promise<Issue> {
  const file = `${id}.md`;
  const source = await textOf(join(root, file));
  const split = splitFrontMatter(source, true);
  const hasMatter = !("fault" in split);
  const matter = hasMatter ? split.value : {};
  const body = hasMatter ? split.body : source.trim();
  const heading = /^#\s+(.+?)\s*#*$/m.exec(body)?.[1];
  const { title = heading ?? id, labels = [], state = "open" } = matter;
  const isOpen = state === "open";
  if (!isOpen && state !== "closed")
    throw wrong(`${file}: 'state' must be open or closed${didYouMean(String(state), ["open", "closed"])}`);
  const names = typeof labels === "string" ? labels.split(",") : labels;
  if (!Array.isArray(names)) throw wrong(`${file}: 'labels' must be a list`);
  const replies = (await textOf(join(root, repliesOf(id)))).split(RULE).map((one) => one.trim());
  return {
    id,
    called: `${basename(root)}#${id}`,
    title: String(title).slice(0, 2000),
    labels: names.map((one) => String(one).trim()).filter((one) => one !== ""),
    state: isOpen ? "open" : "closed",
    body,
    comments: replies.filter((one) => one !== "").map((text) => ({ author: repliesOf(id), text })),
  };
}

/** By its name, or by the number that its name begins with. */
async function idOf(root: string, word: string): Promise<string> {
  const ids = await idsIn(root);
  if (ids.includes(word)) return word;
  const numbered = /^\d+$/.test(word) ? ids.filter((id) => Number(/^\d+(?![\w.])/.exec(id)?.[0]) === Number(word)) : [];
  const [only, ...others] = numbered;
  if (only !== undefined && others.length === 0) return only;
  if (only !== undefined) throw wrong(`'${word}' fits ${numbered.join(", ")}: name one of them`);
  throw new TuttiError(
    "NOT_FOUND",
    `there is no issue '${word.slice(0, 100)}' in ${root}${didYouMean(word.slice(0, 100), ids)}`,
    {
      path: "issue",
      hint: "tutti issues list --from DIR shows them",
    },
  );
}

/** Links are passed over: they could lead anywhere. */
async function idsIn(root: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(root, { withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile() && /\.md$/i.test(entry.name) && !entry.name.endsWith(REPLIES))
      .map(({ name }) => name.slice(0, -3))
      .sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10) || byCodeUnit(a, b));
  } catch (error) {
    throw new TuttiError("BAD_INPUT", `issues cannot be read from ${root}: ${reasonOf(error)}`, { path: "from" });
  }
}

/** Empty where it is not there. */
async function textOf(path: string): Promise<string> {
  try {
    const file = await lstat(path);
    if (!file.isFile()) throw wrong(`${basename(path)} is no plain file`);
    const { size } = file;
    if (size > LARGEST) throw wrong(`${basename(path)} has ${size} bytes; the limit is ${LARGEST}`);
    return await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw error;
  }
}

async function append(path: string, text: string): Promise<void> {
  const { O_APPEND, O_CREAT, O_WRONLY, O_NOFOLLOW } = constants;
  const file = await open(path, O_APPEND | O_CREAT | O_WRONLY | O_NOFOLLOW, 0o644);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

const wrong = (message: string) => new TuttiError("BAD_INPUT", message, { path: "issue" });
