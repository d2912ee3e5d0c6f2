/**
 * @file The local array: making, seeing, indexing, assigning, and the errors that say what to do
 * instead.
 */
import { describe, expect, it } from "vitest";
import { isHeddleError } from "../../../src/core/errors.ts";
import * as nd from "../../../src/ndarray/index.ts";
import { revoke } from "../../../src/ndarray/ndarray.ts";

const x = nd.arange(24).reshape([2, 3, 4]);

function code(run: () => unknown): string | undefined {
  try {
    run();
  } catch (error) {
    if (isHeddleError(error)) return error.code;
    throw error;
  }
  return undefined;
}

describe("making", () => {
  it("takes nested arrays, typed arrays and arrays", () => {
    expect(
      new nd.NDArray([
        [1, 2],
        [3, 4],
      ]).dtype,
    ).toBe("float64");
    expect(new nd.NDArray([1n, 2n]).dtype).toBe("int64");
    expect(new nd.NDArray([true, false]).dtype).toBe("bool");
    expect(new nd.NDArray([nd.complex(1, 2), 3]).toArray()).toEqual([
      nd.complex(1, 2),
      nd.complex(3),
    ]);
    expect(new nd.NDArray(new Int16Array([1, 2])).dtype).toBe("int16");
    expect(new nd.NDArray(new Float32Array([1.5, 2]), { dtype: "int32" }).toArray()).toEqual([
      1, 2,
    ]);
    expect(new nd.NDArray([1, 2, 3, 4], { shape: [2, -1] }).toArray()).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect(new nd.NDArray(new Float64Array([1, 2, 3, 4]), { dtype: "complex128" }).shape).toEqual([
      2,
    ]);
  });

  it("copies its data", () => {
    const data = new Float64Array([1, 2]);
    const array = nd.fromArray(data);
    data[0] = 9;
    expect(array.toArray()).toEqual([1, 2]);
  });

  it("accepts short codes", () => {
    expect(nd.zeros(2, { dtype: "<f4" }).dtype).toBe("float32");
    expect(nd.ones([1, 2], { dtype: "?" }).toArray()).toEqual([[true, true]]);
    expect(nd.full(2, 7, { dtype: "u8" }).toArray({ int64: "bigint" })).toEqual([7n, 7n]);
  });

  it("counts as NumPy", () => {
    expect(nd.arange(5).dtype).toBe("int64");
    expect(nd.arange(1, 2, 0.25).toArray()).toEqual([1, 1.25, 1.5, 1.75]);
    expect(nd.arange(5, 0, -2).toArray()).toEqual([5, 3, 1]);
    expect(nd.arange(3, 1).shape).toEqual([0]);
    expect(nd.linspace(0, 1, 5).toArray()).toEqual([0, 0.25, 0.5, 0.75, 1]);
    expect(nd.linspace(0, 4, 4, { endpoint: false, dtype: "int32" }).toArray()).toEqual([
      0, 1, 2, 3,
    ]);
    expect(nd.eye(2, { m: 3, k: 1 }).toArray()).toEqual([
      [0, 1, 0],
      [0, 0, 1],
    ]);
  });

  it("refuses ragged rows, fractions for integers, numbers out of range and unknown dtypes", () => {
    expect(code(() => nd.fromArray([[1, 2], [3]]))).toBe("InvalidShape");
    expect(code(() => nd.fromArray([1.5], { dtype: "int32" }))).toBe("DTypeMismatch");
    expect(code(() => nd.fromArray([300], { dtype: "uint8" }))).toBe("DTypeMismatch");
    expect(() => nd.zeros(2, { dtype: "flaot64" as "float64" })).toThrow(/did you mean "float64"/);
    expect(code(() => nd.zeros([-1]))).toBe("InvalidShape");
    expect(code(() => nd.fromArray([Number.NaN], { dtype: "int8" }))).toBe("DTypeMismatch");
  });
});

