/** How a browser comes in, what it may do with its cookie, and what it is given without one (S3 to S7). */
import { readdirSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { Door } from "../src/server/door.ts";
import { ROUTES } from "../src/server/serve.ts";
import { AT_ONCE, gated, opened, type Server, started } from "./support/server-kit.ts";

const RUN = "01m7zce5ph884gdf2tr5e3cree";
const api = await started();
afterAll(() => api[Symbol.asyncDispose]());

const originOf = (on: Server) => `http://127.0.0.1:${on.server.port}`;
/** What the page of the server sends with everything that it writes. */
const own = (on: Server, cookie: string, more: Record<string, string> = {}) => ({
  token: null,
  headers: { Cookie: cookie, Origin: originOf(on), "X-Tutti": "1", ...more },
});
const enter = (on: Server, code: string) => on.post("/api/session", { code }, { token: null });
/** The cookie of a new session, as a browser sends it back. */
async function cookieFrom(on: Server): Promise<string> {
  const { status, headers } = await enter(on, on.server.code());
  expect(status).toBe(204);
  return String(headers["set-cookie"]).split(";")[0] ?? "";
}

describe("a code", () => {
  test("[S3] is given for the token, works once, and becomes a cookie that no script reads and no other page sends", async () => {
    const { status, body } = await api.post("/api/session/code");
    expect([status, body]).toEqual([201, { code: expect.stringMatching(/^[\w-]{43}$/), expiresIn: 60_000 }]);
    const first = await enter(api, body.code);
    expect([first.status, first.body]).toEqual([204, ""]);
    const name = `tutti_${api.server.port}`;
    expect(first.headers["set-cookie"]).toEqual([
      expect.stringMatching(new RegExp(`^${name}=[\\w-]{43}; Path=/; HttpOnly; SameSite=Strict$`)),
    ]);
    const again = await enter(api, body.code);
    expect([again.status, again.body.error.code]).toEqual([401, "UNAUTHORIZED"]);
    expect(again.headers["set-cookie"]).toBeUndefined();
    expect(again.body.error.hint).toContain("tutti open");
  });

  test("[S3] is of no use after its time, nor is anything else in its place", async () => {
    await using late = await started({ limits: { codeLife: 0 } });
    expect((await enter(late, late.server.code())).status).toBe(401);
    for (const wrong of ["x", "", 7, null, "x".repeat(201), [api.server.code()]]) {
      const { status } = await api.post("/api/session", { code: wrong }, { token: null });
      expect([wrong, status]).toEqual([wrong, wrong === "x" ? 401 : 422]);
    }
    // Nowhere but in the body.
    const code = api.server.code();
    for (const path of [`/?code=${code}`, `/?token=${code}`, `/api/runs?code=${code}`])
      expect((await api.get(path, { token: null })).headers["set-cookie"]).toBeUndefined();
    expect((await api.get(`/api/runs?token=${code}`, { token: null })).status).toBe(401);
    expect((await api.get("/api/runs", { token: code })).status).toBe(401);
  });

  test("[S5] is taken as JSON only, and from no page of another origin", async () => {
    const code = api.server.code();
    const send = (headers: Record<string, string>) =>
      api.call("POST", "/api/session", { token: null, raw: JSON.stringify({ code }), headers });
    expect((await send({ "Content-Type": "text/plain" })).status).toBe(415);
    expect((await send({ Origin: "http://evil.example" })).status).toBe(403);
    expect((await send({ "Sec-Fetch-Site": "cross-site" })).status).toBe(403);
    expect((await send({ Host: "evil.example" })).status).toBe(403);
    // None of these has used it up.
    expect((await send({ Origin: originOf(api) })).status).toBe(204);
  });

  test("a wrong one counts as a wrong token, and a right one is not locked out by them", async () => {
    await using other = await started();
    const statuses: number[] = [];
    for (let i = 0; i < 11; i++) statuses.push((await enter(other, "guessed")).status);
    expect(statuses).toEqual([...Array(10).fill(401), 429]);
    expect((await other.get("/api/runs", { token: "wrong" })).status).toBe(429);
    expect((await enter(other, other.server.code())).status).toBe(204);
  });

  test("is not given for a cookie: a session makes no other", async () => {
    const { status, body } = await api.post("/api/session/code", {}, own(api, await cookieFrom(api)));
    expect([status, body.error.code]).toEqual([403, "FORBIDDEN"]);
  });
});

describe("a cookie", () => {
  const writes = ROUTES.filter(({ method }) => method !== "GET").map(({ method, path }) => [method, path] as const);
  const reads = ROUTES.filter(({ method }) => method === "GET").map(({ path }) => [path] as const);
  const filled = (path: string) => path.replace(":id", RUN).replace(":gate", "g").replace(":name", "builder");

  test.each(writes)("[S5] %s %s needs the header of our page and its Origin besides", async (method, path) => {
    const Cookie = await cookieFrom(api);
    const Origin = originOf(api);
    const refused: Record<string, string>[] = [
      { Cookie },
      { Cookie, Origin },
      { Cookie, "X-Tutti": "1" },
      { Cookie, Origin, "X-Tutti": "" },
      { Cookie, Origin: "null", "X-Tutti": "1" },
      { Cookie, Origin: "http://evil.example", "X-Tutti": "1" },
      { Cookie, Origin: `http://127.0.0.1:${api.server.port + 1}`, "X-Tutti": "1" },
      { Cookie, Origin, "X-Tutti": "1", "Sec-Fetch-Site": "same-site" },
      { Cookie, Origin, "X-Tutti": "1", Host: "evil.example" },
    ];
    for (const headers of refused) {
      const { status, body } = await api.call(method, filled(path), { token: null, headers, body: {} });
      expect([headers, status, body.error?.code]).toEqual([headers, 403, "FORBIDDEN"]);
    }
    if (path.startsWith("/api/session")) return;
    const { status } = await api.call(method, filled(path), { ...own(api, Cookie), body: {} });
    // A page has its own routes; whoever conducts over MCP brings the token.
    if (path === "/mcp") expect(status).toBe(403);
    else expect([401, 403]).not.toContain(status);
  });

  test.each(reads)("GET %s answers to it, and to no page of another origin", async (path) => {
    const Cookie = await cookieFrom(api);
    const ask = (more: Record<string, string>) => api.get(filled(path), { token: null, headers: { Cookie, ...more } });
    expect([200, 404]).toContain((await ask({})).status);
    expect((await ask({ Origin: "http://evil.example" })).status).toBe(403);
    expect((await ask({ "Sec-Fetch-Site": "cross-site" })).status).toBe(403);
    expect((await ask({ Host: "evil.example" })).status).toBe(403);
  });

  test("starts, streams and steers a run as the token does", async () => {
    const cookie = await cookieFrom(api);
    const order = { tasks: gated(1), config: AT_ONCE };
    const begun = await api.post("/api/workflows/execute", order, own(api, cookie));
    expect(begun.status).toBe(202);
    const { run } = begun.body;
    await opened(api, run, "t0");
    const stream = api.stream(`/api/runs/${run}/events`, () => false, {
      headers: { Authorization: "", Cookie: cookie },
    });
    await expect(stream).rejects.toThrow("401");
    const events = fetch(`${api.server.url}/api/runs/${run}/events`, { headers: { Cookie: cookie } });
    const decided = await api.post(`/api/runs/${run}/gates/t0`, { decision: "approve" }, own(api, cookie));
    expect(decided.status).toBe(202);
    expect(await (await events).text()).toContain('"type":"workflow:complete"');
  });

  test("that is old or made up is refused, forgotten by the browser and counted, but hides no right one", async () => {
    await using other = await started();
    const right = await cookieFrom(other);
    const name = `tutti_${other.server.port}`;
    const ask = (Cookie: string, path = "/api/runs") => other.get(path, { token: null, headers: { Cookie } });
    expect((await ask(`${name}=forged; ${right}`)).status).toBe(200);
    expect((await ask("tutti_1=forged")).headers["set-cookie"]).toBeUndefined();
    const forged = await ask(`${name}=forged`);
    expect([forged.status, forged.body.error.message]).toEqual([401, "this session has ended"]);
    expect(forged.headers["set-cookie"]).toEqual([`${name}=; Path=/; Max-Age=0`]);
    for (let i = 0; i < 8; i++) expect((await ask(`${name}=forged`, "/api/health")).status).toBe(401);
    expect((await ask(`${name}=forged`)).status).toBe(429);
    expect((await ask(right)).status).toBe(200);
    // Beside a wrong token it does not count.
    expect((await other.get("/api/runs", { token: "wrong", headers: { Cookie: right } })).status).toBe(429);
    // It does not stand in the way of the page, nor of a new code.
    expect((await ask(`${name}=forged`, "/")).status).toBe(200);
    const headers = { Cookie: `${name}=forged` };
    const entered = await other.post("/api/session", { code: other.server.code() }, { token: null, headers });
    expect(entered.status).toBe(204);
  });

  test("outlives an old link, and a new one keeps it", async () => {
    const cookie = await cookieFrom(api);
    const again = (code: string) => api.post("/api/session", { code }, own(api, cookie));
    const old = await again("old");
    expect([old.status, old.headers["set-cookie"]]).toEqual([401, undefined]);
    const fresh = await again(api.server.code());
    expect([fresh.status, fresh.headers["set-cookie"]]).toEqual([204, undefined]);
    expect((await api.get("/api/runs", { token: null, headers: { Cookie: cookie } })).status).toBe(200);
  });

  test("ends when it is told to, and its streams with it", async () => {
    const cookie = await cookieFrom(api);
    const run = await api.begin({ tasks: gated(1), config: AT_ONCE });
    await opened(api, run, "t0");
    const response = await fetch(`${api.server.url}/api/runs/${run}/events`, { headers: { Cookie: cookie } });
    const all = response.text();
    expect((await api.call("DELETE", "/api/session", own(api, cookie))).headers["set-cookie"]).toEqual([
      expect.stringMatching(/=; Path=\/; HttpOnly; SameSite=Strict; Max-Age=0$/),
    ]);
    await expect(all).rejects.toThrow();
    expect((await api.get("/api/runs", { token: null, headers: { Cookie: cookie } })).status).toBe(401);
  });

  test("has a limit of requests of its own", async () => {
    await using other = await started({ limits: { perSecond: 0.001, burst: 3 } });
    const cookies = [await cookieFrom(other), await cookieFrom(other)];
    for (const Cookie of cookies) {
      const statuses: number[] = [];
      for (let i = 0; i < 4; i++)
        statuses.push((await other.get("/api/agents", { token: null, headers: { Cookie } })).status);
      expect(statuses).toEqual([200, 200, 200, 429]);
    }
    expect((await other.get("/api/agents")).status).toBe(200);
  });
});

test("sessions end when nobody uses them, and of too many codes and sessions the oldest go", () => {
  let now = 0;
  const door = new Door({ codeLife: 60, sessionLife: 1000, now: () => now });
  const [used, unused] = [door.open(), door.open()];
  now = 900;
  expect(door.find(used)).toBeDefined();
  now = 1000;
  expect([door.find(used) !== undefined, door.find(unused)]).toEqual([true, undefined]);
  const codes = Array.from({ length: 101 }, () => door.issue());
  expect(door.take(codes[0] ?? "")).toBe(false);
  now += 59;
  expect(door.take(codes[1] ?? "")).toBe(true);
  now += 1;
  expect(door.take(codes[2] ?? "")).toBe(false);
  for (let i = 0; i < 100; i++) door.open();
  expect(door.find(used)).toBeUndefined();
});

test("[S3] neither a code nor a cookie stands in the log, in an answer or in the home", async () => {
  await using other = await started();
  const code = other.server.code();
  await other.get(`/?code=${code}`, { token: null });
  await enter(other, `${code}x`);
  const cookie = String((await enter(other, code)).headers["set-cookie"]);
  const secret = /=([\w-]{43});/.exec(cookie)?.[1] ?? "";
  const pair = cookie.split(";")[0] ?? "";
  const run = await other.begin({ tasks: gated(2), config: AT_ONCE });
  await other.post(`/api/runs/${run}/gates/t0`, { decision: "approve", note: "by cookie" }, own(other, pair));
  await opened(other, run, "t1");
  expect(other.lines).toContainEqual(expect.stringMatching(/^POST \/api\/session 204 /));
  const files = readdirSync(other.home, { recursive: true, withFileTypes: true }).filter((one) => one.isFile());
  const kept = files.map((file) => readFileSync(join(file.parentPath, file.name), "latin1")).join();
  expect(secret).toHaveLength(43);
  for (const word of [code, secret]) expect(other.lines.join() + kept).not.toContain(word);
});

describe("the pages", () => {
  const PAGES = ROUTES.filter(({ method, path }) => method === "GET" && !path.startsWith("/api/")).map(
    ({ path }) => [path] as const,
  );

  test.each(PAGES)("[S6] %s is given to everybody, says what it is, and lets nothing else in", async (path) => {
    const { status, headers, body } = await api.get(path.replace(":id", RUN), { token: null });
    const end = /\.(\w+)$/.exec(path)?.[1] ?? "html";
    const types: Record<string, string> = {
      js: "text/javascript",
      css: "text/css",
      svg: "image/svg+xml",
      html: "text/html",
    };
    expect(status).toBe(200);
    expect(headers).toMatchObject({
      "content-type": `${types[end]}; charset=utf-8`,
      "content-security-policy": expect.stringMatching(/^default-src 'self'; frame-ancestors 'none';/),
      "x-content-type-options": "nosniff",
      "x-frame-options": "DENY",
      "referrer-policy": "no-referrer",
    });
    expect(headers["content-security-policy"]).not.toMatch(/unsafe|\*|http/);
    expect(headers["set-cookie"]).toBeUndefined();
    // Nothing inline, nothing from elsewhere, and no way to make HTML out of a text.
    expect(body).not.toMatch(
      /<script(?! type="module" src="\/)|<style|\son\w+="|\sstyle="|https?:\/\/(?!www\.w3\.org\/2000\/svg)/,
    );
    expect(body).not.toMatch(/innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|DOMParser|srcdoc/);
  });

  test("every file of the dashboard has a route, and what a page loads is there", () => {
    const files = readdirSync(join(import.meta.dirname, "..", "dashboard"));
    const paths = PAGES.map(([path]) => path.slice(1)).filter((path) => path.includes("."));
    expect([...paths, "index.html"].sort()).toEqual(files.sort());
    for (const file of files.filter((one) => /\.(js|html)$/.test(one))) {
      const text = readFileSync(join(import.meta.dirname, "..", "dashboard", file), "utf8");
      const named = [...text.matchAll(/(?:from|import\() ?"\.\/([^"]+)"|(?:src|href)="\/([^"]+)"/g)];
      for (const [, module, linked] of named) expect(paths, file).toContain(module ?? linked);
    }
  });

  test("no path leads to any other file", async () => {
    const say = (path: string) =>
      new Promise<string>((resolve) => {
        let got = "";
        const head = `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${api.server.port}\r\nConnection: close\r\n\r\n`;
        const socket = connect(api.server.port, "127.0.0.1", () => socket.write(head));
        socket.on("data", (data) => {
          got += data;
        });
        socket.on("close", () => resolve(got)).on("error", () => resolve(got));
      });
    // Few enough that none is refused for the number of them.
    await using other = await started();
    const paths = [
      "/index.html",
      "/package.json",
      "/dashboard/app.js",
      "/runs/",
      "/runs/a/b",
      "/runs/..%2f..%2fpackage.json",
    ];
    for (const path of paths) expect([path, (await other.get(path, { token: null })).status]).toEqual([path, 401]);
    for (const path of paths.slice(0, -1)) expect([path, (await other.get(path)).status]).toEqual([path, 404]);
    expect((await other.get(paths.at(-1) ?? "")).body).toMatch(/^<!doctype html>/);
    const raw = [
      "/../package.json",
      "/runs/../api/runs",
      "/runs/../../package.json",
      "/%2e%2e/package.json",
      "/app.js/../../package.json",
      "/app.js%00",
      "/\\..\\package.json",
      "//etc/passwd",
      "/app.js/",
    ];
    for (const path of raw) {
      const answer = await say(path);
      expect(answer, path).toMatch(/^HTTP\/1\.1 4\d\d/);
      expect(answer, path).not.toMatch(/"name": ?"tutti"|"runs"|root:/);
    }
  });
});
