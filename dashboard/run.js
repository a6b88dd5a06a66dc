/** One run, live. However many events come, it is drawn ten times a second at most, and of its tasks only those that changed. */
import { wordsOf } from "./api.js";
import { badge, byId, command, h, say, turn } from "./dom.js";
import { createRun, fold, isEnded, stateOf, stateOfRun, totalsOf } from "./fold.js";
import { createChanges } from "./plan-changes.js";
import { drawRow, rowOf } from "./rows.js";
import { buttonsOf, drawGates } from "./steer.js";
import { follow } from "./stream.js";
import { createDetail } from "./task.js";
import { agoText, landedText, lookOf, moneyText, roughly, shortOf, timeText, tokensText } from "./words.js";

/** Milliseconds between two drawings: a thousand rows take a browser a while. */
const INTERVAL = 100;
/** In the order of the bar. */
const STATES = ["complete", "reused", "running", "failed", "skipped", "cancelled", "pending"];
const FILTERS = [
  ["all", () => true],
  ["at work", ({ status }) => status === "running"],
  ["to decide", (task, run) => stateOf(run, task) === "gate"],
  ["failed", ({ status }) => status === "failed"],
  ["left out", ({ status }) => status === "skipped" || status === "cancelled"],
  ["pending", ({ status }) => status === "pending"],
  ["done", ({ status }) => status === "complete" || status === "reused"],
];

export function showRun(id, out) {
  const run = createRun(id);
  const view = createView(run);
  const detail = createDetail(run, { close: () => select(undefined), select: (task) => select(task) });
  view.side.append(detail.element);
  let line = { state: "connecting", error: undefined };
  let isAsked = false;
  let drawnAt = 0;
  const draw = () => {
    if (isAsked) return;
    isAsked = true;
    setTimeout(requestAnimationFrame, Math.max(0, drawnAt + INTERVAL - performance.now()), () => {
      isAsked = false;
      view.draw(line);
      detail.draw();
      run.changed.clear();
      drawnAt = performance.now();
    });
  };
  const select = (task) => {
    const url = task === undefined ? location.pathname : `?task=${encodeURIComponent(task)}`;
    const before = detail.task;
    if (task !== before) history.pushState(null, "", url);
    detail.show(task);
    view.mark(task);
    draw();
    if (task === undefined && before !== undefined) view.focus(before);
    else detail.focus();
  };
  const byAddress = () => {
    const task = new URLSearchParams(location.search).get("task") ?? undefined;
    detail.show(task);
    view.mark(task);
    draw();
  };
  view.onSelect(select);
  addEventListener("popstate", byAddress);
  addEventListener("keydown", ({ key, target }) => {
    if (key === "Escape" && detail.task !== undefined && target.tagName !== "INPUT") select(undefined);
  });
  byAddress();
  // What runs takes longer by the second, also where nothing is told.
  setInterval(() => document.hidden || draw(), 1000);
  follow(id, {
    onEvent(event) {
      fold(run, event);
      draw();
    },
    onLine(state, error) {
      line = { state, error };
      if (state === "refused" && error.status === 401) return out();
      if (state === "refused") return lost(id, error);
      draw();
    },
  });
}

function lost(id, error) {
  byId("main").replaceChildren(
    h(
      "section",
      { class: "card" },
      h("h1", {}, error.status === 404 ? `There is no run ${id}` : "This run cannot be shown"),
      h("p", {}, wordsOf(error)),
      h("p", {}, h("a", { href: "/" }, "All runs")),
    ),
  );
  say(byId("connection"), "");
}

