/** Lets the browser in where it brings a code, and shows the page that the address names. */
import { ask, Refused, wordsOf } from "./api.js";
import { byId, command, h, notice } from "./dom.js";

/** The code is in the fragment, which is sent to nobody; it goes from the address before anything else is done. */
async function enter() {
  const code = /^#code=([\w-]+)$/.exec(location.hash)?.[1];
  if (code === undefined) return undefined;
  history.replaceState(null, "", location.pathname + location.search);
  try {
    await ask("session", { body: { code } });
    return undefined;
  } catch (error) {
    return error;
  }
}

function showDoor(path, error) {
  const run = /^\/runs\/([0-9a-zA-Z]+)$/.exec(path)?.[1];
  document.title = "Come in · Tutti";
  const why =
    error instanceof Refused && error.status === 401
      ? "This link was used before, or is more than a minute old."
      : error
        ? wordsOf(error)
        : "This browser is not let in yet, or its session has ended.";
  byId("main").replaceChildren(
    h(
      "section",
      { class: "card door" },
      h("h1", {}, "Come in"),
      h("p", {}, why),
      h("p", {}, "On the machine where Tutti runs, this gives a new link. It works once, within a minute:"),
      command(run === undefined ? "tutti open" : `tutti open ${run}`),
    ),
  );
}

async function start() {
  const refused = await enter();
  let isIn = false;
  try {
    // Only whoever is in is told more than that the server is there.
    isIn = "agents" in (await ask("health"));
  } catch (error) {
    if (!(error instanceof Refused && error.status === 401)) return showDoor(location.pathname, error);
  }
  if (!isIn) return showDoor(location.pathname, refused);
  const out = () => showDoor(location.pathname);
  const run = /^\/runs\/([0-9a-zA-Z]+)$/.exec(location.pathname)?.[1];
  byId("main").replaceChildren();
  if (run === undefined) (await import("./list.js")).showList(out);
  else (await import("./run.js")).showRun(run.toLowerCase(), out);
}

// A link with a new code for the page that is open already changes nothing but the fragment.
addEventListener("hashchange", () => {
  if (location.hash.startsWith("#code=")) location.reload();
});
start().catch((error) => notice(wordsOf(error)));
