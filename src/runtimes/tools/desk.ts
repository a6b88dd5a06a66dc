/** Where an attempt works: its files, its shell and its tools, opened as far as its definition needs them. */

import type { AttemptWorld, Clock, Outcome } from "../../domain/ports.ts";
import type { OpenWorkspace, WorkspaceOf, Workspaces } from "../../domain/workspace.ts";
import { sandbox } from "../../process/sandbox.ts";
import { keepWork } from "./ground.ts";
import { judge, type Powers } from "./permission.ts";
import { Shell, type ShellOptions } from "./shell.ts";
import type { OpenTools, ToolSource } from "./tool.ts";
import { Toolbox } from "./toolbox.ts";

export interface DeskOptions {
  readonly of: WorkspaceOf;
  readonly world: AttemptWorld;
  readonly clock: Clock;
  readonly workspaces?: Workspaces;
  /** Takes keys out of what tools say. */
  readonly scrub?: (text: string) => string;
  readonly shell?: Pick<ShellOptions, "env" | "hidden" | "limits" | "mustHold">;
  /** Where tools of others come from. */
  readonly source?: ToolSource;
}

export class Desk implements AsyncDisposable {
  readonly toolbox: Toolbox;
  readonly #options: DeskOptions;
  readonly #workspace: OpenWorkspace | undefined;
  readonly #others: OpenTools;
  #isLeft = false;

  private constructor(options: DeskOptions, toolbox: Toolbox, others: OpenTools, workspace?: OpenWorkspace) {
    this.#options = options;
    this.toolbox = toolbox;
    this.#others = others;
    this.#workspace = workspace;
  }

  static async open(powers: Powers, options: DeskOptions): Promise<Desk> {
    const { of, workspaces } = options;
    const needs = Toolbox.needs(powers);
    // Whoever takes a task over keeps what was written before, also where it needs no files itself.
    const isOpened = needs.files || of.from !== undefined;
    const isHeld = needs.shell && options.shell !== undefined && (await sandbox()) !== undefined;
    const way = isHeld ? "clone" : "worktree";
    const workspace = isOpened && workspaces ? workspaces.open(of, needs.writing, way) : undefined;
    try {
      return await Desk.#with(powers, options, workspace);
    } catch (error) {
      await letGo(workspace);
      throw error;
    }
  }

  static async #with(powers: Powers, options: DeskOptions, workspace: OpenWorkspace | undefined): Promise<Desk> {
    const { world, clock, scrub, shell: how } = options;
    const others = await othersOf(powers, options, workspace);
    const hands = {
      world,
      clock,
      ...(scrub && { scrub }),
      ...(workspace && { workspace, ready: layingOut(workspace, world) }),
    };
    const more = others.tools;
    if (!workspace || !how || !Toolbox.needs(powers).shell)
      return new Desk(options, new Toolbox(powers, hands, { more }), others, workspace);
    const network = judge(powers, "network", "*", "allow").effect === "allow";
    const shell = await Shell.open({ ...how, workspace, network }).catch(async (error) => {
      await others.close();
      throw error;
    });
    return new Desk(options, new Toolbox(powers, { ...hands, shell }, { more }), others, workspace);
  }

  /** Lays the files out again that an attempt before had worked on: what lies there must be kept at the end. */
  async goOn(): Promise<void> {
    await this.#workspace?.ready();
  }

  /** The outcome, with what was written: that is kept before anything is told, however it ended. */
  async kept(outcome: Outcome): Promise<Outcome> {
    const kept = await keepWork(this.#workspace, this.#options.world, outcome);
    this.#isLeft = kept.isLeft;
    return kept.outcome;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.toolbox[Symbol.asyncDispose]();
    await this.#others.close().catch(() => {});
    if (!this.#isLeft) await this.#workspace?.close();
  }
}

/** At the first call that needs files; what whoever works on them should know is told once. */
function layingOut(workspace: OpenWorkspace, { log }: AttemptWorld): () => Promise<readonly string[]> {
  let isOut = false;
  return async () => {
    const notes = await workspace.ready();
    if (isOut) return [];
    isOut = true;
    const entry = { path: workspace.root, notes: [...notes] };
    if (workspace.isWritable) await log.append({ type: "workspace:opened", entry });
    return notes;
  };
}

/** Nobody works there: what an attempt before left in it is kept, and it goes. Where that fails it stays as it is. */
async function letGo(workspace: OpenWorkspace | undefined): Promise<void> {
  try {
    if (workspace?.isWritable) await workspace.keep("failed");
    await workspace?.close();
  } catch {
    // Why it could not be opened is what must be told.
  }
}

const NONE: OpenTools = { tools: [], close: async () => {} };

async function othersOf(
  { mcpServers = [] }: Powers,
  { source, world }: DeskOptions,
  workspace: OpenWorkspace | undefined,
): Promise<OpenTools> {
  if (mcpServers.length === 0 || source === undefined) return NONE;
  await workspace?.ready();
  const { root: cwd = process.cwd(), isLasting = true } = workspace ?? {};
  return source.open(mcpServers, { cwd, isLasting, signal: world.signal });
}
