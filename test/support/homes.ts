/** Homes of Tutti in a temporary folder, with hosts that are let go after each test. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, afterEach } from "vitest";
import { Host, type HostOptions } from "../../src/app/host.ts";
import type { AgentTask } from "../../src/domain/plan.ts";
import type { Journal } from "../../src/domain/ports.ts";
import type { RunEvent } from "../../src/index.ts";

export class Homes {
  readonly #folder = mkdtempSync(join(tmpdir(), "tutti-home-"));
  readonly #hosts: Host[] = [];
  #count = 0;

  constructor() {
    afterEach(async () => {
      for (const host of this.#hosts.splice(0)) await host[Symbol.asyncDispose]();
    });
    afterAll(() => rmSync(this.#folder, { recursive: true, force: true }));
  }

  /** A new home; its `files` by their path in it. */
  path(files: { readonly [path: string]: string } = {}): string {
    const home = join(this.#folder, `home-${++this.#count}`);
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(home, path)), { recursive: true });
      writeFileSync(join(home, path), text);
    }
    return home;
  }

  async open(options: Partial<HostOptions> = {}): Promise<Host> {
    const host = await Host.open({ home: options.home ?? this.path(), env: {}, ...options });
    this.#hosts.push(host);
    return host;
  }

  /** Lets a host go before its test ends, as the end of its process does. */
  async close(host: Host): Promise<void> {
    this.#hosts.splice(this.#hosts.indexOf(host), 1);
    await host[Symbol.asyncDispose]();
  }
}

/** A task for an agent of the catalogue. */
export const work = (id: string, more: Partial<AgentTask> = {}): AgentTask => ({
  ...{ id, agentName: "builder", description: `work on ${id}`, prompt: `Do ${id}` },
  ...more,
});

export async function eventsOf(journal: Journal, run: string): Promise<readonly RunEvent[]> {
  const events: RunEvent[] = [];
  for await (const page of journal.read(run)) events.push(...page);
  return events;
}
