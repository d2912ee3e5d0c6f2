/**
 * @file The two kernel back ends against each other: every operation, cast and reduction on random
 * elements (special values among them), contiguous, strided, reversed and broadcast, of every
 * length around the sizes of vectors.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type AnyTypedArray,
  DTYPES,
  type DType,
  isBig,
  itemsizeOf,
  kindOf,
} from "../../src/core/dtype.ts";
import { isHeddleError } from "../../src/core/errors.ts";
import * as nd from "../../src/ndarray/index.ts";
import { runKernel } from "../../src/ndarray/kernels/evaluate.ts";
import { type Kernel, KernelBuilder, type Ref } from "../../src/ndarray/kernels/ir.ts";
import { BINARY_OPS, type ReduceOp, UNARY_OPS } from "../../src/ndarray/kernels/rules.ts";
import { shapeOf } from "../../src/ndarray/kernels/wasm/programs.ts";
import type { NDArray } from "../../src/ndarray/ndarray.ts";
import { inTier } from "../support/tier.ts";
import { farthest } from "../support/ulp.ts";

const numRuns = inTier(2, 10);

const LANES = DTYPES.filter((dtype) => !"cmM".includes(kindOf(dtype)));
/** Computed by formulas of our own in WebAssembly, by the host's functions in JavaScript. */
const FORMULAS: readonly string[] = ["power", "arctan2", "hypot"];
const REDUCTIONS: readonly ReduceOp[] = [
  "sum",
  "prod",
  "min",
  "max",
  "any",
  "all",
  "argmin",
  "argmax",
];

/** An array of `n` elements from arbitrary bits and doubles. */
function arrayOf(
  dtype: DType,
  n: number,
  bits: readonly bigint[],
  doubles: readonly number[],
): NDArray {
  const array = nd.empty([n], { dtype });
  const values = array.data as AnyTypedArray;
  for (let i = 0; i < n; i++) {
    const integer = BigInt.asIntN(itemsizeOf(dtype) * 8, bits[i % bits.length] ?? 0n);
    if (kindOf(dtype) === "f") values[i] = (doubles[i % doubles.length] ?? 0) as never;
    else if (dtype === "bool") values[i] = Number(integer & 1n) as never;
    else values[i] = (isBig(dtype) ? integer : Number(integer)) as never;
  }
  return array as unknown as NDArray;
}

const elements = {
  n: fc.oneof(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 100, max: 300 })),
  bits: fc.array(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), {
    minLength: 7,
    maxLength: 61,
  }),
  small: fc.array(fc.bigInt({ min: -9n, max: 9n }), { minLength: 3, maxLength: 31 }),
  doubles: fc.array(
    fc.oneof(
      fc.double(),
      fc.double({ min: -1000, max: 1000 }),
      fc.constantFrom(0, -0, 1, -1, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
    ),
    { minLength: 5, maxLength: 53 },
  ),
};

/** The same elements seen in other ways. */
function views(x: NDArray): NDArray[] {
  return [
    x,
    x.at("::2"),
    x.at("::-1"),
    x
      .at("1::3")
      .expandDims(0)
      .broadcastTo([3, Math.ceil(Math.max(0, x.size - 1) / 3)]),
  ];
}

function agree(kernel: Kernel, inputs: readonly NDArray[], label: string, tolerance: number): void {
  let expected: NDArray;
  try {
    expected = runKernel(kernel, inputs, undefined, "js");
  } catch (error) {
    // What one back end refuses (a negative integer power, the extreme of nothing), the other must
    // refuse.
    expect(isHeddleError(error), String(error)).toBe(true);
    expect(() => runKernel(kernel, inputs), label).toThrow((error as Error).message);
    return;
  }
  const result = runKernel(kernel, inputs);
  expect([result.dtype, result.shape], label).toEqual([expected.dtype, expected.shape]);
  const [a, b] = [result.copy().data, expected.copy().data] as [AnyTypedArray, AnyTypedArray];
  const { distance, at } = farthest(a, b);
  expect(
    distance,
    `${label}: element ${at} is ${a[at]} in wasm, ${b[at]} in JavaScript`,
  ).toBeLessThanOrEqual(tolerance);
}

/** A kernel, or undefined where the operation has no meaning for the dtype. */
function kernelOf(
  dtypes: readonly DType[],
  write: (k: KernelBuilder, x: Ref[]) => Ref,
): Kernel | undefined {
  const k = new KernelBuilder();
  try {
    return k.build(
      write(
        k,
        dtypes.map((dtype) => k.input(dtype)),
      ),
    );
  } catch (error) {
    if (isHeddleError(error, "DTypeMismatch")) return undefined;
    throw error;
  }
}

