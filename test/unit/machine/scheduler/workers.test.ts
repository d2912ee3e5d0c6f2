/**
 * @file What workers report: results under old leases, failures and whose fault they were, losses.
 */
import { describe, expect, test } from "vitest";
import { graphOf, leased, TestScheduler } from "../graphs.ts";

describe("reports", () => {
  test("under an earlier lease are about the past: what they made goes", () => {
    const s = new TestScheduler();
    s.join();
    s.graph(graphOf([[]]));
    const old = s.finished([0]);
    s.step({ kind: "returned", worker: 0, ids: Int32Array.of(0), epochs: Int32Array.of(1) });
    expect(s.machine.state.tasks.epoch[0]).toBe(2);
    expect(s.step(old)).toEqual([{ kind: "revoke", worker: 0, ids: [0], epochs: [1] }]);
    expect(s.stateOf(0)).toEqual(["leased"]);
  });

  test("that come twice change nothing", () => {
    const s = new TestScheduler();
    s.join();
    s.graph(graphOf([[]]));
    const report = s.finished([0]);
    s.step(report);
    expect(s.step(report)).toEqual([]);
    expect(s.stateOf(0)).toEqual(["memory"]);
  });

  test("a lease given back is given again, without blame", () => {
    const s = new TestScheduler({ allowedFailures: 0 });
    s.join();
    s.graph(graphOf([[]]));
    for (let epoch = 1; epoch < 10; epoch++) {
      const ids = Int32Array.of(0);
      const again = s.step({ kind: "returned", worker: 0, ids, epochs: Int32Array.of(epoch) });
      expect(leased(again)).toEqual([0]);
    }
  });

  test("durations teach the function's group", () => {
    const s = new TestScheduler();
    s.join();
    s.graph(graphOf([[]], { functions: ["slow"] }));
    s.step({
      kind: "durations",
      worker: 0,
      ids: Int32Array.of(0),
      counts: Int32Array.of(10),
      meanMs: Float64Array.of(6),
    });
    const { groups } = s.machine.state;
    expect(groups.at(groups.numberOf("slow")).p95Ms).toBe(8);
  });
});

describe("failures", () => {
  test("of the user's function are retried as often as its options say", () => {
    const s = new TestScheduler();
    s.join();
    s.graph(graphOf([[]], { options: { f: { retries: 2 } } }));
    expect(leased(s.step(s.erred(0)))).toEqual([0]);
    expect(leased(s.step(s.erred(0)))).toEqual([0]);
    expect(s.step(s.erred(0))).toMatchObject([{ kind: "failed", attempts: 3 }]);
  });

  test("of a thread are counted apart, and end with KilledWorker", () => {
    const s = new TestScheduler({ allowedFailures: 1 });
    s.join();
    s.graph(graphOf([[]], { name: "killer" }));
    expect(leased(s.step(s.erred(0, "worker")))).toEqual([0]);
    expect(s.step(s.erred(0, "worker"))).toMatchObject([
      {
        kind: "failed",
        error: {
          code: "KilledWorker",
          message: "task killer was running each of the 2 times its thread died: no",
        },
      },
    ]);
  });

  test("for want of memory are final", () => {
    const s = new TestScheduler();
    s.join();
    s.graph(graphOf([[]], { options: { f: { retries: 5 } } }));
    expect(s.step(s.erred(0, "memory"))).toMatchObject([{ kind: "failed", attempts: 1 }]);
  });

  test("under an earlier lease do not count", () => {
    const s = new TestScheduler();
    s.join();
    s.graph(graphOf([[]]));
    const old = s.erred(0);
    s.step({ kind: "returned", worker: 0, ids: Int32Array.of(0), epochs: Int32Array.of(1) });
    expect(s.step(old)).toEqual([]);
  });
});

describe("losses", () => {
  test("a lost value is computed again, from what it was made of", () => {
    const s = new TestScheduler();
    s.join();
    s.graph(graphOf([[], [0]], { outputs: [1] }));
    s.finish(0);
    s.finish(1);
    expect(s.step({ kind: "lost", worker: 0, ids: Int32Array.of(1) })).toEqual([
      { kind: "reset", client: 1, ids: [1] },
      { kind: "lease", worker: 0, ids: [0], epochs: [2] },
    ]);
    s.finish(0);
    expect(s.finish(1)).toContainEqual({ kind: "done", client: 1, ids: [1] });
  });

  test("tasks that were to read it wait again: queued and leased ones", () => {
    const s = new TestScheduler();
    s.join({ threads: 1 });
    s.graph(graphOf([[], [0], [0]]));
    s.finish(0);
    expect(s.stateOf(1, 2)).toEqual(["leased", "queued"]);
    expect(s.step({ kind: "lost", worker: 0, ids: Int32Array.of(0) })).toEqual([
      { kind: "revoke", worker: 0, ids: [1], epochs: [1] },
      { kind: "lease", worker: 0, ids: [0], epochs: [2] },
    ]);
    expect(s.stateOf(0, 1, 2)).toEqual(["leased", "waiting", "waiting"]);
    expect(leased(s.finish(0))).toEqual([1]);
    expect(leased(s.finish(1))).toEqual([2]);
  });

  test("a lost worker's leases and values are made elsewhere", () => {
    const s = new TestScheduler();
    s.join({ threads: 1 });
    s.graph(graphOf([[], [0], []], { outputs: [1, 2] }));
    s.finish(0);
    expect(s.stateOf(0, 1, 2)).toEqual(["memory", "leased", "queued"]);
    s.join({ worker: 1, address: "inproc://1", threads: 2 });
    expect(s.stateOf(2)).toEqual(["leased"]);
    const commands = s.step({
      kind: "worker-lost",
      worker: 0,
      reason: "gone",
      cause: "silence",
    });
    expect(leased(commands)).toEqual([0]);
    expect(s.machine.state.tasks.holder[0]).toBe(1);
    expect(s.stateOf(0, 1)).toEqual(["leased", "waiting"]);
    s.step(s.finished([0], 1));
    expect(s.step(s.finished([1], 1))).toContainEqual({ kind: "done", client: 1, ids: [1] });
  });

  test("a lost worker holds no graph's ids back", () => {
    const s = new TestScheduler();
    s.join();
    s.graph(graphOf([[]]));
    s.finish(0);
    s.tell("release", [0]);
    s.step({ kind: "worker-lost", worker: 0, reason: "gone" });
    expect(s.graph(graphOf([[]]))[0]).toMatchObject({ base: 0 });
  });
});

test("what a worker reports of another one's lease does not count", () => {
  const s = new TestScheduler();
  s.join();
  s.graph(graphOf([[]]));
  s.join({ worker: 1, address: "b" });
  expect(s.step(s.finished([0], 1))).toEqual([
    { kind: "revoke", worker: 1, ids: [0], epochs: [1] },
  ]);
  const [ids, epochs] = [Int32Array.of(0), Int32Array.of(1)];
  s.step({ kind: "returned", worker: 1, ids, epochs });
  s.step({ kind: "erred", worker: 1, id: 0, epoch: 1, error: "no", blame: "user" });
  expect(s.stateOf(0)).toEqual(["leased"]);
  s.finish(0);
  expect(s.stateOf(0)).toEqual(["memory"]);
  expect(s.machine.state.tasks.holder[0]).toBe(0);
});