describe("seeing", () => {
  it("gives views that share memory", () => {
    const base = nd.zeros([2, 3]);
    base.T.set(5, 1, 0);
    base.at("1").fill(7);
    base.reshape([6]).set(1, 0);
    expect(base.toArray()).toEqual([
      [1, 5, 0],
      [7, 7, 7],
    ]);
  });

  it("reshapes without a copy where that is possible", () => {
    expect(x.reshape([4, -1]).storage).toBe(x.storage);
    expect(x.T.reshape([24]).storage).not.toBe(x.storage);
    expect(x.T.ravel().at(":3").toArray()).toEqual([0, 12, 4]);
    expect(nd.zeros([0, 3]).ravel().shape).toEqual([0]);
    expect(code(() => x.reshape([5, 5]))).toBe("InvalidShape");
  });

  it("squeezes, expands, broadcasts and exchanges axes", () => {
    const column = nd.arange(3).expandDims([1, 2]);
    expect(column.shape).toEqual([3, 1, 1]);
    expect(column.squeeze().shape).toEqual([3]);
    expect(column.squeeze(1).shape).toEqual([3, 1]);
    expect(code(() => column.squeeze(0))).toBe("InvalidAxis");
    expect(nd.arange(2).broadcastTo([2, 2]).toArray()).toEqual([
      [0, 1],
      [0, 1],
    ]);
    expect(x.swapaxes(0, -1).shape).toEqual([4, 3, 2]);
    expect(x.transpose([1, 0, 2]).get(2, 1, 3)).toBe(23);
    expect(code(() => x.transpose([0, 0, 1]))).toBe("InvalidAxis");
    expect(code(() => nd.arange(3).broadcastTo([2]))).toBe("InvalidShape");
  });

  it("has the parts of complex numbers as views", () => {
    const z = nd.fromArray([nd.complex(1, 2), nd.complex(3, -4)]);
    z.imag.set(9, 1);
    expect([z.real.toArray(), z.get(1)]).toEqual([[1, 3], nd.complex(3, 9)]);
    expect(nd.arange(2).imag.toArray()).toEqual([0, 0]);
  });

  it("iterates along the first axis", () => {
    expect([...nd.arange(3)]).toEqual([0, 1, 2]);
    expect([...x].map((part) => (part as nd.NDArray).shape)).toEqual([
      [3, 4],
      [3, 4],
    ]);
    expect(code(() => [...x.at(0, 0, 0)])).toBe("InvalidShape");
  });
});

describe("indexing", () => {
  it("slices as NumPy", () => {
    expect(x.at("1, ::2, -1").toArray()).toEqual([15, 23]);
    expect(x.at("...", 0).shape).toEqual([2, 3]);
    expect(x.at(null, "...", null, 0).shape).toEqual([1, 2, 3, 1]);
    expect(x.at(nd.slice(1, null), 0).toArray()).toEqual([[12, 13, 14, 15]]);
    expect(nd.arange(5).at("::-1").toArray()).toEqual([4, 3, 2, 1, 0]);
    expect(nd.arange(5).at("3:1").size).toBe(0);
    expect(nd.arange(5).at("-100:100:2").toArray()).toEqual([0, 2, 4]);
  });

  it("takes integers and booleans as NumPy, as copies", () => {
    const m = nd.arange(12).reshape([3, 4]);
    expect(m.at([2, 0]).toArray()).toEqual([
      [8, 9, 10, 11],
      [0, 1, 2, 3],
    ]);
    expect(m.at([0, 2], [1, 3]).toArray()).toEqual([1, 11]);
    expect(m.at(nd.fromArray([[0], [2]], { dtype: "int64" }), [1, 3]).toArray()).toEqual([
      [1, 3],
      [9, 11],
    ]);
    expect(m.at(":", [1, -1]).toArray()).toEqual([
      [1, 3],
      [5, 7],
      [9, 11],
    ]);
    expect(m.at([true, false, true], 1).toArray()).toEqual([1, 9]);
    expect(m.at(nd.greater(m, 8)).toArray()).toEqual([9, 10, 11]);
    // Arrays apart from each other: their shape comes first.
    expect(x.at([0, 1], ":", [1, 2]).shape).toEqual([2, 3]);
    expect(x.at(":", [0, 1], [1, 2]).shape).toEqual([2, 2]);
    expect(x.at(0, ":", [1, 2]).shape).toEqual([2, 3]);
    expect(m.at([]).shape).toEqual([0, 4]);
    expect(m.at(new Int32Array([1])).shape).toEqual([1, 4]);
  });

  it("assigns through every kind of index", () => {
    const m = nd.zeros([3, 4], { dtype: "int32" });
    m.set(1, "::2");
    m.set([5, 6], [0, 1], [0, 0]);
    m.set(9, nd.greater(m, 5));
    m.set([[7], [8]], [1, 2], "2:");
    expect(m.toArray()).toEqual([
      [5, 1, 1, 1],
      [9, 0, 7, 7],
      [1, 1, 8, 8],
    ]);
    m.set(m.T.at(":3, :3"), ":, :3");
    expect(m.at(":, 0").toArray()).toEqual([5, 1, 1]);
  });

  it("says what is wrong with an index", () => {
    expect(() => x.at(2)).toThrow(
      /Index 2 is out of bounds for axis 0 of length 2 \(allowed: -2 to 1\)/,
    );
    expect(() => x.at("0, 0, 0, 0")).toThrow(/3 dimensions, but 4 were indexed/);
    expect(() => x.at("a")).toThrow(/"a" is not an integer/);
    expect(() => x.at("::0")).toThrow(/must not be zero/);
    expect(() => x.at([0.5])).toThrow(/integers or booleans/);
    expect(() => x.at([true])).toThrow(/does not match the axes/);
    expect(code(() => x.at([0, 5]))).toBe("InvalidArgument");
    expect(code(() => x.get(0))).toBe("InvalidArgument");
    expect(code(() => x.at("...", "..."))).toBe("InvalidArgument");
  });
});

