/**
 * @file The heap under random use: extents never overlap, accounting stays exact, what was freed
 * can be had again, and fragmentation stays bounded for the mixes of sizes that chunks have.
 */
import fc from "fast-check";
import { expect, it } from "vitest";
import { createSharedMemory } from "../../src/core/wasm.ts";
import { type Extent, Heap } from "../../src/heap/index.ts";
import { Regions } from "../../src/heap/regions.ts";

type Step = { readonly bytes: number; readonly victim: number; readonly frees: boolean };

const step = fc.record({
  bytes: fc.oneof(fc.nat(300), fc.nat(100_000), fc.nat(3_000_000)),
  victim: fc.nat(),
  frees: fc.boolean(),
});

it("hands out extents that do not overlap and counts them exactly", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps: Step[]) => {
      const heap = new Heap({ budgetBytes: 2 ** 26, createMemory: createSharedMemory });
      const held: Extent[] = [];
      for (const { bytes, victim, frees } of steps) {
        if (frees && held.length > 0) {
          heap.free(held.splice(victim % held.length, 1)[0] as Extent);
        } else {
          const extent = heap.allocate(bytes, { owner: victim % 3 });
          if (extent === undefined) continue;
          expect(extent.bytes).toBeGreaterThanOrEqual(bytes);
          held.push(extent);
        }
        heap.check();
        expect(heap.usedBytes).toBe(held.reduce((sum, e) => sum + heap.sizeOf(e), 0));
      }
      const sorted = [...held].sort((a, b) => a.arena - b.arena || a.offset - b.offset);
      sorted.forEach((extent, i) => {
        const next = sorted[i + 1];
        if (next?.arena !== extent.arena) return;
        expect(extent.offset + extent.bytes).toBeLessThanOrEqual(next.offset);
      });
      for (const extent of held) heap.free(extent);
      expect([heap.usedBytes, heap.count]).toEqual([0, 0]);
    }),
    { numRuns: 60 },
  );
});

it("keeps waste small while chunks of mixed sizes come and go", () => {
  const sizes = [1, 3, 16, 100, 1000, 16_384, 62_500];
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const regions = new Regions();
      const capacity = 1_000_000;
      regions.extend(capacity);
      const held: number[] = [];
      let state = seed >>> 0;
      const next = (n: number): number => {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        return Math.floor((state / 2 ** 32) * n);
      };
      // Filled to 70 %, then churned: freeing a random region for every new one.
      let refused = 0;
      for (let i = 0; i < 4000; i++) {
        const size = sizes[next(sizes.length)] as number;
        while (held.length > 0 && regions.usedUnits + size > capacity * 0.7) {
          regions.free(held.splice(next(held.length), 1)[0] as number);
        }
        const start = regions.allocate(size, 0);
        if (start < 0) refused++;
        else held.push(start);
      }
      regions.check();
      // With 30 % free, a request of at most 6 % of the whole is hardly ever refused.
      expect(refused).toBeLessThan(40);
    }),
    { numRuns: 15 },
  );
});

it("frees everything of an owner, whatever happened before", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps: Step[]) => {
      const regions = new Regions();
      regions.extend(100_000);
      const mine = new Set<number>();
      for (const { bytes, victim, frees } of steps) {
        const start = regions.allocate((bytes % 500) + 1, (victim % 2) + 1);
        if (start < 0) continue;
        if (victim % 2 === 0) mine.add(start);
        if (!frees) continue;
        regions.free(start);
        mine.delete(start);
      }
      expect(new Set(regions.ownedBy(1))).toEqual(mine);
      for (const start of regions.ownedBy(1)) regions.free(start);
      expect(regions.ownedBy(1)).toEqual([]);
      regions.check();
    }),
  );
});
