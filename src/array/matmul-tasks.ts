/**
 * @file Products of blocks.
 */
import type { DType } from "../core/dtype.ts";
import { referToAll } from "../functions/index.ts";
import { matmul } from "../ndarray/linalg/products.ts";
import type { NDArray } from "../ndarray/ndarray.ts";
import * as self from "./matmul-tasks.ts";

/**
 * The product of two blocks with a last axis of length 1 for every contracted pair, for the sum
 * that follows. Without `contracted`, matrices of equal stacks; with it, the last axes of `a`
 * against the first of `b`.
 */
export function contractBlocks(a: NDArray, b: NDArray, dtype: DType, contracted?: number): NDArray {
  if (contracted === undefined) {
    const product = matmul(a, b);
    return ofDType(product, dtype).expandDims(product.ndim);
  }
  const kept = a.shape.slice(0, a.ndim - contracted);
  const rest = b.shape.slice(contracted);
  const inner = sizeOf(b.shape.slice(0, contracted));
  const product = matmul(a.reshape([sizeOf(kept), inner]), b.reshape([inner, sizeOf(rest)]));
  const ones = new Array<number>(contracted).fill(1);
  return ofDType(product, dtype).reshape([...kept, ...rest, ...ones]);
}

function ofDType(array: NDArray, dtype: DType): NDArray {
  return array.dtype === dtype ? array : array.astype(dtype);
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}

referToAll(import.meta.url, self);
