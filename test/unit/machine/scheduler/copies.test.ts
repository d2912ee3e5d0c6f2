/** @file Copies that are made on purpose. */
import { expect, test } from "vitest";
import { graphOf, leased, TestScheduler } from "../graphs.ts";

/** Three workers, the value of task 0 on the first. */
function withValue(): TestScheduler {
  const s = new TestScheduler();
  s.join({ threads: 1 });
  s.graph(graphOf([[]]));
  s.finish(0);
  s.join({ worker: 1, address: "b", threads: 1, memoryLimitBytes: 1e9 });
  return s;
}

const copy = (worker: number) => ({
  kind: "copy",
  worker,
  needs: { ids: [0], epochs: [1], bytes: [100], offsets: [0, 1], holders: [0] },
});

function copied(s: TestScheduler, worker: number): unknown[] {
  return s.step({ kind: "replicated", worker, ids: Int32Array.of(0), epochs: Int32Array.of(1) });
}

test("a worker that is to go gets nothing more, and goes when its values are elsewhere", () => {
  const s = withValue();
  expect(s.step({ kind: "retire", worker: 0 })).toEqual([copy(1)]);
  s.graph(graphOf([[], []]));
  expect([...s.machine.state.tasks.holder.subarray(1, 3)]).toEqual([1, -1]);
  expect(copied(s, 1)).toEqual([
    { kind: "retired", worker: 0, left: 0 },
    { kind: "hold", worker: 1, ids: [0], epochs: [1] },
  ]);
  s.step({ kind: "worker-lost", worker: 0, reason: "retired", cause: "expected" });
  expect(s.stateOf(0)).toEqual(["memory"]);
});

test("a copy that a task has fetched may be dropped: a worker goes when it is kept", () => {
  const s = withValue();
  copied(s, 1);
  // Worker 1 has one, but nobody has told it to keep it.
  expect(s.step({ kind: "retire", worker: 0 })).toEqual([copy(1)]);
  expect(s.step({ kind: "lost", worker: 1, ids: Int32Array.of(0) })).toEqual([copy(1)]);
  expect(copied(s, 1)).toContainEqual({ kind: "retired", worker: 0, left: 0 });
});

test("with nobody to take its values it stays a worker", () => {
  const s = withValue();
  s.step({ kind: "worker-lost", worker: 1, reason: "gone", cause: "expected" });
  expect(s.step({ kind: "retire", worker: 0 })).toEqual([{ kind: "retired", worker: 0, left: 1 }]);
  expect(leased(s.graph(graphOf([[]])))).toEqual([1]);
});

test("it goes although more copies are wished for than there will be workers", () => {
  const s = withValue();
  s.step({ kind: "replicate", ids: Int32Array.of(0), copies: 2 });
  copied(s, 1);
  expect(s.step({ kind: "retire", worker: 0 })).toContainEqual({
    kind: "retired",
    worker: 0,
    left: 0,
  });
  s.step({ kind: "worker-lost", worker: 0, reason: "retired", cause: "expected" });
  // The wish stays.
  const [told] = s.join({ worker: 2, address: "c", threads: 1 });
  expect(told).toMatchObject({ kind: "copy", worker: 2, needs: { holders: [1] } });
});

test("a copy that fails is made by another worker", () => {
  const s = withValue();
  s.step({ kind: "retire", worker: 0 });
  s.join({ worker: 2, address: "c", threads: 1 });
  const rows = { ids: Int32Array.of(0), holders: Int32Array.of(0), isGone: Uint8Array.of(0) };
  const told = s.step(
    { kind: "unreachable", worker: 1, ...rows },
    { kind: "lost", worker: 1, ids: Int32Array.of(0) },
  );
  expect(told).toEqual([copy(2)]);
});

test("as many copies as were asked for are kept up", () => {
  const s = withValue();
  expect(s.step({ kind: "replicate", ids: Int32Array.of(0), copies: 2 })).toEqual([copy(1)]);
  copied(s, 1);
  s.step({ kind: "worker-lost", worker: 1, reason: "gone", cause: "silence" });
  expect(s.join({ worker: 2, address: "c", threads: 1 })).toEqual([copy(2)]);
  // What is not needed any more is not copied either.
  expect(s.tell("release", [0])).toContainEqual({ kind: "free", worker: 2, ids: [0] });
  expect(s.machine.state.wishes.size).toBe(0);
});

