/**
 * Faults that the simulation must find: each is a change to one file of a copy of `src`. A mutant whose text is no
 * longer there fails the test, so that the list moves with the code.
 */
export interface Mutant {
  readonly name: string;
  readonly file: string;
  readonly find: string;
  readonly put: string;
  /** Goes before the whole file, such as an import that the fault needs. */
  readonly head?: string;
  /** Found where agents spend turn by turn. */
  readonly budgets?: true;
}

const DRIVER = "drivers/local/driver.ts";

export const MUTANTS: readonly Mutant[] = [
  {
    name: "perform before the append is acknowledged",
    file: DRIVER,
    find: "const { batch, lists } = this.#decide(told);",
    put: "const { batch, lists } = this.#decide(told); this.#carryOut(batch.events);",
  },
  {
    name: "tell before the append is acknowledged",
    file: DRIVER,
    find: "const { batch, lists } = this.#decide(told);",
    put: "const { batch, lists } = this.#decide(told); this.world.publish(batch.events);",
  },
  {
    name: "acknowledge from a buffer",
    file: DRIVER,
    find: "await this.#writer.append(batch);",
    put: "this.#writer.append(batch).catch(() => {});",
  },
  {
    name: "decide again on replay",
    file: "drivers/local/load.ts",
    find: "  return state;",
    put: '  decide(state, { type: "recovered" }, state.at);\n  return state;',
    head: 'import { decide } from "../../core/decide.ts";\n',
  },
  {
    name: "retry forgets the budget",
    file: "core/follow.ts",
    find: "if (way.need) emit(",
    put: "if (way.need && !state.recovery.tries.has(node.id)) emit(",
  },
  {
    name: "resume re-runs a completed task",
    file: "recovery/tries.ts",
    find: "    if (!tries.inFlight) continue;\n",
    put: "",
  },
  {
    name: "two owners append",
    file: "journal/memory.ts",
    find: "if (!open) throw closedWriter(run.id);\n    if (dead",
    put: "if (dead",
  },
  {
    name: "what could not be appended is forgotten",
    file: DRIVER,
    find: "if (this.#state.seq < expected + batch.events.length) continue;",
    put: "if (this.#state.seq < expected + batch.events.length) return;",
  },
  {
    name: "what landed after all is decided again",
    file: DRIVER,
    find: "if (this.#state.seq < expected + batch.events.length) continue;",
    put: "if (this.#state.seq > 0) continue;",
  },
  {
    name: "go on with the state that could not be appended",
    file: DRIVER,
    find: "this.#state = await load(journal, this.run);",
    put: "await load(journal, this.run);",
  },
  {
    name: "an attempt is forgotten before its end is durable",
    file: "drivers/local/performance.ts",
    find: "    if (this.#abandoned) released();",
    put: "    this.#driver.release(this.#effect);\n    if (this.#abandoned) released();",
  },
  {
    name: "dependents of a failed task run",
    file: "graph/verdict.ts",
    find: 'if (before.spec?.onFailure === "continue") continue;',
    put: "if (before.spec) continue;",
  },
  {
    name: "a task that was passed on is completed by whoever passed it on",
    file: "core/attempt.ts",
    find: "const fact = handedOver(tries, told);",
    put: 'const fact = told.outcome === "ok" ? told : handedOver(tries, told);',
  },
  {
    name: "a restart is not counted",
    file: "core/follow.ts",
    find: "tries.attempt, tries.restart + 1)",
    put: "tries.attempt, tries.restart)",
  },
  {
    name: "one place too many",
    file: "scheduling/places.ts",
    find: "places.running.size >= places.total",
    put: "places.running.size > places.total",
  },
  {
    name: "begin while stopping",
    file: "core/follow.ts",
    find: 'if (state.life.stage === "running" && !state.life.stop) begin(telling);',
    put: 'if (state.life.stage === "running") begin(telling);',
  },
  {
    name: "an approved gate opens again",
    file: "graph/dag.ts",
    find: "  node.passed = true;\n",
    put: "",
  },
  {
    name: "what a cancelled attempt used is lost",
    file: "budget/ledger.ts",
    find: "if (event.attempt === undefined) return free(ledger, event.taskId);",
    put: "if (event.taskId) return free(ledger, event.taskId);",
  },
  {
    name: "a message is delivered twice",
    file: "coordination/talk.ts",
    find: "talk.waiting.delete(event.agentName);",
    put: "",
  },
  {
    name: "a crash forgets an ordered stop",
    file: "scheduling/life.ts",
    find: "return event.recovered ? undefined : turn(",
    put: "return turn(",
  },
  {
    name: "the clock jumps back into the journal",
    file: "core/decide.ts",
    find: "at: Math.max(now, state.at)",
    put: "at: now",
  },
  {
    name: "a breaker that opened is never looked at again",
    file: "app/breakers.ts",
    find: "    this.#at(this.#until);\n",
    put: "",
  },
  {
    name: "whoever waits for a person is tried again meanwhile",
    file: "recovery/tries.ts",
    find: 'event.step === "person" || event.step',
    put: "event.step",
  },
  {
    name: "a failed task is asked about without end",
    file: "recovery/replanning.ts",
    find: "replans >= (replan.most ?? MOST)",
    put: "replans < 0",
  },
  {
    name: "whoever waited for a failed task does not wait for what takes its place",
    file: "graph/dag.ts",
    find: "if (!known.has(id)) link(node, nodeOf(graph, id));",
    put: "if (known.has(id)) link(node, nodeOf(graph, id));",
  },
  {
    name: "after a crash nobody knows what was paid before",
    file: "budget/ledger.ts",
    find: "      return log(ledger, event.taskId, event.entry);",
    put: "      return;",
    budgets: true,
  },
  {
    name: "what others have under way does not count",
    file: "budget/ledger.ts",
    find: "const under = new Set([...ledger.reserved.keys(), ...ledger.logged.keys(), ...inFlight.keys(), task]);",
    put: "const under = new Set([task]);",
    budgets: true,
  },
  {
    name: "a task's own budget is forgotten by its second attempt",
    file: "budget/ledger.ts",
    find: "tokens += before.tokensUsed + now.tokens;",
    put: "tokens += now.tokens;",
    budgets: true,
  },
  {
    name: "what comes late counts twice",
    file: "budget/ledger.ts",
    find: "tokensUsed: Math.max(0, tokensUsed - known.tokens)",
    put: "tokensUsed",
    budgets: true,
  },
];
