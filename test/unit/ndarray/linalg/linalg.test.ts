/**
 * Goal: linear algebra gives the same results with a library and with the built-in kernels. Method: the same tests run
 * under both, against naive products and the defining equations (A x = b, Q'Q = 1, U s V' = A).
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { DType } from "../../../../src/core/dtype.ts";
import { candidates } from "../../../../src/ndarray/linalg/discovery.ts";
import * as la from "../../../../src/ndarray/linalg/index.ts";
import { identity } from "../../../../src/ndarray/linalg/matrices.ts";
import { NDArray } from "../../../../src/ndarray/ndarray.ts";
import { defaultRng } from "../../../../src/ndarray/random/index.ts";
import { absolute, conjugate, multiply, subtract } from "../../../../src/ndarray/ufuncs.ts";

const hasLibrary = la.useBlas("auto").provider === "library";
if (!hasLibrary) console.log("No BLAS library found: only the built-in kernels are tested.");
const PROVIDERS = hasLibrary ? ["none", "auto"] : ["none"];

function random(shape: readonly number[], dtype: DType = "float64", seed = 1): NDArray {
  const rng = defaultRng(seed);
  if (dtype !== "complex128" && dtype !== "complex64") return rng.normal(0, 1, shape).astype(dtype);
  const [re, im] = [rng.normal(0, 1, shape), rng.normal(0, 1, shape)];
  const both = new NDArray(new Float64Array(2 * re.size), { dtype: "complex128" }).reshape(shape);
  both.real.set(re, "...");
  both.imag.set(im, "...");
  return both.astype(dtype);
}

function flat(x: NDArray): number[] {
  return x.ravel().toArray() as number[];
}

/** Greatest difference of two arrays of one shape. */
function distance(a: NDArray, b: NDArray): number {
  expect(a.shape).toEqual(b.shape);
  return Math.max(0, ...flat(absolute(subtract(a, b)) as NDArray));
}

function tolerance(dtype: DType): number {
  return dtype === "float32" || dtype === "complex64" ? 2e-4 : 1e-11;
}

/** Row by column, in plain JavaScript. */
function naiveProduct(a: NDArray, b: NDArray): number[][] {
  const [m, k] = a.shape as [number, number];
  const n = b.shape[1] as number;
  return Array.from({ length: m }, (_, i) =>
    Array.from({ length: n }, (__, j) => {
      let sum = 0;
      for (let p = 0; p < k; p++) sum += Number(a.get(i, p)) * Number(b.get(p, j));
      return sum;
    }),
  );
}

