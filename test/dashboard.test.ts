/** The pages in a real browser: it is let in by its link, and what agents and plans say is text and nothing else. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { serve } from "../src/server/serve.ts";
import { Browser, type Page } from "./support/chromium.ts";
import { FakeProvider } from "./support/fake-provider.ts";
import { AT_ONCE, gated, opened, type Server, started, TOKEN } from "./support/server-kit.ts";

/** Each would give the page another title, or leave an element, if it were anything but text. */
const OWNED = "document.title='owned'";
const HOSTILE = [
  `<script>${OWNED}</script>`,
  `<img src=x onerror="${OWNED}">`,
  `<svg/onload="${OWNED}">`,
  `</pre></textarea></title><script>${OWNED}</script>`,
  `<iframe srcdoc="<script>parent.${OWNED}</script>"></iframe>`,
  `<a href="javascript:${OWNED}">click</a> [click](javascript:${OWNED})`,
  `<style>*{display:none}</style><base href="http://evil.example/"><meta http-equiv=refresh content="0;url=/x">`,
  `<form action="http://evil.example/"><button>Approve</button></form>`,
  `"><img src=x onerror=${OWNED}> ' onmouseover='${OWNED}' &lt;script&gt; &#60;b&#62;`,
  `\${${OWNED}} {{${OWNED}}} <math><mtext><mglyph><style><img src=x onerror=${OWNED}>`,
];
const ATTACK = HOSTILE.join("\n");
/** What no page of ours has in its document. */
const FOREIGN =
  "svg, iframe, base, form, style, math, object, embed, img:not([src='/icon.svg']), meta[http-equiv], script:not([src='/app.js']), [onerror], [onload], [onmouseover], [href^='javascript']";

let provider: FakeProvider;
let api: Server;
let browser: Browser;
beforeAll(async () => {
  browser = Browser.start();
  provider = await FakeProvider.start();
  api = await started({ env: { ANTHROPIC_API_KEY: "sk-a", ANTHROPIC_BASE_URL: provider.url } });
});
afterAll(async () => {
  await browser[Symbol.asyncDispose]();
  await api[Symbol.asyncDispose]();
  await provider[Symbol.asyncDispose]();
});

const MODEL = { model: "anthropic/claude-sonnet-4-5" };
const open = (path: string, code = api.server.code()) => browser.open(`${api.server.url}${path}#code=${code}`);
const task = (id: string, more: object = {}) => ({
  ...{ id, agentName: "builder", description: `work on ${id}`, prompt: "Do it", retries: 0 },
  ...more,
});
const state = (page: Page, what: string, word: string) =>
  page.until(`document.querySelector(${JSON.stringify(`${what} .word`)})?.textContent === ${JSON.stringify(word)}`);
const RUN_STATE = ".head .badge";

test("[S3] a link lets one browser in, once; the code leaves the address, and no script sees the cookie", async () => {
  const outside = await browser.open(`${api.server.url}/`);
  await outside.untilText("This browser is not let in yet");
  await outside.untilText("tutti open");
  expect(outside.faults).toEqual([]);

  const code = api.server.code();
  const inside = await open("/", code);
  await inside.untilText("No run yet");
  await inside.untilText("tutti run fullstack-dev --rehearse");
  expect(await inside.js("location.href + document.cookie + history.length")).toBe(`${api.server.url}/2`);
  expect(inside.faults).toEqual([]);

  const run = "01m7zce5ph884gdf2tr5e3cree";
  const second = await open(`/runs/${run}`, code);
  await second.untilText("This link was used before");
  await second.untilText(`tutti open ${run}`);
  expect(await second.js("location.href")).toBe(`${api.server.url}/runs/${run}`);
  // A new link in the same window lets it in, though only the fragment is another.
  await second.js(`location.hash = "code=${api.server.code()}"`);
  await expect.poll(() => second.js("document.body.innerText").catch(() => "")).toContain(`There is no run ${run}`);
});

