/** What every request must pass, whatever its route (S1, S2, S4, S5, S7, S8, S9, S11). */
import { connect } from "node:net";
import { afterAll, describe, expect, test } from "vitest";
import { Buckets } from "../src/server/buckets.ts";
import { ROUTES, serve } from "../src/server/serve.ts";
import { started, TOKEN } from "./support/server-kit.ts";

const RUN = "01m7zce5ph884gdf2tr5e3cree";
const api = await started();
const { call, get, post, server, host, lines } = api;
afterAll(() => api[Symbol.asyncDispose]());

const filled = (path: string) => path.replace(":id", RUN).replace(":gate", "g").replace(":name", "builder");
const table = ROUTES.map(({ method, path }) => [method, path] as const);
/** What answers without a token: that the server is there, the entrance for codes, and the pages. */
const OPEN = /^GET \/(?!api\/)|^GET \/api\/health$|^POST \/api\/session$/;

describe("every route", () => {
  test("is in the list that the server exports", () => {
    expect(table.map((row) => row.join(" ")).sort()).toEqual([
      "DELETE /api/agents/:name",
      "DELETE /api/session",
      "GET /",
      "GET /api.js",
      "GET /api/agents",
      "GET /api/agents/:name",
      "GET /api/agents/:name/logs",
      "GET /api/gates",
      "GET /api/health",
      "GET /api/metrics",
      "GET /api/runs",
      "GET /api/runs/:id",
      "GET /api/runs/:id/events",
      "GET /api/stats",
      "GET /api/workflows/list",
      ...["app", "dom", "fold"].map((name) => `GET /${name}.js`),
      "GET /icon.svg",
      ...["list", "plan-changes", "rows", "run"].map((name) => `GET /${name}.js`),
      "GET /runs/:id",
      ...["steer.js", "stream.js", "style.css", "task.js", "theme.css", "words.js"].map((name) => `GET /${name}`),
      "PATCH /api/agents/:name",
      "POST /api/agents",
      "POST /api/agents/:name/command",
      "POST /api/agents/:name/interrupt",
      "POST /api/execute",
      "POST /api/route",
      "POST /api/runs/:id/cancel",
      "POST /api/runs/:id/fork",
      "POST /api/runs/:id/gates/:gate",
      "POST /api/runs/:id/messages",
      "POST /api/runs/:id/pause",
      "POST /api/runs/:id/resume",
      "POST /api/runs/:id/retry",
      "POST /api/session",
      "POST /api/session/code",
      "POST /api/workflows/execute",
      "POST /mcp",
    ]);
  });

  // A server of its own, whose count of wrong tokens is its own too.
  test.each(table)(
    "[bar:routes] %s %s refuses no token, bad tokens, evil Hosts and evil Origins",
    async (method, path) => {
      await using own = await started();
      const target = filled(path);
      const ask = (headers: Record<string, string>, token: string | null = TOKEN) =>
        own.call(method, target, { headers, token, ...(method === "POST" && { body: {} }) });
      const none = await ask({}, null);
      const isOpen = OPEN.test(`${method} ${path}`);
      expect(none.status).toBe(isOpen ? (method === "POST" ? 422 : 200) : 401);
      if (!isOpen) expect(none.body.error.code).toBe("UNAUTHORIZED");
      if (path === "/api/health") expect(none.body).toEqual({ status: "ok" });
      for (const bad of ["wrong", `${TOKEN}x`, TOKEN.slice(1), "[]"]) expect((await ask({}, bad)).status).toBe(401);
      for (const basic of ["", "Bearer", "Bearer ", `Basic ${TOKEN}`, `Bearer ${TOKEN} ${TOKEN}`])
        expect((await ask({ Authorization: basic }, null)).status).toBe(401);
      const { port } = own.server;
      const hosts = [
        "evil.example",
        `evil.example:${port}`,
        `127.0.0.1:${port + 1}`,
        "127.0.0.1",
        `127.0.0.1.evil.example:${port}`,
      ];
      for (const evil of hosts) {
        const answer = await ask({ Host: evil });
        expect([evil, answer.status, answer.body.error?.code]).toEqual([evil, 403, "FORBIDDEN"]);
        // Nothing tells whether a token was right.
        expect((await ask({ Host: evil }, null)).status).toBe(403);
      }
      for (const evil of ["http://evil.example", "null", `http://127.0.0.1:${port + 1}`, `https://127.0.0.1:${port}`])
        expect((await ask({ Origin: evil })).status).toBe(403);
      expect((await ask({ "Sec-Fetch-Site": "cross-site" })).status).toBe(403);
      for (const good of [`localhost:${port}`, `[::1]:${port}`, `LOCALHOST:${port}`])
        expect((await ask({ Host: good, Origin: `http://${good.toLowerCase()}` })).status).not.toBe(403);
    },
  );

  test("also one that is not there, and any other method", async () => {
    expect((await get("/api/secret", { token: null })).status).toBe(401);
    expect((await get("/api/secret")).body.error).toMatchObject({ code: "NOT_FOUND" });
    expect((await get("/index.html")).status).toBe(404);
    expect((await get("/api/workflow/list")).body.error.message).toContain("did you mean '/api/workflows/list'?");
    for (const [method, path] of [
      ["GET", "/api/workflows/execute"],
      ["DELETE", "/api/runs"],
      ["OPTIONS", "/api/runs"],
      ["PUT", "/api/execute"],
    ] as const) {
      const answer = await call(method, path);
      expect([method, answer.status, answer.body.error.code]).toEqual([method, 405, "METHOD_NOT_ALLOWED"]);
      expect(answer.headers["allow"]).toMatch(/GET|POST/);
    }
    expect((await call("HEAD", `/api/runs/${RUN}/events`)).status).toBe(405);
  });

  test("[S5] answers with security headers, without CORS and without a trace of code", async () => {
    for (const answer of [
      await get("/api/runs"),
      await get("/api/nope"),
      await get("/api/runs", { token: null }),
      await get("/api/runs", { headers: { Host: "evil" } }),
    ]) {
      expect(answer.headers).toMatchObject({
        "x-content-type-options": "nosniff",
        "cache-control": "no-store",
        "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
      });
      expect(Object.keys(answer.headers).filter((name) => name.startsWith("access-control"))).toEqual([]);
      expect(JSON.stringify(answer.body)).not.toMatch(/\.ts|\.js|node:| at /);
    }
  });
});

