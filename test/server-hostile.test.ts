/** What is meant to break it: on bare sockets, with what no client of good will sends (S4, S8, S9, S10, S11, S12, I9). */
import { connect, type Socket } from "node:net";
import { afterAll, describe, expect, test } from "vitest";
import { LARGEST_BODY } from "../src/server/body.ts";
import { AT_ONCE, gated, opened, type Server, SOON, started, TOKEN } from "./support/server-kit.ts";
import { answerTo, SseClient } from "./support/sse-client.ts";

const api = await started();
const { call, get } = api;
afterAll(() => api[Symbol.asyncDispose]());
const EXECUTE = "/api/workflows/execute";
const headOf = (on: Server) => `Host: 127.0.0.1:${on.server.port}\r\nAuthorization: Bearer ${TOKEN}\r\n`;
const head = headOf(api);

/** All that comes back until `enough` is said or the connection ends. */
function say(text: string, enough: (got: string) => boolean = () => false): Promise<string> {
  return new Promise((resolve) => {
    let got = "";
    const socket = connect(api.server.port, "127.0.0.1", () => socket.write(text, "latin1"));
    socket.setEncoding("latin1").on("data", (data: string) => {
      got += data;
      if (enough(got)) socket.destroy();
    });
    socket.on("close", () => resolve(got)).on("error", () => resolve(got));
  });
}
const asked = async (line: string, headers = head, body = "") =>
  (await say(`${line} HTTP/1.1\r\n${headers}Connection: close\r\n\r\n${body}`)).split("\r\n")[0];

describe("a request", () => {
  test.each([
    ["GET /api/x/../health", "Host: $\r\n", "401"],
    ["GET /api/x/%2e%2e/health", "Host: $\r\n", "401"],
    ["GET /api/health/../runs", "Host: $\r\n", "401"],
    ["GET /api/health/%2e%2e/runs", "Host: $\r\n", "401"],
    ["GET /api/health#/../runs", "Host: $\r\n", "401"],
    ["GET //api/health", "Host: $\r\n", "401"],
    ["GET /API/HEALTH", "Host: $\r\n", "401"],
    ["POST /api/health", "Host: $\r\n", "401"],
  ])("%s does not slip by as the open route", async (line, headers, status) => {
    const host = headers.replace("$", `127.0.0.1:${api.server.port}`);
    // Wrong tokens are counted, and told as too many after ten.
    expect(await asked(line, host)).toMatch(new RegExp(`^HTTP/1.1 (${status}|429)`));
  });

  test.each([
    ["GET /api/runs/..", "404"],
    ["GET /api/runs/%2e%2e%2f%2e%2e%2fetc%2fpasswd", "404"],
    ["GET /api/runs/%", "404"],
    ["GET /api/agents/%ff%00", "404"],
    ["GET /api/agents/__proto__", "404"],
    ["GET /api/agents/..%2fbuilder", "404"],
    ["GET /api\\runs", "400"],
    ["GET http://127.0.0.1/api/runs", "400"],
    ["GET //evil.example/api/runs", "404"],
    ["OPTIONS *", "400"],
    ["TRACE /api/runs", "405"],
    ["QUERY /api/runs", "405"],
    ["GET /api/runs?__proto__=1", "422"],
    ["GET /api/runs?constructor=1", "422"],
  ])("%s gets its refusal", async (line, status) => {
    expect(await asked(line)).toMatch(new RegExp(`^HTTP/1.1 ${status}`));
  });

  test.each([
    ["two Hosts", "Host: evil.example\r\n", "400"],
    ["two tokens, the first of them wrong", "", "401"],
    ["a page of another port of this machine", "Sec-Fetch-Site: same-site\r\n", "403"],
    ["a site that is said twice", "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Site: same-origin\r\n", "403"],
    ["two Origins", "Origin: http://localhost:1\r\nOrigin: null\r\n", "403"],
    ["an empty Origin", "Origin:\r\n", "403"],
    ["a Last-Event-ID that is none", "Last-Event-ID: 1; drop\r\n", "422"],
    ["20,000 headers", "A: b\r\n".repeat(20_000), "431"],
  ])("with %s is refused", async (_name, more, status) => {
    const path = "/api/runs/01m7zce5ph884gdf2tr5e3cree/events";
    const first = status === "401" ? `Authorization: Bearer wrong\r\n${head}` : head;
    expect(await asked(`GET ${path}`, first + more)).toMatch(new RegExp(`^HTTP/1.1 (${status}|429)`));
  });

  test.each([
    ["Content-Length: 2\r\nTransfer-Encoding: chunked\r\n", "2\r\n{}\r\n0\r\n\r\n"],
    ["Content-Length: 2\r\nContent-Length: 3\r\n", "{}x"],
    ["Content-Length: -1\r\n", "{}"],
    ["Transfer-Encoding: gzip, chunked\r\n", "zz"],
    ["Transfer-Encoding: chunked\r\n", "zz\r\n{}\r\n0\r\n\r\n"],
  ])("cannot have two lengths: %s", async (lengths, body) => {
    const answer = await asked("POST /api/execute", `${head}Content-Type: application/json\r\n${lengths}`, body);
    expect(answer).toMatch(/^HTTP\/1.1 4\d\d/);
  });

  test("that opens a tunnel or another protocol gets neither", async () => {
    expect(await say(`CONNECT 127.0.0.1:22 HTTP/1.1\r\n${head}\r\n`)).not.toContain(" 200");
    const upgrade = `${head}Connection: Upgrade, close\r\nUpgrade: websocket\r\n`;
    expect(await asked("GET /api/runs", upgrade)).not.toContain(" 101");
    expect(await asked("GET /api/runs", `Host: evil.example\r\n${upgrade.slice(upgrade.indexOf("A"))}`)).toContain(
      " 403",
    );
  });
});

