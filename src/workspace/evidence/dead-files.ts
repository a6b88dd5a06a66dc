/**
 * Source files that nothing names: no import, no page, no script, no configuration. A name that stands anywhere in
 * quotes counts as a use, so that what is said to be dead is.
 */
import type { Finding } from "../../domain/evidence.ts";
import { jsonOf } from "./manifests.ts";
import type { Snapshot, SourceFile } from "./snapshot.ts";

const SCRIPT = /\.[cm]?[jt]sx?$/i;
const PYTHON = /\.py$/i;
/** Where programs begin, and what frameworks find by where it lies. */
const ENTRY =
  /(^|\/)(index|main|app|server|cli|bin|worker|setup|conftest|manage|wsgi|asgi|__init__|__main__|tasks|fabfile|noxfile|gulpfile|gruntfile|sw|service-worker|middleware|instrumentation)\.\w+$/i;
const PLACES =
  /(^|\/)(bin|scripts?|tools?|bench(marks?)?|examples?|demos?|docs?|migrations?|seeds?|pages|routes|app|plugins|commands|management|public|static|assets|stories|\.[\w-]+)\//i;
const NOT_LOOKED_AT =
  /\.d\.[cm]?ts$|\.config\.\w+$|\.stories\.\w+$|(^|\/)\.?[\w-]*rc\.\w+$|(^|\/)[\w.-]*config[\w.-]*\.\w+$/i;
const NAMES =
  /\.(?:[cm]?[jt]sx?|py|json|ya?ml|toml|cfg|ini|html?|vue|svelte|sh|mk)$|(^|\/)(Dockerfile|Makefile|Procfile|Jenkinsfile)[\w.-]*$/i;

const stem = (path: string): string => path.slice(path.lastIndexOf("/") + 1).replace(/(?:\.[cm]?[jt]sx?|\.py)$/i, "");

export function deadFiles({ files }: Snapshot): Finding[] {
  const looked = [...files.values()].filter(isLookedAt);
  const scripts = looked.filter(({ path }) => SCRIPT.test(path));
  const pythons = looked.filter(({ path }) => PYTHON.test(path));
  const uses = usesIn(files.values());
  // Where nothing imports anything, nothing can be told.
  const dead = [scripts, pythons].flatMap((group) => {
    const unused = group.filter((file) => !isUsed(uses, file));
    return unused.length < group.length ? unused : [];
  });
  return dead.map(({ path }) => ({
    ...{ collector: "dead-files", severity: "low" as const, path, line: 1 },
    text: "nothing imports or names this file: it looks dead",
  }));
}

function isLookedAt({ path, text, isMade, isTest }: SourceFile): boolean {
  if (!SCRIPT.test(path) && !PYTHON.test(path)) return false;
  if (isMade || isTest || ENTRY.test(path) || PLACES.test(path) || NOT_LOOKED_AT.test(path)) return false;
  return !text.startsWith("#!") && !/__name__\s*==\s*["']__main__["']/.test(text);
}

function isUsed(uses: ReadonlyMap<string, ReadonlySet<string>>, { path }: SourceFile): boolean {
  const by = uses.get(stem(path));
  return by !== undefined && (by.size > 1 || !by.has(path));
}

const QUOTED = /["'`(=\s>]([\w@./~#$-]*[\w$-])(?=["'`)\s<?#,;]|$)/gm;
const PYTHON_NAMES = /^\s*(?:from\s+([\w.]+)\s+import\s+\(?([^\n)]*(?:\n[^\n)]*){0,20})|import\s+([\w., ]+))/gm;

/** By the bare name of a file: who names it. */
function usesIn(files: Iterable<SourceFile>): ReadonlyMap<string, ReadonlySet<string>> {
  const uses = new Map<string, Set<string>>();
  const add = (name: string, path: string) => {
    const by = uses.get(name);
    if (by) by.add(path);
    else uses.set(name, new Set([path]));
  };
  for (const file of files) {
    const { path } = file;
    if (file.isLock || !NAMES.test(path)) continue;
    if (PYTHON.test(path)) {
      for (const [, from = "", names = "", plain = ""] of file.masks.text.matchAll(PYTHON_NAMES))
        for (const word of `${from}.${names},${plain}`.split(/[^\w]+/)) if (word !== "") add(word, path);
    }
    const text = SCRIPT.test(path) || PYTHON.test(path) ? strings(file) : commandsOf(file);
    for (const [, name = ""] of text.matchAll(QUOTED)) if (name.length > 1) add(stem(name), path);
  }
  return uses;
}

/** Only what stands in strings of source code: words of the code are names of other things. */
function strings(file: SourceFile): string {
  return [...file.masks.text.matchAll(/(["'`])((?:\\.|(?!\1)[^\\\n]){2,300})\1/g)].map(([all]) => all).join("\n");
}

/** Of a package.json what is said about files; its own name and keywords name none. */
function commandsOf({ path, text }: SourceFile): string {
  if (!path.endsWith("package.json")) return text;
  const value = jsonOf(text);
  if (typeof value !== "object" || value === null) return text;
  const {
    name: _n,
    keywords: _k,
    description: _d,
    dependencies: _p,
    devDependencies: _v,
    ...rest
  } = value as { [key: string]: unknown };
  return JSON.stringify(rest);
}
