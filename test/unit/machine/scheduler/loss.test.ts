/** @file What is made again when values are lost, and what stays. */
import { describe, expect, test } from "vitest";
import { graphOf, leased, TestScheduler } from "../graphs.ts";

/** An exchange: two sources (0, 1), what refers to both (2), two destinations (3, 4). */
const exchange = graphOf([[], [], [0, 1], [2], [2]], {
  functions: ["write", "write", "seal", "read", "read"],
  bound: { write: "worker", seal: "inputs" },
});

/** Sources on two workers of one thread; the seal is made, its destinations are under lease. */
function sealed(): TestScheduler {
  const s = new TestScheduler();
  s.join({ threads: 1 });
  s.join({ worker: 1, address: "b", threads: 1 });
  s.graph(exchange);
  s.step(s.finished([0], 0), s.finished([1], 1));
  const holder = s.machine.state.tasks.holder[2]!;
  s.step(s.finished([2], holder));
  return s;
}

const lose = (worker: number) =>
  ({ kind: "worker-lost", worker, reason: "gone", cause: "silence" }) as const;

describe("a value that refers to its inputs", () => {
  test("keeps them, and lets them go when it goes", () => {
    const s = sealed();
    expect(s.stateOf(0, 1, 2, 3, 4)).toEqual(["memory", "memory", "memory", "leased", "leased"]);
    const [first, second] = [3, 4].map((id) => s.machine.state.tasks.holder[id]!);
    s.step(s.finished([3], first));
    expect(s.stateOf(0, 1, 2)).toEqual(["memory", "memory", "memory"]);
    const told = s.step(s.finished([4], second));
    expect(told).toContainEqual({ kind: "free", worker: 0, ids: [2, 0] });
    expect(told).toContainEqual({ kind: "free", worker: 1, ids: [1] });
    expect(s.stateOf(0, 1, 2, 3)).toEqual(["released", "released", "released", "memory"]);
  });

  test("is made again when one of them is lost, and that one from its own source alone", () => {
    const s = sealed();
    expect(s.machine.state.tasks.holder[2]).toBe(0);
    s.step(s.finished([3], 0));
    expect(leased(s.step(lose(1)))).toEqual([1]);
    expect(s.stateOf(0, 1, 2, 3, 4)).toEqual(["memory", "leased", "waiting", "memory", "waiting"]);
    s.finish(1);
    expect(s.stateOf(0, 1, 2)).toEqual(["memory", "memory", "leased"]);
    s.finish(2);
    s.finish(4);
    expect(s.stateOf(0, 1, 2, 3, 4)).toEqual([
      "released",
      "released",
      "released",
      "memory",
      "memory",
    ]);
    expect([...s.machine.state.tasks.waiters.subarray(0, 5)]).toEqual([0, 0, 0, 0, 0]);
  });

  test("is not kept from a worker that comes back with one of an earlier time", () => {
    const s = sealed();
    s.step(lose(0));
    expect(s.stateOf(0, 1, 2)).toEqual(["leased", "memory", "waiting"]);
    const none = new Int32Array(0);
    const told = s.join({
      worker: 2,
      address: "a",
      inventory: {
        ids: Int32Array.of(0, 2),
        epochs: Int32Array.of(1, 1),
        bytes: Float64Array.of(100, 100),
        bases: Int32Array.of(0),
        counts: Int32Array.of(5),
        serials: Int32Array.of(1),
        others: none,
      },
    });
    expect(told).toContainEqual({ kind: "free", worker: 2, ids: [2] });
    // Its source it has itself.
    expect(s.stateOf(0)).toEqual(["memory"]);
  });
});

describe("a value that is bound to its worker", () => {
  test("is gone with it, whoever has a copy; copies are let go of at once", () => {
    const s = sealed();
    const column = { ids: Int32Array.of(1), epochs: Int32Array.of(1) };
    expect(s.step({ kind: "replicated", worker: 0, ...column })).toEqual([
      { kind: "free", worker: 0, ids: [1] },
    ]);
    s.step(lose(1));
    expect(s.stateOf(1)).toEqual(["leased"]);
  });

  test("is not copied, moved or waited for", () => {
    const s = sealed();
    s.step({ kind: "replicate", ids: Int32Array.of(1), copies: 2 });
    expect(s.machine.state.wishes.size).toBe(0);
    const told = s.step({ kind: "retire", worker: 1 }, s.finished([4], 1));
    expect(told).toContainEqual({ kind: "copy", worker: 0, needs: expect.anything() });
    const { needs } = told.find((one) => (one as { kind: string }).kind === "copy") as {
      needs: { ids: number[] };
    };
    expect(needs.ids).toEqual([4]);
  });
});