describe("elements outside", () => {
  it("64-bit integers are numbers, or bigints on demand; unsafe ones name the option", () => {
    const big = nd.fromArray([2n ** 60n, 1n]);
    expect(big.at(1).item()).toBe(1);
    expect(() => big.toArray()).toThrow(/int64: "bigint"/);
    expect(code(() => big.get(0))).toBe("UnsafeInteger");
    expect(big.toArray({ int64: "bigint" })).toEqual([2n ** 60n, 1n]);
    expect(JSON.stringify(big)).toBe('["1152921504606846976",1]');
  });

  it("dates go in and come out", () => {
    const date = new Date("2026-01-02T03:04:05.678Z");
    expect(nd.fromArray([date] as never, { dtype: "datetime64" }).toArray()).toEqual([date]);
  });

  it("item wants exactly one element", () => {
    expect(nd.fromArray([[5]]).item()).toBe(5);
    expect(code(() => x.item())).toBe("InvalidShape");
  });
});

describe("functions", () => {
  it("reduce to plain values, or along axes to arrays", () => {
    expect(nd.sum(x)).toBe(276);
    expect(nd.sum(x, { axis: [0, 2] }).toArray()).toEqual([60, 92, 124]);
    expect(nd.mean(x, { axis: -1, keepdims: true }).shape).toEqual([2, 3, 1]);
    expect(nd.max(x, { axis: 1 }).toArray()).toEqual([
      [8, 9, 10, 11],
      [20, 21, 22, 23],
    ]);
    expect(nd.argmax(nd.fromArray([1, Number.NaN, 3]))).toBe(1);
    expect(nd.std(nd.fromArray([1, 2, 3, 4]), { ddof: 1 })).toBeCloseTo(1.2909944487358056, 15);
    expect(nd.any(nd.zeros(0))).toBe(false);
    expect(nd.sum(nd.zeros([0, 2]), { axis: 0 }).toArray()).toEqual([0, 0]);
    expect(code(() => nd.max(nd.zeros(0)))).toBe("InvalidShape");
    expect(nd.max(nd.zeros([0, 3]), { axis: 1 }).shape).toEqual([0]);
    expect(code(() => nd.sum(x, { axis: 3 }))).toBe("InvalidAxis");
    expect(code(() => nd.sum(x, { axis: [0, 0] }))).toBe("InvalidAxis");
  });

  it("ignore NaN where their name says so", () => {
    const y = nd.fromArray([
      [1, Number.NaN],
      [Number.NaN, Number.NaN],
    ]);
    expect(nd.nansum(y)).toBe(1);
    expect(nd.nanmax(y, { axis: 1 }).toArray()).toEqual([1, Number.NaN]);
    expect(nd.nanmean(y, { axis: 1 }).toArray()).toEqual([1, Number.NaN]);
  });

  it("keep a float dtype beside numbers, and an integer dtype beside integers only", () => {
    expect(nd.add(nd.ones(2, { dtype: "float32" }), 0.1).dtype).toBe("float32");
    expect(nd.add(nd.ones(2, { dtype: "int8" }), 1).dtype).toBe("int8");
    expect(() => nd.add(nd.ones(2, { dtype: "int8" }), 0.5)).toThrow(/astype\("float64"\)/);
    expect(() => nd.add(nd.ones(2, { dtype: "int8" }), 1000)).toThrow(/out of bounds for int8/);
    expect(nd.less(nd.ones(2, { dtype: "int8" }), 1.5).toArray()).toEqual([true, true]);
    expect(nd.divide(nd.ones(2, { dtype: "int8" }), 2).toArray()).toEqual([0.5, 0.5]);
    expect(() => nd.power(nd.arange(3), -1)).toThrow(/negative power/);
    expect(() => nd.power(nd.arange(3), nd.fromArray([-1n, -1n, -1n]))).toThrow(/negative/);
  });

  it("round halves to even and clip to either side", () => {
    expect(nd.round(nd.fromArray([0.5, 1.5, 2.5])).toArray()).toEqual([0, 2, 2]);
    expect(nd.round(nd.fromArray([1.2345, 5.678]), 2).toArray()).toEqual([1.23, 5.68]);
    expect(nd.round(nd.fromArray([15n, 25n]), -1).toArray()).toEqual([20, 20]);
    expect(nd.clip(nd.arange(5), 1, 3).toArray()).toEqual([1, 1, 2, 3, 3]);
    expect(nd.clip(nd.arange(5), null, 3).toArray()).toEqual([0, 1, 2, 3, 3]);
  });

  it("join arrays", () => {
    const a = nd.ones([2, 1]);
    expect(nd.concatenate([a, nd.zeros([2, 2])], { axis: 1 }).toArray()).toEqual([
      [1, 0, 0],
      [1, 0, 0],
    ]);
    expect(nd.stack([a, a], { axis: -1 }).shape).toEqual([2, 1, 2]);
    expect(code(() => nd.concatenate([a, nd.zeros([3, 2])], { axis: 1 }))).toBe("InvalidShape");
    expect(code(() => nd.concatenate([]))).toBe("InvalidArgument");
    expect(nd.concatenate<nd.DType>([nd.ones(1), nd.fromArray([true])]).dtype).toBe("float64");
  });
});