describe.each(PROVIDERS)("provider %s", (which) => {
  beforeAll(() => void la.useBlas(which));
  afterAll(() => void la.useBlas("auto"));

  describe("matmul", () => {
    const SHAPES = [[1, 1, 1], [3, 4, 5], [4, 4, 4], [65, 30, 9], [7, 300, 13], [70, 260, 515]];
    test.each(SHAPES)("%d x %d x %d, plain, transposed and sliced operands", (m, k, n) => {
      const [a, b] = [random([m, k]), random([k, n], "float64", 2)];
      const expected = new NDArray(naiveProduct(a, b));
      const [at, bt] = [a.T.copy().T, b.T.copy().T];
      for (const [x, y] of [[a, b], [at, b], [a, bt], [at, bt]] as [NDArray, NDArray][]) {
        expect(distance(la.matmul(x, y), expected)).toBeLessThan(1e-11);
      }
      const wide = random([m, 2 * k], "float64", 3);
      const every = wide.at(":, ::2");
      expect(distance(la.matmul(every, b), new NDArray(naiveProduct(every, b)))).toBeLessThan(1e-11);
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
      const a = new NDArray([[100, 2], [3, 4]], { dtype });
      const product = la.matmul(a, a.T);
      const exact = [[10004, 308], [308, 25]];
      const wrapped = new NDArray(exact, { dtype: "int64" }).astype(dtype);
      expect(product.dtype).toBe(dtype);
      expect(product.toArray()).toEqual(wrapped.toArray());
    });

    test("booleans: any of both", () => {
      const a = new NDArray([[true, false], [false, false]]);
      expect(la.matmul(a, a).toArray()).toEqual([[true, false], [false, false]]);
    });

    test("NaN and infinity reach the result, also against zeros", () => {
      const a = new NDArray([[Number.NaN, 1], [Infinity, 0]]);
      const zeros = new NDArray([[0, 0], [0, 0]]);
      expect(la.matmul(a, zeros).toArray()).toEqual([[NaN, NaN], [NaN, NaN]]);
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
      expect(la.matmul(random([2, 0]), random([0, 3])).toArray()).toEqual([[0, 0, 0], [0, 0, 0]]);
      expect(la.matmul(random([0, 2, 3]), random([3, 2])).shape).toEqual([0, 2, 2]);
    });

    test("shapes that do not fit are named", () => {
      expect(() => la.matmul(random([2, 3]), random([2, 3]))).toThrow(
        "matmul of shapes [2, 3] and [2, 3]: 3 columns meet 2 rows.",
      );
    });
  });

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
      for (const shape of [[n, n], [n, 5], [5, n]]) {
        const matrix = random(shape, dtype, 9);
        const [p, l, u] = la.lu(matrix);
        expect(distance(la.matmul(p, la.matmul(l, u)), matrix)).toBeLessThan(limit);
      }
    });

    test("cholesky", () => {
      const gram = la.matmul(a, a.T);
      const lower = la.cholesky(gram);
      expect(distance(la.matmul(lower, lower.T), gram)).toBeLessThan(10 * limit);
      expect(distance(la.cholesky(gram, { upper: true }), lower.T)).toBeLessThan(limit);
      expect(() => la.cholesky(new NDArray([[1, 2], [2, 1]], { dtype }))).toThrow(/positive definite/);
    });

    test.each([[24, 24], [24, 7], [7, 24], [1, 5], [5, 1]])("qr of %d x %d", (m, k) => {
      const matrix = random([m, k], dtype, 4);
      for (const mode of ["reduced", "complete"] as const) {
        const [q, r] = la.qr(matrix, { mode });
        const columns = mode === "complete" ? m : Math.min(m, k);
        expect(q.shape).toEqual([m, columns]);
        expect(distance(la.matmul(q, r), matrix)).toBeLessThan(limit);
        expect(distance(la.matmul(q.T, q), identity(columns, columns, dtype))).toBeLessThan(limit);
      }
    });

    test.each([[24, 24], [24, 7], [7, 24], [1, 5]])("svd of %d x %d", (m, k) => {
      const matrix = random([m, k], dtype, 4);
      const least = Math.min(m, k);
      const [u, s, vh] = la.svd(matrix, { fullMatrices: false });
      const scaled = u.copy();
      const values = flat(s);
      for (let i = 0; i < m; i++) {
        for (let j = 0; j < least; j++) scaled.set(Number(u.get(i, j)) * (values[j] as number), i, j);
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

  test("det and slogdet: sign of exchanges, singular, stacks", () => {
    expect(la.det(new NDArray([[0, 1], [1, 0]]))).toBe(-1);
    expect(la.det(new NDArray([[1, 2], [3, 4]]))).toBeCloseTo(-2, 14);
    expect(la.det(new NDArray([[1, 2], [2, 4]]))).toBe(0);
    expect(la.slogdet(new NDArray([[1, 2], [2, 4]]))).toEqual([0, Number.NEGATIVE_INFINITY]);
    const huge = multiply(identity(400, 400, "float64"), 10) as NDArray;
    expect(la.slogdet(huge)[1]).toBeCloseTo(400 * Math.log(10), 9);
    const stack = new NDArray([[[2, 0], [0, 3]], [[0, 1], [1, 0]]]);
    expect((la.det(stack) as NDArray).toArray()).toEqual([6, -1]);
    expect(la.det(new NDArray([[5]], { dtype: "int32" }))).toBe(5);
  });

  test("singular systems and stacks", () => {
    const singular = new NDArray([[1, 2], [2, 4]]);
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
    const a = new NDArray([[0, 1], [1, 1], [2, 1], [3, 1]]);
    const { x, residuals, rank, s } = la.lstsq(a, new NDArray([-1, 0.2, 0.9, 2.1]));
    expect(flat(x)[0]).toBeCloseTo(1, 12);
    expect(flat(x)[1]).toBeCloseTo(-0.95, 12);
    expect(flat(residuals)[0]).toBeCloseTo(0.05, 12);
    expect(rank).toBe(2);
    expect(flat(s)[0]).toBeCloseTo(4.10003045, 7);
    const deficient = la.lstsq(new NDArray([[1, 1], [1, 1], [1, 1]]), new NDArray([1, 2, 3]));
    expect(deficient.rank).toBe(1);
    expect(deficient.residuals.size).toBe(0);
    expect(flat(deficient.x)[0]).toBeCloseTo(1, 12);
  });

  test("svd of a rank-deficient matrix keeps orthonormal factors", () => {
    const column = random([6, 1]);
    const matrix = la.matmul(column, random([1, 4], "float64", 3));
    const [u, s, vh] = la.svd(matrix);
    expect(distance(la.matmul(u.T, u), identity(6, 6, "float64"))).toBeLessThan(1e-12);
    expect(distance(la.matmul(vh, vh.T), identity(4, 4, "float64"))).toBeLessThan(1e-12);
    expect(flat(s).slice(1).every((x) => x < 1e-14)).toBe(true);
  });

  test("norms", () => {
    const v = new NDArray([3, -4, 0]);
    expect(la.norm(v)).toBe(5);
    expect([0, 1, Infinity, -Infinity].map((ord) => la.norm(v, { ord }))).toEqual([2, 7, 4, 0]);
    expect(la.norm(v, { ord: 3 })).toBeCloseTo(91 ** (1 / 3), 12);
    const m = new NDArray([[1, 2], [3, -4]]);
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
    const [w, v] = la.eig(new NDArray([[2, 0], [1, 3]]));
    expect(w.dtype).toBe("float64");
    expect(flat(w).sort()).toEqual([2, 3]);
    expect(v.dtype).toBe("float64");
    const rotation = new NDArray([[0, -1, 0], [1, 0, 0], [0, 0, 5]]);
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
    const stack = new NDArray([[[1, 0], [0, 1]], [[0, -1], [1, 0]]]);
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
    expect(distance(la.matmul(conjugate(v.T.copy()), v), identity(6, 6, "complex128"))).toBeLessThan(1e-12);
    const [, s] = la.svd(a);
    expect(s.dtype).toBe("float64");
    const lower = la.cholesky(hermitian);
    expect(distance(la.matmul(lower, conjugate(lower.T.copy())), hermitian)).toBeLessThan(1e-11);
    expect(la.eig(a)[0].size).toBe(6);
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
    const product = la.tensordot(a, b, { axes: [[1, 0], [0, 1]] });
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
    expect(la.outer(new NDArray([1, 2]), new NDArray([3, 4])).toArray()).toEqual([[3, 4], [6, 8]]);
    const m = new NDArray([[1, 2, 3], [4, 5, 6]]);
    expect(la.trace(m)).toBe(6);
    expect(la.trace(m, { offset: 1 })).toBe(8);
    expect(la.diagonal(m, { offset: -1 }).toArray()).toEqual([4]);
    expect(la.diagonal(m, { offset: 5 }).toArray()).toEqual([]);
  });
});

describe("providers", () => {
  test("a library that cannot be used is named, and the choice before stays", () => {
    const before = la.blasInfo();
    expect(() => la.useBlas("/nowhere/libblas.so")).toThrow(/"\/nowhere\/libblas.so" cannot be used/);
    expect(la.blasInfo()).toEqual(before);
    expect(la.useBlas("none")).toMatchObject({ provider: "builtin" });
    la.useBlas("auto");
  });

  test("candidates look into environments before the system's packages", () => {
    const found = [...candidates({ VIRTUAL_ENV: "/nowhere" })];
    expect(found).toEqual([...candidates({})]);
  });
});
