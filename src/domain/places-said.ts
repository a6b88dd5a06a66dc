/** Files and lines that a program names in what it prints, as compilers, linters and tests write them. */

export interface PlaceSaid {
  readonly path: string;
  readonly line: number;
  /** The line that names it. */
  readonly text: string;
}

/** `a.ts:3`, `a.ts(3,5)`, `"a.py", line 3`. */
const PLACE = /(?:^|[\s("'`[]|file:\/\/)([\w@./+-]*[\w-]\.[a-z]{1,5})[:"(](?:\s*line\s*|,\s*line\s*)?(\d+)/gi;
/** `  3:5  error …`, below a line that names the file alone. */
const BELOW = /^\s+(\d+):\d+\s+\S/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: colours begin with a control character
const COLOURS = /\u001b\[[0-9;]*m/g;
const LONGEST = { line: 2000, text: 160, name: 500 } as const;
const MOST = 200;

/** Each place once, in the order they are named. `fileOf`: the file's path in the repository, where it is one of its own. */
export function placesSaid(said: string, fileOf: (name: string) => string | undefined): readonly PlaceSaid[] {
  const found = new Map<string, PlaceSaid>();
  let above: string | undefined;
  for (const raw of said.split("\n")) {
    const line = raw.slice(0, LONGEST.line).replace(COLOURS, "");
    const text = line.trim();
    const note = (path: string | undefined, at: string | undefined) => {
      const key = `${path}:${at}`;
      if (path !== undefined && !found.has(key))
        found.set(key, { path, line: Number(at), text: text.slice(0, LONGEST.text) });
    };
    const [, below] = above === undefined ? [] : (BELOW.exec(line) ?? []);
    if (below !== undefined) note(above, below);
    else for (const [, name = "", at] of line.matchAll(PLACE)) note(fileOf(name), at);
    if (text === "") above = undefined;
    else if (below === undefined)
      above = text.length <= LONGEST.name && /^\S+\.[a-z]{1,5}$/i.test(text) ? fileOf(text) : undefined;
    if (found.size >= MOST) break;
  }
  return [...found.values()];
}
