/**
 * Goal: bins, counts and insertion points are NumPy's, to the edge. Naive references and cases
 * known from NumPy.
 */
import { describe, expect, test } from "vitest";
import {
  bincount,
  histogram,
  histogram2d,
  searchsorted,
} from "../../../../src/ndarray/library/counting.ts";
import { NDArray } from "../../../../src/ndarray/ndarray.ts";
import { defaultRng } from "../../../../src/ndarray/random/index.ts";

/** The bin of a value by the edges alone. */
function naiveBin(value: number, edges: readonly number[]): number {
  const last = edges.length - 1;
  if (value === edges[last]) return last - 1;
  return edges.findIndex(
    (edge, i) => i < last && edge <= value && value < (edges[i + 1] as number),
  );
}

function naiveCounts(values: readonly number[], edges: readonly number[]): number[] {
  const counts = new Array<number>(edges.length - 1).fill(0);
  for (const value of values) {
    const bin = naiveBin(value, edges);
    if (bin >= 0) counts[bin] = (counts[bin] as number) + 1;
  }
  return counts;
}

describe("histogram", () => {
  test("values on edges: left edge in, last edge closed", () => {
    const { counts, edges } = histogram(new NDArray([0, 1, 2, 3, 4, 4]), {
      bins: 4,
      range: [0, 4],
    });
    expect(edges.toArray()).toEqual([0, 1, 2, 3, 4]);
    expect(counts.toArray()).toEqual([1, 1, 1, 3]);
    expect(counts.dtype).toBe("int64");
  });

  test.each([3, 10, 49, 1000])(
    "%d equal bins agree with the edges for values on and near them",
    (bins) => {
      const { edges } = histogram(new NDArray([0.1, 0.7]), { bins });
      const at = edges.toArray() as number[];
      const near = at.flatMap((x) => [x, x * (1 + 2 ** -52), x * (1 - 2 ** -53)]);
      const random = defaultRng(bins).uniform(0.05, 0.75, 2000).toArray() as number[];
      const values = [...near, ...random];
      const { counts } = histogram(new NDArray(values), { bins, range: [0.1, 0.7] });
      expect(counts.toArray()).toEqual(naiveCounts(values, at));
    },
  );

  test("unequal edges", () => {
    const edges = [-1, 0, 0.5, 0.5, 10];
    const values = [-2, -1, -0.5, 0, 0.25, 0.5, 9, 10, 11, Number.NaN];
    const { counts } = histogram(new NDArray(values), { bins: edges });
    expect(counts.toArray()).toEqual([2, 2, 0, 3]);
  });

  test("weights and density", () => {
    const values = new NDArray([0, 0.5, 1.5, 3]);
    const weights = new NDArray([1, 2, 3, 4]);
    const weighted = histogram(values, { bins: [0, 1, 2, 4], weights });
    expect(weighted.counts.toArray()).toEqual([3, 3, 4]);
    const { counts } = histogram(values, { bins: [0, 1, 2, 4], density: true });
    expect(counts.toArray()).toEqual([0.5, 0.25, 0.125]);
  });

  test("one value, no value, integers, views", () => {
    const single = histogram(new NDArray([5, 5]), { bins: 2 });
    expect(single.edges.toArray()).toEqual([4.5, 5, 5.5]);
    expect(single.counts.toArray()).toEqual([0, 2]);
    const none = histogram(new NDArray([]), { bins: 2 });
    expect(none.edges.toArray()).toEqual([0, 0.5, 1]);
    expect(none.counts.toArray()).toEqual([0, 0]);
    const view = new NDArray(
      [
        [1, 100],
        [2, 100],
        [3, 100],
      ],
      { dtype: "int16" },
    ).at(":, 0");
    expect(histogram(view, { bins: 2 }).counts.toArray()).toEqual([1, 2]);
  });

  test("bad input names what is wrong", () => {
    const x = new NDArray([1, Number.NaN]);
    expect(() => histogram(x)).toThrow(/must be finite/);
    expect(() => histogram(new NDArray([1]), { bins: 0 })).toThrow(/positive integer/);
    expect(() => histogram(new NDArray([1]), { bins: [2, 1] })).toThrow(/ascending/);
    expect(() => histogram(new NDArray([1]), { weights: x })).toThrow(/2 weights for 1 values/);
  });
});

