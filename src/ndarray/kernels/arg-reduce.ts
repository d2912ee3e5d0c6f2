/**
 * @file argmin and argmax along one axis. Where the elements lie in C order, a compiled kernel
 * reads them once. Otherwise two kernels run: the extreme of each line, then the smallest position
 * at which it (or NaN) is found, of very long lines part by part.
 */
import { type DType, itemsizeOf, kindOf, viewOf } from "../../core/dtype.ts";
import { sizeOfShape } from "../../core/indexing.ts";
import { contiguousStrides, isContiguous, type Layout } from "../layout.ts";
import { arrayKernels, DTYPE_CODE } from "../library/kernels.ts";
import { emptyLayout, releaseStorage } from "../storage.ts";
import { type Kernel, KernelBuilder } from "./ir.ts";
import { returnScratch, takeScratch } from "./wasm/meeting.ts";

/** Runs a kernel; given, so that this file need not know the back ends. */
type Execute = (kernel: Kernel, inputs: readonly Layout[]) => Layout;

/** Positions looked through at a time. */
const PART = 32_768;

const finders = new Map<DType, Kernel>();
const extremes = new Map<string, Kernel>();

/**
 * Positions along one axis, as int64 with that axis kept at length 1; undefined for dtypes without
 * kernels.
 */
export function argAlongAxis(
  op: "argmin" | "argmax",
  input: Layout,
  axis: number,
  execute: Execute,
): Layout | undefined {
  const length = input.shape[axis] as number;
  if ("cmM".includes(kindOf(input.dtype)) || length === 0) return undefined;
  const direct = argOfContiguous(op, input, axis);
  if (direct !== undefined) return direct;
  const best = execute(extremeKernel(op, input.dtype, axis), [input]);
  const result = findFirst(input, best, axis, execute);
  releaseStorage(best.storage);
  return result;
}

/** Bytes that the compiled kernel needs for lines side by side. */
const TILE_BYTES = 4096;

/** By the compiled kernel; undefined when the elements do not lie in C order in one memory. */
function argOfContiguous(op: "argmin" | "argmax", input: Layout, axis: number): Layout | undefined {
  const { dtype, shape, storage } = input;
  const { memory, values } = storage;
  if (memory === undefined || !isContiguous(shape, input.strides)) return undefined;
  const [before, length] = [shape.slice(0, axis), shape[axis] as number];
  const [outer, inner] = [sizeOfShape(before), sizeOfShape(shape.slice(axis + 1))];
  const lines = outer * inner;
  // Results may lie in another memory, so that they are made in scratch.
  const scratch = takeScratch(memory, TILE_BYTES + lines * 8);
  if (scratch.memory !== memory) {
    returnScratch(scratch);
    return undefined;
  }
  const out = emptyLayout("int64", [...before, 1, ...shape.slice(axis + 1)], memory);
  const address = values.byteOffset + input.offset * itemsizeOf(dtype);
  const target = scratch.offset + TILE_BYTES;
  const code = DTYPE_CODE[dtype] as number;
  const largest = op === "argmax" ? 1 : 0;
  const kernel = arrayKernels(memory).argExtreme;
  if (lines > 0) kernel(code, largest, address, outer, length, inner, target, scratch.offset);
  (out.storage.values as BigInt64Array).set(
    viewOf("int64", memory.buffer, target, lines) as BigInt64Array,
  );
  returnScratch(scratch);
  return out;
}

/** Smallest or largest elements along an axis, which is kept. */
function extremeKernel(op: "argmin" | "argmax", dtype: DType, axis: number): Kernel {
  const key = `${op} ${dtype} ${axis}`;
  let kernel = extremes.get(key);
  if (kernel === undefined) {
    const k = new KernelBuilder();
    const extreme = op === "argmin" ? "min" : "max";
    kernel = k.reduce(extreme, k.input(dtype), { axes: [axis], keepdims: true });
    extremes.set(key, kernel);
  }
  return kernel;
}

/** The positions' dtype: as wide as the elements, so that masks need not change their width. */
function positionDType(dtype: DType): "int64" | "int32" {
  return itemsizeOf(dtype) === 8 ? "int64" : "int32";
}

/**
 * Where the input equals its extreme or is NaN, the position; elsewhere a large number. Inputs: x,
 * extreme, positions.
 */
function findKernel(dtype: DType, axis: number): Kernel {
  let kernel = finders.get(dtype);
  if (kernel === undefined) {
    const k = new KernelBuilder();
    const [x, best, at] = [k.input(dtype), k.input(dtype), k.input(positionDType(dtype))];
    const found = k.binary("logicalOr", k.binary("equal", x, best), k.unary("isnan", x));
    kernel = k.build(k.where(found, at, 2 ** 31 - 1));
    finders.set(dtype, kernel);
  }
  const reduction = {
    op: "min",
    axes: [axis],
    keepdims: true,
    dtype: positionDType(dtype),
  } as const;
  return { ...kernel, reduction };
}

function findFirst(input: Layout, best: Layout, axis: number, execute: Execute): Layout {
  const length = input.shape[axis] as number;
  const kernel = findKernel(input.dtype, axis);
  const positions = positionsAlong(input, axis, Math.min(length, PART));
  const lines = best.storage.values.length;
  const out = emptyLayout("int64", best.shape, input.storage.memory);
  const target = out.storage.values as BigInt64Array;
  target.fill(-1n);
  let missing = lines;
  for (let start = 0; start < length && missing > 0; start += PART) {
    const found = execute(kernel, [
      part(input, axis, start, Math.min(PART, length - start)),
      best,
      part(positions, axis, 0, Math.min(PART, length - start)),
    ]);
    const { values } = found.storage;
    for (let i = 0; i < lines; i++) {
      if (target[i] !== -1n || Number(values[i]) === 2 ** 31 - 1) continue;
      target[i] = BigInt(start) + BigInt(values[i] as number | bigint);
      missing--;
    }
    releaseStorage(found.storage);
  }
  releaseStorage(positions.storage);
  return out;
}

/** A stretch of an axis, as a view. */
function part(layout: Layout, axis: number, start: number, length: number): Layout {
  const shape = layout.shape.map((own, i) => (i === axis ? length : own));
  return { ...layout, shape, offset: layout.offset + start * (layout.strides[axis] as number) };
}

/** 0, 1, 2, … along an axis, of length 1 along all others. */
function positionsAlong(input: Layout, axis: number, length: number): Layout {
  const dtype = positionDType(input.dtype);
  const shape = input.shape.map((_, i) => (i === axis ? length : 1));
  const layout = emptyLayout(dtype, shape, input.storage.memory);
  const { values } = layout.storage;
  const words = dtype === "int64" ? 2 : 1;
  const view = viewOf("int32", values.buffer, values.byteOffset, length * words).fill(0);
  for (let i = 0; i < length; i++) view[i * words] = i;
  return layout;
}

/** All elements as one axis without copying; undefined when they do not lie in C order. */
export function flattened(layout: Layout, size: number): Layout | undefined {
  if (!isContiguous(layout.shape, layout.strides)) return undefined;
  return { ...layout, shape: [size], strides: contiguousStrides([size]) };
}
