/** Goal: running sums and products by axis, dtype and precision as in NumPy's accumulate. */
import { expect, test } from "vitest";
import { cumprod, cumsum } from "../../../../src/ndarray/library/scanning.ts";
import { NDArray } from "../../../../src/ndarray/ndarray.ts";

test("along each axis and flattened", () => {
  const x = new NDArray([
    [1, 2, 3],
    [4, 5, 6],
  ]);
  expect(cumsum(x).toArray()).toEqual([1, 3, 6, 10, 15, 21]);
  expect(cumsum(x, { axis: 0 }).toArray()).toEqual([
    [1, 2, 3],
    [5, 7, 9],
  ]);
  expect(cumsum(x, { axis: -1 }).toArray()).toEqual([
    [1, 3, 6],
    [4, 9, 15],
  ]);
  expect(cumprod(x, { axis: 0 }).toArray()).toEqual([
    [1, 2, 3],
    [4, 10, 18],
  ]);
  expect(cumsum(x.T, { axis: 1 }).toArray()).toEqual([
    [1, 5],
    [2, 7],
    [3, 9],
  ]);
});

test("small integers accumulate in 64 bits, which wrap", () => {
  const x = new NDArray([200, 100], { dtype: "uint8" });
  expect(cumsum(x).dtype).toBe("uint64");
  expect(cumsum(x).toArray()).toEqual([200, 300]);
  const big = new NDArray(BigInt64Array.of(2n ** 63n - 1n, 1n));
  expect(cumsum(big).toArray({ int64: "bigint" })).toEqual([2n ** 63n - 1n, -(2n ** 63n)]);
  expect(cumsum(new NDArray([true, false, true])).toArray()).toEqual([1, 1, 2]);
});

test("float32 stays float32, step by step", () => {
  const x = new NDArray([16777216, 1, 1], { dtype: "float32" });
  expect(cumsum(x).toArray()).toEqual([16777216, 16777216, 16777216]);
});

test("NaN and infinity go on", () => {
  const x = new NDArray([1, Number.NaN, 2]);
  expect(cumsum(x).toArray()).toEqual([1, Number.NaN, Number.NaN]);
  expect(cumprod(new NDArray([2, Infinity, 0])).toArray()).toEqual([2, Infinity, Number.NaN]);
});

test("complex numbers and time spans", () => {
  const x = new NDArray(
    [
      { re: 1, im: 1 },
      { re: 0, im: 2 },
    ],
    { dtype: "complex128" },
  );
  expect(cumsum(x).imag.toArray()).toEqual([1, 3]);
  expect(cumprod(x).real.toArray()).toEqual([1, -2]);
  expect(cumprod(x).imag.toArray()).toEqual([1, 2]);
  const spans = new NDArray(BigInt64Array.of(5n, 6n), { dtype: "timedelta64" });
  expect([...cumsum(spans).data]).toEqual([5n, 11n]);
});

test("empty arrays, and what has no sums", () => {
  expect(cumsum(new NDArray([])).toArray()).toEqual([]);
  expect(cumsum(new NDArray([]).reshape([0, 3]), { axis: 1 }).shape).toEqual([0, 3]);
  const dates = new NDArray(BigInt64Array.of(0n), { dtype: "datetime64" });
  expect(() => cumsum(dates)).toThrow(/not defined for datetime64/);
});

test("the argument is not changed", () => {
  const x = new NDArray([1, 2, 3]);
  cumsum(x);
  expect(x.toArray()).toEqual([1, 2, 3]);
});
