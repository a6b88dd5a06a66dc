/** How the plan of a run was changed: each change with its reason, and a line for what came, went or waits for others. */
import { h } from "./dom.js";
import { timeText } from "./words.js";

const MOST_LINES = 40;

export function createChanges(run) {
  const title = h("summary", {});
  const list = h("ol", { class: "changes" });
  const element = h("details", { class: "lines", hidden: true }, title, list);
  let drawn;
  return {
    element,
    draw() {
      const newest = run.planChanges.at(-1);
      if (newest === drawn) return;
      drawn = newest;
      element.hidden = newest === undefined;
      const count = run.planChanges.length;
      title.textContent = `The plan was changed ${count === 1 ? "once" : `${count} times`}`;
      list.replaceChildren(...run.planChanges.map((one) => entry(run, one)));
    },
  };
}

function entry(run, { at, reason, ...change }) {
  const all = linesOf(change);
  const lines = all.length > MOST_LINES ? [...all.slice(0, MOST_LINES), `… ${all.length - MOST_LINES} more`] : all;
  return h("li", {}, `after ${timeText(at - run.startedAt)}: ${reason}`, h("pre", {}, lines.join("\n")));
}

const linesOf = ({ added, removed, changed }) => [
  ...added.map((id) => `+ ${id}`),
  ...removed.map((id) => `- ${id}`),
  ...changed.map(({ task, dependencies }) => `~ ${task} waits for ${dependencies.join(", ") || "nothing more"}`),
];