test("[S6] what a model, a plan and a person write is shown as text, whatever it looks like", async () => {
  provider.answer = () => ({ text: [ATTACK], usage: { fresh: 10, output: 10 } });
  const gate = { question: ATTACK };
  const tasks = [task("a", { description: ATTACK }), task("b", { dependencies: ["a"], gate })];
  const run = await api.begin({ workflowName: HOSTILE[1], tasks, config: MODEL });
  await opened(api, run, "b");
  const page = await open(`/runs/${run}?task=a`);
  await page.until("document.querySelector('.gate') !== null");
  await page.until("document.querySelector('.detail pre')?.textContent.length > 100");
  const textsOf = async (selector: string) =>
    page.js(`document.querySelector(${JSON.stringify(selector)}).textContent`);
  for (const selector of [".detail pre", ".gate .question", "tr[data-task=a] .facts"])
    expect([selector, await textsOf(selector)]).toEqual([selector, ATTACK]);
  expect(await textsOf("h1")).toBe(HOSTILE[1]);
  const harmless = async (on: Page) => {
    expect(await on.js(`document.querySelectorAll(${JSON.stringify(FOREIGN)}).length`)).toBe(0);
    expect(await on.js("document.title")).toMatch(/ · Tutti$/);
    expect(on.faults).toEqual([]);
  };
  await harmless(page);
  await page.js(`document.querySelector(".gate input").value = ${JSON.stringify(HOSTILE[0])}`);
  await page.click(".gate [aria-label='reject b']");
  await state(page, RUN_STATE, "failed");
  expect(await textsOf("tr[data-task=b] .facts")).toContain(HOSTILE[0]);
  await harmless(page);
  const list = await open("/");
  await list.until(`document.querySelector("[data-run='${run}'] a")?.textContent === ${JSON.stringify(HOSTILE[1])}`);
  await harmless(list);
});

test("[S6] the policy of the page stops a script even where one got into the document", async () => {
  const page = await open("/");
  await page.untilText("Runs");
  await page.js(`{
    const script = document.createElement("script");
    try { script.text = ${JSON.stringify(OWNED)}; } catch { globalThis.isRefused = true; }
    document.body.append(script);
    const image = document.createElement("img");
    image.setAttribute("src", "http://127.0.0.1:1/x");
    document.body.append(image);
  }`);
  expect(await page.js("isRefused")).toBe(true);
  await expect(page.js(`document.body.innerHTML = "<b>x</b>"`)).rejects.toThrow("TrustedHTML");
  expect(await page.js(`fetch("http://127.0.0.1:1/").then(() => "sent", () => "refused")`)).toBe("refused");
  expect(await page.js("document.title")).toBe("Runs · Tutti");
  await expect.poll(() => page.faults.join()).toMatch(/image.*violates|violates.*img-src|default-src 'self'/i);
});

test("a run is steered from its page, and every step is seen as it comes", async () => {
  const run = await api.begin({ workflowName: "steered", tasks: gated(3), config: AT_ONCE });
  await opened(api, run, "t0");
  const page = await open(`/runs/${run}`);
  await state(page, RUN_STATE, "waiting");
  await page.untilText("after t0");
  const press = (name: string) =>
    page.js(`[...document.querySelectorAll(".buttons button")].find((one) => one.textContent === "${name}").click()`);
  await press("Pause");
  await state(page, RUN_STATE, "paused");
  await press("Resume");
  await state(page, RUN_STATE, "waiting");
  await page.js(`document.querySelector(".gate input").value = "ship it"`);
  await page.click(".gate .primary");
  await page.until("document.querySelector('.gate')?.dataset.gate === 't1'");
  await state(page, "tr[data-task=t0]", "complete");
  const { events } = (await api.get(`/api/runs/${run}/events`)).body;
  expect(events.find(({ type }: { type: string }) => type === "gate:decided")).toMatchObject({ note: "ship it" });

  // By keyboard alone: to the next task, into it, and out again.
  await page.js("document.querySelector('tr[data-task=t0] a').focus()");
  await page.press("ArrowDown");
  await page.press("Enter");
  await page.until("document.querySelector('.detail h2')?.textContent === 't1'");
  expect(await page.js("location.search + document.activeElement.tagName")).toBe("?task=t1H2");
  await page.press("Escape");
  expect(await page.js("location.search + document.activeElement.textContent")).toBe("t1");

  await press("Cancel …");
  expect(await page.js("document.activeElement.textContent")).toBe("Keep it");
  await press("Yes, cancel it");
  await state(page, RUN_STATE, "cancelled");
  await page.until("document.getElementById('connection').textContent === 'ended'");
  expect(page.faults).toEqual([]);
});

