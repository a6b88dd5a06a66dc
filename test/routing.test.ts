import { describe, expect, test } from "vitest";
import { Router } from "../src/agents/router.ts";
import { catalogue, isHeldOut, measure, readRequests } from "./routing/measure.ts";

const registry = catalogue();
const requests = readRequests();
const held = requests.filter(isHeldOut);

describe("labelled requests in the words of tickets", () => {
  test("are many, for everybody, and say few of the names", () => {
    const some = requests.filter(({ right }) => right.length > 0);
    expect(some.length).toBeGreaterThanOrEqual(1000);
    for (const { right } of some) for (const name of right) expect(registry.has(name), name).toBe(true);
    const words = (text: string) => text.toLowerCase().match(/[a-z]+/g) ?? [];
    const sharing = some.filter(({ text, right }) => {
      const names = new Set(right.flatMap((name) => name.split("-")));
      return words(text).some((word) => names.has(word.replace(/s$/, "")) || names.has(word));
    });
    expect(sharing.length / some.length).toBeLessThan(1 / 3);
  });

  test("[bar:routing] of the half that was not fitted to, the first is right in 75 %, sureness is true, and nobody is an answer", () => {
    const measured = measure(held, registry);
    expect(held.length).toBeGreaterThanOrEqual(500);
    expect(measured.top1).toBeGreaterThanOrEqual(0.75);
    expect(measured.calibrationError).toBeLessThan(0.06);
    expect(measured.noneFound).toBeGreaterThanOrEqual(0.8);
    expect(measured.noneFalse).toBeLessThanOrEqual(0.03);
  });

  test("[bar:routing-three] one of the first three is right in 92 %", () => {
    expect(measure(held, registry).top3).toBeGreaterThanOrEqual(0.92);
  });

  test("[bar:reachable] some request has each agent first, and rightly", () => {
    const router = new Router(registry);
    const reached = new Set(
      requests.flatMap(({ text, right }) => {
        const { agent } = router.route({ description: text });
        return agent !== null && right.includes(agent) ? [agent] : [];
      }),
    );
    expect([...registry.names()].filter((name) => !reached.has(name))).toEqual([]);
  });
});

describe("what is not in the words", () => {
  const router = new Router(registry);
  const task = { description: "Postgres autovacuum does not keep up and the table bloats" };

  test("whoever is excluded, lacks a tool or a capability is not chosen", () => {
    const { agent } = router.route(task);
    expect(router.route(task, { exclude: [agent ?? ""] }).agent).not.toBe(agent);
    const writing = router.route({ ...task, tools: ["write"] });
    expect(registry.find(writing.agent ?? "").tools).toContain("write");
    const capable = router.route({ ...task, capabilities: ["code-review"] });
    expect(registry.find(capable.agent ?? "").capabilities).toContain("code-review");
  });

  test("past success and load move the choice, and each says by how much", () => {
    // One that words alone hardly decide.
    const close = requests.find(({ text }) => {
      const { confidence, agent: first, alternatives: others } = router.route({ description: text });
      return first !== null && confidence - (others[0]?.confidence ?? 0) < 0.1;
    });
    const task = { description: close?.text ?? "" };
    const { agent, alternatives } = router.route(task);
    const trackOf = (name: string) => ({
      attempts: 30,
      successes: name === agent ? 2 : 29,
      duration: 1000,
      costUsd: 0.01,
    });
    const other = router.route(task, { trackOf });
    expect(other.agent).not.toBe(agent);
    expect(other.evidence.map(({ what }) => what)).toEqual(["words", "success"]);
    const loadOf = (name: string) => (name === agent ? { busy: 5, waiting: 30, places: 5 } : undefined);
    const busy = router.route(task, { loadOf });
    const found = [busy, ...busy.alternatives].find((one) => one.agent === agent);
    expect(found?.evidence.find(({ what }) => what === "load")).toMatchObject({
      adds: -2,
      because: "5 of 5 places taken, 30 waiting",
    });
    expect(alternatives.length).toBeGreaterThan(2);
  });

  test("what means nothing is for nobody, whatever it is", () => {
    for (const description of ["", "???", "x".repeat(100_000), "的的的", "__proto__ constructor"])
      expect(router.route({ description }).agent, description.slice(0, 20)).toBeNull();
  });
});
