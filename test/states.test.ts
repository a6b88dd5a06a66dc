/** Runs that are asked about again and again are read on, not replayed. */
import { expect, test } from "vitest";
import { States } from "../src/app/states.ts";
import type { Journal, ReadOptions } from "../src/domain/ports.ts";
import { AT_ONCE, approve, gated, opened, started } from "./support/server-kit.ts";

test("a run that goes on is read from where it was read to; one that has ended, or whose reading failed, anew", async () => {
  await using own = await started();
  const run = await own.begin({ tasks: gated(2), config: AT_ONCE });
  await opened(own, run, "t0");
  const from: (number | undefined)[] = [];
  let isBroken = false;
  const journal: Journal = Object.create(own.host.journal, {
    read: {
      value: async function* (of: string, options: ReadOptions) {
        from.push(options.from);
        yield* own.host.journal.read(of, options);
        if (isBroken) throw new Error("the disk is gone");
      },
    },
  });
  const states = new States(journal);
  const first = await states.of(run);
  const { seq } = first;
  expect([...first.gates.open.keys()]).toEqual(["t0"]);
  const all = await Promise.all([states.of(run), states.of(run)]);
  expect(all.map((one) => one.seq)).toEqual([seq, seq]);
  expect(from).toEqual([1, seq + 1, seq + 1]);
  await approve(own, run, "t0");
  await opened(own, run, "t1");
  const later = await states.of(run);
  expect([...later.gates.open.keys()]).toEqual(["t1"]);
  expect(from.at(-1)).toBe(seq + 1);
  isBroken = true;
  await expect(states.of(run)).rejects.toThrow("the disk is gone");
  isBroken = false;
  expect((await states.of(run)).seq).toBe(later.seq);
  expect(from.at(-1)).toBe(1);
  await approve(own, run, "t1");
  await own.stream(`/api/runs/${run}/events`);
  for (let i = 0; i < 2; i++) expect((await states.of(run)).life.stage).toBe("complete");
  expect(from.slice(-2)).toEqual([later.seq + 1, 1]);
  await expect(states.of("01arz3ndektsv4rrffq69g5fav")).rejects.toMatchObject({ code: "NOT_FOUND" });
});
