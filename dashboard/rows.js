/** A task as a row: its state, what it waits for or why it failed, and what it took. */
import { badge, h, say, turn } from "./dom.js";
import { isEnded, openDependencies, stateOf } from "./fold.js";
import { moneyText, roughly, timeText, tokensText } from "./words.js";

export function rowOf({ id }) {
  const link = h("a", { href: `?task=${encodeURIComponent(id)}` }, id);
  const more = h("p", { class: "facts" });
  const state = badge("pending");
  const [agent, time, tokens, cost] = [
    h("td", { class: "agent" }),
    ...[1, 2, 3].map(() => h("td", { class: "number" })),
  ];
  const element = h(
    "tr",
    { "data-task": id },
    h("td", {}, state),
    h("td", { class: "name" }, link, more),
    agent,
    time,
    tokens,
    cost,
  );
  return { element, link, more, state, agent, time, tokens, cost };
}

export function drawRow(run, task, row, now) {
  const state = stateOf(run, task);
  turn(row.state, state);
  say(row.agent, task.agent);
  say(row.more, moreOf(run, task, state, now));
  const isRunning = task.status === "running";
  const isBegun = task.attempt > 0 || isRunning;
  say(row.time, isRunning ? roughly(now - task.startedAt) : isBegun ? timeText(task.duration) : "");
  say(row.tokens, task.tokens > 0 || (isBegun && !isRunning) ? tokensText(task.tokens) : "");
  say(row.cost, task.tokens > 0 || (isBegun && !isRunning) ? moneyText(task.costUsd) : "");
}

function moreOf(run, task, state, now) {
  if (state === "gate") return "a person decides";
  if (state === "retrying") return `again in ${roughly(task.resumeAt - now)}: ${task.reason}`;
  if (task.status === "pending") {
    if (isEnded(run)) return "";
    const [first, second, ...others] = openDependencies(run, task);
    if (first === undefined) return run.status === "running" ? "waits for a free place" : "";
    return `after ${[first, second].filter(Boolean).join(", ")}${others.length > 0 ? ` and ${others.length} more` : ""}`;
  }
  if (task.status === "running") return task.says ?? task.description;
  if (task.status === "complete") return task.description;
  return task.reason ?? task.description;
}
