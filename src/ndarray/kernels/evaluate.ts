/** @file Runs kernels on local arrays. */
import type { DType } from "../../core/dtype.ts";
import { NDArray } from "../ndarray.ts";
import { type Backend, executeKernel } from "./execute.ts";
import type { Kernel } from "./ir.ts";

/**
 * Computes a kernel over arrays that broadcast together; the dtypes must be the kernel's. With
 * `out`, an array of the result's dtype and shape, the result is written there. Always an array,
 * also where it has no dimensions.
 */
export function runKernel<D extends DType = DType>(
  kernel: Kernel,
  inputs: readonly NDArray[],
  out?: NDArray<D>,
  backend?: Backend,
): NDArray<D> {
  const layout = executeKernel(kernel, inputs, out, backend);
  return out ?? (NDArray.of(layout) as unknown as NDArray<D>);
}
