/**
 * @file Local arrays against NumPy itself: elementwise functions on special values, casts,
 * reductions, promotion and printing, on both kernel back ends. Goldens come from
 * `generate/numpy_kernels.py`.
 */
import { readFileSync } from "node:fs";
import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { type DType, itemsizeOf, kindOf, promote, viewOf } from "../../src/core/dtype.ts";
import { HeddleError } from "../../src/core/errors.ts";
import * as nd from "../../src/ndarray/index.ts";
import { runKernel } from "../../src/ndarray/kernels/evaluate.ts";
import type { Backend } from "../../src/ndarray/kernels/execute.ts";
import { KernelBuilder } from "../../src/ndarray/kernels/ir.ts";
import {
  BINARY_OPS,
  type BinaryOp,
  UNARY_OPS,
  type UnaryOp,
} from "../../src/ndarray/kernels/rules.ts";
import type { NDArray } from "../../src/ndarray/ndarray.ts";
import { farthest, type Slots } from "../support/ulp.ts";

interface Golden {
  readonly data: string;
}
interface ElementwiseCase extends Golden {
  readonly op: UnaryOp | BinaryOp;
  readonly dtype: DType;
  readonly result: DType;
  readonly error?: true;
}
interface ReductionCase extends Golden {
  readonly op: string;
  readonly dtype: DType;
  readonly shape: number[];
  readonly axis: number | null;
  readonly result: DType;
}
interface PrintCase extends Golden {
  readonly dtype: DType;
  readonly shape: number[];
  readonly str: string;
  readonly repr: string;
}
interface Goldens {
  readonly values: Record<DType, { readonly x: string; readonly y: string }>;
  readonly elementwise: readonly ElementwiseCase[];
  readonly casts: readonly (Golden & { readonly from: DType; readonly to: DType })[];
  readonly reductions: readonly ReductionCase[];
  readonly prints: readonly PrintCase[];
  readonly promotions: Record<DType, Record<DType, DType>>;
}

const url = new URL("./goldens/numpy-kernels.json", import.meta.url);
const goldens = JSON.parse(readFileSync(url, "utf8")) as Goldens;
const BACKENDS: readonly Backend[] = ["wasm", "js"];

function unpack(dtype: DType, text: string): Slots {
  const bytes = new Uint8Array(Buffer.from(text, "base64"));
  return viewOf(dtype, bytes.buffer, 0, bytes.length / itemsizeOf(dtype));
}

function arrayOf(dtype: DType, text: string, shape?: readonly number[]): NDArray {
  const slots = unpack(dtype, text);
  const array = nd.empty([slots.length / (kindOf(dtype) === "c" ? 2 : 1)], { dtype });
  array.data.set(slots as never);
  return shape === undefined ? array : array.reshape(shape);
}

function slots(array: NDArray): Slots {
  return array.copy().data as Slots;
}

const EXACT =
  "add subtract multiply divide sqrt square negative absolute sign floor ceil trunc rint".split(
    " ",
  );

/**
 * Most units in the last place that a function may differ from NumPy; complex arithmetic differs in
 * order.
 */
function tolerance(op: string, dtype: DType, of: DType): number {
  if (kindOf(dtype) === "c") return 3;
  if (op === "absolute" && kindOf(of) === "c") return 1;
  return EXACT.includes(op) || kindOf(dtype) !== "f" ? 0 : 2;
}

describe.each(BACKENDS)("elementwise functions of NumPy, %s", (backend) => {
  for (const op of [...UNARY_OPS, ...BINARY_OPS]) {
    const cases = goldens.elementwise.filter((c) => c.op === op && !known(c));
    if (cases.length === 0) continue;
    it(op, () => {
      for (const c of cases) checkElementwise(c, backend);
    });
  }
});

/** Where Heddle differs on purpose or NumPy's result is undefined. */
function known({ op, dtype, error }: ElementwiseCase): boolean {
  // 1 / 0 of integers is undefined in C; negative integer powers raise when they are met.
  if (op === "reciprocal") return kindOf(dtype) === "i" || kindOf(dtype) === "u";
  return op === "power" && kindOf(dtype) === "i" && error === true;
}

function checkElementwise(c: ElementwiseCase, backend: Backend): void {
  const { x, y } = goldens.values[c.dtype];
  const k = new KernelBuilder();
  const a = k.input(c.dtype);
  const unary = (UNARY_OPS as readonly string[]).includes(c.op);
  const label = `${c.op} ${c.dtype}`;
  if (c.error) {
    const b = k.input(c.dtype);
    const build = (): unknown =>
      unary ? k.unary(c.op as UnaryOp, a) : k.binary(c.op as BinaryOp, a, b);
    expect(build, label).toThrow(HeddleError);
    return;
  }
  const value = unary
    ? k.unary(c.op as UnaryOp, a)
    : k.binary(c.op as BinaryOp, a, k.input(c.dtype));
  const inputs = [arrayOf(c.dtype, x), ...(unary ? [] : [arrayOf(c.dtype, y)])];
  const result = runKernel(k.build(value), inputs, undefined, backend);
  expect(result.dtype, label).toBe(c.result);
  if (kindOf(c.dtype) === "c" && /^(log|exp2|power)/.test(c.op)) {
    checkBySize(slots(result), unpack(c.result, c.data), c, label);
    return;
  }
  const { distance, at } = farthest(slots(result), unpack(c.result, c.data));
  const text = `${label}: element ${at} is ${slots(result)[at]}, NumPy has ${unpack(c.result, c.data)[at]}`;
  expect(distance, text).toBeLessThanOrEqual(tolerance(c.op, c.result, c.dtype));
}

