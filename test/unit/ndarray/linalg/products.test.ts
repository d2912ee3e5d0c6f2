/** Goal: products are the sums they are defined by, whoever computes them. Method: naive sums. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as la from "../../../../src/ndarray/linalg/index.ts";
import { NDArray } from "../../../../src/ndarray/ndarray.ts";
import { subtract } from "../../../../src/ndarray/ufuncs.ts";
import { distance, naiveProduct, PROVIDERS, random, tolerance } from "./support.ts";

describe.each(PROVIDERS)("provider %s", (which) => {
  beforeAll(() => void la.useBlas(which));
  afterAll(() => void la.useBlas("auto"));

  describe("matmul", () => {
    const SHAPES = [
      [1, 1, 1],
      [3, 4, 5],
      [4, 4, 4],
      [65, 30, 9],
      [7, 300, 13],
      [70, 260, 515],
    ];
    test.each(SHAPES)("%d x %d x %d, plain, transposed and sliced operands", (m, k, n) => {
      const [a, b] = [random([m, k]), random([k, n], "float64", 2)];
      const expected = new NDArray(naiveProduct(a, b));
      const [at, bt] = [a.T.copy().T, b.T.copy().T];
      for (const [x, y] of [
        [a, b],
        [at, b],
        [a, bt],
        [at, bt],
      ] as [NDArray, NDArray][]) {
        expect(distance(la.matmul(x, y), expected)).toBeLessThan(1e-11);
      }
      const wide = random([m, 2 * k], "float64", 3);
      const every = wide.at(":, ::2");
      expect(distance(la.matmul(every, b), new NDArray(naiveProduct(every, b)))).toBeLessThan(
        1e-11,
      );
      const reversed = a.at("::-1, ::-1");
      const wanted = new NDArray(naiveProduct(reversed, b));
      expect(distance(la.matmul(reversed, b), wanted)).toBeLessThan(1e-11);
    });

    test.each(["float32", "complex64", "complex128"] as const)("%s", (dtype) => {
      const [a, b] = [random([9, 21], dtype), random([21, 6], dtype, 2)];
      const product = la.matmul(a, b);
      expect(product.dtype).toBe(dtype);
      const wide = la.matmul(a.real.copy(), b.real.copy()).astype("float64");
      const minus = la.matmul(a.imag.copy(), b.imag.copy()).astype("float64");
      const real = dtype === "float32" ? wide : (subtract(wide, minus) as NDArray);
      expect(distance(product.real.astype("float64"), real)).toBeLessThan(tolerance(dtype));
    });

    test.each(["int8", "uint16", "int32", "int64"] as const)("%s wraps", (dtype) => {
      const a = new NDArray(
        [
          [100, 2],
          [3, 4],
        ],
        { dtype },
      );
      const product = la.matmul(a, a.T);
      const exact = [
        [10004, 308],
        [308, 25],
      ];
      const wrapped = new NDArray(exact, { dtype: "int64" }).astype(dtype);
      expect(product.dtype).toBe(dtype);
      expect(product.toArray()).toEqual(wrapped.toArray());
    });

    test("booleans: any of both", () => {
      const a = new NDArray([
        [true, false],
        [false, false],
      ]);
      expect(la.matmul(a, a).toArray()).toEqual([
        [true, false],
        [false, false],
      ]);
    });

    test("NaN and infinity reach the result, also against zeros", () => {
      const a = new NDArray([
        [Number.NaN, 1],
        [Infinity, 0],
      ]);
      const zeros = new NDArray([
        [0, 0],
        [0, 0],
      ]);
      expect(la.matmul(a, zeros).toArray()).toEqual([
        [NaN, NaN],
        [NaN, NaN],
      ]);
    });

    test("vectors, stacks, broadcasting, empty operands", () => {
      const a = random([4, 3]);
      const v = random([3], "float64", 5);
      const column = la.matmul(a, v);
      expect(column.shape).toEqual([4]);
      expect(distance(column.reshape([4, 1]), la.matmul(a, v.reshape([3, 1])))).toBeLessThan(1e-14);
      expect(la.matmul(random([4]), a).shape).toEqual([3]);
      expect(la.matmul(v, v).shape).toEqual([]);
      const stack = random([2, 5, 4, 3]);
      const product = la.matmul(stack, random([5, 3, 2], "float64", 7));
      expect(product.shape).toEqual([2, 5, 4, 2]);
      const one = la.matmul(stack.at(1, 3), random([5, 3, 2], "float64", 7).at(3));
      expect(distance(product.at(1, 3), one)).toBeLessThan(1e-14);
      expect(la.matmul(random([0, 3]), a.T).shape).toEqual([0, 4]);
      expect(la.matmul(random([2, 0]), random([0, 3])).toArray()).toEqual([
        [0, 0, 0],
        [0, 0, 0],
      ]);
      expect(la.matmul(random([0, 2, 3]), random([3, 2])).shape).toEqual([0, 2, 2]);
    });

    test("shapes that do not fit are named", () => {
      expect(() => la.matmul(random([2, 3]), random([2, 3]))).toThrow(
        "matmul of shapes [2, 3] and [2, 3]: 3 columns meet 2 rows.",
      );
    });
  });
});

describe("dot, tensordot and friends", () => {
  test("dot follows NumPy's rules by dimension", () => {
    const [a, b] = [random([2, 3, 4]), random([5, 4, 6], "float64", 2)];
    expect(la.dot(a, b).shape).toEqual([2, 3, 5, 6]);
    expect(la.dot(a, random([4])).shape).toEqual([2, 3]);
    expect(la.dot(new NDArray(3), new NDArray([1, 2])).toArray()).toEqual([3, 6]);
    expect(la.dot(new NDArray([1, 2]), new NDArray([3, 4])).item()).toBe(11);
  });

  test("tensordot over named axes equals the sum of products", () => {
    const [a, b] = [random([3, 4, 5]), random([4, 3, 2], "float64", 2)];
    const product = la.tensordot(a, b, {
      axes: [
        [1, 0],
        [0, 1],
      ],
    });
    let sum = 0;
    for (let i = 0; i < 4; i++) {
      for (let j = 0; j < 3; j++) sum += Number(a.get(j, i, 2)) * Number(b.get(i, j, 1));
    }
    expect(product.shape).toEqual([5, 2]);
    expect(Number(product.get(2, 1))).toBeCloseTo(sum, 12);
    expect(la.tensordot(a, b, { axes: 0 }).shape).toEqual([3, 4, 5, 4, 3, 2]);
    expect(() => la.tensordot(a, b)).toThrow(/differ in length/);
  });

  test("vdot conjugates, outer spreads, trace and diagonal walk down", () => {
    const z = new NDArray([{ re: 1, im: 2 }], { dtype: "complex128" });
    expect(la.vdot(z, z)).toMatchObject({ re: 5, im: 0 });
    expect(la.outer(new NDArray([1, 2]), new NDArray([3, 4])).toArray()).toEqual([
      [3, 4],
      [6, 8],
    ]);
    const m = new NDArray([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    expect(la.trace(m)).toBe(6);
    expect(la.trace(m, { offset: 1 })).toBe(8);
    expect(la.diagonal(m, { offset: -1 }).toArray()).toEqual([4]);
    expect(la.diagonal(m, { offset: 5 }).toArray()).toEqual([]);
  });
});
