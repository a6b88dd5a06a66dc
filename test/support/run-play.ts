/** What may happen to a run, drawn by fast-check as three small numbers and told to it by the state it is in. */
import * as fc from "fast-check";
import type { Fact } from "../../src/domain/facts.ts";
import { FAILURES, STEPS } from "../../src/domain/failures.ts";
import type { Json } from "../../src/domain/json.ts";
import type { AgentTask, Budget, Condition } from "../../src/domain/plan.ts";
import { planFaults } from "../../src/graph/check.ts";
import { CARDS, type Played } from "./run-model.ts";

const OUTPUTS: readonly Json[] = [
  { ok: true, list: [1, 2] },
  { ok: false, list: [1, { deep: null }] },
  { ok: false, list: [] },
  { ok: true, list: [1, 2, 3] },
  "text",
  null,
];

const POLICIES = ["skip-dependents", "continue", "fail-fast"] as const;
const AGENTS = Object.keys(CARDS);

const rawTask = fc.record({
  dependencies: fc.nat(63),
  agent: fc.nat(2),
  priority: fc.nat(10),
  policy: fc.nat(5),
  retries: fc.nat(3),
  fallbacks: fc.nat(5),
  when: fc.nat(6),
  shape: fc.nat(9),
  gate: fc.nat(5),
  phase: fc.nat(3),
  maxTokens: fc.nat(4),
  duration: fc.nat(3),
  recovery: fc.nat(40),
});
type RawTask = typeof rawTask extends fc.Arbitrary<infer T> ? T : never;

function taskFrom(raw: RawTask, id: string, before: readonly string[]): AgentTask {
  const dependencies = before.filter((_, i) => raw.dependencies & (1 << (i % 6)));
  const [first = ""] = dependencies;
  const last = dependencies.at(-1) ?? "";
  const isOk = (task: string): Condition => ({ task, path: "/ok", op: "eq", value: true });
  return {
    id,
    agentName: AGENTS[raw.agent] ?? "a",
    description: id,
    prompt: "",
    dependencies,
    ...(raw.priority > 0 ? { priority: raw.priority } : {}),
    ...(raw.policy < 3 ? { onFailure: POLICIES[raw.policy] ?? "continue" } : {}),
    ...(raw.retries < 3 ? { retries: raw.retries } : {}),
    ...(raw.fallbacks === 1 ? { fallbacks: ["a", "b"] } : raw.fallbacks === 2 ? { fallbacks: ["c"] } : {}),
    ...(first !== "" && raw.when === 1 ? { when: isOk(first) } : {}),
    ...(first !== "" && raw.when === 2 ? { when: { any: [{ not: isOk(first) }, isOk(last)] } } : {}),
    ...(raw.shape === 1 ? { until: isOk(id), maxIterations: 3 } : {}),
    ...(raw.shape === 2 && first !== "" ? { until: isOk(id), repeats: [first], maxIterations: 2 } : {}),
    ...(raw.shape === 3 && first !== ""
      ? { until: isOk(first), repeats: [first, last].slice(0, first === last ? 1 : 2) }
      : {}),
    ...(raw.shape === 4 && first !== "" ? { forEach: { task: last, path: "/list", max: 2 } } : {}),
    ...(raw.shape === 5 && first !== ""
      ? { forEach: { task: first, path: "/list", reduce: { agentName: "b", prompt: "all" } } }
      : {}),
    ...(raw.gate === 1 ? { gate: true } : raw.gate === 2 ? { gate: { question: "well?" } } : {}),
    ...(raw.phase > 0 ? { phase: `p${raw.phase}` } : {}),
    ...(raw.maxTokens > 0 ? { maxTokens: raw.maxTokens * 10 } : {}),
    ...(raw.recovery < 20
      ? { recovery: { [FAILURES[raw.recovery] ?? "error"]: STEPS.filter((_, i) => (raw.recovery * 37) & (1 << i)) } }
      : {}),
    ...(raw.duration > 0 ? { estimatedDuration: raw.duration * 100 } : {}),
  };
}

const isValid = (tasks: readonly AgentTask[], existing?: ReadonlySet<string>) =>
  planFaults(tasks, { agents: new Set(AGENTS), ...(existing ? { existing } : {}) }).length === 0;

/** Plans of at most seven tasks; a task that does not fit to those before it is left out. */
export const plans = fc.array(rawTask, { minLength: 1, maxLength: 7 }).map((raws) => {
  const tasks: AgentTask[] = [];
  for (const [i, raw] of raws.entries()) {
    const next = taskFrom(
      raw,
      `t${i}`,
      tasks.map((task) => task.id),
    );
    tasks.push(isValid([...tasks, next]) ? next : { id: `t${i}`, agentName: "a", description: "", prompt: "" });
  }
  return tasks;
});

export const budgets: fc.Arbitrary<Budget | undefined> = fc.oneof(
  fc.constant(undefined),
  fc.record({ tokens: fc.nat(200), usd: fc.nat(3), turns: fc.nat(12), spawns: fc.nat(6) }, { requiredKeys: [] }),
);

