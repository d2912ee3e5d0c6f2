/** @file Which workers a step looks at. */
import { expect, test } from "vitest";
import { graphOf, leased, TestScheduler } from "../graphs.ts";

const WORKERS = 50;

function many(count: number): number[][] {
  return Array.from({ length: count }, () => []);
}

function durations(s: TestScheduler, id: number, meanMs: number): unknown[] {
  const [ids, counts] = [Int32Array.of(id), Int32Array.of(100)];
  const meanMsOf = Float64Array.of(meanMs);
  return s.step({ kind: "durations", worker: 0, ids, counts, meanMs: meanMsOf });
}

test("workers that are full are not looked at before something changes there", () => {
  const s = new TestScheduler();
  for (let worker = 0; worker < WORKERS; worker++) s.join({ worker, address: `w${worker}` });
  expect(leased(s.graph(graphOf(many(2 * WORKERS))))).toHaveLength(WORKERS);
  const { roomy, crowded } = s.machine.state;
  expect([roomy.size, crowded.size]).toEqual([0, 0]);
  const id = s.machine.state.tasks.holder.indexOf(7);
  expect(leased(s.step(s.finished([id], 7)))).toHaveLength(1);
  expect(roomy.size).toBe(0);
});

test("those that got nothing because there was nothing are asked the next time", () => {
  const s = new TestScheduler();
  for (let worker = 0; worker < WORKERS; worker++) s.join({ worker, address: `w${worker}` });
  expect(leased(s.graph(graphOf(many(3))))).toHaveLength(3);
  expect(leased(s.graph(graphOf(many(WORKERS))))).toHaveLength(WORKERS - 3);
});

test("those that got nothing because it is for others are asked the next time", () => {
  const s = new TestScheduler();
  for (let worker = 0; worker < 2; worker++) s.join({ worker, address: `w${worker}` });
  const options = { f: { workers: ["w0"] } };
  expect(leased(s.graph(graphOf(many(5), { options })))).toHaveLength(1);
  expect(leased(s.graph(graphOf(many(1))))).toHaveLength(1);
});

test("all that hold tasks of a function get more when it turns out to be fast", () => {
  const s = new TestScheduler();
  for (let worker = 0; worker < 2; worker++) s.join({ worker, address: `w${worker}` });
  s.graph(graphOf(many(100)));
  const more = leased(durations(s, 0, 0.1));
  const { holder } = s.machine.state.tasks;
  expect(new Set(more.map((id) => holder[id]))).toEqual(new Set([0, 1]));
});

test("one that waits for others, is open again or measures anew is looked at", () => {
  const s = new TestScheduler();
  s.join({ worker: 0, address: "w0" });
  s.graph(graphOf(many(10)));
  expect(leased(s.step(s.waits(0, [0])))).toHaveLength(1);
  s.step({ kind: "worker-paused", worker: 0, isPaused: true });
  expect(s.machine.state.roomy.size).toBe(0);
  expect(leased(s.step(s.waits(0, [1])))).toEqual([]);
  const open = s.step({ kind: "worker-paused", worker: 0, isPaused: false });
  expect(leased(open)).toHaveLength(1);
});

test("a full worker still gets what runs in another thread", () => {
  const s = new TestScheduler();
  s.join();
  s.graph(graphOf(many(5)));
  const options = { f: { priority: 1 } };
  expect(leased(s.graph(graphOf(many(3), { lane: "table", options })))).toEqual([5, 6]);
  expect(leased(s.finish(5))).toEqual([7]);
  // Also when it has been looked at since, and there was nothing of the kind.
  s.finish(6);
  s.finish(7);
  expect(leased(s.graph(graphOf(many(2), { lane: "table", options })))).toHaveLength(2);
});
