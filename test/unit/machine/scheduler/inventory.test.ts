/** @file A worker that comes back with what it has. */
import { expect, test } from "vitest";
import type { Inventory } from "../../../../src/machine/scheduler/events.ts";
import { graphOf, leased, TestScheduler } from "../graphs.ts";

function inventory(ids: number[], epochs: number[], serial: number, count: number): Inventory {
  return {
    ids: Int32Array.from(ids),
    epochs: Int32Array.from(epochs),
    bytes: Float64Array.from(ids, () => 7),
    bases: Int32Array.of(0),
    counts: Int32Array.of(count),
    serials: Int32Array.of(serial),
    others: new Int32Array(0),
  };
}

/** Tasks 0 and 1 were given to worker 0, which was lost. */
function withLost(): TestScheduler {
  const s = new TestScheduler();
  s.join({ threads: 2 });
  s.graph(graphOf([[], []]));
  s.step({ kind: "worker-lost", worker: 0, reason: "silent", cause: "silence" });
  return s;
}

test("what it has made is remembered, and not computed again", () => {
  const s = withLost();
  const told = s.join({ worker: 1, inventory: inventory([0], [1], 1, 2), threads: 2 });
  expect(told).toContainEqual({ kind: "done", client: 1, ids: [0] });
  expect(told).toContainEqual({ kind: "hold", worker: 1, ids: [0], epochs: [3] });
  expect(leased(told)).toEqual([1]);
  expect(s.machine.state.tasks.bytes[0]).toBe(7);
});

test("what was made again meanwhile is freed", () => {
  const s = withLost();
  s.join({ worker: 1, address: "b", threads: 2 });
  s.step(s.finished([0], 1));
  const told = s.join({ worker: 2, address: "c", inventory: inventory([0], [1], 1, 2) });
  expect(told).toContainEqual({ kind: "free", worker: 2, ids: [0] });
});

test("of another graph that had the same ids nothing may be left before it gets leases", () => {
  const s = withLost();
  s.tell("release", [0, 1]);
  s.graph(graphOf([[], []]));
  const told = s.join({ worker: 1, inventory: inventory([0], [1], 1, 2), threads: 2 });
  expect(told).toEqual([
    { kind: "free", worker: 1, ids: [0] },
    { kind: "uninstall", worker: 1, base: 0, count: 2 },
  ]);
  expect(leased(s.uninstalled(0, 1))).toEqual([0, 1]);
});

test("what it is still running goes on under its lease, and is given to nobody else", () => {
  const s = withLost();
  const running = { running: Int32Array.of(1), runningEpochs: Int32Array.of(1) };
  const has = { ...inventory([], [], 1, 2), ...running };
  const told = s.join({ worker: 1, inventory: has, threads: 2 });
  expect(leased(told)).toEqual([0]);
  expect(s.machine.stateOf(1)).toBe("leased");
  const report = {
    kind: "finished",
    worker: 1,
    count: 1,
    ids: Int32Array.of(1),
    epochs: Int32Array.of(1),
    bytes: Float64Array.of(3),
  } as const;
  expect(s.step(report)).toContainEqual({ kind: "done", client: 1, ids: [1] });
});

test("what it runs with an input of before is given up: it would keep that for as long as it waits", () => {
  const s = new TestScheduler();
  s.join({ threads: 2 });
  s.graph(graphOf([[], [0]]));
  s.step(s.finished([0], 0));
  s.step({ kind: "worker-lost", worker: 0, reason: "silent", cause: "silence" });
  // Its input is made again elsewhere, where nothing else is begun.
  s.join({ worker: 1, address: "b", threads: 1 });
  s.step({ kind: "worker-paused", worker: 1, isPaused: true }, s.finished([0], 1));
  expect(s.machine.stateOf(1)).toBe("queued");
  const epoch = s.machine.state.tasks.epoch[1]! - 1;
  const running = { running: Int32Array.of(1), runningEpochs: Int32Array.of(epoch) };
  const told = s.join({ worker: 2, inventory: { ...inventory([0], [1], 1, 2), ...running } });
  expect(told).toContainEqual({ kind: "free", worker: 2, ids: [0] });
  expect(told).toContainEqual({ kind: "revoke", worker: 2, ids: [1], epochs: [epoch] });
});
