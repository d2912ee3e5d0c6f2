/** @file Credits: how many leases a worker holds, and which tasks it gets. */
import { describe, expect, test } from "vitest";
import { graphOf, leased, TestScheduler } from "../graphs.ts";

const many = (count: number): number[][] => Array.from({ length: count }, () => []);

function learn(s: TestScheduler, id: number, meanMs: number): unknown[] {
  return s.step({
    kind: "durations",
    worker: 0,
    ids: Int32Array.of(id),
    counts: Int32Array.of(100),
    meanMs: Float64Array.of(meanMs),
  });
}

describe("credit", () => {
  test("a function never seen runs one task to a thread", () => {
    const s = new TestScheduler();
    s.join({ threads: 3 });
    expect(leased(s.graph(graphOf(many(100))))).toEqual([0, 1, 2]);
  });

  test("is worth a bounded time: twice a round trip and a millisecond on each thread", () => {
    const s = new TestScheduler({ roundTripMs: 1 });
    s.join({ threads: 2 });
    s.graph(graphOf(many(1000)));
    // 2 x (1 + 1) ms on each of 2 threads is 8 ms: 32 tasks of 0.25 ms.
    learn(s, 0, 0.25);
    expect(s.machine.state.workers.get(0)?.leased).toBe(32);
    s.finish(0);
    expect(s.machine.state.workers.get(0)?.leased).toBe(32);
  });

  test("slow tasks are leased one to a thread, and none waits behind them", () => {
    const s = new TestScheduler();
    s.join({ threads: 2 });
    s.graph(graphOf(many(10)));
    learn(s, 0, 5000);
    expect(s.machine.state.workers.get(0)?.leased).toBe(2);
    expect(leased(s.finish(0))).toHaveLength(1);
  });

  test("of tasks of up to 50 ms one waits behind each thread", () => {
    const s = new TestScheduler();
    s.join({ threads: 2 });
    s.graph(graphOf(many(10)));
    learn(s, 0, 20);
    expect(s.machine.state.workers.get(0)?.leased).toBe(4);
    expect(leased(s.finish(0))).toHaveLength(1);
  });

  test("never exceeds what the worker can take", () => {
    const s = new TestScheduler();
    s.join({ threads: 2, leasesMax: 5 });
    s.graph(graphOf(many(100)));
    learn(s, 0, 0.001);
    expect(s.machine.state.workers.get(0)?.leased).toBe(5);
  });

  test("suspended tasks give their slots to others", () => {
    const s = new TestScheduler();
    s.join({ threads: 1 });
    s.graph(graphOf(many(3)));
    expect(leased(s.step(s.waits(0, [0])))).toEqual([1]);
  });

  test("tasks with concurrency share a slot", () => {
    const s = new TestScheduler();
    s.join({ threads: 2 });
    const options = { f: { concurrency: 3 } };
    expect(leased(s.graph(graphOf(many(100), { options })))).toHaveLength(6);
    expect(leased(s.finish(0))).toHaveLength(1);
  });

  test("workers get their tasks in turns", () => {
    const s = new TestScheduler();
    s.join({ threads: 2 });
    s.join({ worker: 1, address: "b", threads: 2 });
    s.graph(graphOf(many(4)));
    const { holder } = s.machine.state.tasks;
    expect([...holder.subarray(0, 4)].sort()).toEqual([0, 0, 1, 1]);
  });

  test("the table lane holds one running and one ready task, beside the threads", () => {
    const s = new TestScheduler();
    s.join({ threads: 1 });
    expect(leased(s.graph(graphOf(many(5), { lane: "table" })))).toEqual([0, 1]);
    expect(leased(s.graph(graphOf(many(2))))).toEqual([5]);
    expect(leased(s.finish(0))).toEqual([2]);
  });
});

describe("choice", () => {
  test("by user priority, then the order of the graphs, then the rank", () => {
    const s = new TestScheduler();
    s.graph({ ...graphOf(many(2)), rank: Int32Array.of(1, 0) });
    s.graph(graphOf(many(1)));
    s.graph(graphOf(many(1), { options: { f: { priority: 1 } } }));
    s.join({ threads: 1 });
    const order: number[] = [];
    for (let i = 0; i < 4; i++) {
      const { state } = s.machine.state.tasks;
      const id = state.indexOf(4);
      order.push(id);
      s.finish(id);
    }
    expect(order).toEqual([3, 1, 0, 2]);
  });

  test("tasks with resources run where these are free", () => {
    const s = new TestScheduler();
    s.join({ threads: 4, resources: { GPU: 2 } });
    const options = { f: { resources: { GPU: 1 } } };
    expect(leased(s.graph(graphOf(many(4), { options })))).toEqual([0, 1]);
    expect(leased(s.graph(graphOf(many(1))))).toEqual([4]);
    expect(leased(s.finish(0))).toEqual([2]);
  });

  test("tasks without a worker that has the resource wait", () => {
    const s = new TestScheduler();
    s.join({ threads: 4 });
    const options = { f: { resources: { GPU: 1 } } };
    expect(leased(s.graph(graphOf(many(1), { options })))).toEqual([]);
    expect(leased(s.join({ worker: 1, address: "b", resources: { GPU: 1 } }))).toEqual([0]);
  });

  test("named workers only, unless others are allowed while they are away", () => {
    const s = new TestScheduler();
    s.join();
    const only = { f: { workers: ["bob"] } };
    const prefer = { f: { workers: ["bob"], allowOtherWorkers: true } };
    expect(leased(s.graph(graphOf(many(1), { options: only })))).toEqual([]);
    expect(leased(s.graph(graphOf(many(1), { options: prefer })))).toEqual([1]);
    expect(leased(s.join({ worker: 1, address: "b", name: "bob" }))).toEqual([0]);
    s.finish(1);
    const later = s.graph(graphOf(many(1), { options: prefer }));
    expect(leased(later)).toEqual([]);
  });
});