describe("a body", () => {
  const wide = (one: string) => `[${one.repeat(LARGEST_BODY / one.length - 2)}0]`;
  test.each([
    ["numbers", wide("0,")],
    ["lists", wide("[],")],
    ["keys", `{${Array.from({ length: 200_000 }, (_, i) => `"k${i}":0`).join(",")}}`],
  ])("of millions of %s is refused before it is walked, which would keep all others waiting", async (_name, raw) => {
    const { status, body } = await call("POST", EXECUTE, { raw });
    expect([status, body.error.message]).toEqual([413, "the body has more than 100000 values"]);
  });

  test("may hold any number of commas in its strings", async () => {
    const prompt = `${",".repeat(500_000)}\\",`;
    const task = { id: "a", agentName: "builder", description: "", prompt };
    const { status, body } = await api.post(EXECUTE, { tasks: [task], config: { rehearse: true, speed: "max" } });
    expect([status, Object.keys(body)]).toEqual([202, ["run"]]);
  });

  test("is told back in part only", async () => {
    for (const raw of [
      `{"${"x".repeat(4 << 20)}":1}`,
      `{"workflowId":"${"x".repeat(4 << 20)}"}`,
      "x".repeat(4 << 20),
    ]) {
      const { status, body } = await call("POST", EXECUTE, { raw });
      expect([400, 422]).toContain(status);
      expect(JSON.stringify(body).length).toBeLessThan(10_000);
    }
  });

  test("that spells out a slow comparison or a name that poisons costs nothing", async () => {
    for (const name of ["__proto__", "constructor", "prototype"]) {
      const task = `{"id":"a","agentName":"builder","description":"","prompt":"","context":{"a":[{"${name}":{"x":1}}]}}`;
      const { status, body } = await call("POST", EXECUTE, { raw: `{"tasks":[${task}]}` });
      expect([status, body.error.path]).toEqual([422, `tasks[0].context.a[0].${name}`]);
    }
    expect(({} as { x?: number }).x).toBeUndefined();
    const { status } = await get(`/api/runs?q=${encodeURIComponent(`^(a+)+$${"a".repeat(5000)}!`)}`);
    expect(status).toBe(200);
  });
});

