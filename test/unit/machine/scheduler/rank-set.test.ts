/** @file The set of ranks against a sorted list. */
import { describe, expect, test } from "vitest";
import { Prng } from "../../../../src/core/prng.ts";
import { RankSet } from "../../../../src/machine/scheduler/rank-set.ts";

describe("RankSet", () => {
  test.each([1, 32, 33, 1024, 1025, 40_000])(
    "of %i ranks: takes the smallest first",
    (capacity) => {
      const prng = new Prng(capacity);
      const set = new RankSet(capacity);
      const model = new Set<number>();
      const target = new Int32Array(20);
      for (let i = 0; i < 3000; i++) {
        const rank = prng.integer(capacity);
        const sorted = (): number[] => [...model].sort((a, b) => a - b);
        if (prng.chance(0.6)) {
          set.add(rank);
          model.add(rank);
        } else if (prng.chance(0.7)) {
          expect(set.delete(rank)).toBe(model.delete(rank));
        } else {
          const limit = prng.integer(10);
          const expected = sorted().slice(0, limit);
          expect(set.take(target, 5, limit)).toBe(expected.length);
          expect([...target.subarray(5, 5 + expected.length)]).toEqual(expected);
          for (const taken of expected) model.delete(taken);
        }
        expect(set.size).toBe(model.size);
        expect(set.has(rank)).toBe(model.has(rank));
        if (i % 50 === 0) expect(set.first()).toBe(sorted()[0] ?? -1);
      }
    },
  );

  test("fill adds all ranks below a number", () => {
    const set = new RankSet(100);
    set.fill(70);
    expect(set.size).toBe(70);
    expect(set.has(69)).toBe(true);
    expect(set.has(70)).toBe(false);
  });
});
