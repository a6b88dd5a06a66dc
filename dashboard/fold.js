/** A run as far as its events tell it: the same folding as the command line's, with outputs and what has changed. */

const SETTLED = new Set(["complete", "reused", "failed", "skipped", "cancelled"]);
export const isSettled = ({ status }) => SETTLED.has(status);
const ENDED = new Set(["complete", "failed", "cancelled"]);
export const isEnded = ({ status }) => ENDED.has(status);

export function createRun(id) {
  return {
    ...{ id, workflow: "", status: "running", startedAt: 0, at: 0, seq: 0, settled: 0, isStopping: false },
    tasks: new Map(),
    /** Who waits for a task, by its id. */
    dependents: new Map(),
    gates: new Map(),
    /** How its plan was changed, the newest last. */
    planChanges: [],
    /** Ids of tasks that look other than when they were last drawn. */
    changed: new Set(),
  };
}

/** What a task is for whoever looks: at a gate, or resting before its next attempt, it is more than its status. */
export function stateOf(run, task) {
  if (task.status === "pending" && run.gates.has(task.id)) return "gate";
  return task.status === "running" && task.resumeAt !== undefined ? "retrying" : task.status;
}

export const stateOfRun = (run) => {
  if (run.isStopping && run.status === "running") return "stopping";
  if (run.status !== "running" || run.gates.size === 0) return run.status;
  for (const task of run.tasks.values()) if (task.status === "running") return "running";
  return "waiting";
};

export const openDependencies = (run, task) =>
  task.dependencies.filter((id) => run.tasks.has(id) && !isSettled(run.tasks.get(id)));

export function fold(run, event) {
  run.seq = event.seq;
  run.at = event.at;
  switch (event.type) {
    case "workflow:start":
      run.workflow = event.workflow;
      run.isRehearsed = event.rehearsed === true;
      run.startedAt = event.at;
      run.parent = event.parent;
      return;
    case "task:added":
      return add(run, event);
    case "plan:changed":
      for (const id of event.removed) {
        run.tasks.delete(id);
        touch(run, id);
      }
      return replan(run, event);
    case "gate:opened":
      run.gates.set(event.gate, event);
      return touch(run, event.taskId);
    case "gate:decided":
      run.gates.delete(event.gate);
      return touch(run, event.taskId);
    case "workflow:stopping":
      run.isStopping = true;
      return;
    case "workflow:resumed":
      return turn(run, event.recovered ? run.status : "running");
    case "workflow:paused":
      run.cause = event.cause;
      return turn(run, "paused", event.reason);
    case "workflow:complete":
      return end(run, event.status, event);
    case "workflow:error":
      return end(run, "failed", event);
    case "workflow:cancelled":
      return end(run, "cancelled", event);
    default:
      return foldTask(run, event);
  }
}

/** More of them nobody reads. */
const MOST_CHANGES = 50;

function replan(run, { at, added, removed, changed = [], reason }) {
  for (const { task: id, dependencies } of changed) {
    const task = run.tasks.get(id);
    if (!task) continue;
    for (const before of task.dependencies)
      run.dependents.set(
        before,
        dependentsOf(run, before).filter((one) => one !== id),
      );
    for (const before of dependencies) run.dependents.set(before, [...dependentsOf(run, before), id]);
    task.dependencies = dependencies;
    touch(run, id);
  }
  if (added.length + removed.length + changed.length === 0) return;
  run.planChanges.push({ at, added, removed, changed, reason });
  if (run.planChanges.length > MOST_CHANGES) run.planChanges.shift();
}

const dependentsOf = (run, id) => run.dependents.get(id) ?? [];

function add(run, { taskId, agentName, description, dependencies, prompt }) {
  const none = { status: "pending", duration: 0, tokens: 0, costUsd: 0, attempt: 0 };
  run.tasks.set(taskId, { id: taskId, agent: agentName, description, dependencies, prompt, ...none });
  for (const id of dependencies) {
    const those = run.dependents.get(id);
    if (those) those.push(taskId);
    else run.dependents.set(id, [taskId]);
  }
  touch(run, taskId);
}

/** Those that wait for it say so, and look other too. */
function touch(run, id) {
  run.changed.add(id);
  for (const one of run.dependents.get(id) ?? []) run.changed.add(one);
}

function turn(run, status, reason) {
  run.status = status;
  run.isStopping = false;
  run.reason = reason;
}

function end(run, status, { summary, reason }) {
  turn(run, status, reason);
  run.summary = summary;
}

function foldTask(run, event) {
  const task = run.tasks.get(event.taskId);
  if (!task) return;
  if (event.agentName !== undefined) task.agent = event.agentName;
  switch (event.type) {
    case "task:start":
      task.status = "running";
      task.startedAt = event.at;
      break;
    case "agent:invoke":
      task.status = "running";
      task.attempt = event.attempt;
      task.model = event.model;
      task.resumeAt = undefined;
      task.says = undefined;
      break;
    case "agent:progress":
      task.says = saidIn(event.entry) ?? task.says;
      break;
    case "task:retry":
      task.says = undefined;
      task.resumeAt = event.resumeAt;
      task.reason = event.reason;
      spend(task, event);
      break;
    case "task:complete":
      task.reason = undefined;
      settle(task, "complete", event);
      break;
    case "task:error":
      task.reason = event.reason;
      task.failure = event.failure;
      settle(task, "failed", event);
      break;
    case "task:skipped":
    case "task:reused":
      task.reason = event.reason;
      settle(task, event.type === "task:skipped" ? "skipped" : "reused", event);
      break;
    case "task:cancelled":
      task.reason = event.reason;
      settle(task, "cancelled", event);
      break;
    default:
      return;
  }
  touch(run, task.id);
}

/** How far its agent says it is. */
function saidIn(entry) {
  if (typeof entry?.text !== "string") return undefined;
  return typeof entry.percent === "number" ? `${Math.round(entry.percent)} % ${entry.text}` : entry.text;
}

function settle(task, status, event) {
  task.says = undefined;
  task.status = status;
  task.endedAt = event.at;
  task.resumeAt = undefined;
  if (event.output !== undefined) task.output = event.output;
  spend(task, event);
}

function spend(task, { duration = 0, tokensUsed = 0, costUsd = 0 }) {
  task.duration += duration;
  task.tokens += tokensUsed;
  task.costUsd = task.costUsd === null || costUsd === null ? null : task.costUsd + costUsd;
}

/** Of all tasks; where the run has ended, as it says itself. */
export function totalsOf({ tasks, summary }) {
  const totals = { settled: 0, tokens: 0, costUsd: 0, states: new Map() };
  for (const task of tasks.values()) {
    if (isSettled(task)) totals.settled++;
    totals.tokens += task.tokens;
    totals.costUsd = totals.costUsd === null || task.costUsd === null ? null : totals.costUsd + task.costUsd;
    totals.states.set(task.status, (totals.states.get(task.status) ?? 0) + 1);
  }
  return summary ? { ...totals, tokens: summary.totalTokens, costUsd: summary.totalCostUsd } : totals;
}