test("a page says that its line is broken, goes on where it was, and asks for a new link where its session ended", async () => {
  await using other = await started();
  const run = await other.begin({ tasks: gated(2), config: AT_ONCE });
  await opened(other, run, "t0");
  const page = await browser.open(`${other.server.url}/runs/${run}#code=${other.server.code()}`);
  await page.until("document.getElementById('connection').textContent.startsWith('live · last event')");
  await page.send("Network.enable");
  const conditions = (offline: boolean) => ({ offline, latency: 0, downloadThroughput: -1, uploadThroughput: -1 });
  // What is open stays open where a browser only plays being offline: so it is looked away and back, too.
  await page.send("Network.emulateNetworkConditions", conditions(true));
  await page.js(`document.dispatchEvent(new Event("visibilitychange"))`);
  await page.until("/^reconnecting … · last event/.test(document.getElementById('connection').textContent)");
  await other.post(`/api/runs/${run}/gates/t0`, { decision: "approve" });
  await opened(other, run, "t1");
  await page.send("Network.emulateNetworkConditions", conditions(false));
  await page.until("document.querySelector('.gate')?.dataset.gate === 't1'");
  expect(await page.js("document.querySelectorAll('tr[data-task]').length")).toBe(2);
  const line = "document.getElementById('connection').textContent";
  await page.until(`${line}.startsWith("live")`);
  const { port } = other.server;
  await other.server.close();
  await page.until(`${line}.startsWith("reconnecting")`);
  // Another server knows nothing of the sessions of this one.
  const next = await serve({ host: other.host, port, token: TOKEN });
  await page.untilText(`tutti open ${run}`);
  await next.close();
});

test("a run that ended is shown with what its tasks took, why they failed, and the commands that do the same", async () => {
  const tasks = [task("good"), task("bad"), task("late", { dependencies: ["bad"] })];
  provider.answer = ({ body }) =>
    JSON.stringify(body.messages).includes("work on bad")
      ? { status: 400 }
      : { text: ["\u001b[31mred\u001b[0m and \u202eturned"], usage: { fresh: 1500, output: 20 } };
  const run = await api.begin({ workflowName: "three", tasks, config: MODEL });
  await api.stream(`/api/runs/${run}/events`);
  const page = await open(`/runs/${run}?task=good`);
  await state(page, RUN_STATE, "failed");
  for (const [id, word] of [
    ["good", "complete"],
    ["bad", "failed"],
    ["late", "skipped"],
  ])
    await state(page, `tr[data-task=${id}]`, word ?? "");
  // Neither escape sequences of a terminal nor turned letters reach a reader.
  await page.until("document.querySelector('.detail pre')?.textContent === 'red and ⟨U+202E⟩turned'");
  const text = String(await page.js("document.body.innerText")).replace(/\s+/g, " ");
  const short = run.slice(-8);
  for (const words of ["Tasks 1 of 3", "1.5k", "needs 'bad', which failed", `tutti show ${short} --task good`])
    expect(text).toContain(words);
  await page.click("tr[data-task=bad] a");
  await page.untilText(`tutti retry ${short} bad`);
  expect(await page.js("location.search")).toBe("?task=bad");
  expect(page.faults).toEqual([]);
});

test("the list says of every run how it stands, in words, and by what is asked for", async () => {
  const waits = await api.begin({ workflowName: "waits", tasks: gated(1), config: AT_ONCE });
  await opened(api, waits, "t0");
  const held = await api.begin({ workflowName: "held", tasks: gated(1), config: AT_ONCE });
  await opened(api, held, "t0");
  await api.post(`/api/runs/${held}/pause`, {});
  const page = await open("/");
  await state(page, `[data-run='${waits}']`, "waiting");
  await state(page, `[data-run='${held}']`, "paused");
  const only = await open("/?status=waiting");
  await state(only, `[data-run='${waits}']`, "waiting");
  expect(await only.js(`document.querySelector("[data-run='${held}']")`)).toBeNull();
});