describe.each(LANES)("%s in WebAssembly and in JavaScript", (dtype) => {
  it("unary operations", () => {
    for (const op of UNARY_OPS) {
      const kernel = kernelOf([dtype], (k, [x]) => k.unary(op, x as Ref));
      if (kernel === undefined) continue;
      const check = ({
        n,
        bits,
        doubles,
      }: {
        n: number;
        bits: bigint[];
        doubles: number[];
      }): void => {
        for (const x of views(arrayOf(dtype, n, bits, doubles)))
          agree(kernel, [x], `${op} ${dtype}`, 2);
      };
      fc.assert(fc.property(fc.record(elements), check), { numRuns });
    }
  });

  it("binary operations", () => {
    for (const op of BINARY_OPS) {
      const kernel = kernelOf([dtype, dtype], (k, [x, y]) => k.binary(op, x as Ref, y as Ref));
      if (kernel === undefined) continue;
      fc.assert(
        fc.property(fc.record(elements), ({ n, bits, small, doubles }) => {
          const x = arrayOf(dtype, n, bits, doubles);
          const y = arrayOf(dtype, n, small, [...doubles].reverse());
          const [xs, ys] = [views(x), views(y)];
          const tolerance = FORMULAS.includes(op) ? 2 : 0;
          for (const [i, view] of xs.entries()) {
            agree(kernel, [view, ys[i] as NDArray], `${op} ${dtype}`, tolerance);
          }
          if (n > 0) agree(kernel, [x, y.at(0)], `${op} ${dtype} and one`, tolerance);
        }),
        { numRuns },
      );
    }
  });

  it("casts", () => {
    for (const to of LANES) {
      const kernel = kernelOf([dtype], (k, [x]) => k.cast(x as Ref, to)) as Kernel;
      fc.assert(
        fc.property(fc.record(elements), ({ n, bits, doubles }) => {
          for (const x of views(arrayOf(dtype, n, bits, doubles)))
            agree(kernel, [x], `${dtype} to ${to}`, 0);
        }),
        { numRuns },
      );
    }
  });

  it("reductions, with the same bits", () => {
    for (const op of REDUCTIONS) {
      fc.assert(
        fc.property(
          fc.record(elements),
          fc.integer({ min: 1, max: 9 }),
          ({ n, bits, doubles }, rows) => {
            const x = arrayOf(dtype, n * rows, bits, doubles);
            const matrix = x.reshape([rows, n]);
            const shapes: [NDArray, number[] | null][] = [
              [x, null],
              [matrix, [0]],
              [matrix, [1]],
              [matrix.T, [0]],
              [matrix.at("::2, ::-2"), [1]],
              [matrix.at("::2, 1:"), null],
            ];
            for (const [array, axes] of shapes) {
              const k = new KernelBuilder();
              const kernel = k.reduce(op, k.input(dtype), { axes });
              agree(kernel, [array], `${op} ${dtype} [${array.shape}] axes ${axes}`, 0);
            }
          },
        ),
        { numRuns },
      );
    }
  });

  it("is really compiled to WebAssembly", () => {
    const kernel = kernelOf([dtype], (k, [x]) =>
      k.where(k.binary("equal", x as Ref, 1), x as Ref, 0),
    );
    expect(shapeOf(kernel as Kernel)).toBeDefined();
  });
});

describe("fused kernels", () => {
  it("mixed dtypes, casts, masks and scalars agree", () => {
    fc.assert(
      fc.property(
        fc.record(elements),
        fc.constantFrom(...LANES),
        fc.constantFrom(...LANES),
        (e, a, b) => {
          const kernel = kernelOf([a, b], (k, [x, y]) => {
            const sum = k.binary("add", k.cast(x as Ref, "float64"), y as Ref);
            const mask = k.binary(
              "logicalAnd",
              k.binary("less", sum, 100),
              k.unary("isfinite", y as Ref),
            );
            return k.where(mask, k.binary("multiply", sum, 0.5), k.cast(y as Ref, "float32"));
          }) as Kernel;
          const [x, y] = [arrayOf(a, e.n, e.bits, e.doubles), arrayOf(b, e.n, e.small, e.doubles)];
          agree(kernel, [x, y], `${a} ${b}`, 0);
        },
      ),
      { numRuns: 10 * numRuns },
    );
  });

  it("counts of a condition over two arrays agree, in every width of mask", () => {
    for (const dtype of LANES) {
      fc.assert(
        fc.property(fc.record(elements), ({ n, bits, small, doubles }) => {
          const k = new KernelBuilder();
          const kernel = k.reduce("sum", k.binary("less", k.input(dtype), k.input(dtype)));
          const x = arrayOf(dtype, n, bits, doubles);
          agree(kernel, [x, arrayOf(dtype, n, small, doubles)], dtype, 0);
        }),
        { numRuns },
      );
    }
  });
});

it("long rows and columns are summed pairwise, with the same bits in both back ends", () => {
  const wave = nd.fromArray(Array.from({ length: 30_000 }, (_, i) => Math.sin(i) * 1e3));
  for (const dtype of ["float32", "float64"] as const) {
    const x = wave.astype(dtype) as unknown as NDArray;
    for (const shape of [[30_000], [3000, 10], [10, 3000], [300, 100], [20, 50, 30]]) {
      const array = x.reshape(shape);
      for (const axes of [null, ...shape.map((_, axis) => [axis]), [0, shape.length - 1]]) {
        if (axes !== null && new Set(axes).size < axes.length) continue;
        const k = new KernelBuilder();
        const doubled = k.binary("multiply", k.input(dtype), 2);
        agree(k.reduce("sum", doubled, { axes }), [array], `${dtype} [${shape}] ${axes}`, 0);
      }
    }
  }
});

it("positions of extremes in lines of several blocks, sorted, equal and with a late NaN", () => {
  const n = 10_000;
  const lines: readonly [string, (i: number) => number][] = [
    ["ascending", (i) => i],
    ["descending", (i) => n - i],
    ["equal", () => 1],
    ["late NaN", (i) => (i === 9_001 ? Number.NaN : i % 7)],
  ];
  for (const dtype of ["float64", "float32"] as const) {
    for (const [name, element] of lines) {
      const x = nd.fromArray(Array.from({ length: 2 * n }, (_, i) => element(i % n))).astype(dtype);
      for (const shape of [[2, n], [n, 2], [2 * n]]) {
        for (const op of ["argmin", "argmax"] as const) {
          const k = new KernelBuilder();
          const kernel = k.reduce(op, k.input(dtype), {
            axes: [shape.indexOf(Math.max(...shape))],
          });
          const array = x.reshape(shape) as unknown as NDArray;
          agree(kernel, [array], `${op} ${dtype} ${name} [${shape}]`, 0);
        }
      }
    }
  }
});
