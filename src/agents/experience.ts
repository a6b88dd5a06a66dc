/**
 * What one run says about its agents, folded from its events: an observation for each attempt, and what tells how good
 * the work was: a gate's decision about the tasks behind it, a judging task's `approved` or `score`, a loop that had to
 * go round again. Rehearsals say nothing about anybody.
 */
import type { Failure, RunEvent } from "../domain/events.ts";
import { isRecord } from "../domain/shape.ts";
import type { Observation } from "./performance.ts";

interface Attempt extends Observation {
  readonly taskId: string;
}
interface Task {
  readonly agent: string;
  readonly dependencies: readonly string[];
  readonly kind: string;
  model: string;
  restarts: number;
}
/** Who was stopped has not failed; limits, keys and networks are nobody's fault here. */
const NOT_ITS_OWN: readonly Failure[] = ["stopped", "rejected", "rate-limit", "quota", "auth", "network", "budget"];

/** What conducting itself was like. */
export interface Conducting {
  readonly delegated: number;
  /** Tasks that named nobody and got an agent. */
  readonly routed: number;
  /** Tasks that came after the start: items, repetitions, what was added to the plan. */
  readonly added: number;
  /** From agent to agent. */
  readonly messages: number;
  /** Milliseconds from the start to the first task. */
  readonly decomposition: number;
  readonly retried: number;
  readonly fellBack: number;
  readonly gates: number;
  readonly planChanges: number;
  /** Agents at once. */
  readonly places: number;
}
export interface RunLesson {
  readonly workflow: string;
  readonly observations: readonly (Observation & { readonly first: boolean })[];
  readonly conducting: Conducting;
}

/** Which part of a dependency's work a rejection leaves standing. */
const REJECTED = 0.25;

export class Lesson {
  #workflow = "";
  #startedAt = 0;
  #firstAt: number | undefined;
  #isRehearsed = false;
  #places = 0;
  #planned = 0;
  readonly #tasks = new Map<string, Task>();
  readonly #attempts: Attempt[] = [];
  readonly #tried = new Map<string, number>();
  readonly #quality = new Map<string, number[]>();
  readonly #counts = { retried: 0, fellBack: 0, gates: 0, planChanges: 0, routed: 0, added: 0, messages: 0 };

  note(event: RunEvent): void {
    switch (event.type) {
      case "workflow:start":
        this.#workflow = event.workflow;
        this.#startedAt = event.at;
        this.#places = event.options.maxParallelAgents ?? 0;
        this.#planned = event.taskCount;
        this.#isRehearsed = event.rehearsed === true;
        break;
      case "task:added":
        this.#tasks.set(event.taskId, {
          ...{ agent: event.agentName, dependencies: event.dependencies, model: "", restarts: 0 },
          kind: event.phase ?? "",
        });
        if (event.agentReason !== undefined) this.#counts.routed++;
        if (this.#tasks.size > this.#planned) this.#counts.added++;
        // A loop goes round again because its last round was not good enough.
        if (/\.\d+$/.test(event.taskId)) this.#judge([event.taskId.replace(/\.\d+$/, "")], 0.5);
        break;
      case "task:start":
        this.#firstAt ??= event.at;
        break;
      case "agent:invoke": {
        const task = this.#tasks.get(event.taskId);
        if (task) task.model = event.model;
        break;
      }
      case "task:retry":
        // One that left off for a pause or for want of budget is gone on with.
        if (event.handedTo === undefined && event.counts) this.#counts.retried++;
        this.#attempt(event, false);
        break;
      case "task:error":
        this.#attempt(event, false);
        break;
      case "task:complete":
        this.#attempt(event, true);
        this.#judgement(event.taskId, event.output);
        break;
      case "message:sent":
        if (event.taskId !== undefined) this.#counts.messages++;
        break;
      case "task:fallback":
        this.#counts.fellBack++;
        break;
      case "gate:decided":
        this.#counts.gates++;
        this.#judge(this.#tasks.get(event.taskId)?.dependencies ?? [], event.decision === "approve" ? 1 : REJECTED);
        break;
      case "plan:changed":
        this.#counts.planChanges++;
        break;
      default:
    }
  }

  done(): RunLesson | undefined {
    if (this.#isRehearsed || this.#workflow === "") return undefined;
    const last = new Map(this.#attempts.map((attempt, i) => [attempt.taskId, i]));
    const seen = new Set<string>();
    const observations = this.#attempts.map(({ taskId, ...attempt }, i) => {
      const first = !seen.has(taskId);
      seen.add(taskId);
      const said = last.get(taskId) === i ? this.#quality.get(taskId) : undefined;
      const quality = said && said.reduce((a, b) => a + b, 0) / said.length;
      return { ...attempt, first, ...(quality !== undefined && { quality }) };
    });
    const decomposition = (this.#firstAt ?? this.#startedAt) - this.#startedAt;
    const conducting = { delegated: this.#tried.size, decomposition, places: this.#places, ...this.#counts };
    return { workflow: this.#workflow, observations, conducting };
  }

  #attempt(event: Extract<RunEvent, { type: "task:retry" | "task:error" | "task:complete" }>, ok: boolean): void {
    const task = this.#tasks.get(event.taskId);
    if (event.type !== "task:complete" && NOT_ITS_OWN.includes(event.failure)) return;
    this.#tried.set(event.taskId, (this.#tried.get(event.taskId) ?? 0) + 1);
    const { taskId, agentName: agent, duration, tokensUsed: tokens, costUsd } = event;
    const kind = task?.kind ?? "";
    this.#attempts.push({
      ...{ taskId, agent, ok, duration, tokens, costUsd },
      ...(task && task.model !== "" && { model: task.model }),
      ...(kind !== "" && { kind }),
    });
  }

  /** A task whose output says what it thinks of the work before it. */
  #judgement(taskId: string, output: unknown): void {
    if (!isRecord(output)) return;
    const dependencies = this.#tasks.get(taskId)?.dependencies ?? [];
    const { approved, score } = output;
    if (typeof approved === "boolean") this.#judge(dependencies, approved ? 1 : REJECTED);
    else if (typeof score === "number" && score >= 0)
      this.#judge(dependencies, score <= 1 ? score : score <= 10 ? score / 10 : Math.min(1, score / 100));
  }

  #judge(tasks: readonly string[], quality: number): void {
    for (const id of tasks) this.#quality.set(id, [...(this.#quality.get(id) ?? []), quality]);
  }
}
