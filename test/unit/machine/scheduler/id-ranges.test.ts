/** @file Ranges of ids: never given twice, joined again when they are free. */
import { describe, expect, test } from "vitest";
import { Prng } from "../../../../src/core/prng.ts";
import { IdRanges } from "../../../../src/machine/scheduler/id-ranges.ts";

describe("IdRanges", () => {
  test("the first free range that is large enough is used", () => {
    const ranges = new IdRanges();
    expect(ranges.allocate(10)).toBe(0);
    expect(ranges.allocate(5)).toBe(10);
    expect(ranges.allocate(10)).toBe(15);
    ranges.free(0, 10);
    ranges.free(15, 10);
    expect(ranges.allocate(4)).toBe(0);
    expect(ranges.allocate(8)).toBe(15);
    expect(ranges.allocate(6)).toBe(4);
    expect(ranges.end).toBe(25);
  });

  test("neighbours join on both sides", () => {
    const ranges = new IdRanges();
    for (let i = 0; i < 3; i++) ranges.allocate(10);
    ranges.free(0, 10);
    ranges.free(20, 10);
    ranges.free(10, 10);
    expect(ranges.allocate(30)).toBe(0);
    expect(ranges.end).toBe(30);
  });

  test("no id is ever given to two at once, and all come back", () => {
    const prng = new Prng(7);
    const ranges = new IdRanges();
    const taken = new Set<number>();
    const live: { start: number; count: number }[] = [];
    for (let i = 0; i < 2000; i++) {
      if (prng.chance(0.55)) {
        const count = 1 + prng.integer(30);
        const start = ranges.allocate(count);
        for (let id = start; id < start + count; id++) {
          expect(taken.has(id)).toBe(false);
          taken.add(id);
        }
        live.push({ start, count });
      } else if (live.length > 0) {
        const [{ start, count }] = live.splice(prng.integer(live.length), 1) as [(typeof live)[0]];
        for (let id = start; id < start + count; id++) taken.delete(id);
        ranges.free(start, count);
      }
    }
    for (const { start, count } of live) ranges.free(start, count);
    expect(ranges.allocate(ranges.end)).toBe(0);
  });
});
