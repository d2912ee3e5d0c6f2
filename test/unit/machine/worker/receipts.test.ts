/** @file Values that clients bring. */
import { expect, test } from "vitest";
import { WorkerMachine } from "../../../../src/machine/worker/worker.ts";
import { plain } from "../graphs.ts";

function make(): (event: Parameters<WorkerMachine["step"]>[0][number]) => unknown[] {
  const machine = new WorkerMachine({ memoryLimitBytes: 1000, threads: 2 });
  return (event) => machine.step([event], 0).map(plain);
}

const one = Int32Array.of(3);
const epoch = (value: number) => ({ ids: one, epochs: Int32Array.of(value) });
const expected = (value: number) =>
  ({ kind: "expect", ...epoch(value), bytes: Float64Array.of(10) }) as const;

test("a value that is expected is taken, and then it is there", () => {
  const step = make();
  expect(step(expected(2))).toEqual([]);
  expect(step({ kind: "offered", ...epoch(2) })).toEqual([{ kind: "receive", ids: [3] }]);
  expect(step({ kind: "adopt", ids: one, bytes: Float64Array.of(10) })).toEqual([
    { kind: "finished", count: 1, ids: [3], epochs: [2], bytes: [10] },
  ]);
});

test("a client that comes too early waits for the word, one too late is refused", () => {
  const step = make();
  expect(step({ kind: "offered", ...epoch(2) })).toEqual([]);
  expect(step(expected(2))).toEqual([{ kind: "receive", ids: [3] }]);
  step({ kind: "receive-failed", ids: one });
  step({ kind: "revoke", ...epoch(2) });
  expect(step({ kind: "offered", ...epoch(2) })).toEqual([{ kind: "refuse", ids: [3] }]);
});

test("what is not wanted any more goes when it has come", () => {
  const step = make();
  step(expected(2));
  step({ kind: "offered", ...epoch(2) });
  step({ kind: "revoke", ...epoch(2) });
  expect(step({ kind: "adopt", ids: one, bytes: Float64Array.of(10) })).toEqual([
    { kind: "discard", ids: [3], onDisk: false },
  ]);
});

/** A machine whose store has what came, and nothing else. */
function cramped(): {
  step: (...events: Parameters<WorkerMachine["step"]>[0]) => unknown[];
  store: { usedBytes: number };
} {
  const machine = new WorkerMachine({ memoryLimitBytes: 1000, threads: 2 });
  const store = { usedBytes: 0 };
  return {
    store,
    step: (...events) => machine.step(events, store.usedBytes).map(plain),
  };
}

const column = (...ids: number[]): Int32Array => Int32Array.from(ids);
const bring = (id: number, bytes: number) =>
  [
    { kind: "expect", ids: column(id), epochs: column(1), bytes: Float64Array.of(bytes) },
    { kind: "offered", ids: column(id), epochs: column(1) },
  ] as const;

test("large values that come at once are taken as memory allows, the first first", () => {
  const { step, store } = cramped();
  expect(step(...bring(1, 600), ...bring(2, 600), ...bring(3, 300))).toEqual([
    { kind: "receive", ids: [1] },
  ]);
  store.usedBytes = 600;
  expect(step({ kind: "adopt", ids: column(1), bytes: Float64Array.of(600) })).toContainEqual({
    kind: "spill",
    id: 1,
    bytes: 600,
  });
  const made = step({ kind: "spilled", id: 1 });
  expect(made).toContainEqual({ kind: "evict", id: 1 });
  expect(made).toContainEqual({ kind: "receive", ids: [2, 3] });
});

test("one that breaks off makes room for the next; one that is revoked while it waits goes", () => {
  const { step } = cramped();
  step(...bring(1, 600), ...bring(2, 600), ...bring(3, 600));
  expect(step({ kind: "revoke", ids: column(2), epochs: column(1) })).toEqual([
    { kind: "refuse", ids: [2] },
  ]);
  expect(step({ kind: "receive-failed", ids: column(1) })).toEqual([{ kind: "receive", ids: [3] }]);
});

test("a value that finds no room fails when nothing moves: its client need not bring it", () => {
  const machine = new WorkerMachine({ memoryLimitBytes: 1000, threads: 2 });
  const step = (event: Parameters<WorkerMachine["step"]>[0][number]) =>
    machine.step([event], 1995).map(plain);
  step(expected(2));
  expect(step({ kind: "offered", ...epoch(2) })).toEqual([]);
  const message = expect.stringContaining("a value that a client brings, 10 bytes");
  expect(step({ kind: "stalled" })).toEqual([
    {
      kind: "erred",
      id: 3,
      epoch: 2,
      error: expect.objectContaining({ code: "MemoryLimit", message }),
      blame: "memory",
    },
    { kind: "refuse", ids: [3] },
  ]);
});
