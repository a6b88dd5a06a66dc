/**
 * Searching the web as a model's provider does it itself, while the model answers.
 *
 * Nobody can be asked in between, since nothing comes by here: an agent has it where its definition names `web_search`
 * and no rule denies it or wants a person asked.
 */
import type { ToolSet } from "ai";
import { judge, type Powers, toolsFor } from "../tools/permission.ts";
import type { ModelRef } from "./model-ref.ts";

const WEB_SEARCH = "web_search";
/** Searches in one turn, where the provider takes a limit: each costs about a cent. */
const MOST_SEARCHES = 5;

/** A page that an answer rests on. */
export interface Source {
  readonly url: string;
  readonly title?: string;
}

/** Whether an agent may, whatever its model can do. */
export function maySearchWeb(powers: Powers): boolean {
  const isNamed = toolsFor(powers, [{ name: WEB_SEARCH }]).length > 0;
  return isNamed && judge(powers, WEB_SEARCH, "*", "allow").effect === "allow";
}

const SEARCHERS = new Set<ModelRef["provider"]>(["anthropic", "openai", "google"]);

/** Servers of the user's own speak a protocol that has no word for it. */
export const canSearchWeb = ({ provider }: ModelRef): boolean => SEARCHERS.has(provider);

export async function webSearchOf({ provider }: ModelRef): Promise<ToolSet> {
  switch (provider) {
    case "anthropic": {
      const { anthropic } = await import("@ai-sdk/anthropic");
      return { [WEB_SEARCH]: anthropic.tools.webSearch_20250305({ maxUses: MOST_SEARCHES }) } as ToolSet;
    }
    case "openai": {
      const { openai } = await import("@ai-sdk/openai");
      return { [WEB_SEARCH]: openai.tools.webSearch({}) } as ToolSet;
    }
    case "google": {
      const { google } = await import("@ai-sdk/google");
      return { [WEB_SEARCH]: google.tools.googleSearch({}) } as ToolSet;
    }
    default:
      return {};
  }
}

const MOST_SOURCES = 20;
const LONGEST = 300;

/** The pages below an answer, each once: what was looked up can be looked up again. */
export function withSources(text: string, sources: readonly Source[]): string {
  const pages = new Map(sources.map((one) => [one.url, one]));
  if (pages.size === 0) return text;
  const lines = [...pages.values()].slice(0, MOST_SOURCES).map(({ url, title }) => {
    const name = (title ?? "").replace(/\s+/g, " ").trim().slice(0, LONGEST);
    return name === "" || name === url ? `- ${url.slice(0, 2 * LONGEST)}` : `- ${name}: ${url.slice(0, 2 * LONGEST)}`;
  });
  return `${text.trimEnd()}\n\nSources:\n${lines.join("\n")}\n`;
}
