/** @file The simulator's check of reports under leases that are over. */
import { expect, test } from "vitest";
import { checkStale, staleReports } from "../../../src/testing/stale-reports.ts";
import { graphOf, TestScheduler } from "../machine/graphs.ts";

test("a report under another lease is known, and may not become the value", () => {
  const s = new TestScheduler();
  s.join();
  s.join({ worker: 1, address: "b" });
  s.graph(graphOf([[]]));
  const good = s.finished([0]);
  const late = { ...good, epochs: Int32Array.of(0) };
  const foreign = { ...good, worker: 1 };
  expect(staleReports(s.machine, [good])).toEqual([]);
  expect(staleReports(s.machine, [late, good])).toEqual([]);
  const stale = staleReports(s.machine, [late, foreign]);
  expect(stale).toEqual([
    { id: 0, worker: 0 },
    { id: 0, worker: 1 },
  ]);
  s.step(late, foreign);
  checkStale(s.machine, stale);
  s.step(good);
  expect(() => checkStale(s.machine, stale)).toThrow(/committed 0 under a lease/);
});
