/** The library's front door. Any name added here is public. */
export type { Agent, AgentDefinition, Agents } from "./app/agents.ts";
export { type NamedTask, run, type TaskOptions, task } from "./app/functional.ts";
export { RunHandle } from "./app/handle.ts";
export { createLimits } from "./app/limits.ts";
export type { Branch } from "./app/lineage.ts";
export type { OrchestratorConfig } from "./app/options.ts";
export { AgentOrchestrator, type ExecuteOptions } from "./app/orchestrator.ts";
export type { Results } from "./app/whole.ts";
export { type ErrorCode, TuttiError } from "./domain/error.ts";
export type {
  EventOf,
  EventType,
  RunEvent,
  RunResults,
  RunStatus,
  Summary,
  TaskResult,
  TaskStatus,
} from "./domain/events.ts";
export type { Handed, Handoff, Wanted } from "./domain/handoff.ts";
export type { Json } from "./domain/json.ts";
export type { AgentTask, Budget, Condition, ForEach, Gate } from "./domain/plan.ts";
export type {
  Attempt,
  AttemptLog,
  AttemptWorld,
  Board,
  Clock,
  Help,
  Journal,
  Limits,
  Message,
  Outcome,
  People,
  Runtime,
} from "./domain/ports.ts";
export { checkPlan, type PlanFault } from "./graph/check.ts";
export { criticalPath } from "./graph/critical-path.ts";
export { createMemoryJournal } from "./journal/memory.ts";
export { createSqliteJournal } from "./journal/sqlite.ts";
export type { AgentFunction, FunctionContext, FunctionTask, Reported } from "./runtimes/function.ts";
