/** Elements. Whatever is shown becomes a text node: nothing here, or anywhere in this page, takes HTML. */
import { lookOf } from "./words.js";

// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences of terminals begin with a control character
const ESCAPES = /\u001b\[[0-9;?]*[A-Za-z]/g;
/** Characters that turn the direction of text, and so can make it read as something else. */
const TURNS = /[\u202a-\u202e\u2066-\u2069]/g;

/** Text of agents without what could make it look other than it is. */
export const plain = (text) =>
  String(text)
    .replace(ESCAPES, "")
    .replace(TURNS, (one) => `⟨U+${one.codePointAt(0).toString(16).toUpperCase()}⟩`);

/** An element with attributes (`onclick` and the like are listeners) and children; what is no element becomes text. */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false || value === null) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter(isShown).map(nodeOf));
  return element;
}

const isShown = (child) => child !== undefined && child !== null && child !== false;
const nodeOf = (child) => (child instanceof Node ? child : document.createTextNode(plain(child)));

export const byId = (id) => document.getElementById(id);
/** Writes only what has changed, so that a selection or a screen reader is not disturbed. */
export function say(element, text) {
  const words = plain(text);
  if (element.textContent !== words) element.textContent = words;
}

export function badge(state) {
  const element = h("span", {}, h("span", { class: "sign", "aria-hidden": "true" }), h("span", { class: "word" }));
  turn(element, state);
  return element;
}
/** Gives a badge another state. */
export function turn(element, state) {
  if (element.dataset.state === state) return;
  const { sign, word } = lookOf(state);
  element.dataset.state = state;
  element.className = "badge";
  element.firstChild.textContent = sign;
  element.lastChild.textContent = word;
}

/** A command line with a button that copies it. */
export function command(line, what) {
  const button = h("button", { type: "button", class: "small", "aria-label": `Copy ${line}` }, "Copy");
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(line);
      button.textContent = "Copied";
    } catch {
      // Not allowed to: then it is selected, and the keyboard copies it.
      getSelection().selectAllChildren(code);
      button.textContent = "Selected";
    }
    setTimeout(() => {
      button.textContent = "Copy";
    }, 1500);
  });
  const code = h("code", {}, line);
  return h("div", { class: "command" }, h("div", {}, code, what && h("span", { class: "what" }, what)), button);
}

let hiding;
/** Says what went wrong, for a while. */
export function notice(text) {
  const element = byId("notice");
  element.textContent = plain(text);
  element.hidden = text === "";
  clearTimeout(hiding);
  hiding = setTimeout(() => {
    element.hidden = true;
  }, 12_000);
}