describe("what is sent", () => {
  const paths = ROUTES.filter(({ method }) => method === "POST").map(({ path }) => [path] as const);
  // These look for their run or gate after they have read what they were sent.
  test.each(paths)("POST %s: JSON only, no larger than allowed", async (path) => {
    const target = filled(path);
    const send = (raw: string | Buffer, type = "application/json", more = {}) =>
      call("POST", target, { raw, headers: { "Content-Type": type, ...more } });
    expect((await send("a=1", "application/x-www-form-urlencoded")).status).toBe(415);
    expect((await send("{}", "text/plain")).status).toBe(415);
    expect((await send("{}", "application/json; charset=utf-16")).status).toBe(415);
    expect((await send("{}", "application/json", { "Content-Encoding": "gzip" })).status).toBe(415);
    expect((await send("{", "application/json")).body.error).toMatchObject({ code: "UNREADABLE" });
    expect((await send(Buffer.from([0x22, 0xff, 0x22]))).status).toBe(400);
    expect((await send('{"__proto__":{"a":1}}')).status).toBe(422);
    expect((await send('{"config":{"constructor":1}}')).status).toBe(422);
    expect((await send("[".repeat(200_000) + "]".repeat(200_000))).status).toBe(422);
    expect((await send('{"a":1}', "Application/JSON; charset=UTF-8")).body.error.path).toBe("a");
    expect((await send("[1]")).status).toBe(422);
  });

  test("a body of exactly the limit is read, one byte more is not, whether announced or not", async () => {
    const limit = 5 << 20;
    const sized = (size: number) => `{"workflowName":"${"x".repeat(size - 19)}"}`;
    const path = "/api/workflows/execute";
    expect(sized(limit).length).toBe(limit);
    expect((await call("POST", path, { raw: sized(limit) })).status).toBe(422);
    expect((await call("POST", path, { raw: sized(limit + 1) })).status).toBe(413);
    const chunked = { method: "POST", headers: api.json, duplex: "half" as const };
    const body = new ReadableStream({
      start(controller) {
        for (let i = 0; i < 6; i++) controller.enqueue(new TextEncoder().encode(" ".repeat(1 << 20)));
        controller.close();
      },
    });
    const answer = await fetch(server.url + path, { ...chunked, body } as RequestInit);
    expect([answer.status, ((await answer.json()) as { error: { code: string } }).error.code]).toEqual([
      413,
      "TOO_LARGE",
    ]);
    expect((await call("POST", `/api/runs/${RUN}/pause`, { raw: `{"reason":"${"x".repeat(1 << 20)}"}` })).status).toBe(
      413,
    );
  });

  test("a plan has at most 1,000 tasks and 10,000 dependencies", async () => {
    const task = (id: string, dependencies: string[] = []) => ({
      ...{ id, dependencies },
      agentName: "builder",
      description: id,
      prompt: id,
    });
    const many = (n: number) => Array.from({ length: n }, (_, i) => task(`t${i}`));
    const config = { rehearse: true, speed: "max" };
    const execute = (tasks: unknown) => post("/api/workflows/execute", { tasks, config });
    expect((await execute(many(1001))).body.error).toMatchObject({ code: "BAD_INPUT", path: "tasks" });
    const dense = many(150).map(({ id }, i, all) =>
      task(
        id,
        all.slice(0, i).map((one) => one.id),
      ),
    );
    expect((await execute(dense)).body.error.message).toContain("at most 10000 dependencies, not 11175");
    expect(await host.list()).toEqual([]);
  });
});

