/** @file Waiting for each other, and copies that share nothing. */
import { describe, expect, test } from "vitest";
import { bind, checkpoint, clone, compute, delayed, waitOn } from "../../../src/delayed/index.ts";

const SYNC = { scheduler: "sync" } as const;

/** Delayed calls that write down the order in which they run. */
function recorder() {
  const ran: string[] = [];
  const note = delayed(
    (name: string, ..._uses: unknown[]) => {
      ran.push(name);
      return name;
    },
    { name: "note" },
  );
  return { ran, note };
}

describe("checkpoint", () => {
  test("is null when everything has run, however many there are", async () => {
    const { ran, note } = recorder();
    const all = Array.from({ length: 100 }, (_, i) => note(`n${i}`));
    expect(await checkpoint(...all).compute(SYNC)).toBeNull();
    expect(ran.length).toBe(100);
    expect(await checkpoint().compute(SYNC)).toBeNull();
  });

  test("no task of it waits for more than eight", () => {
    const { note } = recorder();
    const { graph } = checkpoint(...Array.from({ length: 100 }, (_, i) => note(`n${i}`)));
    const widest = Math.max(...[...graph.toDict().values()].map((deps) => deps.length));
    expect(widest).toBeLessThanOrEqual(8);
  });
});

test("waitOn: none is there before all have run", async () => {
  const { ran, note } = recorder();
  const [a, b] = waitOn(note("a"), note("b"));
  const after = note("after", a);
  expect(await after.compute(SYNC)).toBe("after");
  expect(ran.slice(0, 2).sort()).toEqual(["a", "b"]);
  expect(await compute(a, b, SYNC)).toEqual(["a", "b"]);
});

describe("bind", () => {
  test("the children's roots wait for all parents", async () => {
    const { ran, note } = recorder();
    const child = note("top", note("left"), note("right"));
    const bound = bind(child, [note("parent1"), note("parent2")]);
    expect(await bound.compute(SYNC)).toBe("top");
    expect(ran.slice(0, 2).sort()).toEqual(["parent1", "parent2"]);
    expect(ran.length).toBe(5);
    expect(bound.key).not.toBe(child.key);
  });

  test("omitted work is shared and does not wait", async () => {
    const { ran, note } = recorder();
    const shared = note("shared");
    const child = note("top", shared, note("own"));
    const bound = bind(child, note("parent"), { omit: shared });
    await compute(bound, shared, SYNC);
    expect(ran.filter((name) => name === "shared").length).toBe(1);
    expect(ran.indexOf("parent")).toBeLessThan(ran.indexOf("own"));
  });

  test("the parent does not appear among the arguments", async () => {
    const count = delayed((list: unknown[]) => list.length, { name: "count" });
    const parent = delayed(() => "p", { name: "parent" })();
    expect(await bind(count([]), parent).compute(SYNC)).toBe(0);
  });
});

describe("clone", () => {
  test("shares nothing with the original", async () => {
    const { ran, note } = recorder();
    const value = note("top", note("below"));
    expect(await compute(value, clone(value), SYNC)).toEqual(["top", "top"]);
    expect(ran.sort()).toEqual(["below", "below", "top", "top"]);
  });

  test("equal seeds give equal copies, other seeds other ones", () => {
    const { note } = recorder();
    const value = note("a");
    expect(clone(value, { seed: 1 }).key).toBe(clone(value, { seed: 1 }).key);
    expect(clone(value, { seed: 1 }).key).not.toBe(clone(value, { seed: 2 }).key);
  });

  test("omits single tasks, also of values that were lowered together", async () => {
    const { ran, note } = recorder();
    const shared = note("shared");
    const value = note("top", note("middle", shared), shared);
    value.lower();
    await compute(value, clone(value, { omit: shared }), SYNC);
    expect(ran.sort()).toEqual(["middle", "middle", "shared", "top", "top"]);
  });

  test("what is no collection is refused", () => {
    expect(() => clone(1 as never)).toThrow(/not number/);
  });
});
