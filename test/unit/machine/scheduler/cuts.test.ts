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
