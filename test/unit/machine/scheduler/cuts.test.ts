/** @file Pairs of workers that cannot reach each other. */
import { expect, test } from "vitest";
import { Cuts } from "../../../../src/machine/scheduler/cuts.ts";

test("a pair is avoided for longer each time that it fails again", () => {
  const cuts = new Cuts();
  cuts.add(1, 2, 0);
  // Another fetch of the same time is the same failure.
  cuts.add(1, 2, 50);
  expect([cuts.has(1, 2, 99), cuts.has(1, 2, 100), cuts.has(2, 1, 0)]).toEqual([
    true,
    false,
    false,
  ]);
  cuts.add(1, 2, 100);
  expect([cuts.nextMs(100), cuts.has(1, 2, 299), cuts.has(1, 2, 300)]).toEqual([300, true, false]);
});

test("a pair that was left alone for long starts afresh, and goes with its workers", () => {
  const cuts = new Cuts();
  cuts.add(1, 2, 0);
  cuts.add(1, 2, 1_000_000);
  expect(cuts.nextMs(1_000_000)).toBe(1_000_100);
  cuts.leave(2);
  expect(cuts.isEmpty).toBe(true);
});

test("a way is lasting when it has failed for ten seconds, until something comes over it", () => {
  const cuts = new Cuts();
  cuts.add(1, 2, 0);
  cuts.add(1, 2, 6000);
  cuts.add(1, 2, 9999);
  expect(cuts.isLasting(1, 2, 9999)).toBe(false);
  cuts.add(1, 2, 12_000);
  expect([cuts.isLasting(1, 2, 12_000), cuts.isLasting(2, 1, 12_000)]).toEqual([true, false]);
  expect([cuts.hasFailedSince(1, 2, 12_000), cuts.hasFailedSince(1, 2, 12_001)]).toEqual([
    true,
    false,
  ]);
  // One that was not tried for long may be whole again.
  expect(cuts.isLasting(1, 2, 120_000)).toBe(false);
  cuts.delete(1, 2);
  expect(cuts.isLasting(1, 2, 12_000)).toBe(false);
});