function createView(run) {
  const status = badge("running");
  const title = h("h1", {}, " ");
  const facts = h("p", { class: "facts" });
  const banner = h(
    "p",
    { class: "banner", hidden: true },
    "A rehearsal: no model was called, and every output is invented.",
  );
  const reason = h("p", { class: "reason" });
  const landing = h("p", { class: "facts" });
  const figures = Object.fromEntries(["Tasks", "Time", "Tokens", "Cost"].map((name) => [name, h("dd")]));
  const parts = STATES.map((state) => h("span", { "data-state": state }));
  const bar = h("div", { class: "progress", role: "img" }, parts);
  const gates = h("section", { class: "gates", "aria-label": "Waits for you" });
  const changes = createChanges(run);
  const rows = new Map();
  const body = h("tbody");
  const side = h("aside", { class: "side", "aria-label": "Task" });
  const buttons = buttonsOf(run);
  const chips = FILTERS.map(([name]) =>
    h("button", { type: "button", "aria-pressed": String(name === "all"), "data-filter": name }),
  );
  const titles = ["State", "Task", "Agent", "Time", "Tokens", "Cost"];
  const table = h(
    "table",
    { class: "tasks" },
    h("caption", { class: "unseen" }, "Tasks"),
    h(
      "thead",
      {},
      h(
        "tr",
        {},
        titles.map((one, i) => h("th", { scope: "col", class: i > 2 && "number" }, one)),
      ),
    ),
    body,
  );
  const short = shortOf(run.id);
  byId("main").replaceChildren(
    h("p", { class: "back" }, h("a", { href: "/" }, "← Runs")),
    h("div", { class: "head" }, h("div", {}, h("div", { class: "title" }, title, status), facts), buttons.element),
    banner,
    reason,
    landing,
    h(
      "dl",
      { class: "figures" },
      Object.entries(figures).map(([name, value]) => h("div", {}, h("dt", {}, name), value)),
    ),
    bar,
    gates,
    changes.element,
    h(
      "div",
      { class: "columns" },
      h(
        "div",
        { class: "plan" },
        h("div", { class: "chips", role: "group", "aria-label": "Show" }, chips),
        h("div", { class: "scroll" }, table),
      ),
      side,
    ),
    h(
      "details",
      { class: "lines" },
      h("summary", {}, "On the command line"),
      [
        [`tutti show ${short}`, "how it stands"],
        [`tutti events ${short} --follow`, "what happens"],
        [`tutti pause ${short}`, "or resume, or cancel"],
        [`tutti report ${short}`, "all of it, as Markdown"],
      ].map(([words, what]) => command(words, what)),
    ),
  );
  let filter = "all";
  let selected;
  for (const chip of chips)
    chip.addEventListener("click", () => {
      filter = chip.dataset.filter;
      for (const one of chips) one.setAttribute("aria-pressed", String(one === chip));
      for (const [id, row] of rows) row.element.hidden = !fits(run.tasks.get(id));
    });
  const fits = (task) => FILTERS.find(([name]) => name === filter)?.[1](task, run);

  const drawTask = (id, now) => {
    const task = run.tasks.get(id);
    let row = rows.get(id);
    if (!task) {
      row?.element.remove();
      rows.delete(id);
      return;
    }
    if (!row) {
      row = rowOf(task);
      rows.set(id, row);
      body.append(row.element);
      if (id === selected) row.element.dataset.selected = "true";
    }
    row.element.hidden = !fits(task);
    drawRow(run, task, row, now);
  };
  body.addEventListener("keydown", (event) => {
    const step = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" }[event.key];
    if (step === undefined) return;
    let row = event.target.closest("tr")[step];
    while (row?.hidden) row = row[step];
    row?.querySelector("a").focus();
    event.preventDefault();
  });

  return {
    side,
    draw({ state, error }) {
      const now = isEnded(run) ? run.at : Date.now();
      drawLine(run, state, error);
      for (const id of run.changed) drawTask(id, now);
      for (const [id, task] of run.tasks) if (task.status === "running" && !run.changed.has(id)) drawTask(id, now);
      const of = stateOfRun(run);
      turn(status, of);
      say(title, run.workflow || " ");
      document.title = `${lookOf(of).sign} ${run.workflow || shortOf(run.id)} · Tutti`;
      const from = run.parent ? ` · a ${run.parent.how} of ${shortOf(run.parent.run)}` : "";
      say(
        facts,
        run.startedAt ? `run ${run.id} · started ${agoText(run.startedAt, Date.now())}${from}` : `run ${run.id}`,
      );
      banner.hidden = !run.isRehearsed;
      say(reason, run.reason ?? "");
      reason.dataset.state = of;
      const totals = totalsOf(run);
      // Of a run that has ended what was done counts, as on the command line; before that, how far it is.
      const done = (totals.states.get("complete") ?? 0) + (totals.states.get("reused") ?? 0);
      say(figures.Tasks, `${isEnded(run) ? done : totals.settled} of ${run.tasks.size}`);
      const lane = [...run.tasks.values()].find(({ agent }) => agent === "merge-lane");
      say(landing, landedText(lane?.output, shortOf(run.id)));
      say(figures.Time, run.summary ? timeText(run.summary.totalDuration) : roughly(now - (run.startedAt || now)));
      say(figures.Tokens, tokensText(totals.tokens));
      say(figures.Cost, moneyText(totals.costUsd));
      const words = STATES.filter((one) => totals.states.get(one)).map((one) => `${totals.states.get(one)} ${one}`);
      bar.setAttribute("aria-label", words.join(", "));
      bar.title = words.join(", ");
      for (const part of parts) part.style.flexGrow = totals.states.get(part.dataset.state) ?? 0;
      for (const chip of chips) {
        const test = FILTERS.find(([name]) => name === chip.dataset.filter)[1];
        let count = 0;
        for (const task of run.tasks.values()) if (test(task, run)) count++;
        say(chip, `${chip.dataset.filter} ${count}`);
        chip.hidden = count === 0 && chip.dataset.filter !== filter && chip.dataset.filter !== "all";
      }
      drawGates(run, gates);
      changes.draw();
      buttons.draw();
    },
    mark(id) {
      delete rows.get(selected)?.element.dataset.selected;
      selected = id;
      const row = rows.get(id);
      if (row) row.element.dataset.selected = "true";
      document.body.classList.toggle("aside", id !== undefined);
    },
    focus: (id) => rows.get(id)?.link.focus(),
    onSelect(call) {
      body.addEventListener("click", (event) => {
        const row = event.target.closest("tr");
        if (!row || event.ctrlKey || event.metaKey || event.shiftKey) return;
        event.preventDefault();
        call(row.dataset.task);
      });
    },
  };
}

function drawLine(run, state, error) {
  const element = byId("connection");
  element.dataset.line = state;
  const last = run.at > 0 ? `last event ${agoText(run.at, Date.now())}` : "no event yet";
  const words = {
    connecting: "connecting …",
    live: `live · ${last}`,
    broken: `reconnecting … · ${last}`,
    hidden: last,
    ended: "ended",
    refused: error ? wordsOf(error) : "",
  };
  say(element, words[state]);
}
