/** Which notes of a server are believed. */
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { CHALLENGE, PROOF, proofOf } from "../server/proof.ts";
import { findServer, forgetServer, noteServer, pageOf } from "./served.ts";

const home = mkdtempSync(join(tmpdir(), "tutti-served-"));
const file = join(home, "serve.json");
const KEY = "k".repeat(43);
const seen: string[] = [];
/** Answers as a server with this key would. */
let key = KEY;
const server = createServer(({ method, url, headers }, response) => {
  seen.push(`${method} ${url} ${headers.authorization}`);
  const challenge = String(headers[CHALLENGE.toLowerCase()]);
  response.setHeader(PROOF, proofOf(key, challenge)).end("{}");
}).listen(0, "127.0.0.1");
await once(server, "listening");
const { port } = server.address() as AddressInfo;
const note = { url: `http://127.0.0.1:${port}`, port, pid: process.pid, key: KEY };
afterAll(() => {
  server.close();
  rmSync(home, { recursive: true, force: true });
});

test("the server that wrote it is found, and is shown no token for that", async () => {
  expect(await findServer({ home })).toBeUndefined();
  await noteServer({ home }, note);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(await findServer({ home })).toEqual(note);
  expect(seen).toEqual(["GET /api/health undefined"]);
});

test("another that has got its port is not taken for it", async () => {
  await noteServer({ home }, note);
  key = "another";
  expect(await findServer({ home })).toBeUndefined();
  key = KEY;
});

test.each([
  ["of a process that is gone", { ...note, pid: 2 ** 30 }],
  ["of another machine", { ...note, url: `http://evil.example:${port}` }],
  ["of another port than it says", { ...note, port: port === 1 ? 2 : 1 }],
  ["of an address with more than a port", { ...note, url: `${note.url}/@evil.example` }],
  ["of no process", { ...note, pid: -1 }],
  ["without a key", { ...note, key: undefined }],
  ["that is no object", [note]],
])("a note %s is ignored, and nobody is asked", async (_, wrong) => {
  writeFileSync(file, JSON.stringify(wrong));
  seen.length = 0;
  expect(await findServer({ home })).toBeUndefined();
  expect(seen).toEqual([]);
});

test("what is no JSON is ignored, and the next server writes over it whole", async () => {
  writeFileSync(file, `{"url":"${note.url}`);
  expect(await findServer({ home })).toBeUndefined();
  await noteServer({ home }, note);
  expect(await findServer({ home })).toEqual(note);
  expect(readdirSync(home)).toEqual(["serve.json"]);
});

test("a server takes away its own note only", async () => {
  await noteServer({ home }, { ...note, key: "newer" });
  await forgetServer({ home }, note);
  expect(existsSync(file)).toBe(true);
  await forgetServer({ home }, { ...note, key: "newer" });
  expect(existsSync(file)).toBe(false);
});

test("a link names the run and carries the code in its fragment", () => {
  expect(pageOf(note)).toBe(`${note.url}/`);
  expect(pageOf(note, "r")).toBe(`${note.url}/runs/r`);
  expect(pageOf(note, "r", "c")).toBe(`${note.url}/runs/r#code=c`);
});