test("values move from where there are many, and leave when the copy is there", () => {
  const s = new TestScheduler();
  s.join({ threads: 4 });
  s.graph(graphOf([[], [], [], []]));
  s.finish(0, 1, 2, 3);
  s.join({ worker: 1, address: "b", threads: 1 });
  const [told] = s.step({ kind: "rebalance" }) as { kind: string; needs: { ids: number[] } }[];
  expect(told).toMatchObject({ kind: "copy", worker: 1, needs: { ids: [0, 1] } });
  const ids = Int32Array.of(0, 1);
  expect(
    s.step({ kind: "replicated", worker: 1, ids, epochs: Int32Array.of(1, 1) }),
  ).toContainEqual({ kind: "free", worker: 0, ids: [0, 1] });
  expect(s.machine.state.heldBytes(0)).toBe(200);
});

test("copies that nobody asked for and no task will read are dropped, the others stay", () => {
  const s = withValue();
  copied(s, 1);
  // A task that has not run yet reads it.
  s.graph(graphOf([[1]], { held: [0] }));
  expect(s.step({ kind: "reduce-replicas" })).toEqual([]);
  const { holder } = s.machine.state.tasks;
  s.step(s.finished([1], holder[1]));
  expect(s.step({ kind: "reduce-replicas" })).toEqual([{ kind: "free", worker: 1, ids: [0] }]);
  expect(s.step({ kind: "reduce-replicas" })).toEqual([]);
  expect(s.stateOf(0)).toEqual(["memory"]);

  const wished = withValue();
  wished.step({ kind: "replicate", ids: Int32Array.of(0), copies: 2 });
  copied(wished, 1);
  expect(wished.step({ kind: "reduce-replicas" })).toEqual([]);
});

test("a worker that leaves does not wait for what nobody could take over", () => {
  const s = withValue();
  s.step({ kind: "worker-lost", worker: 1, reason: "gone", cause: "expected" });
  s.graph(graphOf([[]]));
  const leave = { kind: "retire", worker: 0, isLeaving: true } as const;
  expect(s.step(leave)).toContainEqual({ kind: "retired", worker: 0, left: 2 });
  // It gets nothing more all the same.
  expect(leased(s.graph(graphOf([[]])))).toEqual([]);
});

test("a worker whose tasks wait for others stays when nobody else may run those", () => {
  const setUp = (): TestScheduler => {
    const s = new TestScheduler();
    s.join({ threads: 1 });
    s.graph(graphOf([[]]));
    s.join({ worker: 1, address: "b", threads: 1 });
    s.step({ kind: "retire", worker: 0 });
    return s;
  };
  const waits = (s: TestScheduler, workers: readonly string[]): unknown[] => {
    s.graph(graphOf([[]], { options: { f: { workers } } }));
    return s.step(s.waits(0, [0]));
  };
  const alone = setUp();
  const told = waits(alone, ["inproc://0"]);
  expect(told).toContainEqual({ kind: "retired", worker: 0, left: 1 });
  expect(leased(told)).toEqual([1]);

  const other = setUp();
  expect(waits(other, ["b"])).toEqual([]);
  other.step(other.finished([1], 1));
  expect(other.step(other.finished([0]))).toContainEqual(
    expect.objectContaining({ kind: "copy", worker: 1 }),
  );
});

test("a worker stays when who should take its values makes no copy for long", () => {
  const s = withValue();
  const at = (nowMs: number): unknown[] =>
    s.machine.step([], nowMs).filter(({ kind }) => kind === "retired");
  expect(s.step({ kind: "retire", worker: 0 })).toEqual([copy(1)]);
  const lateMs = s.machine.nextWakeMs;
  expect(lateMs).toBeGreaterThan(60_000);
  expect(at(lateMs - 1)).toEqual([]);
  expect(at(lateMs)).toEqual([{ kind: "retired", worker: 0, left: 1 }]);
  expect(s.machine.nextWakeMs).toBe(Number.POSITIVE_INFINITY);
  expect(leased(s.graph(graphOf([[], []])))).toEqual([1, 2]);
  // The copy may come all the same.
  expect(copied(s, 1)).not.toContainEqual(expect.objectContaining({ kind: "free" }));
  expect(s.machine.state.wishes.size).toBe(0);
});

test("what a worker that is to go has not begun is asked for back, if others may run it", () => {
  const s = new TestScheduler();
  s.join({ threads: 2 });
  s.graph(graphOf([[], []]));
  expect(s.step({ kind: "retire", worker: 0 })).toEqual([]);
  const other = new TestScheduler();
  other.join({ threads: 2 });
  other.graph(graphOf([[], []]));
  other.join({ worker: 1, address: "b", threads: 1 });
  const told = other.step({ kind: "retire", worker: 0 });
  expect(told).toContainEqual({ kind: "recall", worker: 0, ids: [0, 1], epochs: [1, 1] });
  // It has begun the first one, which it ends.
  const back = { ids: Int32Array.of(1), epochs: Int32Array.of(1) };
  expect(leased(other.step({ kind: "returned", worker: 0, ...back }))).toEqual([1]);
});
