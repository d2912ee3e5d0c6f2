/** @file Words that come with leases. */
import { expect, test } from "vitest";
import { WorkerMachine } from "../../../../src/machine/worker/worker.ts";
import { graphOf, plain } from "../graphs.ts";

test("a word stays as long as a lease that came with it", () => {
  const machine = new WorkerMachine({ memoryLimitBytes: 1000, threads: 2 });
  const step = (event: Parameters<typeof machine.step>[0][number]): unknown[] =>
    machine.step([event], 0).map(plain);
  const graph = graphOf([[], [0], [0]]);
  step({ kind: "install", graph: { base: 0, count: 3, graph, body: 0, serial: 1 } });
  const words = { ids: Int32Array.of(0), tags: Uint8Array.of(5), words: Float64Array.of(42) };
  const lease = (id: number): unknown[] =>
    step({ kind: "lease", ids: Int32Array.of(id), epochs: Int32Array.of(1), words });
  const run = (id: number) => ({ kind: "run", table: false, ids: [id] });
  expect(lease(1)).toEqual([{ kind: "words", ids: [0], tags: [5], words: [42] }, run(1)]);
  expect(lease(2)).toEqual([run(2)]);
  const ran = (id: number): unknown[] =>
    step({ kind: "ran", count: 1, ids: Int32Array.of(id), bytes: Float64Array.of(0) });
  expect(ran(1)).not.toContainEqual(expect.objectContaining({ kind: "discard" }));
  expect(ran(2)).toContainEqual({ kind: "discard", ids: [0], onDisk: false });
});

test.each(["failed", "taken-back", "unstarted"] as const)(
  "a word that came while its own task still ran goes when that ends without a value (%s)",
  (end) => {
    const machine = new WorkerMachine({ memoryLimitBytes: 1000, threads: 2 });
    const step = (event: Parameters<typeof machine.step>[0][number]): unknown[] =>
      machine.step([event], 0).map(plain);
    const graph = graphOf([[], [0]]);
    const [first, second] = [Int32Array.of(0), Int32Array.of(1)];
    step({ kind: "install", graph: { base: 0, count: 2, graph, body: 0, serial: 1 } });
    step({ kind: "lease", ids: first, epochs: second });
    // Another worker was faster.
    step({ kind: "revoke", ids: first, epochs: second });
    const words = { ids: first, tags: Uint8Array.of(5), words: Float64Array.of(42) };
    step({ kind: "lease", ids: second, epochs: second, words });
    step({ kind: "ran", count: 1, ids: second, bytes: Float64Array.of(0) });
    const ended =
      end === "failed"
        ? step({ kind: end, id: 0, error: "thrown", blame: "user" })
        : step({ kind: end, ids: first });
    expect(ended).toContainEqual({ kind: "discard", ids: [0], onDisk: false });
  },
);
