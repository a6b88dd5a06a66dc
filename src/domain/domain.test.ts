import * as fc from "fast-check";
import { expect, test } from "vitest";
import { reasonOf } from "./error.ts";
import { EVENT_CLASS, isEnd, type RunEvent } from "./events.ts";
import { Heap } from "./heap.ts";
import { effectId, isRunId, runId } from "./ids.ts";
import { asJson, canonical, type Json, pointer, sameJson } from "./json.ts";
import { didYouMean, distance, nearest } from "./nearest.ts";
import { random, seedOf } from "./random.ts";

test("a heap gives back what was put in, smallest first, whenever it is asked", async () => {
  await fc.assert(
    fc.property(
      fc.array(fc.oneof({ weight: 3, arbitrary: fc.integer() }, fc.constant("pop" as const)), {
        maxLength: 300,
        size: "max",
      }),
      (list) => {
        const heap = new Heap<number>((a, b) => a < b);
        let model: number[] = [];
        for (const step of list) {
          if (step === "pop") {
            expect(heap.pop()).toBe(model[0]);
            model = model.slice(1);
          } else {
            heap.push(step);
            model = [...model, step].sort((a, b) => a - b);
          }
          expect([heap.size, heap.peek()]).toEqual([model.length, model[0]]);
        }
      },
    ),
  );
});

const json = fc.jsonValue() as fc.Arbitrary<Json>;
/** The same value with the keys of its objects in another order. */
const shuffled = (value: Json): Json => {
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map(shuffled);
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, inner]) => [key, shuffled(inner)]),
  );
};

test("canonical text is JSON of the same value and does not know the order of keys", async () => {
  await fc.assert(
    fc.property(json, json, (a, b) => {
      const text = canonical(a);
      expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(a)));
      expect(canonical(shuffled(a))).toBe(text);
      expect(sameJson(a, shuffled(a))).toBe(true);
      expect(sameJson(a, b)).toBe(canonical(a) === canonical(b));
    }),
  );
});

test("canonical text leaves out what JSON leaves out", () => {
  expect(canonical({ b: undefined, a: [undefined, 1], "": { z: 1, B: 2, a: 3 } })).toBe(
    '{"":{"B":2,"a":3,"z":1},"a":[null,1]}',
  );
});

test("a JSON Pointer finds every value that there is, by its escaped keys", async () => {
  await fc.assert(
    fc.property(json, (value) => {
      const walk = (here: Json, path: string): void => {
        expect(pointer(value, path)).toEqual({ found: true, value: here });
        if (here === null || typeof here !== "object") return;
        for (const [key, inner] of Object.entries(here))
          walk(inner, `${path}/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`);
      };
      walk(value, "");
    }),
  );
  expect(pointer({ "~1": 1, "/": 2 }, "/~01")).toEqual({ found: true, value: 1 });
  expect(pointer(undefined, "")).toEqual({ found: false });
});

test("a value becomes what the journal will give back", async () => {
  await fc.assert(
    fc.property(fc.anything({ withDate: true, withSparseArray: true }), (value) => {
      const made = asJson(value);
      expect(JSON.parse(JSON.stringify(made))).toEqual(made);
      expect(Object.is(made, -0)).toBe(false);
    }),
  );
  expect(asJson(undefined)).toBeNull();
  expect(asJson({ a: undefined, b: Number.NaN, c: new Date(0) })).toEqual({ b: null, c: "1970-01-01T00:00:00.000Z" });
  expect(() => asJson(1n)).toThrow(TypeError);
});

test.each([
  ["backnd", "backend", 1],
  ["bcakend", "backend", 1],
  ["same", "same", 0],
  ["", "abc", 3],
  ["kitten", "sitting", 3],
  ["abcdef", "uvwxyz", 4],
])("from '%s' to '%s' it takes %i edits, four meaning too many", (a, b, edits) => {
  expect([distance(a, b), distance(b, a)]).toEqual([edits, edits]);
});

test("the nearest name is offered where one is near enough, whatever the case", () => {
  expect(nearest("FRONTEND", ["backend", "frontend"])).toBe("frontend");
  expect(nearest("ab", ["xy", "abc"])).toBe("abc");
  expect(nearest("ab", ["xyz", "abcd"])).toBeUndefined();
  expect(didYouMean("nothing", [])).toBe("");
});

test("a run's id is a lower-case ULID that sorts by its time", () => {
  const ids = [0, 1, 31, 32, 1e12, 2 ** 48 - 1].map((now) => runId(now, random(1)));
  for (const id of ids) expect(isRunId(id), id).toBe(true);
  expect([...ids].sort()).toEqual(ids);
  expect(runId(5, () => 0.999999999)).toBe("0000000005zzzzzzzzzzzzzzzz");
  for (const id of ["", "01ARZ3NDEKTSV4RRFFQ69G5FAV", "81arz3ndektsv4rrffq69g5fav", "../../etc/passwd"])
    expect(isRunId(id)).toBe(false);
  expect(effectId("r", "t", 2)).toBe("r/t#2");
});

test("seeded chance is the same every time and lies between 0 and 1", async () => {
  await fc.assert(
    fc.property(fc.nat(), (seed) => {
      const [a, b] = [random(seed), random(seed)];
      for (let i = 0; i < 20; i++) {
        const drawn = a();
        expect(b()).toBe(drawn);
        expect(drawn >= 0 && drawn < 1).toBe(true);
      }
    }),
  );
  expect(seedOf("a#1")).not.toBe(seedOf("a#2"));
});

test("whatever is thrown has words that are neither empty nor endless", () => {
  expect(reasonOf(new Error("x"))).toBe("x");
  expect(reasonOf(new TypeError())).toBe("TypeError");
  expect(reasonOf("")).toBe("no reason given");
  expect(reasonOf(null)).toBe("null");
  expect(reasonOf("x".repeat(5000))).toHaveLength(2001);
  expect(reasonOf({ code: 7 })).toBe('{"code":7}');
  expect(reasonOf(Object.assign(new Error("x"), { message: 5 }))).toBe("5");
  expect(reasonOf({ toJSON: () => 1n })).toBe("no reason given");
});

test("whoever reads a run need not wait for more after its end or a pause", () => {
  const ends = Object.keys(EVENT_CLASS).filter((type) => isEnd({ type } as RunEvent));
  expect(new Set(ends)).toEqual(
    new Set(["workflow:cancelled", "workflow:complete", "workflow:error", "workflow:paused"]),
  );
});