it("a revoked array and its views say why they cannot be used", () => {
  const array = nd.ones([2, 2]);
  const view = array.T;
  const values = array.data;
  revoke(array);
  expect(() => view.toArray()).toThrow(/task that it was given to has ended/);
  expect(() => nd.add(array, 1)).toThrow(/copy\(\)/);
  expect(values[0]).toBe(1);
});

it("tells once when its raw elements are handed out", () => {
  const array = nd.ones(3);
  const seen: unknown[] = [];
  array.storage.onExpose = (values) => seen.push(values);
  nd.sum(array);
  expect(seen).toEqual([]);
  expect([array.data, array.T.data]).toEqual([seen[0], seen[0]]);
  expect(seen).toHaveLength(1);
});

describe("methods", () => {
  it("write formulas as distributed arrays do", () => {
    const a = nd.fromArray([
      [1, 2],
      [3, 4],
    ]);
    expect(a.add(a).mul(2).sub(1).toArray()).toEqual([
      [3, 7],
      [11, 15],
    ]);
    expect(a.div(2).pow(2).sum()).toBe(7.5);
    expect(a.square().add(a.T.square()).lt(13).toArray()).toEqual([
      [true, false],
      [false, false],
    ]);
    expect(a.gt(1).and(a.le(3)).any({ axis: 0 }).toArray()).toEqual([true, true]);
    expect(a.mean({ axis: 1 }).toArray()).toEqual([1.5, 3.5]);
    expect([a.std(), a.var({ ddof: 1 }), a.argmax(), a.min()]).toEqual([
      Math.sqrt(1.25),
      5 / 3,
      3,
      1,
    ]);
    expect(a.negative().abs().clip(2, 3).toArray()).toEqual([
      [2, 2],
      [3, 3],
    ]);
    expect(a.sub(2.5).round().mod(2).toArray()).toEqual([
      [0, 0],
      [0, 0],
    ]);
  });

  it("keep static types", () => {
    const ints: nd.NDArray<"int32"> = nd.ones(2, { dtype: "int32" }).add(1);
    const means: nd.NDArray<"float64"> = ints.mean({ axis: 0 });
    const total: number = ints.sum();
    const mask: nd.NDArray<"bool"> = ints.eq(2);
    expect([means.dtype, total, mask.all()]).toEqual(["float64", 4, true]);
  });
});

describe("JavaScript's operators", () => {
  /** What plain JavaScript may do where the types allow less. */
  const plain = (value: unknown): number => value as number;

  it("on arrays say what to write instead of giving false", () => {
    const y = plain(nd.ones([3]));
    for (const operate of [() => y > 0, () => +y, () => y + 1]) {
      expect(operate).toThrow(
        expect.objectContaining({
          code: "InvalidArgument",
          message: expect.stringContaining("x.gt(0) for x > 0"),
        }),
      );
    }
    expect(`${y}`).toBe("[1. 1. 1.]");
  });

  it("take an array of one element for it, as NumPy does", () => {
    const two = plain(nd.fromArray([2]));
    expect([two > 1, two + 1, -two, plain(nd.fromArray([[true]])) + 1]).toEqual([true, 3, -2, 2]);
    const complex = plain(nd.ones([1], { dtype: "complex128" }));
    expect(() => complex + 1).toThrow("cannot be used with JavaScript's operators");
  });
});

it("lengths and axes may be given one by one", () => {
  const y = nd.arange(6);
  expect(y.reshape(2, 3).shape).toEqual([2, 3]);
  expect(y.reshape(2, -1).transpose(1, 0).toArray()).toEqual(y.reshape([2, 3]).T.toArray());
  expect(y.reshape(6).shape).toEqual([6]);
});
