/**
 * Goal: systems are solved, and matrices factorized, alike with a library and with the built-in
 * kernels. Method: the same tests under both, by the defining equations (A x = b, P L U = A).
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as la from "../../../../src/ndarray/linalg/index.ts";
import { identity } from "../../../../src/ndarray/linalg/matrices.ts";
import { NDArray } from "../../../../src/ndarray/ndarray.ts";
import { absolute, multiply } from "../../../../src/ndarray/ufuncs.ts";
import { distance, flat, PROVIDERS, random, tolerance } from "./support.ts";

describe.each(PROVIDERS)("provider %s", (which) => {
  beforeAll(() => void la.useBlas(which));
  afterAll(() => void la.useBlas("auto"));

  describe.each(["float64", "float32"] as const)("%s systems", (dtype) => {
    const limit = tolerance(dtype);
    const n = 24;
    const a = random([n, n], dtype);
    const one = identity(n, n, dtype);

    test("solve, inv", () => {
      const b = random([n, 3], dtype, 2);
      const x = la.solve(a, b);
      expect(x.dtype).toBe(dtype);
      expect(distance(la.matmul(a, x), b)).toBeLessThan(limit);
      const vector = la.solve(a, b.at(":, 1"));
      expect(distance(vector, x.at(":, 1").copy())).toBeLessThan(limit);
      expect(distance(la.matmul(la.inv(a), a), one)).toBeLessThan(10 * limit);
    });

    test("lu with row exchanges, tall and wide", () => {
      for (const shape of [
        [n, n],
        [n, 5],
        [5, n],
        [150, 150],
        [150, 70],
        [70, 150],
      ]) {
        const matrix = random(shape, dtype, 9);
        const [p, l, u] = la.lu(matrix);
        expect(distance(la.matmul(p, la.matmul(l, u)), matrix)).toBeLessThan(limit);
        const largest = Math.max(...flat(absolute(l) as NDArray));
        expect(largest).toBe(1);
      }
    });

    test("cholesky", () => {
      const gram = la.matmul(a, a.T);
      const lower = la.cholesky(gram);
      expect(distance(la.matmul(lower, lower.T), gram)).toBeLessThan(10 * limit);
      expect(distance(la.cholesky(gram, { upper: true }), lower.T)).toBeLessThan(limit);
      expect(() =>
        la.cholesky(
          new NDArray(
            [
              [1, 2],
              [2, 1],
            ],
            { dtype },
          ),
        ),
      ).toThrow(/positive definite/);
    });
  });

  test("det and slogdet: sign of exchanges, singular, stacks", () => {
    expect(
      la.det(
        new NDArray([
          [0, 1],
          [1, 0],
        ]),
      ),
    ).toBe(-1);
    expect(
      la.det(
        new NDArray([
          [1, 2],
          [3, 4],
        ]),
      ),
    ).toBeCloseTo(-2, 14);
    expect(
      la.det(
        new NDArray([
          [1, 2],
          [2, 4],
        ]),
      ),
    ).toBe(0);
    expect(
      la.slogdet(
        new NDArray([
          [1, 2],
          [2, 4],
        ]),
      ),
    ).toEqual([0, Number.NEGATIVE_INFINITY]);
    const huge = multiply(identity(400, 400, "float64"), 10) as NDArray;
    expect(la.slogdet(huge)[1]).toBeCloseTo(400 * Math.log(10), 9);
    const stack = new NDArray([
      [
        [2, 0],
        [0, 3],
      ],
      [
        [0, 1],
        [1, 0],
      ],
    ]);
    expect((la.det(stack) as NDArray).toArray()).toEqual([6, -1]);
    expect(la.det(new NDArray([[5]], { dtype: "int32" }))).toBe(5);
  });

  test("singular systems and stacks", () => {
    const singular = new NDArray([
      [1, 2],
      [2, 4],
    ]);
    expect(() => la.solve(singular, new NDArray([1, 1]))).toThrow(/singular/);
    expect(() => la.inv(singular)).toThrow(/singular/);
    expect(() => la.inv(random([2, 3]))).toThrow(/square/);
    expect(la.inv(random([0, 3, 3])).shape).toEqual([0, 3, 3]);
    const stack = random([4, 3, 3]);
    expect(distance(la.inv(stack).at(2), la.inv(stack.at(2)))).toBeLessThan(1e-12);
  });

  test("solveTriangular reads only its triangle", () => {
    const a = random([5, 5]);
    const b = random([5, 2], "float64", 3);
    for (const lower of [true, false]) {
      const x = la.solveTriangular(a, b, { lower });
      const cleared = a.copy();
      for (let i = 0; i < 5; i++) {
        for (let j = 0; j < 5; j++) if (lower ? j > i : j < i) cleared.set(0, i, j);
      }
      expect(distance(la.matmul(cleared, x), b)).toBeLessThan(1e-10);
    }
  });

  test("lstsq: a line through points, and rank", () => {
    const a = new NDArray([
      [0, 1],
      [1, 1],
      [2, 1],
      [3, 1],
    ]);
    const { x, residuals, rank, s } = la.lstsq(a, new NDArray([-1, 0.2, 0.9, 2.1]));
    expect(flat(x)[0]).toBeCloseTo(1, 12);
    expect(flat(x)[1]).toBeCloseTo(-0.95, 12);
    expect(flat(residuals)[0]).toBeCloseTo(0.05, 12);
    expect(rank).toBe(2);
    expect(flat(s)[0]).toBeCloseTo(4.10003045, 7);
    const deficient = la.lstsq(
      new NDArray([
        [1, 1],
        [1, 1],
        [1, 1],
      ]),
      new NDArray([1, 2, 3]),
    );
    expect(deficient.rank).toBe(1);
    expect(deficient.residuals.size).toBe(0);
    expect(flat(deficient.x)[0]).toBeCloseTo(1, 12);
  });
});
