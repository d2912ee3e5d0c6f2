/**
 * Goal: sorting, counting, scanning and linear algebra give NumPy's results. Method: both draw the
 * same inputs from the same random streams; goldens from `generate/library_kernels.py` hold hashes
 * where all bits must agree, and numbers where the order of summation may differ.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as lib from "../../src/ndarray/library/index.ts";
import { cumprod, cumsum } from "../../src/ndarray/library/scanning.ts";
import * as la from "../../src/ndarray/linalg/index.ts";
import { NDArray } from "../../src/ndarray/ndarray.ts";
import { defaultRng, type Generator } from "../../src/ndarray/random/index.ts";
import { add, greater, round, square } from "../../src/ndarray/ufuncs.ts";

interface Goldens {
  exact: Record<string, string>;
  close: Record<string, number[]>;
  eigvals: [number, number][];
}

const text = readFileSync(new URL("goldens/library-kernels.json", import.meta.url), "utf8");
const goldens = JSON.parse(text) as Goldens;

const SEED = 7;
const N = 20000;

function rng(): Generator {
  return defaultRng(SEED);
}

const normal = rng().normal(0, 1, N);
const ties = rng().integers(-50, 50, { size: N });
const small = rng().integers(-100, 100, { size: N, dtype: "int8" });
const single = rng().standardNormal({ size: N, dtype: "float32" });
const coarse = round(normal, 1);
const grid = round(rng().uniform(-3, 3, N), 1);
const matrix = rng().normal(0, 1, [12, 12]);
const tall = rng().normal(0, 1, [20, 7]);
const counted = new NDArray(
  (ties.toArray() as number[]).map((x) => x + 50),
  { dtype: "int64" },
);

const table = (x: NDArray): NDArray => x.reshape([200, 100]);
const square20 = (from: number): NDArray =>
  ties
    .at(`${from}:${from + 400}`)
    .astype("int32")
    .reshape([20, 20]);

function concatenated(parts: readonly NDArray<"int64">[]): NDArray {
  return new NDArray(BigInt64Array.from(parts.flatMap((part) => [...part.data])));
}

const EXACT: Record<string, () => NDArray> = {
  sort: () => lib.sort(normal),
  sortInt8: () => lib.sort(small),
  sortFloat32: () => lib.sort(single),
  sortAxis0: () => lib.sort(table(normal), { axis: 0 }),
  argsort: () => lib.argsort(ties),
  argsortCoarse: () => lib.argsort(coarse),
  lexsort: () => lib.lexsort([ties, coarse]),
  cumsum: () => cumsum(normal),
  cumsumFloat32: () => cumsum(single),
  cumsumAxis0: () => cumsum(table(normal), { axis: 0 }),
  cumprodInt8: () => cumprod(small),
  searchsorted: () => lib.searchsorted(lib.sort(coarse), grid),
  searchsortedRight: () => lib.searchsorted(lib.sort(coarse), grid, { side: "right" }),
  histogram: () => lib.histogram(normal, { bins: 37 }).counts,
  histogramEdges: () => lib.histogram(normal, { bins: 37 }).edges,
  histogramGrid: () => lib.histogram(grid, { bins: 60, range: [-3, 3] }).counts,
  histogramUnequal: () => lib.histogram(coarse, { bins: [-2, -0.3, 0.1, 0.1, 2.5] }).counts,
  histogramDensity: () => lib.histogram(coarse, { density: true }).counts,
  histogram2d: () => lib.histogram2d(normal, grid, { bins: [13, 60] }).counts,
  histogram2dDensity: () => lib.histogram2d(grid, coarse, { bins: 9, density: true }).counts,
  bincount: () => lib.bincount(counted),
  bincountWeights: () => lib.bincount(counted, { weights: normal }),
  uniqueValues: () => lib.unique(add(coarse, 0)).values,
  uniqueIndex: () => lib.unique(coarse).index,
  uniqueInverse: () => lib.unique(coarse).inverse,
  uniqueCounts: () => lib.unique(coarse).counts,
  nonzero: () => concatenated(lib.nonzero(greater(table(ties), 20))),
  integerMatmul: () => la.matmul(square20(0), square20(400)),
};

function hashOf(array: NDArray): string {
  const own = array.copy();
  const { data } = own;
  const at = data.byteOffset + own.offset * own.itemsize;
  const bytes = new Uint8Array(data.buffer, at, own.nbytes);
  return createHash("sha256").update(bytes).digest("hex");
}

test.each(Object.keys(goldens.exact))("%s is NumPy's, bit for bit", (name) => {
  expect(hashOf((EXACT[name] as () => NDArray)())).toBe(goldens.exact[name]);
});

function every(array: NDArray, step = 1): number[] {
  return array.copy().reshape([-1]).at(`::${step}`).toArray() as number[];
}

const target = square(tall.at(":, 0"));
const MATRIX_NORMS = ["fro", "nuc", 1, -1, 2, -2, Infinity, -Infinity] as const;
const VECTOR_NORMS = [0, 1, 2, 3, -1, Infinity, -Infinity];

const CLOSE: Record<string, () => number[]> = {
  matmul: () => every(la.matmul(matrix, matrix), 17),
  solve: () => every(la.solve(matrix, tall.at(":12, 0"))),
  inv: () => every(la.inv(matrix), 17),
  det: () => [la.det(matrix) as number, ...(la.slogdet(matrix) as [number, number])],
  svdvals: () => every(la.svdvals(tall)),
  eigvalsh: () => every(la.eigvalsh(matrix)),
  qrR: () => every(la.qr(tall)[1], 5),
  cholesky: () => every(la.cholesky(la.matmul(tall.T, tall)), 5),
  lstsq: () => every(la.lstsq(tall, target).x),
  lstsqResiduals: () => every(la.lstsq(tall, target).residuals),
  tensordot: () => {
    const axes = [
      [2, 1],
      [0, 1],
    ] as const;
    return every(la.tensordot(tall.reshape([4, 5, 7]), tall.reshape([7, 5, 4]), { axes }));
  },
  norms: () => MATRIX_NORMS.map((ord) => la.norm(tall, { ord }) as number),
  vectorNorms: () => VECTOR_NORMS.map((ord) => la.norm(tall.at(":, 0"), { ord }) as number),
  trace: () => [la.trace(tall) as number, la.trace(tall, { offset: -3 }) as number],
};

const hasLibrary = la.useBlas("auto").provider === "library";

describe.each(hasLibrary ? ["none", "auto"] : ["none"])("provider %s", (which) => {
  beforeAll(() => void la.useBlas(which));
  afterAll(() => void la.useBlas("auto"));

  test.each(Object.keys(goldens.close))("%s is NumPy's to rounding", (name) => {
    const mine = (CLOSE[name] as () => number[])();
    const theirs = goldens.close[name] as number[];
    expect(mine).toHaveLength(theirs.length);
    const scale = Math.max(...theirs.map(Math.abs));
    mine.forEach((x, i) => {
      expect(Math.abs(x - (theirs[i] as number)), `${name}[${i}]`).toBeLessThan(1e-12 * scale);
    });
  });

  test.runIf(which === "auto")("eigvals", () => {
    const values = la.eigvals(matrix).toArray() as unknown as { re: number; im: number }[];
    const rounded = (x: number): number => Math.round(x * 1e9) / 1e9;
    values.sort((a, b) => rounded(a.re) - rounded(b.re) || a.im - b.im);
    values.forEach(({ re, im }, i) => {
      const [wantedRe, wantedIm] = goldens.eigvals[i] as [number, number];
      expect(re).toBeCloseTo(wantedRe, 11);
      expect(im).toBeCloseTo(wantedIm, 11);
    });
  });
});
