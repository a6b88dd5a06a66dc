/** What a person orders of a run: to pause, to go on, to end; and what is decided at its gates. */
import { ask, wordsOf } from "./api.js";
import { badge, command, h, notice, say } from "./dom.js";
import { isEnded, stateOfRun } from "./fold.js";
import { plural, shortOf } from "./words.js";

/** A button that orders something of the run; what comes of it is told by its events. */
function order(run, name, path, body) {
  const button = h("button", { type: "button" }, name);
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      await ask(`runs/${run.id}/${path}`, { body });
    } catch (error) {
      notice(`${name}: ${wordsOf(error)}`);
    } finally {
      button.disabled = false;
    }
  });
  return button;
}

export function buttonsOf(run) {
  const pause = order(run, "Pause", "pause", { reason: "paused from the dashboard" });
  const resume = order(run, "Resume", "resume", {});
  const cancel = order(run, "Yes, cancel it", "cancel", { reason: "cancelled from the dashboard" });
  const begin = h("button", { type: "button", class: "quiet" }, "Cancel …");
  const keep = h("button", { type: "button", class: "quiet" }, "Keep it");
  cancel.className = "danger";
  let isSure = false;
  const turnTo = (sure) => {
    isSure = sure;
    draw();
    (sure ? keep : begin).focus();
  };
  begin.addEventListener("click", () => turnTo(true));
  keep.addEventListener("click", () => turnTo(false));
  cancel.addEventListener("click", () => turnTo(false));
  const raise = h("span", { class: "facts", hidden: true });
  const draw = () => {
    const state = stateOfRun(run);
    const isLive = run.seq > 0 && !isEnded(run);
    pause.hidden = !isLive || state === "paused" || state === "stopping";
    resume.hidden = state !== "paused";
    begin.hidden = !isLive || isSure;
    cancel.hidden = keep.hidden = !isLive || !isSure;
    raise.hidden = state !== "paused" || (run.cause !== "budget" && run.cause !== "time");
    const flag = run.cause === "time" ? "--timeout TIME" : "--budget AMOUNT";
    say(raise, `with a higher limit: tutti resume ${shortOf(run.id)} ${flag}`);
  };
  return { element: h("div", { class: "buttons" }, raise, pause, resume, begin, keep, cancel), draw };
}

export function drawGates(run, section) {
  const shown = new Map([...section.children].map((element) => [element.dataset.gate, element]));
  for (const [gate, element] of shown) if (!run.gates.has(gate) || isEnded(run)) element.remove();
  if (isEnded(run)) return;
  for (const event of run.gates.values()) if (!shown.has(event.gate)) section.append(gateOf(run, event));
}

/** Exactly what is consented to: all of it, and nothing that reads as something else. */
function subjectText(subject) {
  if (typeof subject !== "object" || subject === null) return String(subject);
  const lines = Object.entries(subject).map(
    ([name, value]) => `${name}: ${typeof value === "string" ? value : JSON.stringify(value)}`,
  );
  return lines.join("\n");
}

function gateOf(run, { gate, taskId, question, subject }) {
  const note = h("input", {
    type: "text",
    placeholder: "Note (optional)",
    "aria-label": `Note on ${gate}`,
    maxlength: 10_000,
  });
  const decide = async (decision) => {
    for (const button of buttons) button.disabled = true;
    try {
      await ask(`runs/${run.id}/gates/${encodeURIComponent(gate)}`, {
        body: { decision, ...(note.value.trim() !== "" && { note: note.value.trim() }) },
      });
    } catch (error) {
      notice(`${gate}: ${wordsOf(error)}`);
      for (const button of buttons) button.disabled = false;
    }
  };
  const buttons = ["approve", "reject"].map((decision) =>
    h(
      "button",
      {
        type: "button",
        class: decision === "approve" ? "primary" : "quiet",
        "aria-label": `${decision} ${gate}`,
        onclick: () => decide(decision),
      },
      decision === "approve" ? "Approve" : "Reject",
    ),
  );
  const behind = run.dependents.get(taskId)?.length ?? 0;
  return h(
    "div",
    { class: "card gate", "data-gate": gate },
    h("h2", {}, badge("gate"), ` ${taskId}`),
    h("p", { class: "question" }, question),
    subject !== undefined && h("pre", { class: "subject" }, subjectText(subject)),
    behind > 0 && h("p", { class: "facts" }, `${plural(behind, "task")} directly behind it`),
    h("div", { class: "decide" }, note, buttons),
    command(`tutti approve ${shortOf(run.id)} ${gate}`, "or reject"),
  );
}
