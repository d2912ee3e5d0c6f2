/** @file Renewal of leases, by a clock that the test moves. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Asker } from "../../../../src/cluster/coordination/asker.ts";
import { LeaseKeeper } from "../../../../src/cluster/coordination/lease-keeper.ts";
import { HeddleError } from "../../../../src/core/errors.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Answers renewals with what `answer` gives; remembers what was asked. */
function keeperWith(answer: () => Promise<number[]>): { keeper: LeaseKeeper; asked: number[][] } {
  const asked: number[][] = [];
  const asker = {
    ask: async ({ leases }: { leases: number[] }) => {
      asked.push(leases);
      return await answer();
    },
  } as unknown as Asker;
  return { keeper: new LeaseKeeper(asker), asked };
}

test("leases are renewed together, within the shortest limit, until they are dropped", async () => {
  const { keeper, asked } = keeperWith(async () => []);
  keeper.keep(1, "a", 3000);
  keeper.keep(2, "b", 900);
  keeper.keep(3, "c", undefined);
  await vi.advanceTimersByTimeAsync(899);
  expect(asked).toEqual([
    [1, 2],
    [1, 2],
  ]);
  keeper.drop(2);
  await vi.advanceTimersByTimeAsync(999);
  expect(asked).toHaveLength(2);
  await vi.advanceTimersByTimeAsync(1);
  expect(asked[2]).toEqual([1]);
  keeper.drop(1);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(asked).toHaveLength(3);
});

test("who holds a lease that has lapsed hears of it, and the others go on", async () => {
  const gone: number[][] = [[2], []];
  const { keeper, asked } = keeperWith(async () => gone.shift() ?? []);
  const [one, two] = [keeper.keep(1, "a", 300), keeper.keep(2, 'lock "b"', 300)];
  await vi.advanceTimersByTimeAsync(100);
  expect([one.aborted, two.aborted]).toEqual([false, true]);
  expect(two.reason).toMatchObject({ code: "Lost", message: expect.stringContaining('lock "b"') });
  await vi.advanceTimersByTimeAsync(100);
  expect(asked[1]).toEqual([1]);
});

test("with the connection all leases are lost", async () => {
  const { keeper, asked } = keeperWith(async () => {
    throw new HeddleError("CommClosed", "gone");
  });
  const signals = [keeper.keep(1, "a", 300), keeper.keep(2, "b", 600)];
  await vi.advanceTimersByTimeAsync(1000);
  expect(signals.map(({ reason }) => reason?.code)).toEqual(["CommClosed", "CommClosed"]);
  expect(asked).toHaveLength(1);
});

test("numbers of leases are never given twice", () => {
  const { keeper } = keeperWith(async () => []);
  expect(new Set(Array.from({ length: 50 }, () => keeper.number())).size).toBe(50);
});
