/**
 * @file Operands in different arenas: kernels give the same results, copy what is small, and return
 * what they borrow.
 */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createSharedMemory, type WasmMemory } from "../../../../../src/core/wasm.ts";
import {
  type Block,
  type BufferAllocator,
  HEADER_ROOM_BYTES,
  registerMemory,
  setAllocator,
} from "../../../../../src/ndarray/allocation.ts";
import * as nd from "../../../../../src/ndarray/index.ts";
import { meet } from "../../../../../src/ndarray/kernels/wasm/meeting.ts";

/**
 * Hands out blocks of two memories: small ones of the first, large ones of the second or of the one
 * asked for.
 */
class TwoArenas implements BufferAllocator {
  readonly memories: readonly WasmMemory[] = [0, 1].map(() => {
    const memory = createSharedMemory(64 * 2 ** 20, 64 * 2 ** 20) as WasmMemory;
    registerMemory(memory);
    return memory;
  });
  readonly held = new Set<Block>();
  honoursNear = true;
  /** How many blocks of the second kind have been handed out. */
  largeBlocks = 0;
  readonly #next = [0, 0];

  allocate(bytes: number, near?: WasmMemory): Block {
    const wished = near === undefined || !this.honoursNear ? -1 : this.memories.indexOf(near);
    if (bytes >= 100_000) this.largeBlocks++;
    const arena = bytes < 100_000 ? 0 : wished < 0 ? 1 : wished;
    const start = this.#next[arena] as number;
    this.#next[arena] = start + Math.ceil((bytes + HEADER_ROOM_BYTES) / 64) * 64;
    const memory = this.memories[arena] as WasmMemory;
    const block = { memory, arena, offset: start + HEADER_ROOM_BYTES, bytes };
    this.held.add(block);
    return block;
  }

  release(block: Block): void {
    this.held.delete(block);
  }
}

let arenas: TwoArenas;
beforeEach(() => {
  arenas = new TwoArenas();
  setAllocator(arenas);
});
afterEach(() => {
  setAllocator(undefined);
});

describe("operands in several arenas", () => {
  it("reduce to a small result elsewhere, add a small operand from elsewhere", () => {
    const large = nd.arange(200_000).astype("float64").reshape([400, 500]);
    const small = nd.arange(500).astype("float64");
    expect([large.memory, small.memory]).toEqual([arenas.memories[1], arenas.memories[0]]);
    const sums = nd.sum(large, { axis: 0 });
    expect(sums.memory).toBe(arenas.memories[0]);
    expect(sums.get(7)).toBe(400 * 399 * 250 + 400 * 7);
    const sum = nd.add(large, small);
    expect(sum.get(399, 499)).toBe(199_999 + 499);
    expect(nd.add(large.T, small.at("::-1, null")).get(499, 399)).toBe(199_999);
    expect(nd.max(nd.multiply(large, small), { axis: 1 }).get(1)).toBe(999 * 499);
  });

  it("work too when the allocator puts scratch space where it likes", () => {
    arenas.honoursNear = false;
    const large = nd.ones(200_000);
    const part = nd.ones(50).at("::-1");
    expect(nd.sum(nd.add(large.at(":50"), part))).toBe(100);
    expect(nd.sum(large.reshape([4000, 50]), { axis: 0 }).toArray()).toEqual(
      new Array(50).fill(4000),
    );
  });

  it("hold at most two small scratch blocks for each memory afterwards", () => {
    const large = nd.ones(200_000);
    const small = nd.ones(200_000 / 20);
    const before = arenas.held.size;
    for (let i = 0; i < 20; i++)
      nd.sum(nd.multiply(large.reshape([20, 10_000]), small), { axis: 1 });
    // Twenty products and twenty results are the caller's; everything else is scratch space.
    expect(arenas.held.size - before).toBeLessThanOrEqual(40 + 4);
  });

  it("meet in the scratch space of the memory that has some, whatever holds most bytes", () => {
    const part = nd.ones(20_000).at("0:8");
    const own = nd.ones(100);
    expect([part.memory, own.memory]).toEqual([arenas.memories[1], arenas.memories[0]]);
    arenas.honoursNear = false;
    expect(nd.sum(nd.add(own.at("0:8"), part))).toBe(16);
    const asked = arenas.largeBlocks;
    for (let i = 0; i < 20; i++) nd.sum(part.reshape([8, 1]), { axis: 1 });
    for (let i = 0; i < 20; i++) nd.add(own.at("0:8"), part);
    expect(arenas.largeBlocks).toBe(asked);
    // Sums of many rows need a block for partial sums besides.
    const rows = nd.ones([400, 50]);
    expect(nd.sum(rows, { axis: 0 }).memory).toBe(arenas.memories[0]);
    const again = arenas.largeBlocks;
    for (let i = 0; i < 20; i++) nd.sum(rows, { axis: 0 });
    expect(arenas.largeBlocks).toBe(again);
  });

  it("find positions, accumulate and take powers across arenas", () => {
    const wave = nd.arange(200_000).astype("float64");
    const large = nd.fmod(nd.multiply(wave, 7919), 100_003).reshape([400, 500]);
    const small = nd.fmod(nd.arange(500).astype("float64"), 3);
    expect([large.memory, small.memory]).toEqual([arenas.memories[1], arenas.memories[0]]);
    const rows = large.toArray() as number[][];
    const best = (line: readonly number[]): number => line.indexOf(Math.max(...line));
    expect(nd.argmax(large, { axis: 1 }).toArray()).toEqual(rows.map(best));
    const columns = rows[0]?.map((_, j) => best(rows.map((row) => row[j] as number)));
    expect(nd.argmax(large, { axis: 0 }).toArray()).toEqual(columns);
    expect(nd.argmin(large)).toBe(0);
    const total = nd.cumsum(large);
    expect(total.memory).toBe(arenas.memories[1]);
    expect(total.get(199_999)).toBe(nd.sum(large));
    const powers = nd.power(large, small);
    const seventh = rows[9]?.[7] as number;
    expect([powers.get(9, 6), powers.get(9, 7)]).toEqual([1, seventh]);
    expect(nd.arctan2(nd.zeros([500]), large).get(3, 3)).toBe(0);
  });

  it("leave operands of one memory alone", () => {
    const [a, b] = [nd.ones(10), nd.ones(10)];
    const meeting = meet([a, b], [10], [[1], [1]]);
    expect(meeting?.operands).toEqual([a, b]);
  });
});

it("arrays over plain buffers are operands like any other", () => {
  const array = nd.fromArray([1, 2, 3]);
  expect(nd.add(array, nd.fromArray([1, 1, 1])).toArray()).toEqual([2, 3, 4]);
  expect(meet([array], [3], [[1]])?.memory).toBe(array.memory);
});
