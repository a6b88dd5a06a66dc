/** What of a home its fleet needs. The host is more than that, and knows of fleets itself. */
import type { RunState } from "../core/state.ts";
import type { Command } from "../domain/facts.ts";
import type { Journal } from "../domain/ports.ts";
import type { Settings } from "../library/settings.ts";
import type { AgentFor } from "../workflows/agent-for.ts";
import type { WorkflowRegistry } from "../workflows/registry.ts";
import type { Agency } from "./agency.ts";
import type { Chosen } from "./crew-of-files.ts";
import type { Forecast } from "./forecast.ts";
import type { RunHandle } from "./handle.ts";
import type { Planned } from "./order.ts";
import type { OpenGate, Shown } from "./overview.ts";

export interface FleetHome {
  readonly home: string;
  readonly settings: Settings;
  readonly agency: Agency;
  readonly journal: Journal;
  readonly surroundings: {
    readonly workflows: WorkflowRegistry;
    readonly registry: WorkflowRegistry;
    readonly agents: ReadonlySet<string>;
    readonly agentFor: AgentFor;
  };
  ready(order: unknown): Promise<void>;
  prepare(order: unknown): Planned & Chosen;
  admit(prepared: Planned & Chosen): Promise<Planned & Chosen>;
  start(prepared: Planned & Chosen): RunHandle;
  forecast(prepared: Planned & Chosen, runs: number): Promise<Forecast>;
  handle(run: string): RunHandle | undefined;
  state(run: string): Promise<RunState>;
  show(run: string): Promise<Shown>;
  gates(run: string): Promise<readonly OpenGate[]>;
  command(run: string, command: Command): Promise<string>;
}
