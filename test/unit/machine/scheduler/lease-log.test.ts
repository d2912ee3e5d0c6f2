/** @file What a worker has been given. */
import { expect, test } from "vitest";
import { LeaseLog } from "../../../../src/machine/scheduler/lease-log.ts";

test("names the leases that are current in the order in which they were given", () => {
  const log = new LeaseLog();
  const now = new Map<number, number>();
  const isCurrent = (id: number, epoch: number): boolean => now.get(id) === epoch;
  for (let i = 0; i < 10_000; i++) {
    const id = i % 100;
    now.set(id, i);
    log.add(id, i, now.size, isCurrent);
  }
  for (let id = 0; id < 97; id++) now.delete(id);
  expect(log.current(isCurrent)).toEqual([97, 98, 99]);
});
