/** @file What users may get wrong in calls of arrays: misspelt options, at build time. */
import { describe, expect, test } from "vitest";
import * as da from "../../../src/array/index.ts";
import * as nd from "../../../src/ndarray/index.ts";

const x = da.arange(12, { chunks: 6 }).reshape([3, 4]);
const local = nd.arange(12).reshape([3, 4]);
const rng = da.random.defaultRng(1);
const own = nd.defaultRng(1);

/** An option object that no function knows, past the type checker. */
const bad = (name: string): never => ({ [name]: 1 }) as never;

const lazy: Record<string, readonly [near: string, call: (o: never) => unknown]> = {
  ones: ["chunks", (o) => da.ones([2], o)],
  full: ["chunks", (o) => da.full([2], 7, o)],
  eye: ["chunks", (o) => da.eye(2, o)],
  arange: ["chunks", (o) => da.arange(3, o)],
  linspace: ["chunks", (o) => da.linspace(0, 1, o)],
  fromArray: ["chunks", (o) => da.fromArray([1, 2], o)],
  asarray: ["chunks", (o) => da.asarray(x, o)],
  fromFunction: ["chunks", (o) => da.fromFunction((i) => i, [2], o)],
  onesLike: ["chunks", (o) => da.onesLike(x, o)],
  tri: ["chunks", (o) => da.tri(3, o)],
  mapBlocks: ["chunks", (o) => x.mapBlocks((block) => block, o)],
  random: ["chunks", (o) => rng.random([2], o)],
  normal: ["chunks", (o) => rng.normal(0, 1, [2], o)],
  integers: ["chunks", (o) => rng.integers(0, 10, o)],
  choice: ["chunks", (o) => rng.choice(5, o)],
  sum: ["axis", (o) => x.sum(o)],
  "da.sum": ["axis", (o) => da.sum(x, o)],
  mean: ["axis", (o) => da.mean(x, o)],
  argmin: ["axis", (o) => x.argmin(o)],
  countNonzero: ["axis", (o) => da.countNonzero(x, o)],
  cumsum: ["axis", (o) => x.cumsum(o)],
  "da.cumprod": ["axis", (o) => da.cumprod(x, o)],
  concatenate: ["axis", (o) => da.concatenate([x, x], o)],
  stack: ["axis", (o) => da.stack([x, x], o)],
  roll: ["axis", (o) => da.roll(x, 1, o)],
  take: ["axis", (o) => da.take(x, [0], o)],
  diff: ["axis", (o) => da.diff(x, o)],
  sort: ["axis", (o) => da.sort(x, o)],
  topk: ["axis", (o) => da.topk(x, 2, o)],
  quantile: ["axis", (o) => da.quantile(x, 0.5, o)],
  percentile: ["axis", (o) => da.percentile(x, 50, o)],
  average: ["axis", (o) => da.average(x, o)],
  tensordot: ["axes", (o) => da.tensordot(x, x, o)],
  histogram: ["bins", (o) => da.histogram(x, o)],
  histogram2d: ["bins", (o) => da.histogram2d(x, x, o)],
  bincount: ["weights", (o) => da.bincount(x, o)],
  cov: ["rowvar", (o) => da.cov(x, null, o)],
  corrcoef: ["rowvar", (o) => da.corrcoef(x, null, o)],
  isclose: ["rtol", (o) => da.isclose(x, 1, o)],
  allclose: ["rtol", (o) => da.allclose(x, 1, o)],
  nanToNum: ["nan", (o) => da.nanToNum(x, o)],
  isin: ["invert", (o) => da.isin(x, [1], o)],
  tril: ["k", (o) => da.tril(x, o)],
  meshgrid: ["indexing", (o) => da.meshgrid([x], o)],
  rechunk: ["blockSizeLimitBytes", (o) => x.rechunk(2, o)],
};

const here: Record<string, readonly [near: string, call: (o: never) => unknown]> = {
  NDArray: ["dtype", (o) => new nd.NDArray([1], o)],
  fromArray: ["dtype", (o) => nd.fromArray([1], o)],
  zeros: ["dtype", (o) => nd.zeros([2], o)],
  eye: ["dtype", (o) => nd.eye(2, o)],
  arange: ["dtype", (o) => nd.arange(0, 3, 1, o)],
  linspace: ["dtype", (o) => nd.linspace(0, 1, 3, o)],
  sum: ["axis", (o) => local.sum(o)],
  std: ["axis", (o) => local.std(o)],
  "nd.mean": ["axis", (o) => nd.mean(local, o)],
  "nd.nanmax": ["axis", (o) => nd.nanmax(local, o)],
  cumsum: ["axis", (o) => nd.cumsum(local, o)],
  sort: ["axis", (o) => nd.sort(local, o)],
  take: ["axis", (o) => nd.take(local, [0], o)],
  concatenate: ["axis", (o) => nd.concatenate([local], o)],
  searchsorted: ["side", (o) => nd.searchsorted(local.ravel(), local.ravel(), o)],
  histogram: ["bins", (o) => nd.histogram(local, o)],
  norm: ["axis", (o) => nd.norm(local.astype("float64"), o)],
  integers: ["dtype", (o) => own.integers(0, 10, o)],
  choice: ["size", (o) => own.choice(5, o)],
  permutation: ["axis", (o) => own.permutation(local, o)],
};

describe("a misspelt option is refused with the nearest name", () => {
  for (const [word, cases] of Object.entries({ lazy, local: here })) {
    test.each(Object.entries(cases))(`${word}: %s`, (_, [near, call]) => {
      const misspelt = near.length > 2 ? `${near}s` : `${near}_`;
      expect(() => call(bad(misspelt))).toThrow(
        expect.objectContaining({
          code: "InvalidArgument",
          message: expect.stringContaining(`did you mean "${near}"?`),
        }),
      );
    });
  }

  test("options of another function of the kind are refused too", () => {
    expect(() => x.max({ ddof: 1 } as never)).toThrow('max has no option "ddof"');
    expect(() => x.any({ dtype: "int8" } as never)).toThrow('any has no option "dtype"');
    expect(() => nd.sum(local, { ddof: 1 } as never)).toThrow('sum has no option "ddof"');
    expect(() => da.sort(x, 1 as never)).toThrow("sort takes an object of options, not number 1");
  });
});

describe("values that cannot be meant are refused when the array is built", () => {
  test.each<[string, () => unknown, string]>([
    ["NaN in integers", () => da.full([2], Number.NaN, { dtype: "int32" }), "DTypeMismatch"],
    ["a fraction in integers", () => da.full([2], 1.5, { dtype: "int32" }), "DTypeMismatch"],
    ["too large for uint8", () => da.fullLike(x.astype("uint8"), 300), "DTypeMismatch"],
    ["half a diagonal", () => da.eye(3, { k: 1.5 }), "InvalidArgument"],
    ["degrees of freedom", () => x.std({ ddof: Number.NaN }), "InvalidArgument"],
    ["decimals", () => x.astype("float64").round(Number.NaN), "InvalidArgument"],
    ["a negative length", () => da.bincount(x.ravel(), { minlength: -1 }), "InvalidArgument"],
    ["half a step", () => da.roll(x, 1.5), "InvalidArgument"],
    [
      "more than there are",
      () => da.random.choice(3, { size: 5, replace: false }),
      "InvalidArgument",
    ],
    ["half a position", () => local.get(0.5, 0), "InvalidArgument"],
  ])("%s", (_, build, code) => {
    expect(build).toThrow(expect.objectContaining({ code }));
  });
});
