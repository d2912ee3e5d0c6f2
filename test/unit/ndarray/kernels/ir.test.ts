/**
 * @file Writing kernels: plain JSON, shared nodes, explicit casts, scalars that adapt, kernels put
 * into kernels.
 */
import { describe, expect, it } from "vitest";
import { complex } from "../../../../src/core/complex.ts";
import { isHeddleError } from "../../../../src/core/errors.ts";
import * as nd from "../../../../src/ndarray/index.ts";
import { runKernel } from "../../../../src/ndarray/kernels/evaluate.ts";
import {
  fromLiteral,
  type Kernel,
  KernelBuilder,
  kernelDType,
  toLiteral,
} from "../../../../src/ndarray/kernels/ir.ts";
import { farthest } from "../../../support/ulp.ts";

describe("KernelBuilder", () => {
  it("makes equal nodes once, and survives JSON", () => {
    const k = new KernelBuilder();
    const x = k.input("float64");
    const sum = k.binary("add", k.binary("multiply", x, 2), k.binary("multiply", x, 2));
    const kernel = k.build(sum);
    expect(kernel.nodes.map((node) => node.kind)).toEqual(["input", "scalar", "binary", "binary"]);
    const copy = JSON.parse(JSON.stringify(kernel)) as Kernel;
    expect(runKernel(copy, [nd.fromArray([1, 2])]).toArray()).toEqual([4, 8]);
  });

  it("casts where NumPy does", () => {
    const k = new KernelBuilder();
    const kernel = k.build(k.binary("divide", k.input("int32"), k.input("float32")));
    expect(kernelDType(kernel)).toBe("float64");
    expect(kernel.nodes.filter((node) => node.kind === "cast")).toHaveLength(2);
    expect(kernelDType(k.build(k.binary("add", k.input("float32"), 0.1)))).toBe("float32");
    expect(kernelDType(k.build(k.where(k.input("bool"), k.input("int8"), 3)))).toBe("int8");
    expect(kernelDType(k.reduce("sum", k.input("uint8")))).toBe("uint64");
    expect(kernelDType(k.reduce("argmax", k.input("float32")))).toBe("int64");
  });

  it("takes powers that are products at once, with the ends of the general power", () => {
    const x = nd.fromArray([2, -2, -0, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, 1e-200]);
    for (const y of [3, 1.5]) {
      const general = nd.power(x, nd.fromArray([y]));
      expect(farthest(nd.power(x, y).data, general.data).distance).toBeLessThanOrEqual(2);
    }
    expect(nd.power(x.at("1:5"), 1.5).toArray()).toEqual([Number.NaN, 0, Infinity, Infinity]);
    expect(nd.power(x.astype("float32"), 3).dtype).toBe("float32");
  });

  it("puts one kernel into another", () => {
    const inner = new KernelBuilder();
    const square = inner.build(inner.unary("square", inner.input("float64")));
    const k = new KernelBuilder();
    const [x, y] = [k.input("float64"), k.input("int16")];
    const total = k.binary("add", k.inline(square, [x]), k.inline(square, [y]));
    const result = runKernel(k.build(total), [
      nd.fromArray([3]),
      nd.fromArray([4], { dtype: "int16" }),
    ]);
    expect(result.toArray()).toEqual([25]);
    const reduced = inner.reduce("sum", inner.input("float64"));
    expect(() => k.inline(reduced, [x])).toThrow(/reduction cannot be inlined/);
  });

  it("refuses what a dtype does not have, when the kernel is written", () => {
    const k = new KernelBuilder();
    for (const build of [
      () => k.binary("subtract", k.input("bool"), k.input("bool")),
      () => k.unary("negative", k.input("bool")),
      () => k.unary("invert", k.input("float64")),
      () => k.unary("floor", k.input("complex64")),
      () => k.binary("bitwiseAnd", k.input("float32"), 1),
      () => k.binary("add", k.input("datetime64"), k.input("float64")),
    ]) {
      let error: unknown;
      try {
        build();
      } catch (caught) {
        error = caught;
      }
      expect(isHeddleError(error, "DTypeMismatch"), build.toString()).toBe(true);
    }
  });
});

it("scalars that JSON has no number for keep their value", () => {
  for (const value of [Number.NaN, Number.NEGATIVE_INFINITY, -0, 0.1, 5]) {
    const back = JSON.parse(JSON.stringify(toLiteral(value)));
    expect(fromLiteral(back, "float64")).toBe(value);
  }
  expect(fromLiteral(toLiteral(2n ** 62n + 1n), "int64")).toBe(2n ** 62n + 1n);
  expect(fromLiteral(toLiteral(complex(-0, Number.NaN)), "complex128")).toEqual(
    complex(-0, Number.NaN),
  );
  const k = new KernelBuilder();
  const kernel = k.build(k.binary("maximum", k.input("float64"), Number.NEGATIVE_INFINITY));
  expect(runKernel(kernel, [nd.fromArray([1, -2])]).toArray()).toEqual([1, -2]);
});

it("writes into a given array, whatever its strides", () => {
  const k = new KernelBuilder();
  const kernel = k.build(k.binary("multiply", k.input("float64"), 3));
  const target = nd.zeros([4, 2]);
  const out = target.T.at("0, ::-1");
  expect(runKernel(kernel, [nd.fromArray([1, 2, 3, 4])], out)).toBe(out);
  expect(target.toArray()).toEqual([
    [12, 0],
    [9, 0],
    [6, 0],
    [3, 0],
  ]);
});

it("checks the arrays that it is given", () => {
  const k = new KernelBuilder();
  const kernel = k.build(k.unary("exp", k.input("float64")));
  expect(() => runKernel(kernel, [nd.arange(3)])).toThrow(
    /takes arrays of \[float64\], not of \[int64\]/,
  );
  expect(() => runKernel(kernel, [])).toThrow(/not of \[\]/);
  const sum = k.build(k.binary("add", k.input("float64"), k.input("float64")));
  expect(() => runKernel(sum, [nd.ones(2), nd.ones(3), nd.ones(3)].slice(0, 3))).toThrow(
    /do not broadcast/,
  );
});
