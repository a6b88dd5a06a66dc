/** What the Tab key proposes. Pure: who there is and what waits is handed in. */
export interface Completable {
  readonly commands: readonly string[];
  readonly agents: readonly string[];
  /** Newest first. */
  readonly runs: readonly string[];
  readonly gates: readonly string[];
}

const MOST = 60;

/** As Node's readline wants it: what fits, and the part of the line that it stands for. */
export function complete(line: string, known: Completable): [string[], string] {
  const begun = line.trimStart();
  if (!begun.startsWith("/")) return [[], line];
  const [command = "", ...words] = begun.slice(1).split(/\s+/);
  const last = words.at(-1);
  if (last === undefined)
    return fitting(
      `/${command}`,
      known.commands.map((name) => `/${name} `),
    );
  return fitting(last, choices(command, words.length, known));
}

function choices(command: string, position: number, known: Completable): readonly string[] {
  const isFirst = position === 1;
  switch (command) {
    case "agent":
      return isFirst ? [...known.agents, "conductor"] : [];
    case "ask":
      return isFirst ? known.agents.map((name) => `@${name} `) : [];
    case "approve":
    case "reject":
      return isFirst ? known.gates : [];
    case "show":
    case "stop":
    case "gates":
      return isFirst ? known.runs : [];
    case "agents":
      return isFirst ? ["all"] : [];
    default:
      return [];
  }
}

function fitting(word: string, names: readonly string[]): [string[], string] {
  const found = names.filter((name) => name.startsWith(word)).slice(0, MOST);
  return [found, word];
}