describe("a connection", () => {
  test("of many that send half a head and no more keeps nobody else from being served", async () => {
    const slow = await Promise.all(
      Array.from(
        { length: 200 },
        (_, i) =>
          new Promise<Socket>((resolve) => {
            const text =
              i % 2 ? `GET /api/runs HTTP/1.1\r\nHost: 127.0.0.1` : `POST /api/execute HTTP/1.1\r\n${head}Content-Le`;
            const socket = connect(api.server.port, "127.0.0.1", () => socket.write(text, () => resolve(socket)));
            socket.on("error", () => {});
          }),
      ),
    );
    for (let i = 0; i < 20; i++) expect((await get("/api/runs")).status).toBe(200);
    for (const socket of slow) socket.destroy();
  });

  test("that asks for many streams at once and leaves holds none of them", async () => {
    const run = await api.begin({ tasks: gated(1), config: AT_ONCE });
    await opened(api, run, "t0");
    const one = `GET /api/runs/${run}/events HTTP/1.1\r\n${head}\r\n`;
    await say(one.repeat(20), (got) => got.includes("gate:opened"));
    await expect.poll(async () => (await get("/api/health")).body.streams, SOON).toBe(0);
    const client = new SseClient(api.server.port, run);
    await client.until(() => client.ids.length > 0);
    client.socket.destroy();
  });

  test("answers requests that come in one piece in their order", async () => {
    const last = `GET /api/agents/builder HTTP/1.1\r\n${head}Connection: close\r\n\r\n`;
    const got = await say(`GET /api/nope HTTP/1.1\r\n${head}\r\nGET /api/health HTTP/1.1\r\n${head}\r\n${last}`);
    expect(got.match(/HTTP\/1\.1 \d+/g)).toEqual(["HTTP/1.1 404", "HTTP/1.1 200", "HTTP/1.1 200"]);
  });
});

describe("[I9] what is under way for all connections together is bounded", () => {
  /** Somebody who asks for four pages of more than 4 MB and takes none. */
  const large = async (limits: object) => {
    const own = await started({ limits });
    const tasks = gated(40).map((task) => ({ ...task, prompt: "x".repeat(110_000) }));
    const run = await own.begin({ tasks, config: AT_ONCE });
    const page = `GET /api/runs/${run}/events HTTP/1.1\r\n${headOf(own)}Accept: application/json\r\n\r\n`;
    const socket = connect(own.server.port, "127.0.0.1", () => socket.write(page.repeat(4)));
    const gone = new Promise<void>((resolve) => socket.on("close", () => resolve()).on("error", () => {}));
    return { own, gone, socket };
  };

  test("answers that nobody takes: others are told to come back, and can when they have gone", async () => {
    const { own, socket } = await large({ held: 2 * LARGEST_BODY });
    const status = async () => (await own.get("/api/agents")).status;
    await expect.poll(status, SOON).toBe(429);
    socket.destroy();
    await expect.poll(status, SOON).toBe(200);
    await own[Symbol.asyncDispose]();
  });

  test("an answer that is not taken in time is given up with its connection", async () => {
    let count = 0;
    // The kernel may have room for the first; the second has to be taken.
    using second = answerTo(({ headers }) => headers.accept === "application/json" && ++count === 2);
    const { own, socket, gone } = await large({ taking: 1 });
    socket.pause();
    await second.closed;
    let had = 0;
    socket.on("data", (data) => {
      had += data.length;
    });
    socket.resume();
    await gone;
    expect(had).toBeLessThan(8 << 20);
    expect((await own.get("/api/agents")).status).toBe(200);
    await own[Symbol.asyncDispose]();
  });

  test("bodies: one of unknown length counts as the largest, until it is there or its client has left", async () => {
    await using own = await started({ limits: { held: LARGEST_BODY } });
    const text = `POST ${EXECUTE} HTTP/1.1\r\n${headOf(own)}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n`;
    const socket = connect(own.server.port, "127.0.0.1", () => socket.write(text));
    const told = await new Promise<string>((resolve) => socket.setEncoding("latin1").once("data", resolve));
    expect(told).toContain("100 Continue");
    const order = () => own.post(`/api/runs/01m7zce5ph884gdf2tr5e3cree/pause`);
    const refused = await order();
    expect([refused.status, refused.headers["retry-after"]]).toEqual([429, "1"]);
    expect((await own.get("/api/agents")).status).toBe(200);
    socket.destroy();
    await expect.poll(async () => (await order()).status, SOON).toBe(404);
  });
});
