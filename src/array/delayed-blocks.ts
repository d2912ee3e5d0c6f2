/**
 * @file An array's blocks as delayed values.
 */
import type { DType } from "../core/dtype.ts";
import type { TaskRef } from "../core/graph.ts";
import { Delayed } from "../delayed/delayed-value.ts";
import type { NDArray } from "../ndarray/ndarray.ts";

/** Delayed blocks in lists in lists, one level for each axis. */
export type NestedDelayed<D extends DType> = readonly (Delayed<NDArray<D>> | NestedDelayed<D>)[];

/**
 * Blocks given in C order, nested as the grid is; an array without axes gives a list of its one
 * block.
 */
export function delayedBlocks<D extends DType>(
  refs: readonly TaskRef[],
  grid: readonly number[],
): NestedDelayed<D> {
  let items: (Delayed<NDArray<D>> | NestedDelayed<D>)[] = refs.map(
    ({ layer, index }) => new Delayed<NDArray<D>>(layer, index),
  );
  for (const count of grid.slice(1).reverse()) {
    const rows: NestedDelayed<D>[] = [];
    for (let i = 0; i < items.length; i += count) rows.push(items.slice(i, i + count));
    items = rows;
  }
  return items;
}
