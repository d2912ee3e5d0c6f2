/** @file Where tasks wait whose inputs are large. */
import { expect, test } from "vitest";
import { graphOf, leased, TestScheduler } from "../graphs.ts";

const MB = 1e6;

/** Values 0 of 100 MB on worker 0, with `users` tasks that use it. */
function withLarge(users: number, options: { limit?: number } = {}): TestScheduler {
  const s = new TestScheduler({ roundTripMs: 1 });
  s.join({ threads: 1, memoryLimitBytes: options.limit ?? 1e9 });
  s.join({ worker: 1, address: "b", threads: 1, memoryLimitBytes: options.limit ?? 1e9 });
  const deps = [[], ...Array.from({ length: users }, () => [0])];
  const functions = deps.map((_, i) => (i === 0 ? "make" : "use"));
  s.graph(graphOf(deps, { functions }));
  return s;
}

function made(s: TestScheduler): unknown[] {
  return s.step({ ...s.finished([0]), bytes: Float64Array.of(100 * MB) });
}

test("a task goes where its inputs are", () => {
  const s = withLarge(1);
  expect(leased(made(s))).toEqual([1]);
  expect(s.machine.state.tasks.holder[1]).toBe(0);
});

test("others take it when bringing the inputs costs less than it would wait", () => {
  const s = withLarge(8);
  s.step({
    kind: "durations",
    worker: 0,
    ids: Int32Array.of(1),
    counts: Int32Array.of(100),
    meanMs: Float64Array.of(1000),
  });
  const told = made(s) as { kind: string; worker: number; ids: number[] }[];
  const leases = told.filter(({ kind }) => kind === "lease");
  // The nearest for the one at home, the farthest for the one that has to fetch first.
  expect(leases.map(({ worker, ids }) => [worker, ids])).toEqual([
    [0, [1]],
    [1, [8]],
  ]);
});

test("when its home is paused the task goes elsewhere", () => {
  const s = withLarge(2);
  made(s);
  s.step({ kind: "worker-paused", worker: 0, isPaused: true });
  expect(s.machine.state.tasks.holder[2]).toBe(1);
  expect(s.stateOf(2)).toEqual(["leased"]);
});

test("inputs that no worker has room for are an error with both numbers", () => {
  const s = withLarge(1, { limit: 10 * MB });
  expect(made(s)).toContainEqual(
    expect.objectContaining({
      kind: "failed",
      ids: [1],
      error: expect.objectContaining({
        code: "MemoryLimit",
        message: expect.stringMatching(/100000000 bytes.*10000000/),
      }),
    }),
  );
});