test("histogram2d counts cells as one-dimensional bins do", () => {
  const rng = defaultRng(1);
  const x = rng.random(500);
  const y = rng.normal(0, 1, 500);
  const { counts, xEdges, yEdges } = histogram2d(x, y, { bins: [7, new NDArray([-1, 0, 0.2, 2])] });
  const xs = x.toArray() as number[];
  const ys = y.toArray() as number[];
  const expected = Array.from({ length: 7 }, () => [0, 0, 0]);
  xs.forEach((value, i) => {
    const column = naiveBin(value, xEdges.toArray() as number[]);
    const row = naiveBin(ys[i] as number, yEdges.toArray() as number[]);
    const cells = expected[column];
    if (cells !== undefined && row >= 0) cells[row] = (cells[row] as number) + 1;
  });
  expect(counts.toArray()).toEqual(expected);
  expect(counts.dtype).toBe("float64");
  const weights = new NDArray(new Float64Array(500).fill(2));
  const doubled = histogram2d(x, y, { bins: [7, new NDArray([-1, 0, 0.2, 2])], weights });
  expect(doubled.counts.toArray()).toEqual(expected.map((row) => row.map((n) => 2 * n)));
});

describe("bincount", () => {
  test("counts, minlength, weights", () => {
    const x = new NDArray([0, 1, 1, 3], { dtype: "uint8" });
    expect(bincount(x).toArray()).toEqual([1, 2, 0, 1]);
    expect(bincount(x, { minlength: 6 }).toArray()).toEqual([1, 2, 0, 1, 0, 0]);
    const weights = new NDArray([0.5, 1, 1, -1]);
    expect(bincount(x, { weights }).toArray()).toEqual([0.5, 2, 0, -1]);
    expect(bincount(new NDArray([], { dtype: "int64" })).toArray()).toEqual([]);
  });

  test("negative and fractional values are refused", () => {
    expect(() => bincount(new NDArray([-1], { dtype: "int64" }))).toThrow(/non-negative/);
    expect(() => bincount(new NDArray([0.5]))).toThrow(/integers/);
  });
});

describe("searchsorted", () => {
  test("sides, ties, ends", () => {
    const sorted = new NDArray([1, 2, 2, 3]);
    const values = new NDArray([0, 1, 2, 2.5, 3, 4]);
    expect(searchsorted(sorted, values).toArray()).toEqual([0, 0, 1, 3, 3, 4]);
    expect(searchsorted(sorted, values, { side: "right" }).toArray()).toEqual([0, 1, 3, 3, 4, 4]);
  });

  test("NaN belongs at the end, -0 and +0 are equal", () => {
    const sorted = new NDArray([-1, 0, Number.NaN]);
    const values = new NDArray([Number.NaN, -0, 5]);
    expect(searchsorted(sorted, values).toArray()).toEqual([2, 1, 2]);
    expect(searchsorted(sorted, values, { side: "right" }).toArray()).toEqual([3, 2, 2]);
  });

  test("dtypes are promoted, empties answer 0", () => {
    const sorted = new NDArray([1, 3, 5], { dtype: "int32" });
    expect(searchsorted(sorted, new NDArray([2.5, 3])).toArray()).toEqual([1, 1]);
    expect(searchsorted(new NDArray([]), new NDArray([1, 2])).toArray()).toEqual([0, 0]);
    expect(searchsorted(sorted, new NDArray([])).toArray()).toEqual([]);
  });
});
