/** @file Putting local arrays together: along an axis they have, or along a new one. */

import { type DType, promote } from "../core/dtype.ts";
import { HeddleError } from "../core/errors.ts";
import { resolveAxis } from "../core/indexing.ts";
import { checkOptionNames } from "../core/options.ts";
import { castLayout } from "./kernels/execute.ts";
import { copyInto } from "./loops.ts";
import { NDArray } from "./ndarray.ts";
import { emptyLayout } from "./storage.ts";

/** Along which axis arrays are joined; default 0. */
export interface JoinOptions {
  readonly axis?: number;
}

/**
 * The arrays one after the other along an axis; all other lengths must agree, dtypes are promoted.
 */
export function concatenate<D extends DType>(
  arrays: readonly NDArray<D>[],
  options: JoinOptions = {},
): NDArray<D> {
  checkOptionNames("concatenate", options, ["axis"]);
  const first = arrays[0];
  if (first === undefined) {
    throw new HeddleError("InvalidArgument", "concatenate needs at least one array.");
  }
  if (first.ndim === 0) {
    throw new HeddleError("InvalidShape", "0-d arrays cannot be concatenated; use stack.");
  }
  const axis = resolveAxis(options.axis ?? 0, first.ndim);
  checkLengths(arrays, axis);
  const dtype = arrays.map((x): DType => x.dtype).reduce(promote);
  const length = arrays.reduce((total, x) => total + (x.shape[axis] as number), 0);
  const shape = first.shape.map((own, i) => (i === axis ? length : own));
  const result = NDArray.of(emptyLayout(dtype, shape, first.memory));
  let start = 0;
  for (const x of arrays) {
    const target = { ...result, shape: x.shape, offset: start * (result.strides[axis] as number) };
    copyInto(target, x.dtype === dtype ? x : castLayout(x, dtype));
    start += x.shape[axis] as number;
  }
  return result as unknown as NDArray<D>;
}

/** The arrays, which must have one shape, along a new axis of the result. */
export function stack<D extends DType>(
  arrays: readonly NDArray<D>[],
  options: JoinOptions = {},
): NDArray<D> {
  checkOptionNames("stack", options, ["axis"]);
  const axis = resolveAxis(options.axis ?? 0, (arrays[0]?.ndim ?? 0) + 1);
  return concatenate(
    arrays.map((x) => x.expandDims(axis)),
    { axis },
  );
}

function checkLengths(arrays: readonly NDArray[], axis: number): void {
  const [first, ...others] = arrays as readonly [NDArray, ...NDArray[]];
  for (const x of others) {
    const differs =
      x.ndim !== first.ndim || x.shape.some((length, i) => i !== axis && length !== first.shape[i]);
    if (!differs) continue;
    throw new HeddleError(
      "InvalidShape",
      `Arrays of shapes [${first.shape.join(", ")}] and [${x.shape.join(", ")}] cannot be joined ` +
        `along axis ${axis}: all other lengths must be equal.`,
      { fields: { axis, shapes: arrays.map((a) => a.shape) } },
    );
  }
}
