/** Where the models of a reference are. Keys and addresses are only what was handed in: the environment, which the packages would read themselves, is the business of whoever configures us. */
import type { ModelRef, ProviderName } from "./model-ref.ts";

export interface ProviderConfig {
  readonly apiKey?: string;
  readonly baseUrl?: string;
}
export interface ServerConfig {
  readonly baseUrl: string;
  readonly apiKey?: string;
}
export interface Providers {
  readonly anthropic?: ProviderConfig;
  readonly openai?: ProviderConfig;
  readonly google?: ProviderConfig;
  readonly ollama?: ProviderConfig;
  /** Any servers that speak the protocol of OpenAI, by the user's names for them. */
  readonly compatible?: { readonly [name: string]: ServerConfig };
}

type Hosted = Exclude<ProviderName, "compatible">;
const HOME: { readonly [provider in Hosted]: string } = {
  anthropic: "https://api.anthropic.com/v1",
  openai: "https://api.openai.com/v1",
  google: "https://generativelanguage.googleapis.com/v1beta",
  ollama: "http://127.0.0.1:11434/v1",
};
const KEYS: { readonly [provider in Hosted]?: string } = {
  anthropic: "ANTHROPIC_API_KEY",
  openai: "OPENAI_API_KEY",
  google: "GOOGLE_GENERATIVE_AI_API_KEY",
};

export function configOf({ provider, name = "" }: ModelRef, providers: Providers): ProviderConfig {
  if (provider !== "compatible") return providers[provider] ?? {};
  const servers = providers.compatible ?? {};
  return Object.hasOwn(servers, name) ? (servers[name] ?? {}) : {};
}

export const labelOf = ({ provider, name }: ModelRef): string =>
  provider === "compatible" ? `the server '${name}'` : provider;

/** What a person does so that this provider accepts us. */
export function keyAdvice(ref: ModelRef): string {
  if (ref.provider === "compatible") return `set the key of providers.${ref.name} (apiKeyEnv)`;
  const key = KEYS[ref.provider];
  return key === undefined ? "check its address" : `set ${key}`;
}

/** Why it cannot be called at all, before anything is sent. */
export function configFault(ref: ModelRef, providers: Providers): string | undefined {
  const { apiKey, baseUrl } = configOf(ref, providers);
  if (ref.provider !== "compatible" && KEYS[ref.provider] && !apiKey && baseUrl === undefined)
    return `there is no key for ${labelOf(ref)}: ${keyAdvice(ref)}`;
  const address = baseUrlOf(ref, providers);
  return address === undefined ? `the address of ${labelOf(ref)} is no http or https URL` : undefined;
}

/**
 * The address that paths are appended to. People write it in several ways: `OLLAMA_HOST` has no scheme, and
 * `ANTHROPIC_BASE_URL` stands, by that vendor's own tools, without the version.
 */
export function baseUrlOf(ref: ModelRef, providers: Providers): string | undefined {
  const { baseUrl } = configOf(ref, providers);
  if (baseUrl === undefined || baseUrl === "") return ref.provider === "compatible" ? undefined : HOME[ref.provider];
  const full = ref.provider === "ollama" && !baseUrl.includes("://") ? `http://${baseUrl}` : baseUrl;
  if (!URL.canParse(full)) return undefined;
  const url = new URL(full);
  if (url.protocol !== "http:" && url.protocol !== "https:") return undefined;
  if (ref.provider === "ollama" && url.port === "" && !/:\d+\/?$/.test(full)) url.port = "11434";
  const path = url.pathname.replace(/\/+$/, "");
  const version = ref.provider === "google" ? "/v1beta" : "/v1";
  const isBare = ref.provider === "anthropic" ? !path.endsWith(version) : path === "";
  url.pathname = isBare ? path + version : path;
  return url.href.replace(/\/+$/, "");
}