/**
 * Complex logarithms and powers: the error against the size of the whole number, because NumPy's
 * own smaller parts lose digits; of log1p, which NumPy takes of the rounded sum, against 1.
 */
function checkBySize(
  own: Slots,
  golden: Slots,
  { op, result }: ElementwiseCase,
  label: string,
): void {
  const unit = result === "complex64" ? 2 ** -23 : 2 ** -52;
  for (let i = 0; i < golden.length; i += 2) {
    const [re, im] = [Number(golden[i]), Number(golden[i + 1])];
    const size = Math.max(Math.abs(re), Math.abs(im), op === "log1p" ? 1 : 0);
    const text = `${label}: element ${i / 2} is ${own[i]} ${own[i + 1]}, NumPy has ${re} ${im}`;
    if (!Number.isFinite(size)) {
      expect([Number(own[i]), Number(own[i + 1])], text).toEqual([re, im]);
      continue;
    }
    const error = Math.max(Math.abs(Number(own[i]) - re), Math.abs(Number(own[i + 1]) - im));
    expect(error, text).toBeLessThanOrEqual(8 * unit * size);
  }
}

describe.each(BACKENDS)("casts, %s", (backend) => {
  it.each(goldens.casts.map((c) => [`${c.from} to ${c.to}`, c] as const))("%s", (_, c) => {
    const k = new KernelBuilder();
    const { x } = goldens.values[c.from];
    const float = kindOf(c.from) === "f" || kindOf(c.from) === "c";
    const numbers = [0, -0, 1.9, -1.9, 100.5, 3].map((v) => (c.to === "uint64" ? Math.abs(v) : v));
    const source = float ? nd.fromArray(numbers).astype(c.from) : arrayOf(c.from, x);
    const result = runKernel(k.build(k.cast(k.input(c.from), c.to)), [source], undefined, backend);
    expect(slots(result)).toEqual(unpack(c.to, c.data));
  });
});

describe("reductions of NumPy", () => {
  const functions = { ...nd, var: nd.variance } as unknown as Record<
    string,
    (x: NDArray, options: object) => NDArray
  >;
  it.each([...new Set(goldens.reductions.map((c) => c.op))])("%s", (op) => {
    for (const c of goldens.reductions.filter((r) => r.op === op)) {
      const n = c.shape.reduce((a, b) => a * b, 1);
      const wave = nd.fromArray(Array.from({ length: n }, (_, i) => ((i * 7919) % 1009) / 97 - 4));
      const array = castLikeNumpy(wave, c.dtype).reshape(c.shape);
      const reduce = functions[op] as (x: NDArray, options: object) => NDArray;
      const result = reduce(array, {
        axis: c.axis,
        ...(c.axis === null ? { keepdims: true } : {}),
      });
      const label = `${op} ${c.dtype} [${c.shape}] axis ${c.axis}`;
      expect(result.dtype, label).toBe(c.result);
      // Sums cancel here, so that what counts is the error relative to the size of the terms.
      const golden = unpack(c.result, c.data);
      const own = slots(result);
      const bound =
        kindOf(c.result) === "i" || /arg|any|all/.test(op)
          ? 0
          : c.result === "float32"
            ? 4e-6
            : 2e-15;
      for (let i = 0; i < golden.length; i++) {
        const [a, b] = [Number(own[i]), Number(golden[i])];
        const scale = Math.max(1, Math.abs(b)) * (op === "prod" ? 4 : Math.sqrt(n));
        if (a !== b) expect(Math.abs(a - b), label).toBeLessThanOrEqual(bound * scale);
      }
    }
  });
});

/** NumPy turns negative floats into unsigned bytes by wrapping, as Heddle does. */
function castLikeNumpy(array: NDArray, dtype: DType): NDArray {
  return array.astype(dtype) as unknown as NDArray;
}

describe("printing like NumPy", () => {
  it.each(goldens.prints.map((c, i) => [i, c] as const))("array %i", (_, c) => {
    const array = arrayOf(c.dtype, c.data, c.shape);
    expect(String(array)).toBe(c.str);
    const repr = c.repr.replace(/shape=\(([^)]*)\)/, (_all, s: string) => `shape=[${s}]`);
    // NumPy adds the shape to abbreviated arrays, and puts a dtype that does not fit on a line of
    // its own.
    expect(inspect(array)).toBe(
      repr.replace(/,\s+shape=\[40, 50\]/, "").replace(/,\n\s+dtype/, ", dtype"),
    );
  });
});

it("promotes every pair of dtypes like NumPy", () => {
  for (const [a, row] of Object.entries(goldens.promotions)) {
    for (const [b, both] of Object.entries(row)) {
      expect([a, b, promote(a as DType, b as DType)]).toEqual([a, b, both]);
    }
  }
});
