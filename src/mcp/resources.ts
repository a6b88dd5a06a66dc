/** What can be looked at by an address: runs, agents, plans, workflows. */
import { type McpServer, ResourceTemplate } from "@modelcontextprotocol/server";
import type { PromptFile } from "../agents/prompt-file.ts";
import type { Fleet } from "../conductor/fleet.ts";
import { TuttiError } from "../domain/error.ts";

/** What is there beside the fleet. */
export interface Shelf {
  readonly workflows: () => readonly object[];
  /** Prompts that the home keeps as files, and those of its repository that were trusted. */
  readonly prompts?: () => Iterable<PromptFile>;
}

const JSON_TYPE = "application/json";
/** Entries of a list, and characters of one that is read. */
const MOST_LISTED = 50;
const LONGEST = 200_000;

export function addResources(server: McpServer, fleet: Fleet, shelf: Shelf): void {
  const list = (name: string, title: string, description: string, read: () => Promise<unknown> | unknown) => {
    const about = { title, description, mimeType: JSON_TYPE };
    server.registerResource(name, `tutti://${name}`, about, async (uri) => contents(uri, await read()));
  };
  list("runs", "Runs", "the newest runs and how they stand", () => fleet.runs(MOST_LISTED));
  list("agents", "Agents", "everybody who can be given work", () =>
    fleet.agents({}).map(({ name, stage, busy, created }) => ({ name, stage, busy, created })),
  );
  list("plans", "Plans", "plans that were made and kept", () => fleet.plans());
  list("workflows", "Workflows", "workflows that run_workflow begins by their id", () => shelf.workflows());

  const one = (
    name: string,
    of: { readonly title: string; readonly description: string },
    listed: () => Promise<readonly string[]> | readonly string[],
    read: (id: string) => Promise<unknown> | unknown,
  ) => {
    const address = (id: string) => `tutti://${name}/${id}`;
    const template = new ResourceTemplate(`tutti://${name}/{id}`, {
      list: async () => ({
        resources: (await listed())
          .slice(0, MOST_LISTED)
          .map((id) => ({ name: id, uri: address(id), mimeType: JSON_TYPE })),
      }),
      complete: {
        id: async (begin) => (await listed()).filter((id) => id.startsWith(begin)).slice(0, MOST_LISTED),
      },
    });
    server.registerResource(`one of ${name}`, template, { ...of, mimeType: JSON_TYPE }, async (uri, { id }) => {
      if (typeof id !== "string") throw new TuttiError("BAD_INPUT", `${uri.href} names nothing`);
      return contents(uri, await read(id));
    });
  };
  const newest = async () => (await fleet.runs(MOST_LISTED)).map(({ run }) => run);
  one("runs", { title: "A run", description: "its status, its tasks and what came of them" }, newest, (id) =>
    fleet.run(id),
  );
  const names = () => fleet.agents({}).map(({ name }) => name);
  one("agents", { title: "An agent", description: "what it is for, and how it fares" }, names, (id) => fleet.agent(id));
  one(
    "plans",
    { title: "A plan", description: "its tasks, as run_workflow begins them" },
    () => fleet.plans(),
    (id) => fleet.planned(id),
  );
}

function contents(uri: URL, value: unknown) {
  const text = JSON.stringify(value);
  const short = text.length > LONGEST ? `${text.slice(0, LONGEST)}… [cut]` : text;
  return { contents: [{ uri: uri.href, mimeType: JSON_TYPE, text: short }] };
}
