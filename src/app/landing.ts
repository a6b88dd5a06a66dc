/** The last task of a run whose work is to land: it waits for all others, and its agent is the merge lane. */
import { TuttiError } from "../domain/error.ts";
import { type Delivered, LANE, type Landing } from "../domain/landing.ts";
import type { AgentTask } from "../domain/plan.ts";
import type { Journal } from "../domain/ports.ts";
import { isRecord } from "../domain/shape.ts";
import { deliveryFault } from "../workspace/lane/delivery.ts";
import { undo } from "../workspace/lane/undo.ts";
import type { WorktreeOptions } from "../workspace/worktrees.ts";
import type { AgentDefinition } from "./agents.ts";

export { LANE };

const LAND = "land";
/** Helps where an owner cannot: from the catalogue. */
const MEDIATOR = "conflict-mediator";

export const laneAgent: AgentDefinition = {
  runtime: "lane",
  description: "Brings together what the tasks before it wrote, proves it and delivers it.",
};

/** A rehearsal writes nothing, so nothing lands. */
export function withLanding(
  tasks: readonly AgentTask[],
  { deliver, rehearse }: { readonly deliver?: Landing; readonly rehearse?: boolean },
): readonly AgentTask[] {
  if (deliver === undefined || rehearse) return tasks;
  const taken = new Set(tasks.map(({ id }) => id.toLowerCase()));
  let id = LAND;
  for (let n = 2; taken.has(id); n++) id = `${LAND}-${n}`;
  const needed = new Set(tasks.flatMap(({ dependencies = [] }) => dependencies));
  const last = tasks.filter((task) => !needed.has(task.id)).map((task) => task.id);
  return [
    ...tasks,
    {
      ...{ id, agentName: LANE, phase: "Landing", dependencies: last, retries: 0 },
      description: wayOf(deliver),
      prompt: "Bring the work of all tasks together, prove it and deliver it.",
    },
  ];
}

function wayOf({ delivery, gates }: Landing): string {
  const to =
    delivery.as === "branch"
      ? `as branch ${delivery.name ?? "tutti/RUN"}`
      : delivery.as === "patches"
        ? `as patches in ${delivery.folder}`
        : "onto the branch that is checked out";
  const proof = gates.length > 0 ? `, once it passes ${gates.map((one) => `'${one}'`).join(" and ")}` : "";
  return `Land the work ${to}${proof}`;
}

export const mediated = (landing: Landing, agents: { has(name: string): boolean }): Landing =>
  landing.mediator === undefined && agents.has(MEDIATOR) ? { ...landing, mediator: MEDIATOR } : landing;

/** Before anything is paid: what would be refused at the end is refused now. */
export async function checkLanding(landing: Landing | undefined, folder: string | undefined): Promise<void> {
  if (landing === undefined) return;
  const fault =
    folder === undefined ? "there is no folder to deliver to" : await deliveryFault(folder, landing.delivery);
  if (fault !== undefined) throw new TuttiError("BAD_INPUT", fault, { path: "config.deliver" });
}

/** What a run has delivered last. */
export async function deliveredBy(journal: Journal, run: string): Promise<Delivered | undefined> {
  const delivered: Delivered[] = [];
  for await (const page of journal.read(run))
    for (const event of page) if (event.type === "workspace:merged") delivered.push(deliveredIn(event.entry));
  return delivered.at(-1);
}

/** Takes back what a run has delivered. The work itself stays under its refs. */
export async function undoLanding(journal: Journal, run: string, where: WorktreeOptions): Promise<string> {
  const last = await deliveredBy(journal, run);
  if (last === undefined)
    throw new TuttiError("WRONG_STATE", `run ${run} has delivered nothing`, {
      path: "run",
      hint: "tutti land RUN lands the work of a run",
    });
  return undo(where, last);
}

function deliveredIn(entry: unknown): Delivered {
  const { as, name, before, after } = isRecord(entry) ? entry : {};
  const text = (value: unknown) => (typeof value === "string" ? value : "");
  const known = { as: as as Delivered["as"], name: text(name), after: text(after) };
  return typeof before === "string" ? { ...known, before } : known;
}
