/** What the user has set: `config.yaml` of the home, and the environment's keys. Never a file of a repository. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseDocument } from "yaml";
import { reasonOf, TuttiError } from "../domain/error.ts";
import type { Budget } from "../domain/plan.ts";
import { few, fields, isRecord, listOf, oneOf, type Shape, text, whole, wrong } from "../domain/shape.ts";

export interface ProviderAccess {
  readonly apiKey?: string;
  readonly baseUrl?: string;
}
export interface Settings {
  readonly model?: string;
  readonly agentModels: { readonly [agent: string]: string };
  readonly providers: {
    readonly anthropic?: ProviderAccess;
    readonly openai?: ProviderAccess;
    readonly google?: ProviderAccess;
    readonly ollama?: ProviderAccess;
    readonly compatible: { readonly [name: string]: { readonly baseUrl: string; readonly apiKey?: string } };
  };
  readonly prices: {
    readonly [model: string]: {
      readonly input: number;
      readonly output: number;
      readonly cacheRead?: number;
      readonly cacheWrite?: number;
      readonly webSearches?: number;
    };
  };
  readonly budget?: Budget;
  /** Cheaper models, in order, that agents go on with where the budget has no room for theirs, unless they name their own. */
  readonly downgrade?: readonly string[];
  /** Whether a model is asked about the choice of agents for tasks that name none, and which. */
  readonly route?: RouteSetting;
  /** False: what a repository says to every agent is not shown to them. */
  readonly agentsMd?: boolean;
  /** Programs that `evidence` may run, by name; `test` and `coverage` stand for those of the repository. */
  readonly evidenceCommands?: { readonly [name: string]: readonly string[] };
  /** `required`: no command of an agent, a check, a proof or evidence runs where nothing holds it. */
  readonly sandbox?: Sandboxing;
  /** What all runs together may spend in a day. */
  readonly dayBudget?: { readonly usd?: number; readonly tokens?: number };
  /** Dollars: a run that may cost more is asked about. */
  readonly askAbove?: number;
  /** Gates of plans that conductors may decide, as `workflow/gate` with `*`. Absent: none. */
  readonly delegate?: readonly string[];
  /** Servers whose tools agents may use that name them. */
  readonly mcpServers: { readonly [name: string]: McpServerSetting };
  /** Coding agents of the user's own, or other commands for those that are known. */
  readonly codingAgents?: {
    readonly [name: string]: {
      readonly command?: string;
      readonly args?: readonly string[];
      readonly env?: readonly string[];
      readonly reuse?: boolean;
    };
  };
  /** Programs that are agents. */
  readonly commands?: {
    readonly [name: string]: {
      readonly command: string;
      readonly args?: readonly string[];
      readonly env?: readonly string[];
      readonly output?: "text" | "lines";
      readonly timeout?: number;
    };
  };
  /** Services that are agents. */
  readonly remotes?: {
    readonly [name: string]: {
      readonly url: string;
      readonly protocol?: "plain" | "a2a";
      readonly health?: string;
      readonly key?: string;
      readonly timeout?: number;
    };
  };
  /** Where issues are read and posted, beside folders. */
  readonly github?: { readonly baseUrl?: string; readonly token?: string; readonly tokenEnv?: string };
  /** Where programs are looked for. */
  readonly path?: string;
  /** Providers that can be called, each with where that was found. */
  readonly found: readonly { readonly provider: string; readonly by: string }[];
}
type McpServerSetting =
  | {
      readonly command: string;
      readonly args?: readonly string[];
      readonly env?: readonly string[];
      readonly reuse?: boolean;
    }
  | { readonly url: string; readonly tokenEnv?: string };
type Sandboxing = "required" | "preferred";
interface RouteSetting {
  readonly rerank?: boolean;
  readonly model?: string;
}
type Environment = { readonly [name: string]: string | undefined };

const amount: Shape = (value) =>
  typeof value === "number" && Number.isFinite(value) && value >= 0 ? undefined : wrong("must be a number from 0");
const flag: Shape = (value) => (typeof value === "boolean" ? undefined : wrong("must be true or false"));
const mapOf =
  (check: Shape): Shape =>
  (value) => {
    if (!isRecord(value)) return wrong("must be an object");
    for (const [key, one] of Object.entries(value)) {
      const found = check(one);
      if (found) return wrong(found.fault, `.${key}${found.at}`);
    }
    return undefined;
  };
const argv: Shape = (value) =>
  typeof value === "string"
    ? wrong(`must be a list, such as ${JSON.stringify(value.slice(0, 200).trim().split(/\s+/))}`)
    : (listOf(text(2000, 1))(value) ??
      ((value as readonly string[]).length > 0 ? undefined : wrong("must name a program")));
