/**
 * @file The most frequent kind of indexing with an array, `x.at(mask)` with a mask of x's own
 * shape, by a compiled kernel instead of a list of positions.
 */
import { itemsizeOf } from "../core/dtype.ts";
import { type BoundPart, sizeOfShape } from "../core/indexing.ts";
import { isContiguous, type Layout } from "./layout.ts";
import { arrayKernels } from "./library/kernels.ts";
import { emptyLayout } from "./storage.ts";

/**
 * The selected elements; undefined unless the index is one mask over all axes, and both lie in one
 * memory.
 */
export function selectByMask(source: Layout, parts: readonly BoundPart[]): Layout | undefined {
  const [part, ...others] = parts;
  if (part?.kind !== "array" || others.length > 0) return undefined;
  const mask = part.array as Partial<Layout>;
  const { memory } = source.storage;
  if (mask.dtype !== "bool" || memory === undefined || mask.storage?.memory !== memory) {
    return undefined;
  }
  const [from, where] = [addressOf(source), addressOf(mask as Layout)];
  if (from === undefined || where === undefined || !sameShape(source, mask as Layout)) {
    return undefined;
  }
  const kernels = arrayKernels(memory);
  const count = kernels.countTrue(where, sizeOfShape(source.shape)) >>> 0;
  const result = emptyLayout(source.dtype, [count], memory);
  if (result.storage.memory !== memory) return undefined;
  const to = addressOf(result) as number;
  kernels.compress(where, from, itemsizeOf(source.dtype), to, count);
  return result;
}

/** Byte address of the first element; undefined when the elements have gaps. */
function addressOf(layout: Layout): number | undefined {
  if (!isContiguous(layout.shape, layout.strides)) return undefined;
  return layout.storage.values.byteOffset + layout.offset * itemsizeOf(layout.dtype);
}

function sameShape(a: Layout, b: Layout): boolean {
  return a.shape.length === b.shape.length && a.shape.every((length, i) => length === b.shape[i]);
}
