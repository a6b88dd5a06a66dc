/**
 * Prompts that somebody keeps as files, one a slash command: `.claude/commands/**\/*.md`. Front matter says what it is
 * for, the body is what is asked. Pure: what it names is read by the rules for `reads`, and nothing that it holds is run.
 *
 * P1. A command of the form !`…` is never run: a note stands in its place, and whoever asks is told.
 * P2. A file that lies outside the repository is never asked for, whatever the words say.
 */
import { splitFrontMatter } from "./front-matter.ts";

export interface PromptFile {
  readonly name: string;
  readonly description: string;
  readonly argumentHint?: string;
  /** `provider/id`; names of kinds such as `opus` leave the choice to whoever is asked. */
  readonly model?: string;
  /** Who is asked, where that is not whoever is talked to. */
  readonly agent?: string;
  readonly body: string;
}
export type ReadPrompt =
  | { readonly prompt: PromptFile; readonly warnings: readonly string[] }
  | { readonly fault: string };

const NAME = /^[A-Za-z0-9][\w-]{0,63}$/;
const LONGEST_NOTE = 300;

/** `name`: of the file, without its ending. */
export function readPrompt(source: string, name: string): ReadPrompt {
  if (!NAME.test(name)) return { fault: `'${name.slice(0, 64)}' cannot be a command: letters, digits, - and _ can` };
  const hasMatter = /^\uFEFF?---[ \t]*\r?\n/.test(source);
  const split = splitFrontMatter(hasMatter ? source : `---\n{}\n---\n${source}`, true);
  if ("fault" in split) return { fault: `line ${split.fault.line}: ${split.fault.message}` };
  const { value, body } = split;
  if (body === "") return { fault: "it asks nothing: its text is empty" };
  const textOf = (key: string) => {
    const found = value[key];
    const text = Array.isArray(found) ? found.join(" ") : typeof found === "number" ? String(found) : found;
    return typeof text === "string" && text.trim() !== "" ? oneLine(text).slice(0, LONGEST_NOTE) : undefined;
  };
  const [model, agent, argumentHint] = [textOf("model"), textOf("agent"), textOf("argument-hint")];
  const isNamed = model !== undefined && (model.includes("/") || /^(?:claude|gpt)-/.test(model));
  return {
    prompt: {
      ...{ name, body, description: textOf("description") ?? oneLine(body).slice(0, 100) },
      ...(isNamed && { model }),
      ...(agent !== undefined && { agent }),
      ...(argumentHint !== undefined && { argumentHint }),
    },
    warnings: split.warnings.map(({ line, message }) => `line ${line}: ${message}`),
  };
}

export interface Asked {
  readonly text: string;
  /** Files of the repository that it names. */
  readonly reads: readonly string[];
  /** What was not done, in words for whoever asked. */
  readonly notes: readonly string[];
}

const MOST_READS = 50;
/** Three backticks or one; Claude Code knows both. */
const COMMAND = /!`([^`\n]{1,2000})`|^```!\n([\s\S]{0,4000}?)^```$/gm;
const FILE = /(^|[\s(])@(~?[\w.*/-]*[\w*/])/g;

/** Its words with the arguments in their places. */
export function askedBy({ body }: PromptFile, args: string): Asked {
  const notes: string[] = [];
  const still = body.replace(COMMAND, (_, short?: string, long?: string) => {
    const command = oneLine(short ?? long ?? "").slice(0, 100);
    notes.push(`not run: ${command}; prompts run no commands`);
    return `[the output of "${command}" is not here: prompts run no commands]`;
  });
  const words = wordsIn(args);
  const takesArguments = /\$(?:ARGUMENTS|[1-9])/.test(still);
  const filled = still.replace(/\$(ARGUMENTS|[1-9])/g, (_, name: string) =>
    name === "ARGUMENTS" ? args : (words[Number(name) - 1] ?? ""),
  );
  const text = takesArguments || args === "" ? filled : `${filled}\n\nArguments: ${args}`;
  const reads = new Set<string>();
  for (const [, , path = ""] of text.matchAll(FILE)) {
    // A word such as @name is a word.
    if (!/[./]/.test(path)) continue;
    const inside = insideOf(path);
    if (inside === undefined) notes.push(`not read: ${path} lies outside this folder`);
    else if (reads.size < MOST_READS) reads.add(inside);
  }
  return { text, reads: [...reads], notes: [...new Set(notes)] };
}

function insideOf(path: string): string | undefined {
  if (/^[/~]/.test(path)) return undefined;
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    if (part === ".." && parts.pop() === undefined) return undefined;
    if (part !== "..") parts.push(part);
  }
  return parts.length === 0 ? undefined : parts.join("/");
}

/** As a shell would part them: quotes keep words together. */
function wordsIn(args: string): readonly string[] {
  return [...args.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(
    ([, double, single, bare]) => double ?? single ?? bare ?? "",
  );
}

const oneLine = (text: string): string => text.replace(/\s+/g, " ").trim();