/** They are written `acp/NAME` and the like. */
const namedOf =
  (check: Shape): Shape =>
  (value) => {
    const bad = isRecord(value)
      ? Object.keys(value).find((name) => !/^[a-z0-9][a-z0-9._-]{0,63}$/i.test(name))
      : undefined;
    if (bad !== undefined) return wrong("must be named by letters, digits, '.', '_' and '-'", `.${bad}`);
    return mapOf(check)(value);
  };
const variables: Shape = listOf((value) =>
  typeof value === "string" && /^[A-Za-z_][A-Za-z0-9_]{0,99}$/.test(value)
    ? undefined
    : wrong("must be the name of an environment variable; its value stays where it is"),
);
const gatePattern: Shape = (value) =>
  text(300, 1)(value) ??
  (/^[^/]+\/[^/]+$/.test(value as string) ? undefined : wrong("must be a workflow and a gate, such as code-review/*"));
const program = { command: text(2000, 1), args: listOf(text(10_000)), env: variables };
/** Milliseconds, a week at most. */
const duration = whole(1, 7 * 24 * 3_600_000);
const price = fields({ input: amount, output: amount, cacheRead: amount, cacheWrite: amount, webSearches: amount }, [
  "input",
  "output",
]);
const started = fields({ command: text(1000, 1), args: listOf(text(4000)), env: listOf(text(200, 1)), reuse: flag }, [
  "command",
]);
const served = fields({ url: text(2000, 1), tokenEnv: text(200, 1) }, ["url"]);
const shape = fields({
  model: text(200, 1),
  agentModels: mapOf(text(200, 1)),
  providers: mapOf(fields({ baseUrl: text(2000, 1), apiKeyEnv: text(200, 1) }, ["baseUrl"])),
  prices: mapOf(price),
  budget: fields({ usd: amount, tokens: amount, turns: amount, spawns: amount }),
  downgrade: few(10, listOf(text(200, 1))),
  route: fields({ rerank: flag, model: text(200, 1) }),
  agentsMd: flag,
  github: fields({ baseUrl: text(2000, 1), tokenEnv: text(200, 1) }),
  evidenceCommands: mapOf(argv),
  askAbove: amount,
  sandbox: oneOf(["required", "preferred"]),
  delegate: few(100, listOf(gatePattern)),
  dayBudget: fields({ usd: amount, tokens: amount }),
  mcpServers: mapOf((value) => (isRecord(value) && "url" in value ? served : started)(value)),
  codingAgents: namedOf(fields({ ...program, reuse: flag })),
  commands: namedOf(fields({ ...program, output: oneOf(["text", "lines"]), timeout: duration }, ["command"])),
  remotes: namedOf(
    fields(
      {
        ...{ url: text(2000, 1), protocol: oneOf(["plain", "a2a"]), health: text(2000, 1) },
        ...{ keyEnv: text(200, 1), timeout: duration },
      },
      ["url"],
    ),
  ),
});

interface File {
  readonly model?: string;
  readonly agentModels?: { readonly [agent: string]: string };
  readonly providers?: { readonly [name: string]: { readonly baseUrl: string; readonly apiKeyEnv?: string } };
  readonly prices?: Settings["prices"];
  readonly budget?: Budget;
  readonly downgrade?: readonly string[];
  readonly route?: RouteSetting;
  readonly agentsMd?: boolean;
  readonly evidenceCommands?: Settings["evidenceCommands"];
  readonly mcpServers?: Settings["mcpServers"];
  readonly askAbove?: number;
  readonly sandbox?: Sandboxing;
  readonly delegate?: readonly string[];
  readonly dayBudget?: NonNullable<Settings["dayBudget"]>;
  readonly codingAgents?: NonNullable<Settings["codingAgents"]>;
  readonly commands?: NonNullable<Settings["commands"]>;
  readonly github?: { readonly baseUrl?: string; readonly tokenEnv?: string };
  readonly remotes?: {
    readonly [name: string]: {
      readonly url: string;
      readonly protocol?: "plain" | "a2a";
      readonly health?: string;
      readonly keyEnv?: string;
      readonly timeout?: number;
    };
  };
}

