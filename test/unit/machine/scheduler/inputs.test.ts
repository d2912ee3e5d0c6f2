/** @file What workers are told of the inputs of their tasks. */
import { expect, test } from "vitest";
import { graphOf, TestScheduler } from "../graphs.ts";

/** Two workers of one thread; 0 has made the value of task 0. */
function withValue(tags?: Uint8Array, words?: Float64Array): { s: TestScheduler; told: unknown[] } {
  const s = new TestScheduler();
  s.join({ threads: 1 });
  s.join({ worker: 1, address: "b", threads: 1 });
  s.graph(graphOf([[], [0], [0]], { outputs: [0, 1, 2] }));
  const event = s.finished([0]);
  const told = s.step(tags === undefined ? event : { ...event, tags, words: words! });
  return { s, told };
}

test("a value lies where it was made: others are told where, and of which run it is", () => {
  const { told } = withValue();
  expect(told).toEqual([
    { kind: "done", client: 1, ids: [0] },
    { kind: "lease", worker: 0, ids: [1], epochs: [1] },
    {
      kind: "lease",
      worker: 1,
      ids: [2],
      epochs: [1],
      needs: { ids: [0], epochs: [1], bytes: [100], offsets: [0, 1], holders: [0] },
    },
  ]);
});

test("a word travels with what is said of it, and outlives who made it", () => {
  const { s, told } = withValue(Uint8Array.of(5), Float64Array.of(42));
  const words = { ids: [0], tags: [5], words: [42] };
  expect(told).toEqual([
    { kind: "done", client: 1, ids: [0], tags: [5], words: [42] },
    { kind: "lease", worker: 0, ids: [1], epochs: [1] },
    { kind: "lease", worker: 1, ids: [2], epochs: [1], words },
  ]);
  s.step(s.finished([2], 1));
  const after = s.step({ kind: "worker-lost", worker: 0, reason: "gone", cause: "silence" });
  expect(after).toEqual([{ kind: "lease", worker: 1, ids: [1], epochs: [3], words }]);
  expect(s.stateOf(0)).toEqual(["memory"]);
});

test("copies count: a value is lost only with the last of them", () => {
  const { s } = withValue();
  s.step({ kind: "replicated", worker: 1, ids: Int32Array.of(0), epochs: Int32Array.of(1) });
  s.step(s.finished([2], 1));
  const lost = s.step({ kind: "worker-lost", worker: 0, reason: "gone", cause: "silence" });
  expect(lost).toContainEqual({ kind: "hold", worker: 1, ids: [0], epochs: [1] });
  expect(s.stateOf(0, 1)).toEqual(["memory", "leased"]);
  s.step({ kind: "lost", worker: 1, ids: Int32Array.of(0) });
  expect(s.stateOf(0, 1)).toEqual(["leased", "waiting"]);
});

test("a copy of another run is not kept", () => {
  const { s } = withValue();
  const epochs = Int32Array.of(7);
  expect(s.step({ kind: "replicated", worker: 1, ids: Int32Array.of(0), epochs })).toEqual([
    { kind: "free", worker: 1, ids: [0] },
  ]);
});

test("a holder that has no such value is believed; one out of reach is avoided", () => {
  const { s } = withValue();
  const row = { worker: 1, ids: Int32Array.of(0), holders: Int32Array.of(0) };
  const back = { kind: "returned", worker: 1, ids: Int32Array.of(2), epochs: Int32Array.of(1) };
  const cut = s.step(
    { kind: "unreachable", ...row, isGone: Uint8Array.of(0) },
    back as Parameters<typeof s.step>[0],
  );
  // Worker 0 has the value itself: the task waits for it, and is not given to 1 again.
  expect(cut).toEqual([]);
  expect(s.stateOf(2)).toEqual(["queued"]);
  expect(s.finish(1)).toContainEqual({ kind: "lease", worker: 0, ids: [2], epochs: [2] });
  s.step({ kind: "unreachable", ...row, isGone: Uint8Array.of(1) });
  expect(s.stateOf(0)).toEqual(["leased"]);
});
