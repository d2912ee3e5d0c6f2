/**
 * @file The reference back end: compiles a kernel's loop with `new Function` (once per kernel) and
 * walks the loop nest. It knows every dtype; the wasm back end is tested against it, and hands over
 * what it does not know.
 */
import type { Complex } from "../../core/complex.ts";
import { type AnyTypedArray, type DType, kindOf } from "../../core/dtype.ts";
import { forEachOuter, type Nest } from "../nest.ts";
import { fromLiteral, type Kernel } from "./ir.ts";
import * as complex from "./js-complex.ts";
import * as helpers from "./js-helpers.ts";
import { loopSource } from "./js-source.ts";

/**
 * A loop nest over operands: the result first, then the kernel's inputs; offsets and strides in
 * elements.
 */
export interface OperandNest extends Nest {
  readonly values: readonly AnyTypedArray[];
  readonly offsets: readonly number[];
}

type Loop = (...args: unknown[]) => void;

const froundPair = ([re, im]: complex.Pair): complex.Pair => [Math.fround(re), Math.fround(im)];
const library = { ...helpers, complex, froundPair };

const loops = new Map<string, Loop>();
const CACHED_LOOPS = 1000;

/** Computes a kernel (without its reduction) for every position of the nest. */
export function runLoops(kernel: Kernel, nest: OperandNest): void {
  const loop = loopOf(kernel);
  const scalars = kernel.nodes.map((node) =>
    node.kind === "scalar" ? asOperand(fromLiteral(node.value, node.dtype), node.dtype) : 0,
  );
  const count = nest.shape.at(-1) as number;
  const steps = nest.strides.map((strides) => strides.at(-1) as number);
  forEachOuter(nest, 1, nest.offsets, (offsets) => {
    const operands = nest.values.flatMap((values, k) => [values, offsets[k], steps[k]]);
    loop(library, scalars, count, ...operands);
  });
}

function loopOf(kernel: Kernel): Loop {
  const { parameters, body } = loopSource(kernel);
  const key = `${parameters.length}:${body}`;
  let loop = loops.get(key);
  if (loop === undefined) {
    if (loops.size >= CACHED_LOOPS) loops.clear();
    loop = new Function(...parameters, body) as Loop;
    loops.set(key, loop);
  }
  return loop;
}

function asOperand(value: number | bigint | Complex, dtype: DType): unknown {
  if (typeof value === "object") return froundIf(dtype, [value.re, value.im]);
  if (typeof value === "bigint") {
    return dtype === "uint64" ? BigInt.asUintN(64, value) : BigInt.asIntN(64, value);
  }
  return dtype === "float32"
    ? Math.fround(value)
    : kindOf(dtype) === "b"
      ? Number(value !== 0)
      : value;
}

function froundIf(dtype: DType, pair: complex.Pair): complex.Pair {
  return dtype === "complex64" ? froundPair(pair) : pair;
}
