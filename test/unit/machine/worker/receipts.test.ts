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
