/** @file Values that clients bring to workers. */
import { expect, test } from "vitest";
import type { SchedulerEvent } from "../../../../src/machine/scheduler/events.ts";
import { graphOf, leased, TestScheduler } from "../graphs.ts";

function scatter(bytes: number[], options: { broadcast?: number } = {}): SchedulerEvent {
  const column = Float64Array.from(bytes);
  const base = { kind: "scatter", client: 1, request: 9, count: bytes.length } as const;
  return { ...base, bytes: column, name: "d", ...options };
}

function two(): TestScheduler {
  const s = new TestScheduler();
  s.join({ threads: 1 });
  s.join({ worker: 1, address: "b", threads: 1 });
  return s;
}

test("both sides are told, balanced by bytes; the value is there when its worker says so", () => {
  const s = two();
  expect(s.step(scatter([1000, 10, 10]))).toEqual([
    { kind: "accepted", client: 1, request: 9, base: 0 },
    {
      kind: "placed",
      client: 1,
      request: 9,
      base: 0,
      workers: [0, 1, 1],
      epochs: [1, 1, 1],
    },
    { kind: "expect", worker: 0, ids: [0], epochs: [1], bytes: [1000] },
    { kind: "expect", worker: 1, ids: [1, 2], epochs: [1, 1], bytes: [10, 10] },
  ]);
  // A graph may count on it before it has come.
  expect(leased(s.graph(graphOf([[1]], { held: [0] })))).toEqual([]);
  expect(s.step(s.finished([0]))).toContainEqual({ kind: "done", client: 1, ids: [0] });
  expect(s.stateOf(0, 1, 3)).toEqual(["memory", "leased", "leased"]);
});

test("a client that goes meanwhile leaves nothing behind", () => {
  const s = two();
  s.step(scatter([5]));
  expect(s.step({ kind: "client-left", client: 1 })).toEqual([
    { kind: "revoke", worker: 0, ids: [0], epochs: [1] },
    { kind: "uninstall", worker: 0, base: 0, count: 1 },
  ]);
  s.uninstalled(0);
  expect(s.machine.state.tasks.ranges.allocate(1)).toBe(0);
});

test("with a worker that dies meanwhile the value is lost", () => {
  const s = two();
  s.step(scatter([5]));
  expect(s.step({ kind: "worker-lost", worker: 0, reason: "gone" })).toContainEqual(
    expect.objectContaining({ kind: "failed", ids: [0], culprit: "d" }),
  );
});

test("broadcast: once it is there, others copy it", () => {
  const s = two();
  s.step(scatter([5], { broadcast: 2 }));
  expect(s.step({ ...s.finished([0]), bytes: Float64Array.of(5) })).toContainEqual({
    kind: "copy",
    worker: 1,
    needs: { ids: [0], epochs: [1], bytes: [5], offsets: [0, 1], holders: [0] },
  });
});
