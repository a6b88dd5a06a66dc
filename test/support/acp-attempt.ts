/** An attempt by the scripted coding agent, without a run around it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../../src/app/system.ts";
import type { Outcome } from "../../src/domain/ports.ts";
import type { Workspaces } from "../../src/domain/workspace.ts";
import { type AcpOptions, performAcp } from "../../src/runtimes/acp/runtime.ts";
import type { ModelSettings } from "../../src/runtimes/model/runtime.ts";
import { folderWorkspace } from "../../src/workspace/folder.ts";
import type { Script, Step } from "./fake-acp-agent.ts";
import { attemptOf, type HeldWorld, heldWorld } from "./model-attempt.ts";
import { stripped } from "./stripped.ts";

export const AGENT = stripped(new URL("./fake-acp-agent.ts", import.meta.url));
/** Worktrees have tests of their own. */
const UNKEPT = { ready: async () => [], keep: async () => undefined, close: async () => {} };
export const SECRET = "canary-of-the-test";

export interface At {
  readonly root: string;
  readonly script: Script;
  readonly world?: HeldWorld;
  readonly restart?: number;
  readonly settings?: ModelSettings;
  readonly workspaces?: Workspaces;
  readonly timers?: AcpOptions["timers"];
  readonly model?: string;
  readonly more?: Partial<AcpOptions>;
}

export async function performFake({
  root,
  script,
  world = heldWorld(),
  restart = 0,
  settings,
  model,
  ...at
}: At): Promise<Outcome> {
  const files = await folderWorkspace(root, true);
  const log = join(root, "..", `${root.split("/").at(-1)}.log`);
  const options: AcpOptions = {
    clock: systemClock,
    env: { PATH: process.env["PATH"], FAKE_KEY: SECRET, OTHER_KEY: "of-somebody-else" },
    codingAgents: {
      fake: { command: process.execPath, args: [AGENT, JSON.stringify({ log, ...script })], env: ["FAKE_KEY"] },
    },
    workspaces: at.workspaces ?? { open: () => ({ ...files, ...UNKEPT }) },
    instructionsOf: () => ({ tools: ["read", "search", "edit", "write"], ...settings }),
    ...(at.timers && { timers: at.timers }),
    ...at.more,
  };
  const ref = { runtime: "acp", name: "fake", text: "acp/fake", ...(model !== undefined && { model }) } as const;
  const attempt = attemptOf("acp/fake", { restart, prompt: "Mend it", agent: { runtime: "acp", model: "acp/fake" } });
  return performAcp(ref, attempt, world, options);
}

/** What the agent heard, and first of all its environment. */
export const heardBy = (root: string): readonly Record<string, never>[] =>
  readFileSync(`${root}.log`, "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, never>);

export const turn = (...steps: Step[]): Script => ({ turns: [steps] });
