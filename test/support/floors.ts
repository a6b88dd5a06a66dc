/** The house and its rules, as pure functions over source text. A file's path is relative to `src`, with slashes. */
import { posix } from "node:path";
import { codeOf, lineOf } from "./code.ts";

export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** Ground floor first. A file may import its own room and lower floors. */
const PURE = [
  ["domain"],
  ["graph", "scheduling", "recovery", "budget", "coordination", "context", "agents"],
  ["core"],
  ["workflows"],
  ["conductor"],
];
const WORLD = [
  ["process"],
  ["journal", "runtimes", "workspace", "library", "issues"],
  ["drivers"],
  ["app"],
  ["server", "mcp", "testing"],
  ["cli"],
];
const FLOORS = [...PURE, ...WORLD];

const FRONT_DOOR = "index.ts";
const LINES_A_FILE = 400;
const LINES_OF_CORE = 800;
const LINES_A_FILE_OF_CORE = 300;

const roomOf = (path: string): string => path.split("/")[0] ?? "";
/** -1: no room of the house. The front door stands above all floors. */
const floorOf = (path: string): number =>
  path === FRONT_DOOR ? FLOORS.length : path.includes("/") ? FLOORS.findIndex((f) => f.includes(roomOf(path))) : -1;
const isTest = (path: string): boolean => path.endsWith(".test.ts");
const isPure = (path: string): boolean => floorOf(path) >= 0 && floorOf(path) < PURE.length;
const production = (files: readonly SourceFile[]) => files.filter(({ path }) => !isTest(path));

interface Import {
  readonly spec: string;
  readonly line: number;
  /** What is imported by name; absent where it is not a plain list of names. */
  readonly names?: readonly string[];
}

