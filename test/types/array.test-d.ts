/** @file Types of lazy arrays: dtypes and ranks through operators, and what must not compile. */
import { expectTypeOf, test } from "vitest";
import * as da from "../../src/array/index.ts";
import type { NDArray } from "../../src/ndarray/index.ts";

const x = da.ones([4, 4], { chunks: 2 });
const i = da.zeros([4, 4], { dtype: "int32" });
const f = da.zeros([4, 4], { dtype: "f4" });

test("dtypes follow creation, operators and reductions", () => {
  expectTypeOf(x).toEqualTypeOf<da.DistArray<"float64">>();
  expectTypeOf(f).toEqualTypeOf<da.DistArray<"float32">>();
  expectTypeOf(da.arange(10)).toEqualTypeOf<da.DistArray<"int64">>();
  expectTypeOf(x.add(1)).toEqualTypeOf<da.DistArray<"float64">>();
  expectTypeOf(x.add(x)).toEqualTypeOf<da.DistArray<"float64">>();
  expectTypeOf(x.lt(i)).toEqualTypeOf<da.DistArray<"bool">>();
  expectTypeOf(i.div(2)).toEqualTypeOf<da.DistArray<"float64">>();
  expectTypeOf(f.div(2)).toEqualTypeOf<da.DistArray<"float32">>();
  expectTypeOf(i.astype("f4")).toEqualTypeOf<da.DistArray<"float32">>();
  expectTypeOf(da.sin(f)).toEqualTypeOf<da.DistArray<"float32">>();
  expectTypeOf(i.sum({ axis: 0 })).toEqualTypeOf<da.DistArray<"int64">>();
  expectTypeOf(i.mean(1)).toEqualTypeOf<da.DistArray<"float64">>();
});

test("reductions over all axes compute to plain values", () => {
  expectTypeOf(x.sum()).toEqualTypeOf<da.DistArray<"float64", "scalar">>();
  expectTypeOf(x.sum().compute()).resolves.toEqualTypeOf<number>();
  expectTypeOf(x.gt(0).any().compute()).resolves.toEqualTypeOf<boolean>();
  expectTypeOf(x.sum().mul(4).compute()).resolves.toEqualTypeOf<number>();
  expectTypeOf(x.sub(x.mean()).compute()).resolves.toEqualTypeOf<NDArray<"float64">>();
  expectTypeOf(x.sum({ axis: 0 }).compute()).resolves.toEqualTypeOf<NDArray<"float64">>();
  expectTypeOf(da.max(x).compute()).resolves.toEqualTypeOf<number>();
  expectTypeOf(da.expr<"float64">`mean(${x})`.compute()).resolves.toEqualTypeOf<number>();
  const table = da.expr<"float64", "array">`${x} * 2`;
  expectTypeOf(table.compute()).resolves.toEqualTypeOf<NDArray<"float64">>();
});

test("what computes to a plain value says so; what may, is a union", () => {
  type Either = NDArray<"float64"> | number;
  expectTypeOf(x.at(3).compute()).resolves.toEqualTypeOf<Either>();
  expectTypeOf(x.at("0, 1").compute()).resolves.toEqualTypeOf<Either>();
  expectTypeOf(x.at(0, "1:").compute()).resolves.toEqualTypeOf<NDArray<"float64">>();
  expectTypeOf(x.at([0, 2]).compute()).resolves.toEqualTypeOf<NDArray<"float64">>();
  expectTypeOf(x.at(x.argmax()).compute()).resolves.toEqualTypeOf<Either>();
  expectTypeOf(x.dot(x).compute()).resolves.toEqualTypeOf<Either>();
  expectTypeOf(da.expr`${x} + 1`).toEqualTypeOf<da.DistArray<da.DType, da.Rank>>();
  expectTypeOf(da.median(x).compute()).resolves.toBeNumber();
  expectTypeOf(da.median(x, { axis: 0 })).toEqualTypeOf<da.DistArray<"float64">>();
  expectTypeOf(da.quantile(x, 0.5).compute()).resolves.toBeNumber();
  expectTypeOf(da.quantile(x, [0.5])).toEqualTypeOf<da.DistArray<"float64">>();
  expectTypeOf(da.countNonzero(x).compute()).resolves.toBeNumber();
  expectTypeOf(da.countNonzero(x, { axis: 0 })).toEqualTypeOf<da.DistArray<"int64">>();
  expectTypeOf(da.average(x)).toEqualTypeOf<da.DistArray<da.DType, "scalar">>();
  expectTypeOf(da.average(x, { axis: 0 })).toEqualTypeOf<da.DistArray>();
  expectTypeOf(da.random.random().compute()).resolves.toBeNumber();
  expectTypeOf(da.random.random([2])).toEqualTypeOf<da.DistArray<"float64">>();
  expectTypeOf(da.random.random({ size: 2 })).toEqualTypeOf<da.DistArray<"float64">>();
  expectTypeOf(da.corrcoef(x, x)).toEqualTypeOf<da.DistArray<"float64">>();
});

