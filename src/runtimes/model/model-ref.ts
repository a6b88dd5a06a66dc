/** How users name models: `provider/id`, and what the short forms mean. */
import { TuttiError } from "../../domain/error.ts";
import { didYouMean } from "../../domain/nearest.ts";

export const PROVIDERS = ["anthropic", "openai", "google", "ollama", "compatible"] as const;
export type ProviderName = (typeof PROVIDERS)[number];

export interface ModelRef {
  readonly provider: ProviderName;
  /** Of `compatible/<name>/<id>`: which of the user's own servers. */
  readonly name?: string;
  /** As the provider knows it; it may hold slashes itself. */
  readonly id: string;
  /** The whole of it, in the long form. */
  readonly text: string;
}

/** Families whose bare name says whose they are. */
const FAMILIES: readonly (readonly [start: string, provider: ProviderName])[] = [
  ["claude-", "anthropic"],
  ["gpt-", "openai"],
  ["gemini-", "google"],
];

/** `servers`: the names of the user's own compatible servers. Throws BAD_INPUT with the nearest right spelling. */
export function parseModelRef(text: string, servers: Iterable<string> = []): ModelRef {
  const [first = "", ...rest] = text.split("/");
  if (rest.length === 0) {
    const family = FAMILIES.find(([start]) => text.startsWith(start));
    if (family) return refOf(family[1], text);
    const known = didYouMean(text, PROVIDERS);
    throw wrong(
      text,
      `names no provider${known || ""}`,
      "write provider/id, such as anthropic/claude-sonnet-4-5 or openai/gpt-5",
    );
  }
  const provider = PROVIDERS.find((one) => one === first);
  const own = [...servers];
  if (!provider)
    throw wrong(
      text,
      own.includes(first)
        ? `means 'compatible/${text}'`
        : `names the unknown provider '${first}'${didYouMean(first, [...PROVIDERS, ...own])}`,
      `providers are ${PROVIDERS.join(", ")}`,
    );
  if (provider === "compatible") return compatible(text, rest, own);
  const id = rest.join("/");
  if (id === "") throw wrong(text, "names no model", `write ${provider}/ and the model's id`);
  return refOf(provider, id);
}

function compatible(text: string, [name = "", ...rest]: readonly string[], servers: readonly string[]): ModelRef {
  const id = rest.join("/");
  if (name === "" || id === "")
    throw wrong(text, "is incomplete", "write compatible/<name>/<id>, where <name> is one of your configured servers");
  if (!servers.includes(name))
    throw wrong(
      text,
      `names the unknown server '${name}'${didYouMean(name, servers)}`,
      servers.length > 0
        ? `your servers are ${servers.join(", ")}`
        : `configure it: providers: { ${name}: { baseUrl: … } }`,
    );
  return { provider: "compatible", name, id, text };
}

const refOf = (provider: ProviderName, id: string): ModelRef => ({ provider, id, text: `${provider}/${id}` });

const wrong = (text: string, fault: string, hint: string) =>
  new TuttiError("BAD_INPUT", `the model '${text}' ${fault}`, { path: "model", hint });
