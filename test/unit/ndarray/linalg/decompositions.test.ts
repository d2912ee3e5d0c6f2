/**
 * Goal: decompositions are the same with a library and with the built-in kernels. Method: the same
 * tests under both, by the defining equations (Q'Q = 1, U s V' = A, A v = w v).
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as la from "../../../../src/ndarray/linalg/index.ts";
import { identity } from "../../../../src/ndarray/linalg/matrices.ts";
import { NDArray } from "../../../../src/ndarray/ndarray.ts";
import { conjugate } from "../../../../src/ndarray/ufuncs.ts";
import { distance, flat, PROVIDERS, random, tolerance } from "./support.ts";

describe.each(PROVIDERS)("provider %s", (which) => {
  beforeAll(() => void la.useBlas(which));
  afterAll(() => void la.useBlas("auto"));

  describe.each(["float64", "float32"] as const)("%s systems", (dtype) => {
    const limit = tolerance(dtype);
    const n = 24;
    const a = random([n, n], dtype);
    const one = identity(n, n, dtype);

    test.each([
      [24, 24],
      [24, 7],
      [7, 24],
      [1, 5],
      [5, 1],
    ])("qr of %d x %d", (m, k) => {
      const matrix = random([m, k], dtype, 4);
      for (const mode of ["reduced", "complete"] as const) {
        const [q, r] = la.qr(matrix, { mode });
        const columns = mode === "complete" ? m : Math.min(m, k);
        expect(q.shape).toEqual([m, columns]);
        expect(distance(la.matmul(q, r), matrix)).toBeLessThan(limit);
        expect(distance(la.matmul(q.T, q), identity(columns, columns, dtype))).toBeLessThan(limit);
      }
    });

    test.each([
      [24, 24],
      [24, 7],
      [7, 24],
      [1, 5],
    ])("svd of %d x %d", (m, k) => {
      const matrix = random([m, k], dtype, 4);
      const least = Math.min(m, k);
      const [u, s, vh] = la.svd(matrix, { fullMatrices: false });
      const scaled = u.copy();
      const values = flat(s);
      for (let i = 0; i < m; i++) {
        for (let j = 0; j < least; j++)
          scaled.set(Number(u.get(i, j)) * (values[j] as number), i, j);
      }
      expect(distance(la.matmul(scaled, vh), matrix)).toBeLessThan(limit);
      expect(values).toEqual([...values].sort((x, y) => y - x));
      const [full, , fullV] = la.svd(matrix);
      expect(distance(la.matmul(full.T, full), identity(m, m, dtype))).toBeLessThan(limit);
      expect(distance(la.matmul(fullV, fullV.T), identity(k, k, dtype))).toBeLessThan(limit);
      expect(distance(la.svdvals(matrix), s)).toBeLessThan(limit);
    });

    test("eigh: ascending, orthonormal, A v = w v", () => {
      const symmetric = la.matmul(a, a.T);
      const [w, v] = la.eigh(symmetric);
      const values = flat(w);
      expect(values).toEqual([...values].sort((x, y) => x - y));
      expect(distance(la.matmul(v.T, v), one)).toBeLessThan(limit);
      const scaled = v.copy();
      for (let i = 0; i < n; i++) {
        for (let j = 0; j < n; j++) scaled.set(Number(v.get(i, j)) * (values[j] as number), i, j);
      }
      expect(distance(la.matmul(symmetric, v), scaled)).toBeLessThan(100 * limit);
      expect(distance(la.eigvalsh(symmetric), w)).toBeLessThan(100 * limit);
    });
  });

  test("svd of a rank-deficient matrix keeps orthonormal factors", () => {
    const column = random([6, 1]);
    const matrix = la.matmul(column, random([1, 4], "float64", 3));
    const [u, s, vh] = la.svd(matrix);
    expect(distance(la.matmul(u.T, u), identity(6, 6, "float64"))).toBeLessThan(1e-12);
    expect(distance(la.matmul(vh, vh.T), identity(4, 4, "float64"))).toBeLessThan(1e-12);
    expect(
      flat(s)
        .slice(1)
        .every((x) => x < 1e-14),
    ).toBe(true);
  });

  test("norms", () => {
    const v = new NDArray([3, -4, 0]);
    expect(la.norm(v)).toBe(5);
    expect([0, 1, Infinity, -Infinity].map((ord) => la.norm(v, { ord }))).toEqual([2, 7, 4, 0]);
    expect(la.norm(v, { ord: 3 })).toBeCloseTo(91 ** (1 / 3), 12);
    const m = new NDArray([
      [1, 2],
      [3, -4],
    ]);
    const matrixNorms = ([1, -1, Infinity, -Infinity] as const).map((ord) => la.norm(m, { ord }));
    expect(matrixNorms).toEqual([6, 4, 7, 3]);
    expect(la.norm(m)).toBeCloseTo(Math.sqrt(30), 12);
    expect(la.norm(m, { ord: 2 })).toBeCloseTo(5.11667274, 7);
    expect(la.norm(m, { ord: "nuc" })).toBeCloseTo(7.07106781, 7);
    expect((la.norm(m, { axis: 0 }) as NDArray).shape).toEqual([2]);
    expect((la.norm(m, { axis: 1, keepdims: true }) as NDArray).shape).toEqual([2, 1]);
    expect(() => la.norm(m, { ord: 3 })).toThrow(/no norm of matrices/);
  });

  test.runIf(which === "none")("what needs a library says so", () => {
    expect(() => la.eig(random([2, 2]))).toThrow(/needs a BLAS\/LAPACK library/);
    expect(() => la.solve(random([2, 2], "complex128"), random([2, 1]))).toThrow(/needs a BLAS/);
  });

  test.runIf(which === "auto")("eig: real and complex eigenvalues", () => {
    const [w, v] = la.eig(
      new NDArray([
        [2, 0],
        [1, 3],
      ]),
    );
    expect(w.dtype).toBe("float64");
    expect(flat(w).sort()).toEqual([2, 3]);
    expect(v.dtype).toBe("float64");
    const rotation = new NDArray([
      [0, -1, 0],
      [1, 0, 0],
      [0, 0, 5],
    ]);
    const [values, vectors] = la.eig(rotation);
    expect(values.dtype).toBe("complex128");
    expect(values.imag.toArray()).toEqual([1, -1, 0]);
    const left = la.matmul(rotation.astype("complex128"), vectors);
    const right = vectors.copy();
    for (let i = 0; i < 3; i++) {
      for (let j = 0; j < 3; j++) {
        const [x, y] = [vectors.get(i, j), values.get(j)] as { re: number; im: number }[];
        if (x === undefined || y === undefined) continue;
        right.set({ re: x.re * y.re - x.im * y.im, im: x.re * y.im + x.im * y.re }, i, j);
      }
    }
    expect(distance(left, right)).toBeLessThan(1e-13);
    const stack = new NDArray([
      [
        [1, 0],
        [0, 1],
      ],
      [
        [0, -1],
        [1, 0],
      ],
    ]);
    expect(la.eigvals(stack).dtype).toBe("complex128");
  });

  test.runIf(which === "auto")("complex systems", () => {
    const a = random([6, 6], "complex128");
    const b = random([6, 2], "complex128", 3);
    expect(distance(la.matmul(a, la.solve(a, b)), b)).toBeLessThan(1e-12);
    const [q, r] = la.qr(a);
    expect(distance(la.matmul(q, r), a)).toBeLessThan(1e-12);
    const hermitian = la.matmul(a, conjugate(a.T.copy()));
    const [w, v] = la.eigh(hermitian);
    expect(w.dtype).toBe("float64");
    expect(
      distance(la.matmul(conjugate(v.T.copy()), v), identity(6, 6, "complex128")),
    ).toBeLessThan(1e-12);
    const [, s] = la.svd(a);
    expect(s.dtype).toBe("float64");
    const lower = la.cholesky(hermitian);
    expect(distance(la.matmul(lower, conjugate(lower.T.copy())), hermitian)).toBeLessThan(1e-11);
    expect(la.eig(a)[0].size).toBe(6);
  });
});
