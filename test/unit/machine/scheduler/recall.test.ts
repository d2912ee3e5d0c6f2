/** @file Leases on a slow worker while another one idles. */
import { expect, test } from "vitest";
import { graphOf, leased, TestScheduler } from "../graphs.ts";

test("are asked for back when they would start sooner elsewhere, and go there", () => {
  const s = new TestScheduler({ roundTripMs: 1 });
  const step = (ms: number, ...events: Parameters<typeof s.machine.step>[0][number][]) =>
    s.machine.step(events, ms);
  s.join({ threads: 1 });
  s.graph(graphOf([[], [], [], [], [], []]));
  // It looks as if all took half a millisecond: many are leased ahead.
  s.step({
    kind: "durations",
    worker: 0,
    ids: Int32Array.of(0),
    counts: Int32Array.of(100),
    meanMs: Float64Array.of(0.5),
  });
  expect(s.machine.state.workers.get(0)?.leased).toBe(6);
  step(1, s.finished([0]));
  s.join({ worker: 1, address: "b", threads: 1 });
  expect(step(2).filter(({ kind }) => kind === "recall")).toEqual([]);
  expect(s.machine.nextWakeMs).toBeLessThan(20);
  const [recall] = step(20).filter(({ kind }) => kind === "recall");
  expect(recall).toMatchObject({ worker: 0 });
  const ids = (recall as unknown as { ids: Int32Array }).ids;
  expect([...ids]).toEqual([5]);
  const epochs = Int32Array.of(s.machine.state.tasks.epoch[5]!);
  expect(leased(step(21, { kind: "returned", worker: 0, ids, epochs }))).toEqual(expect.anything());
  expect(s.machine.state.tasks.holder[5]).toBe(1);
});