describe("faults of the caller are told with the place and the next step", () => {
  test.each([
    [
      "an unknown workflow",
      "POST",
      "/api/workflows/execute",
      { workflowId: "fullstak-dev" },
      404,
      "workflowId",
      "did you mean 'fullstack-dev'?",
    ],
    [
      "a wrong parameter",
      "POST",
      "/api/workflows/execute",
      { workflowId: "testing-suite", parameters: { coverage: "x" } },
      422,
      "parameters.coverage",
      "coverage",
    ],
    [
      "an unknown field",
      "POST",
      "/api/workflows/execute",
      { workflowID: "x" },
      422,
      "workflowID",
      "did you mean 'workflowId'?",
    ],
    [
      "an unknown agent",
      "POST",
      "/api/workflows/execute",
      { tasks: [{ id: "a", agentName: "bilder", description: "", prompt: "" }] },
      422,
      "tasks.a.agentName",
      "did you mean 'builder'?",
    ],
    [
      "no model",
      "POST",
      "/api/workflows/execute",
      { workflowId: "code-review" },
      422,
      "config.model",
      "no model is configured",
    ],
    ["nothing", "POST", "/api/workflows/execute", {}, 422, "workflowId", "workflowId"],
    ["an unknown query", "GET", "/api/runs?statu=running", undefined, 422, "statu", "did you mean 'status'?"],
    ["a wrong status", "GET", "/api/runs?status=runing", undefined, 422, "status", "did you mean 'running'?"],
    ["a wrong limit", "GET", "/api/runs?limit=0", undefined, 422, "limit", "from 1 to 1000"],
    ["a wrong cursor", "GET", "/api/runs?cursor=x", undefined, 422, "cursor", "cursor"],
    ["an unknown run", "GET", `/api/runs/${RUN}`, undefined, 404, undefined, RUN],
    ["the events of one", "GET", `/api/runs/${RUN}/events`, undefined, 404, undefined, RUN],
    ["no id of a run", "GET", "/api/runs/..%2f..%2fetc", undefined, 404, "run", "there is no run"],
    ["pausing an unknown run", "POST", `/api/runs/${RUN}/pause`, {}, 404, undefined, RUN],
    ["an unknown agent of the library", "GET", "/api/agents/bilder", undefined, 404, "name", "did you mean 'builder'?"],
    ["a message without a text", "POST", `/api/runs/${RUN}/messages`, { agent: "a" }, 422, "text", "missing"],
    [
      "a decision that is none",
      "POST",
      `/api/runs/${RUN}/gates/g`,
      { decision: "aprove" },
      422,
      "decision",
      "did you mean 'approve'?",
    ],
  ] as const)("%s", async (_name, method, path, body, status, at, words) => {
    const answer = await call(method, path, body === undefined ? {} : { body });
    expect([answer.status, answer.body.error.path]).toEqual([status, at]);
    expect(answer.body.error.message).toContain(words);
  });

  test("and by a stream too", async () => {
    const answer = await get(`/api/runs/${RUN}/events`, { headers: { Accept: "text/event-stream" } });
    expect([answer.status, answer.body.error.code]).toEqual([404, "NOT_FOUND"]);
  });
});

