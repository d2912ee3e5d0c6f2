/**
 * @file Copying elements between layouts: rows without gaps by JavaScript's own copy, everything
 * strided by a kernel when there is enough of it.
 */
import { sizeOfShape } from "../core/indexing.ts";
import { identityKernel } from "./kernels/reduce.ts";
import { runStoreWasm } from "./kernels/wasm/backend.ts";
import type { Layout } from "./layout.ts";
import { copyElements, copyNest } from "./nest.ts";

/** Fewer strided elements than this are copied faster than a kernel is found. */
const KERNEL_ELEMENTS_MIN = 4096;

/**
 * Copies `source`, broadcast to the shape of `target`, into it. Both have the same dtype; they must
 * not overlap.
 */
export function copyInto(target: Layout, source: Layout): void {
  const nest = copyNest(target, source);
  if (!hasWholeRows(nest.strides) && sizeOfShape(nest.shape) >= KERNEL_ELEMENTS_MIN) {
    const same = target.storage.memory === source.storage.memory;
    if (same && runStoreWasm(identityKernel(target.dtype), nest, [target, source])) return;
  }
  copyElements(nest, target, source);
}

/** Whether both sides have rows without gaps. */
function hasWholeRows(strides: readonly (readonly number[])[]): boolean {
  return strides.every((own) => own.at(-1) === 1);
}
