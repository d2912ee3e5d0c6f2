/**
 * Goal: take, put, compress, nonzero and transposes move exactly the elements NumPy moves, for
 * every element size.
 */
import { describe, expect, test } from "vitest";
import type { DType } from "../../../../src/core/dtype.ts";
import {
  compress,
  countTrue,
  flatnonzero,
  nonzero,
  put,
  take,
  transposeCopy,
} from "../../../../src/ndarray/library/moving.ts";
import { NDArray } from "../../../../src/ndarray/ndarray.ts";
import { defaultRng } from "../../../../src/ndarray/random/index.ts";

/** One dtype of each element size. */
const SIZES: DType[] = ["uint8", "int16", "float32", "float64", "complex128"];

function numbers(dtype: DType, n: number): NDArray {
  return new NDArray(
    Array.from({ length: n }, (_, i) => (i * 7) % 101),
    { dtype },
  );
}

function text(array: NDArray): string[] {
  return (array.toArray() as unknown[]).flat(Number.POSITIVE_INFINITY).map(String);
}

describe.each(SIZES)("%s", (dtype) => {
  test("take on the flattened array and along axes", () => {
    const array = numbers(dtype, 24).reshape([2, 3, 4]);
    const flat = text(array);
    expect(text(take(array, [5, -1, 0]))).toEqual([flat[5], flat[23], flat[0]]);
    for (const axis of [0, 1, 2, -1]) {
      const picked = take(array, [1, 0, -1], { axis });
      const at = axis < 0 ? 2 : axis;
      const expected = array.at(...(Array(at).fill(":") as string[]), [1, 0, -1]);
      expect(picked.shape).toEqual(expected.shape);
      expect(text(picked)).toEqual(text(expected));
    }
  });

  test("put is the inverse of take", () => {
    const array = numbers(dtype, 12).reshape([3, 4]);
    const target = array.copy();
    put(target, [2, 0, 1], array, { axis: 0 });
    expect(text(take(target, [2, 0, 1], { axis: 0 }))).toEqual(text(array));
  });

  test.each([0, 1, 15, 16, 17, 5000])("compress of %d elements", (n) => {
    const array = numbers(dtype, n);
    const mask = defaultRng(n).integers(0, 2, { size: n, dtype: "bool" }) as NDArray;
    const chosen = mask.toArray() as boolean[];
    expect(countTrue(mask)).toBe(chosen.filter(Boolean).length);
    expect(text(compress(mask, array))).toEqual(text(array).filter((_, i) => chosen[i]));
  });

  test.each([
    [1, 1],
    [3, 5],
    [16, 16],
    [33, 50],
    [1, 40],
    [0, 3],
  ])("transpose of %d x %d", (m, n) => {
    const array = numbers(dtype, m * n).reshape([m, n]);
    const transposed = transposeCopy(array);
    expect(transposed.shape).toEqual([n, m]);
    expect(transposed.isContiguous).toBe(true);
    expect(text(transposed)).toEqual(text(array.T));
  });
});

test("take with multi-dimensional indices and int32 indices", () => {
  const array = numbers("float64", 10);
  const index = new NDArray(
    [
      [1, 2],
      [3, -10],
    ],
    { dtype: "int32" },
  );
  expect(take(array, index).toArray()).toEqual([
    [7, 14],
    [21, 0],
  ]);
  expect(take(array, new NDArray([250], { dtype: "uint8" }).at(":0")).shape).toEqual([0]);
});

test("take names the index that is out of bounds", () => {
  const array = numbers("float64", 6).reshape([2, 3]);
  expect(() => take(array, [0, 3], { axis: 1 })).toThrow(
    "Index 3 is out of bounds for axis 1 of length 3: allowed are -3 to 2.",
  );
  expect(() => take(array, [-7])).toThrow(/Index -7/);
  expect(() => take(array, new NDArray([1.5]))).toThrow(/Indices are integers/);
});

test("masks must be boolean and fit", () => {
  const array = numbers("float64", 6);
  expect(() => compress(new NDArray([1, 0]), array)).toThrow(/A mask is boolean/);
  expect(() => compress(new NDArray([true]), array)).toThrow(/A mask of 1 elements/);
});

test("compress along an axis keeps whole slices", () => {
  const array = numbers("float64", 6).reshape([2, 3]);
  const mask = new NDArray([true, false, true]);
  expect(compress(mask, array, { axis: 1 }).toArray()).toEqual([
    [0, 14],
    [21, 35],
  ]);
});

test("a view's mask counts only what it shows", () => {
  const mask = new NDArray([true, false, true, true, false, true]).at("::2");
  expect(countTrue(mask)).toBe(2);
  expect(flatnonzero(mask).toArray()).toEqual([0, 1]);
});

test("more than 255 blocks of trues do not overflow byte lanes", () => {
  expect(countTrue(new NDArray(new Uint8Array(100_000).fill(1)).astype("bool"))).toBe(100_000);
});

test("nonzero gives one index array per axis", () => {
  const mask = new NDArray([
    [true, false, false],
    [false, true, true],
  ]);
  expect(nonzero(mask).map((axis) => axis.toArray())).toEqual([
    [0, 1, 1],
    [0, 1, 2],
  ]);
  expect(nonzero(new NDArray([], { dtype: "bool" })).map((axis) => axis.size)).toEqual([0]);
});
