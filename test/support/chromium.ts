/**
 * A real browser, driven through a pipe by the protocol that it has for that: no port is opened, no package is needed.
 * Every page has cookies of its own.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { accessSync, constants, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import type { Readable, Writable } from "node:stream";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
/** Its sandbox needs rights that a container does not give; it sees the pages of these tests only. */
const FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--remote-debugging-pipe"];

function programOf(): string {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  const found = folders.flatMap((folder) => NAMES.map((name) => join(folder, name))).find(isProgram);
  if (found !== undefined) return found;
  throw new Error(
    "these tests need Chromium, and there is none in PATH: apt-get install -y --no-install-recommends chromium",
  );
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

interface Told {
  readonly id?: number;
  readonly sessionId?: string;
  readonly method?: string;
  readonly params?: { readonly [name: string]: unknown };
  readonly result?: { readonly [name: string]: unknown };
  readonly error?: { readonly message: string };
}

export class Browser {
  readonly #child: ChildProcess;
  readonly #profile: string;
  readonly #waiting = new Map<number, (told: Told) => void>();
  readonly #pages = new Map<string, Page>();
  readonly #gone: Promise<unknown>;
  #count = 0;

  private constructor(child: ChildProcess, profile: string) {
    this.#child = child;
    this.#profile = profile;
    this.#gone = new Promise((resolve) => child.once("exit", resolve));
    let rest = "";
    (child.stdio[4] as Readable).setEncoding("utf8").on("data", (text: string) => {
      const all = (rest + text).split("\0");
      rest = all.pop() ?? "";
      for (const one of all) this.#take(JSON.parse(one) as Told);
    });
  }

  static start(): Browser {
    const program = programOf();
    const profile = mkdtempSync(join(tmpdir(), "tutti-chromium-"));
    const stdio = ["ignore", "ignore", "ignore", "pipe", "pipe"] as const;
    return new Browser(spawn(program, [...FLAGS, `--user-data-dir=${profile}`], { stdio: [...stdio] }), profile);
  }

  /** A page that has loaded, in a profile without cookies. */
  async open(url: string): Promise<Page> {
    const { browserContextId } = await this.send("Target.createBrowserContext");
    const { targetId } = await this.send("Target.createTarget", { url: "about:blank", browserContextId });
    const { sessionId } = await this.send("Target.attachToTarget", { targetId, flatten: true });
    const page = new Page((method, params) => this.send(method, params, String(sessionId)));
    this.#pages.set(String(sessionId), page);
    for (const part of ["Page", "Runtime", "Log"]) await page.send(`${part}.enable`);
    await page.go(url);
    return page;
  }

  async send(method: string, params: object = {}, sessionId?: string): Promise<NonNullable<Told["result"]>> {
    const id = ++this.#count;
    const told = await new Promise<Told>((resolve, reject) => {
      this.#waiting.set(id, resolve);
      void this.#gone.then(() => reject(new Error(`Chromium ended before it answered ${method}`)));
      const text = JSON.stringify({ id, method, params, ...(sessionId !== undefined && { sessionId }) });
      (this.#child.stdio[3] as Writable).write(`${text}\0`);
    });
    if (told.error) throw new Error(`${method}: ${told.error.message}`);
    return told.result ?? {};
  }

  #take(told: Told): void {
    if (told.id === undefined) return this.#pages.get(told.sessionId ?? "")?.hear(told.method ?? "", told.params ?? {});
    this.#waiting.get(told.id)?.(told);
    this.#waiting.delete(told.id);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#gone;
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
  }
}

export class Page {
  readonly send: (method: string, params?: object) => Promise<NonNullable<Told["result"]>>;
  /** What its scripts threw, and what its policy or the browser complained about. */
  readonly faults: string[] = [];

  constructor(send: Page["send"]) {
    this.send = send;
  }

  hear(method: string, params: { readonly [name: string]: unknown }): void {
    if (method === "Runtime.exceptionThrown") this.faults.push(JSON.stringify(params["exceptionDetails"]));
    const entry = params["entry"] as { readonly level?: string; readonly text?: string } | undefined;
    if (method === "Log.entryAdded" && entry?.level === "error") this.faults.push(entry.text ?? "");
  }

  async go(url: string): Promise<void> {
    await this.send("Page.navigate", { url });
    await this.js(
      `document.readyState === "loading" && new Promise((resolve) => addEventListener("DOMContentLoaded", () => resolve()))`,
    );
  }

  /** The value of an expression in the page; promises are waited for. */
  async js(expression: string): Promise<unknown> {
    const { result, exceptionDetails } = await this.send("Runtime.evaluate", {
      ...{ expression, awaitPromise: true, returnByValue: true },
    });
    if (exceptionDetails) throw new Error(JSON.stringify(exceptionDetails));
    return (result as { readonly value?: unknown }).value;
  }

  /** Resolves when the expression holds; it is looked at whenever the document has changed. */
  async until(expression: string): Promise<void> {
    await this.js(`new Promise((resolve) => {
      const look = () => {
        if (!(${expression})) return;
        observer.disconnect();
        resolve();
      };
      const observer = new MutationObserver(look);
      observer.observe(document, { subtree: true, childList: true, characterData: true, attributes: true });
      look();
    })`);
  }

  async untilText(text: string): Promise<void> {
    await this.until(`document.body?.innerText.includes(${JSON.stringify(text)})`);
  }

  async click(selector: string): Promise<void> {
    await this.js(`document.querySelector(${JSON.stringify(selector)}).click()`);
  }

  /** As a person at the keyboard presses it. */
  async press(key: string): Promise<void> {
    const codes: { readonly [name: string]: number } = { Enter: 13, Tab: 9, Escape: 27, ArrowDown: 40 };
    const how = { key, code: key, windowsVirtualKeyCode: codes[key] ?? 0, ...(key === "Enter" && { text: "\r" }) };
    await this.send("Input.dispatchKeyEvent", { type: "keyDown", ...how });
    await this.send("Input.dispatchKeyEvent", { type: "keyUp", ...how });
  }
}
