/** @file The set of task ids against JavaScript's own. */
import { describe, expect, test } from "vitest";
import { Prng } from "../../../src/core/prng.ts";
import { IdSet } from "../../../src/machine/id-set.ts";

describe("IdSet", () => {
  test("behaves as a Set of numbers, over several pages", () => {
    const prng = new Prng(1);
    const set = new IdSet();
    const model = new Set<number>();
    for (let i = 0; i < 20_000; i++) {
      const id = prng.chance(0.5) ? prng.integer(200) : prng.integer(200_000);
      if (prng.chance(0.6)) {
        expect(set.add(id)).toBe(!model.has(id));
        model.add(id);
      } else expect(set.delete(id)).toBe(model.delete(id));
      expect(set.size).toBe(model.size);
    }
    expect([...set.toIds()].sort((a, b) => a - b)).toEqual([...model].sort((a, b) => a - b));
    for (let id = 0; id < 1000; id++) expect(set.has(id)).toBe(model.has(id));
  });

  test("ids at the borders of words and pages are kept apart", () => {
    const set = new IdSet();
    const ids = [0, 31, 32, 63, 32_767, 32_768, 65_535, 65_536];
    for (const id of ids) set.add(id);
    expect([...set.toIds()]).toEqual(ids);
    expect(set.has(30)).toBe(false);
    expect(set.has(32_769)).toBe(false);
    expect(set.delete(1_000_000)).toBe(false);
  });
});
