/** All runs, newest first, looked at again every few seconds while somebody looks. */
import { ask, wordsOf } from "./api.js";
import { badge, byId, command, h, notice, say, turn } from "./dom.js";
import { moneyText, plural, roughly, shortOf, timeText, tokensText } from "./words.js";

const EVERY = 2000;
const AT_ONCE = 50;
const STATUSES = ["running", "waiting", "paused", "complete", "failed", "cancelled"];

export function showList(out) {
  document.title = "Runs · Tutti";
  const rows = new Map();
  const body = h("tbody");
  const more = h("button", { type: "button", hidden: true }, "Older runs");
  const empty = h("section", { class: "card", hidden: true });
  const chosen = new URLSearchParams(location.search).get("status") ?? "";
  const status = h(
    "select",
    { id: "status" },
    h("option", { value: "" }, "all"),
    STATUSES.map((one) => h("option", { value: one, selected: one === chosen }, one)),
  );
  const titles = ["Status", "Workflow", "Age", "Time", "Tokens", "Cost"];
  const table = h(
    "table",
    { class: "runs" },
    h("caption", { class: "unseen" }, "Runs, newest first"),
    h(
      "thead",
      {},
      h(
        "tr",
        {},
        titles.map((title, i) => h("th", { scope: "col", class: i > 1 && "number" }, title)),
      ),
    ),
    body,
  );
  byId("main").replaceChildren(
    h("div", { class: "head" }, h("h1", {}, "Runs"), h("label", { for: "status", class: "pick" }, "Status ", status)),
    empty,
    h("div", { class: "scroll" }, table),
    more,
    h(
      "details",
      { class: "lines" },
      h("summary", {}, "On the command line"),
      command("tutti runs"),
      command("tutti show last"),
      command("tutti run fullstack-dev --rehearse", "starts one that costs nothing"),
    ),
  );

  let limit = AT_ONCE;
  let timer;
  const look = async () => {
    clearTimeout(timer);
    const begun = performance.now();
    try {
      const filter = status.value === "" ? "" : `&status=${status.value}`;
      const { runs, cursor } = await ask(`runs?limit=${limit}${filter}`);
      draw(runs);
      more.hidden = cursor === undefined || limit >= 1000;
      say(byId("connection"), "");
      byId("connection").dataset.line = "live";
    } catch (error) {
      if (error.status === 401) return out();
      byId("connection").dataset.line = "broken";
      say(byId("connection"), "reconnecting …");
      if (error.status !== undefined) notice(wordsOf(error));
    }
    // A server that takes long for it is asked less often.
    if (!document.hidden) timer = setTimeout(look, Math.max(EVERY, 5 * (performance.now() - begun)));
  };
  const draw = (runs) => {
    const now = Date.now();
    const shown = new Set(runs.map(({ run }) => run));
    for (const [run, row] of rows) {
      if (shown.has(run)) continue;
      row.element.remove();
      rows.delete(run);
    }
    runs.forEach((run, i) => {
      const row = rows.get(run.run) ?? rowOf(run);
      rows.set(run.run, row);
      update(row, run, now);
      if (body.children[i] !== row.element) body.insertBefore(row.element, body.children[i] ?? null);
    });
    table.hidden = runs.length === 0;
    empty.hidden = runs.length > 0;
    if (runs.length === 0 && empty.dataset.of !== status.value) {
      empty.dataset.of = status.value;
      empty.replaceChildren(...nothing(status.value));
    }
  };
  status.addEventListener("change", () => {
    history.replaceState(null, "", status.value === "" ? "/" : `/?status=${status.value}`);
    void look();
  });
  more.addEventListener("click", () => {
    limit = Math.min(1000, limit + AT_ONCE);
    void look();
  });
  document.addEventListener("visibilitychange", () => document.hidden || void look());
  void look();
}

const nothing = (status) =>
  status === ""
    ? [
        h("h2", {}, "No run yet"),
        h("p", {}, "A rehearsal calls no model and costs nothing. Start one, and it appears here:"),
        command("tutti run fullstack-dev --rehearse --speed 15"),
      ]
    : [h("h2", {}, `No run is ${status}`)];

function rowOf({ run, workflow, taskCount, parent, rehearsed }) {
  const cells = {
    status: h("td", {}, badge("running")),
    age: h("td", { class: "number" }),
    time: h("td", { class: "number" }),
    tokens: h("td", { class: "number" }),
    cost: h("td", { class: "number" }),
    reason: h("p", { class: "reason" }),
  };
  const facts = [shortOf(run), plural(taskCount, "task"), rehearsed && "rehearsal", parent && `a ${parent.how}`];
  const name = h(
    "td",
    { class: "name" },
    h("a", { href: `/runs/${run}` }, workflow),
    h("p", { class: "facts" }, facts.filter(Boolean).join(" · ")),
    cells.reason,
  );
  const element = h("tr", { "data-run": run }, cells.status, name, cells.age, cells.time, cells.tokens, cells.cost);
  return { element, ...cells };
}

function update(row, { status, startedAt, endedAt, summary, reason }, now) {
  turn(row.status.firstChild, status);
  say(row.age, roughly(now - startedAt));
  row.age.title = `started ${new Date(startedAt).toLocaleString()}`;
  say(
    row.time,
    summary ? timeText(summary.totalDuration) : endedAt ? timeText(endedAt - startedAt) : roughly(now - startedAt),
  );
  say(row.tokens, summary ? tokensText(summary.totalTokens) : "–");
  say(row.cost, summary ? moneyText(summary.totalCostUsd) : "–");
  say(row.reason, reason ?? "");
  row.reason.dataset.state = status;
}
