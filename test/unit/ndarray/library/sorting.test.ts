/**
 * Goal: NumPy's order for every dtype, by every algorithm inside (insertion, radix, counting),
 * along any axis.
 */
import { describe, expect, test } from "vitest";
import type { DType } from "../../../../src/core/dtype.ts";
import {
  argsort,
  lexsort,
  partition,
  sort,
  takeAlong,
  topk,
  unique,
} from "../../../../src/ndarray/library/sorting.ts";
import { NDArray } from "../../../../src/ndarray/ndarray.ts";
import { defaultRng } from "../../../../src/ndarray/random/index.ts";

const INTEGERS: DType[] = [
  "int8",
  "uint8",
  "int16",
  "uint16",
  "int32",
  "uint32",
  "int64",
  "uint64",
];
const LENGTHS = [0, 1, 2, 47, 48, 49, 50, 1000];

function compare(a: number | bigint, b: number | bigint): number {
  if (Number.isNaN(a)) return Number.isNaN(b) ? 0 : 1;
  if (Number.isNaN(b)) return -1;
  return a < b ? -1 : a > b ? 1 : 0;
}

function elements(array: NDArray): (number | bigint)[] {
  return array.toArray({ int64: "bigint" }) as (number | bigint)[];
}

/** Values over the whole range of an integer dtype. */
function integers(dtype: DType, n: number): NDArray {
  const bits = BigInt(dtype.replace(/\D/g, ""));
  const low = dtype.startsWith("u") ? 0n : -(2n ** (bits - 1n));
  const high = low + 2n ** bits;
  return defaultRng(n).integers(low, high, { size: n, dtype }) as NDArray;
}

describe.each(INTEGERS)("%s", (dtype) => {
  test.each(LENGTHS)("sort and argsort of %d values", (n) => {
    const array = integers(dtype, n);
    const before = elements(array);
    const expected = [...before].sort(compare);
    expect(elements(sort(array))).toEqual(expected);
    expect(elements(array)).toEqual(before);
    const order = argsort(array).toArray() as number[];
    expect(order.map((i) => before[i])).toEqual(expected);
    const ties = order.filter((i, k) => {
      const next = order[k + 1];
      return next !== undefined && before[i] === before[next] && i > next;
    });
    expect(ties).toEqual([]);
  });
});

describe.each(["float32", "float64"] as const)("%s", (dtype) => {
  const special = [
    3,
    NaN,
    -Infinity,
    0,
    -0,
    5e-324,
    -5e-324,
    Infinity,
    -1.5,
    1e-40,
    NaN,
    -3e38,
    3e38,
  ];

  test("special values: NaN last, -0 before +0", () => {
    const sorted = sort(new NDArray(special, { dtype })).toArray() as number[];
    const numbers = new NDArray(special, { dtype }).toArray() as number[];
    const expected = numbers.sort(
      (a, b) => compare(a, b) || Number(Object.is(b, -0)) - Number(Object.is(a, -0)),
    );
    expect(sorted.map(String)).toEqual(expected.map(String));
    const zeros = (dtype === "float64" ? [-0, 0] : [-0, -0, 0, 0]) as number[];
    expect(sorted.filter((x) => x === 0)).toEqual(zeros);
  });

  test("a negative NaN is last too", () => {
    const array = new NDArray([1, 2, 3], { dtype });
    const bits = new DataView(array.data.buffer, array.data.byteOffset);
    if (dtype === "float64") bits.setBigUint64(8, 0xfff8000000000000n, true);
    else bits.setUint32(4, 0xffc00000, true);
    expect(sort(array).toArray()).toEqual([1, 3, NaN]);
    expect(argsort(array).toArray()).toEqual([0, 2, 1]);
  });

  test("argsort keeps the order of -0 and +0 and of NaNs", () => {
    const array = new NDArray([NaN, 0, -0, NaN, 0, -0, -1], { dtype });
    expect(argsort(array).toArray()).toEqual([6, 1, 2, 4, 5, 0, 3]);
  });

  test.each(LENGTHS)("%d normal values", (n) => {
    const array = defaultRng(n).standardNormal({ size: n, dtype });
    const expected = (array.toArray() as number[]).sort((a, b) => a - b);
    expect(sort(array).toArray()).toEqual(expected);
  });
});

test("booleans and times", () => {
  expect(sort(new NDArray([true, false, true])).toArray()).toEqual([false, true, true]);
  const times = new NDArray(BigInt64Array.of(5n, -(2n ** 63n), -7n), { dtype: "timedelta64" });
  expect(argsort(times).toArray()).toEqual([2, 0, 1]);
  expect([...sort(times).data]).toEqual([-7n, 5n, -(2n ** 63n)]);
});

