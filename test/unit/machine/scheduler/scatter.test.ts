/** @file Values that clients bring to workers. */
import { expect, test } from "vitest";
import type { SchedulerCommand, SchedulerEvent } from "../../../../src/machine/scheduler/events.ts";
import { NOBODY } from "../../../../src/machine/scheduler/task-table.ts";
import { graphOf, leased, TestScheduler } from "../graphs.ts";

function scatter(
  bytes: number[],
  options: { broadcast?: number; workers?: string[] } = {},
): SchedulerEvent {
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

/** A worker dies with what it had. */
function lose(s: TestScheduler, worker: number): unknown[] {
  return s.step({ kind: "worker-lost", worker, reason: "it was killed" });
}

test("a value that was on its way to a worker that dies is brought to another one", () => {
  const s = two();
  s.step(scatter([5]));
  expect(lose(s, 0)).toEqual([
    { kind: "placed", client: 1, request: 9, base: 0, workers: [1], epochs: [3] },
    { kind: "expect", worker: 1, ids: [0], epochs: [3], bytes: [5] },
  ]);
  // It had the value when it died: nobody was told of that.
  expect(s.step({ ...s.finished([0]), epochs: Int32Array.of(1) })).toEqual([]);
  expect(s.step(s.finished([0], 1))).toContainEqual({ kind: "done", client: 1, ids: [0] });
});

test("without another worker it waits for one, if anybody still does", () => {
  const s = new TestScheduler();
  s.join();
  s.step(scatter([5, 6]));
  expect(lose(s, 0)).toEqual([]);
  expect(s.stateOf(0, 1)).toEqual(["waiting", "waiting"]);
  s.tell("release", [0]);
  expect(s.join({ worker: 1, address: "b" })).toEqual([
    { kind: "placed", client: 1, request: 9, base: 1, workers: [1], epochs: [3] },
    { kind: "expect", worker: 1, ids: [1], epochs: [3], bytes: [6] },
  ]);
  expect(s.machine.state.unplaced.size).toBe(0);
});

test("a client that cannot reach the worker is told of another one, once for each place", () => {
  const s = two();
  s.step(scatter([5]));
  const [ids, epochs] = [Int32Array.of(0), Int32Array.of(1)];
  const event = { kind: "unplaced", client: 1, ids, epochs } as const;
  expect(s.step({ ...event, client: 2 })).toEqual([]);
  expect(s.step(event)).toEqual([
    { kind: "placed", client: 1, request: 9, base: 0, workers: [1], epochs: [2] },
    { kind: "revoke", worker: 0, ids: [0], epochs: [1] },
    { kind: "expect", worker: 1, ids: [0], epochs: [2], bytes: [5] },
  ]);
  expect(s.step(event)).toEqual([]);
});

test("what ends every worker that it comes to is given up, and the error says why", () => {
  const s = new TestScheduler({ allowedFailures: 1 });
  s.join();
  s.step(scatter([5]));
  lose(s, 0);
  s.join({ worker: 1, address: "b" });
  expect(lose(s, 1)).toContainEqual(
    expect.objectContaining({
      kind: "failed",
      ids: [0],
      error: expect.objectContaining({
        code: "Lost",
        message: expect.stringContaining("was never brought: worker b (b) is gone: it was killed"),
      }),
    }),
  );
});

test("a value that was there is lost with its worker, which the error names", () => {
  const s = two();
  s.step(scatter([5]));
  s.step(s.finished([0]));
  expect(lose(s, 0)).toContainEqual(
    expect.objectContaining({
      kind: "failed",
      ids: [0],
      error: expect.objectContaining({
        code: "Lost",
        message: expect.stringContaining("inproc://0) is gone: it was killed"),
      }),
    }),
  );
});

test("a value that its worker does not have any more is lost, not released", () => {
  const s = two();
  s.step(scatter([5]));
  s.step(s.finished([0]));
  const told = s.step({ kind: "lost", worker: 0, ids: Int32Array.of(0) });
  const message = expect.stringMatching(/was lost, since worker .* does not have it any more/);
  expect(told).toContainEqual(
    expect.objectContaining({ kind: "failed", error: expect.objectContaining({ message }) }),
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

test("a value that no worker can hold fails before it is sent, others go their way", () => {
  const s = new TestScheduler();
  s.join({ memoryLimitBytes: 100 });
  s.join({ worker: 1, address: "b", memoryLimitBytes: 1000 });
  const said = s.step(scatter([5000, 500]));
  expect(said).toContainEqual(
    expect.objectContaining({ kind: "placed", base: 0, workers: [-1, 1] }),
  );
  expect(said.filter((one) => (one as SchedulerCommand).kind === "expect")).toEqual([
    { kind: "expect", worker: 1, ids: [1], epochs: [1], bytes: [500] },
  ]);
  expect(said).toContainEqual(
    expect.objectContaining({
      kind: "failed",
      ids: [0],
      error: expect.objectContaining({
        code: "MemoryLimit",
        fields: { bytes: 5000, memoryLimitBytes: 1000 },
      }),
    }),
  );
});

const tooLarge = (memoryLimitBytes: number): unknown =>
  expect.objectContaining({
    kind: "failed",
    ids: [0],
    error: expect.objectContaining({
      code: "MemoryLimit",
      fields: { bytes: 500, memoryLimitBytes },
    }),
  });

test("only the workers that may have a value count for what room there is", () => {
  const s = new TestScheduler();
  s.join({ memoryLimitBytes: 100 });
  s.join({ worker: 1, address: "b", memoryLimitBytes: 1000 });
  const { address = "" } = s.machine.state.workers.get(0) ?? {};
  expect(s.step(scatter([500], { workers: [address] }))).toContainEqual(tooLarge(100));
});

test("a value whose worker ends fails when it is too large for the others", () => {
  const s = new TestScheduler();
  s.join({ memoryLimitBytes: 100 });
  s.join({ worker: 1, address: "b", memoryLimitBytes: 1000 });
  s.step(scatter([500]));
  expect(lose(s, 1)).toContainEqual(tooLarge(100));
});

test("a value that waits fails when those who come are too small", () => {
  const s = new TestScheduler();
  s.join({ memoryLimitBytes: 1000 });
  s.step(scatter([500]));
  expect(lose(s, 0)).toEqual([]);
  expect(s.join({ worker: 1, address: "b", memoryLimitBytes: 100 })).toContainEqual(tooLarge(100));
  expect(s.machine.state.unplaced.size).toBe(0);
});

test("a worker that a client could not reach is tried again where no other has room", () => {
  const s = new TestScheduler();
  s.join({ memoryLimitBytes: 1000 });
  s.join({ worker: 1, address: "b", memoryLimitBytes: 100 });
  s.step(scatter([500]));
  const [ids, epochs] = [Int32Array.of(0), Int32Array.of(1)];
  expect(s.step({ kind: "unplaced", client: 1, ids, epochs })).toContainEqual(
    expect.objectContaining({ kind: "placed", base: 0, workers: [0] }),
  );
});

test("a value waits for a worker that is large enough and takes nothing now", () => {
  const s = new TestScheduler();
  s.join({ memoryLimitBytes: 100 });
  s.join({ worker: 1, address: "b", memoryLimitBytes: 1000 });
  s.step({ kind: "worker-paused", worker: 1, isPaused: true });
  const kinds = s.step(scatter([500])).map((one) => (one as SchedulerCommand).kind);
  expect(kinds).toEqual(["accepted", "placed"]);
  expect(s.step({ kind: "worker-paused", worker: 1, isPaused: false })).toContainEqual({
    kind: "expect",
    worker: 1,
    ids: [0],
    epochs: [2],
    bytes: [500],
  });
  expect(s.machine.state.unplaced.size).toBe(0);
});

test("values that come before any worker wait for one, and so do their copies", () => {
  const s = new TestScheduler();
  expect(s.step(scatter([5, 7], { broadcast: 2 }))).toEqual([
    { kind: "accepted", client: 1, request: 9, base: 0 },
    {
      kind: "placed",
      client: 1,
      request: 9,
      base: 0,
      workers: [NOBODY, NOBODY],
      epochs: [1, 1],
    },
  ]);
  expect(s.stateOf(0, 1)).toEqual(["waiting", "waiting"]);
  const first = s.join({ threads: 1 });
  expect(first).toContainEqual({
    kind: "expect",
    worker: 0,
    ids: [0, 1],
    epochs: [2, 2],
    bytes: [5, 7],
  });
  s.join({ worker: 1, address: "b", threads: 1 });
  const there = s.step(s.finished([0], 0));
  expect(there).toContainEqual({ kind: "done", client: 1, ids: [0] });
  expect(there).toContainEqual(expect.objectContaining({ kind: "copy", worker: 1 }));
});

test("a client that was away hears once more where to bring what is not there", () => {
  const s = two();
  s.step(scatter([1000, 10, 20]));
  s.step(s.finished([1], 1));
  const back = { client: 1, ids: Int32Array.of(0, 1, 2), kept: new Int32Array() };
  const told = s.step({ kind: "rejoined", ...back });
  expect(told).toContainEqual({
    kind: "placed",
    client: 1,
    request: 9,
    base: 0,
    workers: [0, NOBODY, 1],
    epochs: [2, 1, 2],
  });
  expect(told).toContainEqual({ kind: "revoke", worker: 0, ids: [0], epochs: [1] });
  expect(told).toContainEqual({ kind: "expect", worker: 0, ids: [0], epochs: [2], bytes: [1000] });
  // What comes under the old epoch does not count.
  s.step({ ...s.finished([0]), epochs: Int32Array.of(1) });
  expect(s.stateOf(0, 1, 2)).toEqual(["leased", "memory", "leased"]);
  const epochs = Int32Array.of(2);
  s.step({ kind: "unplaced", client: 1, ids: Int32Array.of(0), epochs });
  expect(s.stateOf(0)).toEqual(["leased"]);
  expect(s.machine.state.tasks.holder[0]).toBe(1);

  // Others, and those who bring nothing, hear nothing.
  const other = s.step({ kind: "rejoined", ...back, client: 2 });
  expect(other.some((one) => (one as SchedulerCommand).kind === "placed")).toBe(false);
});