test("reductions with a dtype give that dtype, with ddof alone a plain value", () => {
  expectTypeOf(i.sum({ dtype: "f4" })).toEqualTypeOf<da.DistArray<"float32", "scalar">>();
  expectTypeOf(i.sum({ axis: 0, dtype: "f4" })).toEqualTypeOf<da.DistArray<"float32">>();
  expectTypeOf(da.sum(i, { dtype: "f8" })).toEqualTypeOf<da.DistArray<"float64", "scalar">>();
  expectTypeOf(x.std({ ddof: 1 })).toEqualTypeOf<da.DistArray<"float64", "scalar">>();
  expectTypeOf(da.std(x, { axis: 0, ddof: 1 })).toEqualTypeOf<da.DistArray<"float64">>();
});

test("functions of blocks learn where these stand only when they ask for it", () => {
  x.mapBlocks((block, info) => block.mul(info.chunkLocation[0] ?? 0), { blockInfo: true });
  da.mapBlocks((_a, _b, info) => info.chunkShape, x, i, { blockInfo: true });
  // @ts-expect-error blockInfo is not asked for
  x.mapBlocks((_block, info) => info.chunkShape);
  // @ts-expect-error neither here
  da.mapBlocks((_a, info) => info.chunkShape, x, { dtype: "f8" });
});

test("functions of blocks get local arrays", () => {
  const mapped = x.mapBlocks((block) => {
    expectTypeOf(block).toEqualTypeOf<NDArray<"float64">>();
    return block;
  });
  expectTypeOf(mapped).toEqualTypeOf<da.DistArray<"float64">>();
  const both = da.mapBlocks(
    (a, b, factor) => {
      expectTypeOf(a).toEqualTypeOf<NDArray<"float64">>();
      expectTypeOf(b).toEqualTypeOf<NDArray<"int32">>();
      expectTypeOf(factor).toBeNumber();
      return a;
    },
    x,
    i,
    3,
    { dtype: "f8" },
  );
  expectTypeOf(both).toEqualTypeOf<da.DistArray<"float64">>();
});

test("what must not compile", () => {
  // @ts-expect-error no such dtype
  da.ones([2], { dtype: "float65" });
  // @ts-expect-error not an operand
  x.add("1");
  // @ts-expect-error an array of names is no index
  x.at(["a"]);
  // @ts-expect-error chunks are no boolean
  da.ones([2], { chunks: true });
});

test("an array of one dtype or rank is an array of any", () => {
  i satisfies da.DistArray;
  f satisfies da.DistArray<"float32" | "float64">;
  x.sum() satisfies da.DistArray<da.DType, da.Rank>;
  // @ts-expect-error but not the other way round
  x.add(1) satisfies da.DistArray<"int64">;
});

test("dtypes of two arrays are promoted as NumPy does", () => {
  expectTypeOf(i.add(f)).toEqualTypeOf<da.DistArray<"float64">>();
  const h = da.ones([4], { dtype: "i2" });
  expectTypeOf(f.mul(h)).toEqualTypeOf<da.DistArray<"float32">>();
  expectTypeOf(i.div(i)).toEqualTypeOf<da.DistArray<"float64">>();
  expectTypeOf(x.lt(0).and(i.gt(1))).toEqualTypeOf<da.DistArray<"bool">>();
});

test("where of a condition alone gives positions, mapBlocks without arrays its dtype", () => {
  expectTypeOf(da.where(x.gt(0))).toEqualTypeOf<da.DistArray<"int64">[]>();
  expectTypeOf(da.where(x.gt(0), x, 0)).toEqualTypeOf<da.DistArray>();
  const made = da.mapBlocks(() => 1, { chunks: [2], dtype: "int8" });
  expectTypeOf(made).toEqualTypeOf<da.DistArray<"int8">>();
  expectTypeOf(da.random.permutation(i)).toEqualTypeOf<da.DistArray<"int32">>();
  x.at(i) satisfies da.DistArray;
  // @ts-expect-error a condition takes two values or none
  da.where(x.gt(0), x);
});
