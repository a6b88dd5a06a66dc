/**
 * Prompts on disk: those of the home, and those of a repository once each was seen and trusted, by its hash (T1). A link
 * is no file: it could lead anywhere.
 */
import { readdirSync, realpathSync } from "node:fs";
import { basename, dirname, join, relative, sep } from "node:path";
import { type PromptFile, readPrompt } from "../agents/prompt-file.ts";
import { byCodeUnit, sha256 } from "../domain/json.ts";
import type { Warning } from "./catalog.ts";
import { readPlain } from "./plain-file.ts";

export interface LoadedPrompt extends PromptFile {
  readonly file: string;
  readonly hash: string;
}
export interface LoadedPrompts {
  /** By the name that is typed. */
  readonly prompts: ReadonlyMap<string, LoadedPrompt>;
  readonly warnings: readonly Warning[];
}

/** Where a repository keeps them, for Claude Code and for us. */
const FOLDERS = [".claude/commands", ".tutti/commands"] as const;
const LARGEST = 64 * 1024;
const [MOST_FILES, MOST_ENTRIES] = [500, 5000];

export const promptsOfHome = (home: string): LoadedPrompts => loadPrompts([join(home, "commands")]);

function promptsOfRepository(repository: string): LoadedPrompts {
  const root = realpathSync(repository);
  return loadPrompts(FOLDERS.map((folder) => join(root, folder)));
}

/** Hashes by path, as somebody is shown them who may trust them. */
export function promptHashes(repository: string): { readonly [path: string]: string } {
  const root = realpathSync(repository);
  const { prompts } = promptsOfRepository(root);
  const hashes = new Map(
    [...prompts.values()].map(({ file, hash }) => [relative(root, file).split(sep).join("/"), hash]),
  );
  return Object.fromEntries([...hashes].sort(([a], [b]) => byCodeUnit(a, b)));
}

/** Those that are as they were when somebody said yes; and how many are not. `trusted`: hashes by the real path. */
export function trustedPrompts(
  repository: string,
  trusted: (root: string) => { readonly [path: string]: string },
): LoadedPrompts & { readonly untrusted: number } {
  const root = realpathSync(repository);
  const hashes = trusted(root);
  const loaded = promptsOfRepository(root);
  const isTrusted = ({ file, hash }: LoadedPrompt) => hashes[relative(root, file).split(sep).join("/")] === hash;
  const own = [...loaded.prompts].filter(([, one]) => isTrusted(one));
  const left = new Set([...loaded.prompts.values()].filter((one) => !isTrusted(one)).map(({ file }) => file));
  // What nobody trusted is not spoken of one by one: its names are somebody else's words.
  const warnings = loaded.warnings.filter(({ file }) =>
    Object.hasOwn(hashes, relative(root, file).split(sep).join("/")),
  );
  return { prompts: new Map(own), warnings, untrusted: left.size };
}

/** The name of the file; with the folders before it, parted by colons, where two have one name. */
function loadPrompts(folders: readonly string[]): LoadedPrompts {
  const prompts = new Map<string, LoadedPrompt>();
  const warnings: Warning[] = [];
  for (const folder of folders)
    for (const file of filesIn(folder)) {
      const text = readPlain(file, LARGEST);
      const warn = (message: string) => warnings.push({ file, line: 1, message });
      if ("why" in text) {
        warn(text.why);
        continue;
      }
      const read = readPrompt(text.text, basename(file, ".md"));
      if ("fault" in read) {
        warn(read.fault);
        continue;
      }
      for (const message of read.warnings) warn(message);
      const one = { ...read.prompt, file, hash: sha256(text.text) };
      const below = relative(folder, dirname(file)).split(sep).filter(Boolean);
      const whole = [...below, one.name].join(":");
      if (!prompts.has(one.name)) prompts.set(one.name, one);
      else if (whole !== one.name && !prompts.has(whole)) prompts.set(whole, { ...one, name: whole });
      else warn(`there is a command '${one.name}' in ${prompts.get(one.name)?.file} already`);
    }
  return { prompts, warnings };
}

/** Those that lie higher come first, so that a short name is theirs. */
function filesIn(folder: string): readonly string[] {
  const found: string[] = [];
  const below = [folder];
  let seen = 0;
  for (let here = below.shift(); here !== undefined && seen < MOST_ENTRIES; here = below.shift()) {
    const entries = entriesOf(here).sort((a, b) => byCodeUnit(a.name, b.name));
    for (const entry of entries) {
      if (++seen > MOST_ENTRIES) break;
      if (entry.isDirectory()) below.push(join(here, entry.name));
      else if (entry.isFile() && entry.name.endsWith(".md")) found.push(join(here, entry.name));
    }
  }
  return found.slice(0, MOST_FILES);
}

function entriesOf(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}