const NAMED = /(?<![.\w$])(?:import|export)\s+(?:type\s+)?\{([^}]*)\}\s*from\s*["']/g;
const STATIC = /(?<![.\w$])(?:from|import)\s*(?=["'])/g;
const CALL = /(?<![.\w$])(?:import|require|import\.meta\.resolve)\s*\(\s*(?=["'`])/g;
const URLS = /\bnew\s+URL\s*\(([^;]*?)import\.meta\.url/g;

/** Every way in which a file names another: static, type-only, re-exported, dynamic, or by URL. */
export function importsOf(text: string): Import[] {
  const { blanked, strings } = codeOf(text);
  const names = new Map<number, string[]>();
  for (const match of blanked.matchAll(NAMED)) {
    const quote = match.index + match[0].length - 1;
    const words = (match[1] ?? "").split(",").map((name) => name.replace(/^\s*type\s/, "").trim());
    names.set(quote, words.map((name) => name.split(/\s/)[0] ?? "").filter(Boolean));
  }
  const found: Import[] = [];
  const add = (quote: number, list?: readonly string[]) => {
    const spec = strings.get(quote);
    if (spec === undefined) return;
    found.push({ spec, line: lineOf(text, quote), ...(list && { names: list }) });
  };
  for (const match of blanked.matchAll(STATIC)) {
    const quote = match.index + match[0].length;
    add(quote, names.get(quote));
  }
  for (const match of blanked.matchAll(CALL)) add(match.index + match[0].length);
  for (const match of blanked.matchAll(URLS)) {
    const start = match.index;
    const end = start + match[0].length;
    for (const [quote, spec] of strings) if (quote > start && quote < end && spec.startsWith(".")) add(quote);
  }
  return found;
}

/** The file that a relative import means. `dist` names and source names are the same file. */
const targetOf = (path: string, spec: string): string =>
  posix.join(posix.dirname(path), spec.replace(/[?#].*$/, "")).replace(/\.js$/, ".ts");

export function withoutFloor(files: readonly SourceFile[]): string[] {
  return files.filter(({ path }) => floorOf(path) < 0).map(({ path }) => `${path}: its room has no floor`);
}

/** Imports that go upstairs, to a neighbour, through the front door, out of `src` or to an undeclared package. */
export function wrongImports(files: readonly SourceFile[], dependencies: readonly string[]): string[] {
  const check = (path: string, { spec, line }: Import): string[] => {
    const where = `${path}:${line} imports ${spec}`;
    if (!spec.startsWith(".")) {
      const name = spec.split("/", spec.startsWith("@") ? 2 : 1).join("/");
      if (name === "tutti") return [`${where}: the front door is for people outside`];
      return spec.startsWith("node:") || dependencies.includes(name) ? [] : [`${where}: not a dependency`];
    }
    const target = targetOf(path, spec);
    if (target === FRONT_DOOR) return [`${where}: the front door is for people outside`];
    if (isTest(target)) return [`${where}: a test is not a part`];
    if (floorOf(target) < 0) return [`${where}: outside the house`];
    if (floorOf(path) === FLOORS.length || roomOf(target) === roomOf(path)) return [];
    if (floorOf(target) === floorOf(path)) return [`${where}: a neighbour`];
    return floorOf(target) > floorOf(path) ? [`${where}: upstairs`] : [];
  };
  return production(files).flatMap(({ path, text }) => importsOf(text).flatMap((found) => check(path, found)));
}

/** What no code below the waterline may mention, and what it is. */
const IMPURE: readonly (readonly [RegExp, string])[] = [
  [/\bDate\s*\??\.\s*now\b|\bnew\s+Date\s*(?:\(\s*\)|(?![\s(\w$.]))|(?<!\bnew\s+)(?<![.\w$])Date\s*\(/g, "clock"],
  [/(?<![.\w$])performance\s*\??\.\s*(?:now|timeOrigin|mark|measure|timerify|eventLoopUtilization)\b/g, "clock"],
  [/(?<![.\w$])Temporal\s*\??\.\s*Now\b|\bAbortSignal\s*\??\.\s*timeout\b/g, "clock"],
  [/(?<![.\w$])(?:setTimeout|setInterval|setImmediate|queueMicrotask)\b(?!\s*\??:)/g, "clock"],
  [/\bMath\s*\??\.\s*random\b|(?<![.\w$])crypto\s*\??\./g, "chance"],
  [/(?<![.\w$])(?:randomUUID|randomBytes|randomInt|getRandomValues)\s*\(/g, "chance"],
  [/(?<![.\w$])fetch\s*\(|\bnew\s+(?:WebSocket|EventSource|Worker|BroadcastChannel|MessageChannel)\b/g, "network"],
  [/(?<![.\w$])(?:process|globalThis|global|console)\s*(?:\??\.|\[)/g, "process"],
  [/(?<![.\w$])(?:require|import)\s*\(/g, "disk"],
  [/\.\s*(?:localeCompare|toLocale\w+)\s*\(|(?<![.\w$])Intl\s*\./g, "this machine's locale"],
  [/(?<![.\w$])(?:WeakRef|FinalizationRegistry)\b/g, "garbage collection"],
  [/=\s*(?:Date|Math|crypto|fetch|globalThis)\s*[;,)\n]/g, "another name for clock, chance or network"],
  [/^(?:export\s+)?(?:let|var)\b/gm, "state of a module"],
];

/** Clock, chance, network, disk or process below the waterline. From `node:crypto` hashing alone is allowed. */
export function impurities(files: readonly SourceFile[]): string[] {
  return production(files)
    .filter(({ path }) => isPure(path))
    .flatMap(({ path, text }) => {
      const { blanked } = codeOf(text);
      const words = IMPURE.flatMap(([pattern, what]) =>
        [...blanked.matchAll(pattern)].map(
          (m) => `${path}:${lineOf(text, m.index)} ${m[0].replace(/\s+/g, " ").trim()}: ${what}`,
        ),
      );
      const modules = importsOf(text)
        .filter(({ spec }) => spec.startsWith("node:"))
        .filter(({ spec, names }) => spec !== "node:crypto" || !names?.every((n) => n === "hash" || n === "createHash"))
        .map(
          ({ spec, line }) => `${path}:${line} imports ${spec}: only hash and createHash of node:crypto are allowed`,
        );
      return [...words, ...modules];
    });
}

/** One line for each group of files that import each other, type imports included: `a → b → a`. */
export function importCycles(files: readonly SourceFile[]): string[] {
  const known = new Set(files.map(({ path }) => path));
  const edges = new Map(
    files.map(({ path, text }) => [
      path,
      importsOf(text)
        .filter(({ spec }) => spec.startsWith("."))
        .map(({ spec }) => targetOf(path, spec))
        .filter((target) => known.has(target)),
    ]),
  );
  const reported = new Set<string>();
  return [...known].flatMap((start) => {
    if (reported.has(start)) return [];
    const cycle = shortestCycle(edges, start);
    for (const path of cycle) reported.add(path);
    return cycle.length > 0 ? [cycle.join(" → ")] : [];
  });
}

/** Breadth first from a file until it meets itself. */
function shortestCycle(edges: ReadonlyMap<string, readonly string[]>, start: string): string[] {
  const cameFrom = new Map<string, string>();
  const queue = [start];
  for (const at of queue) {
    for (const to of edges.get(at) ?? []) {
      if (to === start) {
        const path = [start];
        for (let back: string | undefined = at; back !== undefined && back !== start; back = cameFrom.get(back))
          path.unshift(back);
        return [start, ...path];
      }
      if (cameFrom.has(to)) continue;
      cameFrom.set(to, at);
      queue.push(to);
    }
  }
  return [];
}

const linesOf = (text: string): number => text.split("\n").length - (text.endsWith("\n") ? 1 : 0);

export function tooLong(files: readonly SourceFile[]): string[] {
  const long = files.flatMap(({ path, text }) => {
    const limit = roomOf(path) === "core" && !isTest(path) ? LINES_A_FILE_OF_CORE : LINES_A_FILE;
    return linesOf(text) > limit ? [`${path}: ${linesOf(text)} lines, at most ${limit}`] : [];
  });
  const core = production(files).filter(({ path }) => roomOf(path) === "core");
  const all = core.reduce((sum, { text }) => sum + linesOf(text), 0);
  return all > LINES_OF_CORE ? [...long, `core: ${all} lines in all, at most ${LINES_OF_CORE}`] : long;
}