describe("how often", () => {
  test("a bucket lets its burst through, then its rate, each key for itself, and keeps a bounded number of keys", () => {
    let now = 0;
    const buckets = new Buckets(100, 300, () => now);
    expect(Array.from({ length: 300 }, () => buckets.take("a")).every((wait) => wait === 0)).toBe(true);
    expect([buckets.take("a"), buckets.take("b")]).toEqual([1, 0]);
    now = 10;
    expect([buckets.take("a"), buckets.take("a")]).toEqual([0, 1]);
    for (let i = 0; i < 20_000; i++) buckets.take(`k${i}`);
    expect(buckets.take("a")).toBe(0);
  });

  test("too many requests are told when to come back; streams do not count", async () => {
    await using own = await started({ limits: { perSecond: 0.001, burst: 2 } });
    expect((await own.get("/api/agents")).status).toBe(200);
    expect((await own.get("/api/agents")).status).toBe(200);
    const refused = await own.get("/api/agents");
    expect([refused.status, refused.body.error.code, refused.headers["retry-after"]]).toEqual([
      429,
      "RATE_LIMITED",
      expect.stringMatching(/^(1000|9\d\d)$/),
    ]);
    expect((await own.get(`/api/runs/${RUN}/events`, { headers: { Accept: "text/event-stream" } })).status).toBe(404);
    expect((await own.get(`/api/runs/${RUN}/events`)).status).toBe(429);
  });

  test("wrong tokens are limited, and the right one is not locked out by them", async () => {
    await using own = await started();
    const statuses: number[] = [];
    for (let i = 0; i < 12; i++) statuses.push((await own.get("/api/runs", { token: "wrong" })).status);
    expect(statuses).toEqual([...Array(10).fill(401), 429, 429]);
    const refused = await own.get("/api/runs", { token: "wrong" });
    expect(Number(refused.headers["retry-after"])).toBeGreaterThan(0);
    expect((await own.get("/api/health", { token: "wrong" })).status).toBe(429);
    expect((await own.get("/api/runs")).status).toBe(200);
    expect((await own.get("/api/health", { token: null })).status).toBe(200);
  });
});

describe("the server itself", () => {
  test("is not reachable by others unless it is told so, and has a token worth the name", async () => {
    const reject = async (more: object) =>
      serve({ host, port: 0, token: TOKEN, ...more }).then(
        (s) => s.close(),
        (e) => e.code,
      );
    expect(await reject({ hostname: "0.0.0.0" })).toBe("BAD_INPUT");
    expect(await reject({ hostname: "::" })).toBe("BAD_INPUT");
    expect(await reject({ token: "short" })).toBe("BAD_INPUT");
    expect(await reject({ port: server.port })).toBe("BAD_INPUT");
    const exposed = await serve({ host, port: 0, token: TOKEN, hostname: "0.0.0.0", expose: true });
    await exposed.close();
  });

  test("writes no token into its log, neither from headers nor from a query", async () => {
    await get(`/api/runs?token=${TOKEN}`);
    await get("/api/runs", { token: "guessed-secret" });
    expect(lines.length).toBeGreaterThan(0);
    expect(lines.some((line) => line.startsWith("GET /api/runs 422 "))).toBe(true);
    expect(lines.join("\n")).not.toMatch(/for-tests|guessed-secret/);
  });

  test("survives what is no HTTP", async () => {
    const say = (text: string, isCut = false) =>
      new Promise<string>((resolve) => {
        let got = "";
        const socket = connect(server.port, "127.0.0.1", () => (isCut ? socket.end(text) : socket.write(text)));
        socket.on("data", (data) => {
          got += data;
        });
        socket.on("close", () => resolve(got)).on("error", () => resolve(got));
      });
    const head = `Host: 127.0.0.1:${server.port}\r\nAuthorization: Bearer ${TOKEN}\r\n`;
    expect(await say("\x16\x03\x01\r\n\r\n")).toMatch(/^HTTP\/1\.1 400/);
    expect(await say("GET /api/runs HTTP/1.1\r\n\r\n")).toMatch(/^HTTP\/1\.1 400/);
    expect(await say("GET /api/runs HTTP/1.0\r\n\r\n")).toMatch(/^HTTP\/1\.1 40[03]/);
    expect(await say(`GET http://evil.example/api/runs HTTP/1.1\r\n${head}Connection: close\r\n\r\n`)).toMatch(
      /^HTTP\/1\.1 400/,
    );
    expect(await say(`GET /api/runs HTTP/1.1\r\nHost: a b\r\n${head}Connection: close\r\n\r\n`)).toMatch(
      /^HTTP\/1\.1 40[03]/,
    );
    expect(
      await say(`GET /api/agents HTTP/1.1\r\n${head}X: ${"x".repeat(20_000)}\r\nConnection: close\r\n\r\n`),
    ).toMatch(/^HTTP\/1\.1 431/);
    expect(
      await say(
        `POST /api/execute HTTP/1.1\r\n${head}Content-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{`,
        true,
      ),
    ).toMatch(/^(HTTP\/1\.1 400|$)/);
    expect(
      await say(`GET /api/runs HTTP/1.1\r\n${head}Connection: close, Upgrade\r\nUpgrade: websocket\r\n\r\n`),
    ).not.toMatch(/^HTTP\/1\.1 101/);
    expect((await get("/api/health")).status).toBe(200);
  });
});
