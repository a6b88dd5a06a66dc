import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { TeamBook } from "./team.ts";

const home = mkdtempSync(join(tmpdir(), "tutti-team-"));
afterAll(() => rmSync(home, { recursive: true, force: true }));
const places = { id: "places:8", at: 5, what: "More places", change: { do: "places", places: 8 } } as const;

test("what was accepted is there for the next process, once, and can be taken back", () => {
  const book = new TeamBook(home);
  book.accept(places);
  book.accept({ ...places, at: 6 });
  expect(new TeamBook(home).list()).toEqual([{ ...places, at: 6 }]);
  expect([book.undo("places:8")?.at, book.undo("places:8"), book.list()]).toEqual([6, undefined, []]);
  expect(JSON.parse(readFileSync(join(home, "team.json"), "utf8"))).toEqual({ accepted: [] });
});

test.each(["{", '{"accepted":{}}', '{"accepted":[{"id":"a","at":1,"what":"b","change":{"do":"fire"}}]}'])(
  "a file that is not what it should be is said: %s",
  (text) => {
    writeFileSync(join(home, "team.json"), text);
    expect(() => new TeamBook(home).list()).toThrow(/team\.json cannot be used/);
  },
);