test("complex numbers: by real, then imaginary part; NaNs behind, real ones last", () => {
  const numbers = [
    { re: 1, im: 2 },
    { re: NaN, im: 0 },
    { re: 1, im: -2 },
    { re: 5, im: NaN },
    { re: -3, im: 0 },
    { re: 2, im: NaN },
    { re: NaN, im: NaN },
  ];
  const array = new NDArray(numbers, { dtype: "complex128" });
  expect(argsort(array).toArray()).toEqual([4, 2, 0, 5, 3, 1, 6]);
  expect(sort(array).real.toArray()).toEqual([-3, 1, 1, 2, 5, NaN, NaN]);
});

describe("axes and views", () => {
  const array = new NDArray([
    [3, 1, 2],
    [9, 7, 8],
    [4, 6, 5],
  ]);

  test("last axis, first axis, flattened", () => {
    expect(sort(array).toArray()).toEqual([
      [1, 2, 3],
      [7, 8, 9],
      [4, 5, 6],
    ]);
    expect(sort(array, { axis: 0 }).toArray()).toEqual([
      [3, 1, 2],
      [4, 6, 5],
      [9, 7, 8],
    ]);
    expect(sort(array, { axis: null }).toArray()).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(argsort(array, { axis: 0 }).toArray()).toEqual([
      [0, 0, 0],
      [2, 2, 2],
      [1, 1, 1],
    ]);
    const order = argsort(array, { axis: 0 });
    expect(takeAlong(array, order, 0).toArray()).toEqual(sort(array, { axis: 0 }).toArray());
  });

  test("a reversed view is sorted by what it shows", () => {
    expect(sort(array.at("::-1, 1").at("::2")).toArray()).toEqual([1, 6]);
    expect(sort(array.at("1, ::-1")).toArray()).toEqual([7, 8, 9]);
  });

  test("empty arrays", () => {
    expect(sort(new NDArray([]).reshape([0, 3])).shape).toEqual([0, 3]);
    expect(sort(new NDArray([]).reshape([3, 0])).shape).toEqual([3, 0]);
    expect(argsort(new NDArray([])).toArray()).toEqual([]);
  });
});

describe("partition and topk", () => {
  test.each([10, 49, 5000])("partition of %d values puts kth in place", (n) => {
    const array = defaultRng(n).integers(0, Math.ceil(n / 3), { size: n });
    const sorted = sort(array).toArray() as number[];
    for (const k of [0, 1, Math.floor(n / 2), n - 1, -1]) {
      const at = k < 0 ? n + k : k;
      const parted = partition(array, k).toArray() as number[];
      expect(parted[at]).toBe(sorted[at]);
      expect(Math.max(...parted.slice(0, at), -1)).toBeLessThanOrEqual(parted[at] as number);
      expect(Math.min(...parted.slice(at))).toBe(parted[at]);
    }
  });

  test("several positions at once, NaN last", () => {
    const parted = partition(new NDArray([5, NaN, 1, 4, 2, 3]), [1, 4]).toArray() as number[];
    expect([parted[1], parted[4], parted[5]]).toEqual([2, 5, NaN]);
  });

  test("adversarial orders stay within time", () => {
    const organPipe = Float64Array.from({ length: 200_000 }, (_, i) => Math.min(i, 200_000 - i));
    expect(partition(new NDArray(organPipe), 100_000).get(100_000)).toBe(50_000);
  });

  test("topk", () => {
    const array = new NDArray([
      [5, 1, 3],
      [2, 9, 4],
    ]);
    expect(topk(array, 2).toArray()).toEqual([
      [5, 3],
      [9, 4],
    ]);
    expect(topk(array, -2).toArray()).toEqual([
      [1, 3],
      [2, 4],
    ]);
    expect(topk(array, 1, { axis: 0 }).toArray()).toEqual([[5, 9, 4]]);
    expect(topk(array, 7).toArray()).toEqual([
      [5, 3, 1],
      [9, 4, 2],
    ]);
  });
});

test("lexsort: the last key counts most", () => {
  const last = new NDArray([1, 5, 1, 4, 3, 4, 4]);
  const first = new NDArray([9, 4, 0, 4, 0, 2, 1]);
  expect(lexsort([first, last]).toArray()).toEqual([2, 0, 4, 6, 5, 3, 1]);
  expect(() => lexsort([first, new NDArray([1])])).toThrow(/one length/);
});

test("unique gives values, first positions, inverse and counts", () => {
  const array = new NDArray([3, 1, NaN, 3, 0, -0, NaN, 1, 3]);
  const { values, index, inverse, counts } = unique(array);
  expect(values.toArray()).toEqual([0, 1, 3, NaN]);
  expect(index.toArray()).toEqual([4, 1, 0, 2]);
  expect(counts.toArray()).toEqual([2, 2, 3, 2]);
  expect(inverse.toArray()).toEqual([2, 1, 3, 2, 0, 0, 3, 1, 2]);
  expect(unique(new NDArray([])).values.size).toBe(0);
});