export async function loadSettings(home: string, env: Environment): Promise<Settings> {
  const file = await readConfig(join(home, "config.yaml"));
  const compatible: Record<string, { baseUrl: string; apiKey?: string }> = {};
  const found: { provider: string; by: string }[] = [];
  const hosted = (
    provider: string,
    key: string | undefined,
    keyName: string,
    base?: string,
  ): ProviderAccess | undefined => {
    if (key) found.push({ provider, by: keyName });
    return key || base ? { ...(key && { apiKey: key }), ...(base && { baseUrl: base }) } : undefined;
  };
  const anthropic = hosted("anthropic", env["ANTHROPIC_API_KEY"], "ANTHROPIC_API_KEY", env["ANTHROPIC_BASE_URL"]);
  const openai = hosted("openai", env["OPENAI_API_KEY"], "OPENAI_API_KEY", env["OPENAI_BASE_URL"]);
  const google = hosted("google", env["GOOGLE_GENERATIVE_AI_API_KEY"], "GOOGLE_GENERATIVE_AI_API_KEY");
  const ollama = env["OLLAMA_HOST"] ? { baseUrl: env["OLLAMA_HOST"] } : undefined;
  if (ollama) found.push({ provider: "ollama", by: "OLLAMA_HOST" });
  for (const [name, { baseUrl, apiKeyEnv }] of Object.entries(file.providers ?? {})) {
    const key = apiKeyEnv === undefined ? undefined : env[apiKeyEnv];
    compatible[name] = { baseUrl, ...(key && { apiKey: key }) };
    found.push({ provider: `compatible/${name}`, by: "config.yaml" });
  }
  const remotes = Object.entries(file.remotes ?? {}).map(([name, { keyEnv, ...rest }]) => {
    const key = keyEnv === undefined ? undefined : env[keyEnv];
    return [name, { ...rest, ...(key && { key }) }] as const;
  });
  return {
    ...(file.model !== undefined && { model: file.model }),
    agentModels: file.agentModels ?? {},
    providers: {
      ...(anthropic && { anthropic }),
      ...(openai && { openai }),
      ...(google && { google }),
      ...(ollama && { ollama }),
      compatible,
    },
    prices: file.prices ?? {},
    ...(file.budget && { budget: file.budget }),
    ...(file.downgrade && { downgrade: file.downgrade }),
    ...(file.route && { route: file.route }),
    mcpServers: file.mcpServers ?? {},
    ...(file.dayBudget && { dayBudget: file.dayBudget }),
    ...(file.askAbove !== undefined && { askAbove: file.askAbove }),
    ...(file.sandbox && { sandbox: file.sandbox }),
    ...(file.delegate && { delegate: file.delegate }),
    ...(file.agentsMd !== undefined && { agentsMd: file.agentsMd }),
    ...(file.evidenceCommands && { evidenceCommands: file.evidenceCommands }),
    ...(file.codingAgents && { codingAgents: file.codingAgents }),
    ...(file.commands && { commands: file.commands }),
    ...(remotes.length > 0 && { remotes: Object.fromEntries(remotes) }),
    ...githubIn(file.github, env),
    ...(env["PATH"] !== undefined && { path: env["PATH"] }),
    found,
  };
}

/** The names that GitHub's own programs use, where the user names no other. */
function githubIn(file: File["github"] = {}, env: Environment): Pick<Settings, "github"> {
  const { tokenEnv = ["GITHUB_TOKEN", "GH_TOKEN"].find((one) => env[one]), baseUrl = env["GITHUB_API_URL"] } = file;
  const token = tokenEnv === undefined ? undefined : env[tokenEnv];
  const github = { ...(baseUrl && { baseUrl }), ...(token && { token }), ...(tokenEnv && { tokenEnv }) };
  return Object.keys(github).length > 0 ? { github } : {};
}

async function readConfig(path: string): Promise<File> {
  let source: string;
  try {
    source = await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return {};
    throw new TuttiError("BAD_INPUT", `${path} cannot be read: ${reasonOf(error)}`, { path: "config.yaml" });
  }
  const refuse = (message: string, line?: number) => {
    const where = line === undefined ? path : `${path}:${line}`;
    return new TuttiError("BAD_INPUT", `${where}: ${message}`, { path: "config.yaml", hint: `mend ${path}` });
  };
  const document = parseDocument(source, { uniqueKeys: true });
  const [error] = document.errors;
  if (error) throw refuse(error.message.split("\n")[0] ?? "unreadable", error.linePos?.[0].line);
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 10 }) ?? {};
  } catch (error) {
    throw refuse(reasonOf(error));
  }
  const found = shape(value);
  if (found) throw refuse(`'${found.at.slice(1) || "the file"}' ${found.fault}`);
  return value as File;
}

/** Dollars that nine of ten such runs stay below; what costs more is asked about, unless `askAbove` says otherwise. */
export const ASK_ABOVE = 10;

/** What a run uses where nobody has named a model: of the provider that was found. */
export const DEFAULT_MODELS: { readonly [provider: string]: string } = {
  anthropic: "anthropic/claude-sonnet-5",
  openai: "openai/gpt-5.6",
  google: "google/gemini-3.1-pro",
};

export function defaultModel({ model, found }: Settings): string | undefined {
  if (model !== undefined) return model;
  for (const { provider } of found) if (DEFAULT_MODELS[provider] !== undefined) return DEFAULT_MODELS[provider];
  return undefined;
}
