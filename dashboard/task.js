/** One task: what it is to do, how it went, what it waits for, and what came of it. */
import { ask, wordsOf } from "./api.js";
import { badge, command, h, say, turn } from "./dom.js";
import { isEnded, isSettled, stateOf } from "./fold.js";
import { moneyText, roughly, shortOf, timeText, tokensText } from "./words.js";

/** Characters of an output that are shown at once: a longer one makes a browser slow. */
const SHOWN = 100_000;

export function createDetail(run, { close, select }) {
  const element = h("div", { class: "detail", hidden: true });
  let id;
  let parts;
  /** A large output lies apart from its event, and is fetched once. */
  let whole;

  const build = () => {
    const state = badge("pending");
    const heading = h("h2", { tabindex: "-1" }, id);
    const description = h("p");
    const facts = h("dl", { class: "facts" });
    const reason = h("p", { class: "reason" });
    const links = h("div");
    const output = h("pre", { tabindex: "0", "aria-label": "Output" });
    const more = h("button", { type: "button", class: "small", hidden: true }, "Show all");
    const title = h("h3", {}, "Output");
    const lines = h("div");
    const leave = h("button", { type: "button", class: "small quiet", "aria-label": "Close", onclick: close }, "Close");
    element.replaceChildren(
      h("div", { class: "title" }, heading, state, leave),
      ...[description, reason, facts, links, title, output, more, h("h3", {}, "On the command line"), lines],
    );
    return { state, heading, description, facts, reason, links, output, title, lines, more, limit: SHOWN, drawn: "" };
  };

  const draw = () => {
    if (id === undefined) return;
    const task = run.tasks.get(id);
    element.hidden = false;
    if (!task) {
      // Tasks come with the first events; and a run may add some later.
      element.replaceChildren(h("p", {}, `This run has no task '${id}'${isEnded(run) ? "." : " yet."}`));
      parts = undefined;
      return;
    }
    parts ??= build();
    const state = stateOf(run, task);
    turn(parts.state, state);
    say(parts.description, task.description);
    say(parts.reason, task.status === "complete" ? "" : [task.failure, task.reason].filter(Boolean).join(": "));
    parts.reason.dataset.state = state;
    drawFacts(parts.facts, task, isEnded(run) ? run.at : Date.now());
    const near = [...task.dependencies, ...(run.dependents.get(id) ?? [])].map((one) => run.tasks.get(one)?.status);
    const key = [state, task.output === undefined, near.join()].join();
    if (key === parts.drawn) return;
    parts.drawn = key;
    parts.links.replaceChildren(
      neighbours("Waits for", task.dependencies),
      neighbours("Needed by", run.dependents.get(id) ?? []),
    );
    parts.lines.replaceChildren(...linesOf(task));
    void drawOutput(task, parts);
  };

  const neighbours = (title, ids) => {
    const known = ids.filter((one) => run.tasks.has(one));
    if (known.length === 0) return "";
    const links = known.slice(0, 50).map((one) => {
      const open = (event) => {
        event.preventDefault();
        select(one);
      };
      const link = h("a", { href: `?task=${encodeURIComponent(one)}`, onclick: open }, one);
      return h("li", {}, badge(stateOf(run, run.tasks.get(one))), " ", link);
    });
    const others = known.length > 50 ? h("li", {}, `and ${known.length - 50} more`) : undefined;
    return h("div", {}, h("h3", {}, title), h("ul", { class: "links" }, links, others));
  };

  const linesOf = (task) => {
    const short = shortOf(run.id);
    return [
      command(`tutti show ${short} --task ${task.id}`, "its output"),
      command(`tutti show ${short} --task ${task.id} --context`, "what it was shown"),
      ...(task.status === "failed" && isEnded(run)
        ? [command(`tutti retry ${short} ${task.id}`, "again, with what was done")]
        : []),
    ];
  };

  const drawOutput = async (task, on) => {
    const none = isSettled(task) ? "It left no output." : "It has no output yet.";
    say(on.output, task.output === undefined ? none : "…");
    on.output.classList.toggle("none", task.output === undefined);
    on.more.hidden = true;
    if (task.output === undefined) return;
    try {
      const text = await textOf(task);
      if (on !== parts) return;
      say(on.output, text.slice(0, on.limit));
      on.more.hidden = text.length <= on.limit;
      on.more.onclick = () => {
        on.limit = Number.POSITIVE_INFINITY;
        void drawOutput(task, on);
      };
    } catch (error) {
      if (on === parts) say(on.output, `The output cannot be had: ${wordsOf(error)}`);
    }
  };

  const textOf = async (task) => {
    let { output } = task;
    if (output?.$blob !== undefined) {
      if (whole?.of !== output.$blob) {
        const { tasks } = await ask(`runs/${run.id}`);
        whole = { of: output.$blob, output: tasks[task.id]?.output };
      }
      output = whole.output;
    }
    return typeof output === "string" ? output : JSON.stringify(output, null, 2);
  };

  return {
    element,
    get task() {
      return id;
    },
    show(task) {
      id = task;
      parts = undefined;
      element.hidden = task === undefined;
      element.replaceChildren();
    },
    draw,
    focus() {
      draw();
      parts?.heading.focus({ preventScroll: innerWidth > 900 });
    },
  };
}

function drawFacts(list, task, now) {
  const time = task.status === "running" ? roughly(now - task.startedAt) : timeText(task.duration);
  const facts = [
    ["Agent", task.agent],
    ...(task.model === undefined ? [] : [["Model", task.model]]),
    ...(task.attempt > 0
      ? [
          ["Attempts", String(task.attempt)],
          ["Time", time],
        ]
      : []),
    ...(task.tokens > 0
      ? [
          ["Tokens", tokensText(task.tokens)],
          ["Cost", moneyText(task.costUsd)],
        ]
      : []),
  ];
  const old = [...list.children];
  if (old.length !== facts.length)
    list.replaceChildren(...facts.map(([name]) => h("div", {}, h("dt", {}, name), h("dd"))));
  facts.forEach(([name, value], i) => {
    say(list.children[i].firstChild, name);
    say(list.children[i].lastChild, value);
  });
}