/** What a broken or hostile program may put into the inbox of a run. */
export const garbage = fc
  .record(
    {
      type: fc.constantFrom(
        "pause",
        "resume",
        "cancel",
        "decide",
        "change",
        "message",
        "checkpoint",
        "nothing",
        7,
        null,
      ),
      reason: fc.anything({ maxDepth: 1 }),
      budget: fc.anything({ maxDepth: 1 }),
      globalTimeout: fc.anything({ maxDepth: 0 }),
      gate: fc.oneof(fc.constantFrom("t0", "t1", "t2"), fc.anything({ maxDepth: 1 })),
      decision: fc.anything({ maxDepth: 0 }),
      note: fc.anything({ maxDepth: 1 }),
      edited: fc.anything({ maxDepth: 1 }),
      by: fc.anything({ maxDepth: 1 }),
      add: fc.anything({ maxDepth: 3 }),
      remove: fc.oneof(fc.anything({ maxDepth: 2 }), fc.constant(["t1", "t1"])),
      agents: fc.anything({ maxDepth: 2 }),
      from: fc.anything({ maxDepth: 1 }),
      to: fc.oneof(fc.constantFrom("*", "a", "constructor"), fc.anything({ maxDepth: 1 })),
      kind: fc.anything({ maxDepth: 0 }),
      content: fc.anything({ maxDepth: 2 }),
      name: fc.anything({ maxDepth: 1 }),
    },
    { requiredKeys: ["type"] },
  )
  // As it comes out of an inbox: JSON.
  .map((command) => JSON.parse(JSON.stringify(command, (_, value) => (typeof value === "bigint" ? 1 : value))) as Fact);

export type Step = readonly [kind: number, which: number, how: number, raw: RawTask];
export const steps: fc.Arbitrary<Step> = fc.tuple(fc.nat(38), fc.nat(9), fc.nat(5), rawTask);

const pick = <T>(list: readonly T[], which: number): T | undefined => list[which % Math.max(1, list.length)];

/** The fact that this step is in the present state, or undefined where nothing happens. */
export function factOf(played: Played, [kind, which, how, raw]: Step, past: Fact[]): Fact | undefined {
  const { state } = played;
  const running = pick([...state.places.running.keys()], which);
  const attempt = running === undefined ? 0 : (state.recovery.tries.get(running)?.attempt ?? 0);
  const spent = { duration: 10 * how, tokensUsed: 7 * which, costUsd: how === 5 ? null : how / 4 };
  const some = pick([...state.graph.nodes.keys()], which) ?? "t0";
  const keep = (fact: Fact): Fact => {
    past.push(fact);
    return fact;
  };
  if (kind <= 13 || kind >= 37) {
    if (running === undefined) return { type: "timer" };
    const who = { type: "ended", taskId: running, attempt, spent } as const;
    if (kind <= 8 || kind >= 37) return keep({ ...who, outcome: "ok", output: OUTPUTS[how] ?? null });
    if (kind === 13) return keep({ ...who, outcome: "stopped", reason: "asked" });
    const retry = how === 0 ? "never" : "safe";
    const failure = pick(FAILURES, which * 7 + how) ?? "error";
    return keep({ ...who, outcome: "failed", failure, reason: "no", retry, retryAfter: which * 400 });
  }
  switch (kind) {
    case 14:
      return pick(past, which);
    case 15:
      return { type: "ended", taskId: some, attempt: how - 1, spent, outcome: "ok", output: 1 };
    case 16:
    case 17:
      // A clock may also be set back.
      played.now += (how === 0 ? -1 : 1) * which * 1000;
      return { type: "timer" };
    case 18:
    case 19:
    case 20: {
      const gate = pick([...state.gates.open.keys()], which) ?? some;
      return { type: "decide", gate, decision: how === 0 ? "reject" : "approve", ...(how > 3 ? { edited: "x" } : {}) };
    }
    case 21:
    case 22:
      return { type: "pause" };
    case 23:
    case 24:
      return { type: "resume", ...(how === 0 ? {} : { budget: { tokens: 1000 * how, turns: 30 } }) };
    case 25:
      return how === 0 && which === 0 ? { type: "cancel" } : { type: "checkpoint", name: "here" };
    case 26:
      return { type: "change", add: [taskFrom(raw, `n${state.seq}`, [...state.graph.nodes.keys()])] };
    case 27:
      return { type: "change", remove: how === 0 ? [some, some] : [some] };
    case 28:
    case 33:
    case 34:
      played.reload();
      return { type: "recovered" };
    case 29:
      played.reload();
      return undefined;
    case 30:
      return { type: "board", key: `k${which % 2}`, value: how, by: "a", ...(how > 2 ? { expect: how - 3 } : {}) };
    case 31:
      if (running === undefined) return { type: "message", from: "user", to: how === 0 ? "*" : "b", content: how };
      return { type: "sent", taskId: running, attempt, to: how === 0 ? "*" : "c", kind: "data", content: how };
    default:
      return { type: "logged", taskId: running ?? some, attempt, entries: [{ type: "tool:call", entry: how }] };
  }
}

/** Every attempt ends well, every gate is approved, every pause is followed by a resume. Yields undefined at the end. */
export function kindFact(played: Played): Fact | undefined {
  const { state } = played;
  if (state.life.stage === "paused")
    return { type: "resume", globalTimeout: 1e9, budget: { usd: 1e9, tokens: 1e9, turns: 1e9, spawns: 1e9 } };
  const [running] = state.places.running.keys();
  if (running !== undefined) {
    const attempt = state.recovery.tries.get(running)?.attempt ?? 0;
    const spent = { duration: 1, tokensUsed: 1, costUsd: 0.01 };
    return { type: "ended", taskId: running, attempt, spent, outcome: "ok", output: OUTPUTS[0] ?? null };
  }
  const [gate] = state.gates.open.keys();
  if (gate !== undefined) return { type: "decide", gate, decision: "approve" };
  played.now += 60_000;
  return { type: "timer" };
}
