/** @file Shared by the tests of linear algebra: providers to test, random arrays, differences. */
import { expect } from "vitest";
import type { DType } from "../../../../src/core/dtype.ts";
import { useBlas } from "../../../../src/ndarray/linalg/index.ts";
import { NDArray } from "../../../../src/ndarray/ndarray.ts";
import { defaultRng } from "../../../../src/ndarray/random/index.ts";
import { absolute, subtract } from "../../../../src/ndarray/ufuncs.ts";

const hasLibrary = useBlas("auto").provider === "library";
if (!hasLibrary) console.log("No BLAS library found: only the built-in kernels are tested.");

/** The same tests run with each of these: the built-in kernels, and a library if there is one. */
export const PROVIDERS: readonly string[] = hasLibrary ? ["none", "auto"] : ["none"];

export function random(shape: readonly number[], dtype: DType = "float64", seed = 1): NDArray {
  const rng = defaultRng(seed);
  if (dtype !== "complex128" && dtype !== "complex64") return rng.normal(0, 1, shape).astype(dtype);
  const [re, im] = [rng.normal(0, 1, shape), rng.normal(0, 1, shape)];
  const both = new NDArray(new Float64Array(2 * re.size), { dtype: "complex128" }).reshape(shape);
  both.real.set(re, "...");
  both.imag.set(im, "...");
  return both.astype(dtype);
}

export function flat(x: NDArray): number[] {
  return x.ravel().toArray() as number[];
}

/** Greatest difference of two arrays of one shape. */
export function distance(a: NDArray, b: NDArray): number {
  expect(a.shape).toEqual(b.shape);
  return Math.max(0, ...flat(absolute(subtract(a, b)) as NDArray));
}

export function tolerance(dtype: DType): number {
  return dtype === "float32" || dtype === "complex64" ? 2e-4 : 1e-11;
}

/** Row by column, in plain JavaScript. */
export function naiveProduct(a: NDArray, b: NDArray): number[][] {
  const [m, k] = a.shape as [number, number];
  const n = b.shape[1] as number;
  const [rows, columns] = [a.toArray(), b.T.toArray()] as [number[][], number[][]];
  return Array.from({ length: m }, (_, i) =>
    Array.from({ length: n }, (__, j) => {
      let sum = 0;
      for (let p = 0; p < k; p++) sum += rows[i]![p]! * columns[j]![p]!;
      return sum;
    }),
  );
}
