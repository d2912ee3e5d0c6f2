/**
 * Goal: kernels work wherever their operands lie. Method: an allocator that puts every block into
 * an arena of its own, and arrays over ordinary buffers.
 */
import { afterEach, describe, expect, test } from "vitest";
import { createSharedMemory, PAGE_BYTES } from "../../../../src/core/wasm.ts";
import {
  type Block,
  type BufferAllocator,
  HEADER_ROOM_BYTES,
  registerMemory,
  setAllocator,
} from "../../../../src/ndarray/allocation.ts";
import { compress, put, take } from "../../../../src/ndarray/library/moving.ts";
import { addressOf, elementsOf, runKernel } from "../../../../src/ndarray/library/operands.ts";
import { argsort, sort } from "../../../../src/ndarray/library/sorting.ts";
import { matmul, useBlas } from "../../../../src/ndarray/linalg/index.ts";
import { NDArray } from "../../../../src/ndarray/ndarray.ts";
import { defaultRng } from "../../../../src/ndarray/random/index.ts";
import { Storage } from "../../../../src/ndarray/storage.ts";

/** Every block in a memory of its own, behind the reserved page. */
class ScatteringAllocator implements BufferAllocator {
  allocations = 0;
  released = 0;

  allocate(bytes: number): Block {
    this.allocations++;
    const offset = PAGE_BYTES + HEADER_ROOM_BYTES;
    const memory = createSharedMemory(offset + bytes, 2 ** 26);
    if (memory === undefined) throw new Error("no memory");
    registerMemory(memory);
    return { memory, arena: this.allocations, offset, bytes };
  }

  release(): void {
    this.released++;
  }
}

afterEach(() => void setAllocator(undefined));

describe("operands in different memories", () => {
  test("results are those of one memory, and staging is given back", () => {
    const x = defaultRng(1).normal(0, 1, [30, 20]);
    const index = [3, -1, 0];
    const expected = [
      sort(x).toArray(),
      argsort(x, { axis: 0 }).toArray(),
      take(x, index, { axis: 1 }).toArray(),
      defaultRng(2).permutation(x).toArray(),
    ];
    const scattering = new ScatteringAllocator();
    setAllocator(scattering);
    expect([
      sort(x).toArray(),
      argsort(x, { axis: 0 }).toArray(),
      take(x, index, { axis: 1 }).toArray(),
      defaultRng(2).permutation(x).toArray(),
    ]).toEqual(expected);
    expect(scattering.released).toBeGreaterThan(3);
  });

  test("a product by the built-in kernels", () => {
    useBlas("none");
    const [a, b] = [defaultRng(1).normal(0, 1, [9, 7]), defaultRng(2).normal(0, 1, [7, 5])];
    const expected = matmul(a, b.T.copy().T).toArray();
    setAllocator(new ScatteringAllocator());
    expect(matmul(a.copy(), b.T.copy().T).toArray()).toEqual(expected);
    useBlas("auto");
  });

  test("what is changed in place is changed where it lies", () => {
    setAllocator(new ScatteringAllocator());
    const target = new NDArray([1, 2, 3, 4]);
    put(target, [1, -1], new NDArray([20, 40]));
    expect(target.toArray()).toEqual([1, 20, 3, 40]);
    defaultRng(5).shuffle(target);
    expect((target.toArray() as number[]).sort((a, b) => a - b)).toEqual([1, 3, 20, 40]);
  });
});

test("arrays over ordinary buffers", () => {
  const plain = (values: Float64Array | Uint8Array, dtype: "float64" | "bool"): NDArray =>
    NDArray.of({
      dtype,
      shape: [values.length],
      strides: [1],
      offset: 0,
      storage: new Storage(values),
    });
  const x = plain(Float64Array.of(3, 1, 2), "float64");
  expect(x.memory).toBeUndefined();
  expect(sort(x).toArray()).toEqual([1, 2, 3]);
  expect(take(x, [2, 0]).toArray()).toEqual([2, 3]);
  expect(compress(plain(Uint8Array.of(1, 0, 1), "bool"), x).toArray()).toEqual([3, 2]);
});

test("addresses are those of the view, not of its storage", () => {
  const x = new NDArray([10, 20, 30, 40]);
  const tail = x.at("2:");
  expect(addressOf(tail) - addressOf(x)).toBe(16);
  expect([...elementsOf(tail)]).toEqual([30, 40]);
});

test("scratch is given back when a kernel fails", () => {
  const scattering = new ScatteringAllocator();
  setAllocator(scattering);
  expect(() =>
    runKernel([], [], 100, () => {
      throw new Error("inside");
    }),
  ).toThrow("inside");
  expect(scattering.released).toBe(1);
});
