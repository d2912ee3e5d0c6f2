/** @file The heap: exact accounting, budget, owners, growth, fallback of reservations, poison. */
import { describe, expect, it } from "vitest";
import { createSharedMemory, type WasmMemory } from "../../../src/core/wasm.ts";
import { type Extent, Heap, POISON } from "../../../src/heap/index.ts";

const MIB = 2 ** 20;

function heap(budgetBytes: number, validate = false): Heap {
  return new Heap({ budgetBytes, createMemory: createSharedMemory, validate });
}

function take(from: Heap, bytes: number, options = {}): Extent {
  const extent = from.allocate(bytes, options);
  if (extent === undefined) throw new Error(`no room for ${bytes} bytes`);
  return extent;
}

describe("Heap", () => {
  it("counts what it hands out, in units of 64 bytes", () => {
    const h = heap(MIB);
    const a = take(h, 1);
    const b = take(h, 65);
    expect([a.offset % 64, b.offset % 64, h.usedBytes, h.count]).toEqual([0, 0, 192, 2]);
    h.free(a);
    h.free(b);
    expect([h.usedBytes, h.count]).toEqual([0, 0]);
    h.check();
  });

  it("gives nothing beyond its budget, and everything again after freeing", () => {
    const h = heap(MIB);
    const whole = take(h, MIB);
    expect(h.allocate(1)).toBeUndefined();
    h.free(whole);
    expect(h.allocate(MIB)).toBeDefined();
  });

  it("joins freed neighbours, so that fragments do not stay", () => {
    const h = heap(4 * MIB);
    const parts = Array.from({ length: 64 }, () => take(h, 64 * 1024));
    for (const [i, part] of parts.entries()) if (i % 2 === 0) h.free(part);
    for (const [i, part] of parts.entries()) if (i % 2 === 1) h.free(part);
    const committed = h.committedBytes;
    expect(h.allocate(4 * MIB)).toBeDefined();
    expect(h.committedBytes).toBe(committed);
  });

  it("knows how far its arenas were ever in use, which is less than they have grown", () => {
    const h = heap(64 * MIB);
    expect(h.reachedBytes).toBe(0);
    const a = take(h, MIB);
    take(h, MIB);
    expect(h.reachedBytes).toBe(2 * MIB);
    h.free(a);
    take(h, MIB / 2);
    expect(h.reachedBytes).toBe(2 * MIB);
    expect(h.committedBytes).toBeGreaterThan(8 * MIB);
    take(h, 48 * MIB);
    expect(h.reachedBytes).toBe(50 * MIB);
  });

  it("frees all extents of a dead owner and no others", () => {
    const h = heap(MIB);
    const kept = take(h, 1000, { owner: 1 });
    take(h, 1000, { owner: 2 });
    const handedOver = take(h, 1000, { owner: 2 });
    h.setOwner(handedOver, 0);
    expect(h.freeOwner(2)).toBe(1024);
    expect([h.usedBytes, h.freeOwner(2)]).toEqual([2048, 0]);
    h.free(kept);
    h.free(handedOver);
    h.check();
  });

  it("refuses to free twice", () => {
    const h = heap(MIB);
    const extent = take(h, 10);
    h.free(extent);
    expect(() => h.free(extent)).toThrow(/freed twice/);
  });

  it("names the limit when a chunk is too large", () => {
    expect(() => heap(MIB).allocate(2 ** 31 + 1)).toThrow(/largest is 2147483648/);
  });

  it("poisons freed bytes in validate mode", () => {
    const h = heap(MIB, true);
    const extent = take(h, 100);
    const bytes = h.bytes(extent).fill(1);
    h.free(extent);
    expect([...new Set(bytes)]).toEqual([POISON]);
  });

  it("falls back to smaller arenas when the system refuses the reservation", () => {
    const asked: number[] = [];
    const h = new Heap({
      budgetBytes: 2 ** 30,
      createMemory: (bytes, maxBytes) => {
        asked.push(maxBytes);
        return maxBytes > 2 ** 28 ? undefined : createSharedMemory(bytes, maxBytes);
      },
    });
    const first = take(h, 200 * MIB);
    const second = take(h, 200 * MIB);
    expect(asked).toEqual([2 ** 32, 2 ** 30, 2 ** 28, 2 ** 28]);
    expect([first.arena, second.arena]).toEqual([0, 1]);
    expect(h.allocate(300 * MIB)).toBeUndefined();
  });

  it("prefers the arena that is asked for, and tells of each one made", () => {
    const made: (readonly [number, WasmMemory])[] = [];
    const h = new Heap({
      budgetBytes: 2 ** 30,
      createMemory: (bytes) => createSharedMemory(bytes, 2 ** 24),
      onArena: (arena, memory) => made.push([arena, memory]),
    });
    // The memories end at 16 MiB, so that the second extent needs another arena.
    take(h, 10 * MIB);
    expect(take(h, 10 * MIB).arena).toBe(1);
    expect([take(h, 64).arena, take(h, 64, { near: 1 }).arena]).toEqual([0, 1]);
    expect(made.map(([arena]) => arena)).toEqual([0, 1]);
    expect(h.memories).toEqual(made.map(([, memory]) => memory));
  });
});
